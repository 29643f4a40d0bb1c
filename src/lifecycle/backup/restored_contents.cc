#include "lifecycle/backup/restored_contents.h"

#include <fmt/format.h>

#include <algorithm>

#include "lifecycle/backup/restored_items.h"

namespace vams::lifecycle::backup {

namespace {

constexpr std::size_t kBatchContents = 1000;
constexpr std::uint64_t kBatchBytes = std::uint64_t{256} << 20;

}  // namespace

Status ContentRestorer::Bring(const items::Item& item) {
  std::vector<Content> contents;
  TRY_OK(ContentsOfItem(item, contents));
  for (const auto& content : contents)
    if (seen_.insert(content.sha256).second) TRY_OK(One(content, std::string(item.Text("object"))));
  return Ok();
}

Status ContentRestorer::One(const Content& content, const std::string& object) {
  const std::string name = objects::HexOf(content.sha256);
  // The stack is locked, so no collection takes what is there before the stack refers to it.
  TRY(const bool there, blobs_.Has(name));
  if (there) {
    TRY(const auto size, blobs_.Size(name));
    if (size == content.size) return Ok();
  }
  auto fetched = Fetch(content, name);
  if (fetched.ok()) {
    ++contents_;
    bytes_ += content.size;
    setting_.progress("contents", contents_);
    if (batch_.count() < kBatchContents && batch_.bytes() < kBatchBytes) return Ok();
    return batch_.Commit();
  }
  const Code code = fetched.error().code;
  if (code != Code::kCorrupt && code != Code::kNotFound) return fetched;
  const bool known =
      std::ranges::find(manifest_.missing, content.sha256) != manifest_.missing.end();
  findings_.push_back(
      {code == Code::kNotFound ? "missing" : "damaged",
       object.empty() ? name : fmt::format("{} ({})", name, object),
       known ? "the stack had lost it when the backup was made" : fetched.error().message});
  if (skip_damaged_ || known) return Ok();
  return Unrestorable(fetched.error());
}

Status ContentRestorer::Fetch(const Content& content, const std::string& name) {
  if (const auto* place = index_.Find(content.sha256);
      place != nullptr && place->entry.kind == ChunkEntry::Kind::kBytes) {
    TRY(const auto bytes, reader_.Read(content.sha256));
    TRY([[maybe_unused]] const auto info, batch_.AddBytes(bytes));
    return Ok();
  }
  TRY(auto file, blobs_.Stage());
  TRY_OK(reader_.ReadContent(content.sha256,
                             [&](std::string_view piece) { return file.Write(piece); }));
  return batch_.AddStaged(std::move(file), {.sha256 = name, .md5 = {}, .size = content.size});
}

}  // namespace vams::lifecycle::backup
