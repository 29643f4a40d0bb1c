#include "catalog/uploads_bundle.h"

#include <charconv>

#include "base/contention.h"
#include "catalog/uploads.h"
#include "catalog/uploads_check.h"

namespace vams::catalog {

using items::Condition;
using items::Item;
using items::Kind;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

const std::string kBundled = "bundled";
const std::string kRevision = "bundles";  // raised by every change of them

std::optional<objects::StagedContent> ContentOf(const Item& file) {
  objects::StagedContent content{std::string(file.Text("sha256")), std::string(file.Text("md5")),
                                 0};
  const Value* size = file.Find("size");
  if (content.sha256.empty() || content.md5.empty() || size == nullptr || !size->is(Kind::kN))
    return std::nullopt;
  const std::string& text = size->text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), content.size);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return content;
}

Value ToValue(const BundledFiles& files) {
  Item all;
  for (const auto& [id, file] : files) {
    Item one{{"key", Value::S(file.key)}};
    if (file.content) {
      one.Set("sha256", Value::S(file.content->sha256));
      one.Set("md5", Value::S(file.content->md5));
      one.Set("size", Value::N(static_cast<std::int64_t>(file.content->size)));
    }
    all.Set(id, Value::M(std::move(one)));
  }
  return Value::M(std::move(all));
}

std::int64_t RevisionOf(const Value& revision) {
  std::int64_t number = 0;
  const std::string& text = revision.text();
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

BundledFiles BundledOf(const Item& upload) {
  BundledFiles files;
  const Value* all = upload.Find(kBundled);
  if (all == nullptr || !all->is(Kind::kM)) return files;
  for (const auto& [id, file] : all->map())
    if (file.is(Kind::kM)) files[id] = {std::string(file.map().Text("key")), ContentOf(file.map())};
  return files;
}

void SetBundled(Item& upload, const BundledFiles& files) {
  if (files.empty()) return;
  upload.Set(kBundled, ToValue(files));
  upload.Set(kRevision, Value::N(0));
}

BundledChange ChangeBundled(const Item& upload, const BundledFiles& files) {
  const Value* revision = upload.Find(kRevision);
  if (revision == nullptr || !revision->is(Kind::kN)) return {};
  return {.mutations = {{Mutation::Op::kSet, kBundled, ToValue(files)},
                        {Mutation::Op::kSet, kRevision, Value::N(RevisionOf(*revision) + 1)}},
          .conditions = {Condition::Equals(kRevision, *revision)}};
}

Status AddBundled(OpContext& op, items::ItemStore& store, Item upload,
                  const std::vector<std::pair<std::string, objects::StagedContent>>& contents) {
  const Item key = UploadKey(upload.Text("uploadId"), upload.Text("assetId"));
  for (Contention contention; contention.Next();) {
    TRY_OK(op.Check());
    BundledFiles files = BundledOf(upload);
    for (const auto& [id, content] : contents)
      // Completed meanwhile: whoever did that did not wait for this content.
      if (const auto file = files.find(id); file != files.end()) file->second.content = content;
    BundledChange change = ChangeBundled(upload, files);
    const Write write = Write::Update(kUploadsTable, key, std::move(change.mutations),
                                      std::move(change.conditions));
    const auto done = store.Commit(op, {&write, 1});
    if (done.ok()) return Ok();
    if (done.error().code != Code::kConflict) return done.error();
    TRY(auto found, store.BatchGet(op, kUploadsTable, {&key, 1}));
    if (!found.front())
      return Error(Code::kNotFound,
                   "the upload was completed meanwhile; nothing was stored; begin it again");
    upload = *std::move(found.front());
  }
  return Error(Code::kUnavailable,
               "others change the same upload all the time, so nothing was stored; try again");
}

}  // namespace vams::catalog
