// A local object store over an item store of a choice, for tests.  Not thread-safe itself.
#pragma once

#include <memory>
#include <utility>

#include "items/memory/memory_store.h"
#include "objects/local/local_store.h"
#include "objects/store_conformance.h"
#include "objects/test_support.h"

namespace vams::objects::conformance {

class LocalBackend final : public Backend {
 public:
  LocalBackend(const files::Path& folder, std::unique_ptr<items::ItemStore> items,
               const LocalStoreOptions& options = {}, const BlobStoreOptions& blob_options = {})
      : items_(std::move(items)),
        blobs_(test::Must(BlobStore::Open(folder / "blobs", blob_options))),
        store_(test::Must(OpenLocalObjectStore(op_, *items_, *blobs_, options))) {}

  ObjectStore& store() override { return *store_; }
  items::ItemStore* items() override { return items_.get(); }
  BlobStore& blobs() { return *blobs_; }

 private:
  OpContext op_;
  const std::unique_ptr<items::ItemStore> items_;
  const std::unique_ptr<BlobStore> blobs_;
  const std::unique_ptr<ObjectStore> store_;
};

}  // namespace vams::objects::conformance
