#include "objects/object_import.h"

#include "objects/import_work.h"

namespace vams::objects {

struct ObjectImporter::Impl {
  ImportWork work;
};

ObjectImporter::ObjectImporter(items::ItemStore& store, BlobStore& blobs, ImportOptions options)
    : impl_(std::make_unique<Impl>(Impl{{store, blobs, std::move(options), {}}})) {}
ObjectImporter::~ObjectImporter() = default;

Status ObjectImporter::AddListing(OpContext& op, const files::Path& path, std::string_view bucket) {
  return ImportListing(op, impl_->work, path, bucket);
}

Status ObjectImporter::AddFolder(OpContext& op, const files::Path& dir, std::string_view bucket) {
  return ImportFolder(op, impl_->work, dir, bucket);
}

const ImportReport& ObjectImporter::report() const { return impl_->work.report; }

}  // namespace vams::objects
