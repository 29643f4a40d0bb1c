#include "lifecycle/backup/rows.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/hash.h"
#include "items/codec.h"
#include "objects/object_version.h"

namespace vams::lifecycle::backup {

namespace {

constexpr std::uint64_t kBoundary = (1 << 10) - 1;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::size_t kContentBytes = 40;
constexpr std::size_t kListEntries = 4096;

constexpr unsigned kDelete = 1, kKeyOnly = 2;

Error NoChunk(std::string_view of) {
  return Error(Code::kCorrupt, fmt::format("a chunk of {} holds something else", of));
}

void AppendText(std::string& out, std::string_view text) {
  items::AppendVarint(out, text.size());
  out += text;
}

bool ReadText(std::string_view& bytes, std::string_view& text) {
  std::uint64_t size = 0;
  if (!items::ReadVarint(bytes, size) || size > bytes.size()) return false;
  text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

// Of the key attributes alone, so that another value leaves a chunk's end where it is.
Result<std::uint64_t> HashOfKey(const items::TableSpec& spec, std::string_view encoded) {
  TRY(auto reader, items::ItemReader::Open(encoded));
  std::string key;
  for (items::ItemReader::Entry entry;;) {
    TRY(const bool more, reader.Next(entry));
    if (!more) break;
    if (entry.name == spec.partition.name || entry.name == spec.sort.name) key += entry.encoded;
  }
  return StableHash(key);
}

std::optional<std::uint64_t> WholeNumber(const items::Value* value) {
  if (value == nullptr || value->kind() != items::Kind::kN) return std::nullopt;
  const std::string_view text = value->text();
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

Status AddReference(const items::Item& item, std::vector<Content>& contents) {
  const auto* digest = item.Find("sha256");
  const auto size = WholeNumber(item.Find("size"));
  if (digest == nullptr || digest->kind() != items::Kind::kS || !size)
    return Error(Code::kCorrupt, "a record of an object refers to no content");
  TRY(const auto sha256, objects::DigestFromHex(digest->text()));
  contents.push_back({sha256, *size});
  return Ok();
}

}  // namespace

Status RowCutter::Add(std::string_view encoded) {
  AppendText(bytes_, encoded);
  ++rows_;
  TRY(const std::uint64_t hash, HashOfKey(spec_, encoded));
  return (hash & kBoundary) == 0 || bytes_.size() >= kMostBytes ? Finish() : Ok();
}

Status RowCutter::Finish() {
  if (rows_ == 0) return Ok();
  TRY_OK(emit_(bytes_, rows_));
  bytes_.clear();
  rows_ = 0;
  return Ok();
}

Status ForEachRow(std::string_view chunk, const std::function<Status(std::string_view)>& visit) {
  while (!chunk.empty()) {
    std::string_view encoded;
    if (!ReadText(chunk, encoded)) return NoChunk("rows");
    TRY_OK(visit(encoded));
  }
  return Ok();
}

void AppendChange(std::string& out, const LoggedChange& change) {
  items::AppendVarint(out, change.position);
  items::AppendVarint(out, static_cast<std::uint64_t>(change.at_millis));
  out += static_cast<char>((change.deleted ? kDelete : 0) | (change.has_images ? 0 : kKeyOnly));
  for (const auto text : {change.table, change.key, change.before, change.after})
    AppendText(out, text);
}

Status ForEachChange(std::string_view chunk,
                     const std::function<Status(const LoggedChange&)>& visit) {
  while (!chunk.empty()) {
    LoggedChange change;
    std::uint64_t at = 0;
    if (!items::ReadVarint(chunk, change.position) || !items::ReadVarint(chunk, at) ||
        chunk.empty())
      return NoChunk("changes");
    change.at_millis = static_cast<std::int64_t>(at);
    const auto flags = static_cast<unsigned char>(chunk.front());
    chunk.remove_prefix(1);
    change.deleted = (flags & kDelete) != 0;
    change.has_images = (flags & kKeyOnly) == 0;
    for (auto* text : {&change.table, &change.key, &change.before, &change.after})
      if (!ReadText(chunk, *text)) return NoChunk("changes");
    TRY_OK(visit(change));
  }
  return Ok();
}

void SortContents(std::vector<Content>& contents) {
  std::ranges::sort(contents);
  const auto rest = std::ranges::unique(contents);
  contents.erase(rest.begin(), rest.end());
}

Status CutContents(const std::vector<Content>& contents,
                   const std::function<Status(std::string_view, std::uint64_t)>& emit) {
  // So many first bits that a list has at most about kListEntries; digests are spread evenly.
  const auto lists = std::bit_ceil((contents.size() + kListEntries - 1) / kListEntries);
  const int bits =
      std::min(24, static_cast<int>(std::countr_zero(std::max<std::size_t>(1, lists))));
  const auto list_of = [bits](const Content& content) {
    std::uint32_t first = 0;
    for (std::size_t i = 0; i < 4; ++i)
      first = first << 8 | static_cast<unsigned char>(content.sha256[i]);
    return bits == 0 ? 0 : first >> (32 - bits);
  };
  std::string bytes;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    bytes.append(contents[i].sha256.data(), contents[i].sha256.size());
    bytes.append(reinterpret_cast<const char*>(&contents[i].size), sizeof contents[i].size);
    if (i + 1 < contents.size() && list_of(contents[i]) == list_of(contents[i + 1])) continue;
    TRY_OK(emit(bytes, bytes.size() / kContentBytes));
    bytes.clear();
  }
  return Ok();
}

Status ForEachContent(std::string_view list, const std::function<Status(const Content&)>& visit) {
  if (list.size() % kContentBytes != 0) return NoChunk("contents");
  for (; !list.empty(); list.remove_prefix(kContentBytes)) {
    Content content;
    memcpy(content.sha256.data(), list.data(), content.sha256.size());
    memcpy(&content.size, list.data() + 32, sizeof content.size);
    TRY_OK(visit(content));
  }
  return Ok();
}

Status ContentsOfItem(const items::Item& item, std::vector<Content>& contents) {
  if (item.Find("sha256") != nullptr) TRY_OK(AddReference(item, contents));
  const auto* list = item.Find("blobs");
  if (list == nullptr) return Ok();
  if (list->kind() == items::Kind::kB) {
    for (const auto& blob : objects::UnpackBlobs(list->text())) {
      TRY(const auto sha256, objects::DigestFromHex(blob.sha256));
      contents.push_back({sha256, blob.size});
    }
    return Ok();
  }
  if (list->kind() != items::Kind::kL) return NoChunk("objects");
  for (const auto& entry : list->list())
    if (entry.kind() == items::Kind::kM) TRY_OK(AddReference(entry.map(), contents));
  return Ok();
}

}  // namespace vams::lifecycle::backup
