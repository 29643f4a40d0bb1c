#include "lifecycle/backup/manifest.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace vams::lifecycle::backup {

namespace json = boost::json;

namespace {

constexpr std::string_view kMagic = "vams-backup-manifest 1\n";
constexpr std::size_t kHead = kMagic.size() + 65;

Error NoManifest(std::string_view why) {
  return Error(Code::kCorrupt, fmt::format("it is no manifest of a backup: {}", why));
}

// Reads members of one object; what is missing or of another kind is an error at the end.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  std::string Text(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value != nullptr && value->is_string()) return std::string(value->as_string());
    return Missing(name), std::string();
  }
  std::uint64_t Number(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value != nullptr && value->is_int64() && value->as_int64() >= 0)
      return static_cast<std::uint64_t>(value->as_int64());
    if (value != nullptr && value->is_uint64()) return value->as_uint64();
    return Missing(name), 0;
  }
  const json::object& Object(std::string_view name) {
    static const json::object empty;
    const auto* value = object_.if_contains(name);
    if (value != nullptr && value->is_object()) return value->as_object();
    return Missing(name), empty;
  }
  const json::array& Array(std::string_view name) {
    static const json::array empty;
    const auto* value = object_.if_contains(name);
    if (value != nullptr && value->is_array()) return value->as_array();
    return Missing(name), empty;
  }
  Status Done() const {
    return missing_.empty() ? Ok() : Status(NoManifest("it has no usable " + missing_));
  }

 private:
  void Missing(std::string_view name) {
    if (missing_.empty()) missing_ = name;
  }
  const json::object& object_;
  std::string missing_;
};

json::array RefJson(const ChunkRef& ref) {
  return {json::string(objects::HexOf(ref.sha256)), ref.entries, ref.bytes};
}

Result<ChunkRef> RefFrom(const json::value& value) {
  const auto* parts = value.if_array();
  if (parts == nullptr || parts->size() != 3 || !parts->at(0).is_string())
    return NoManifest("a reference to a chunk is none");
  ChunkRef ref;
  TRY(ref.sha256, objects::DigestFromHex(std::string_view(parts->at(0).as_string())));
  boost::system::error_code ec;
  ref.entries = parts->at(1).to_number<std::uint64_t>(ec);
  if (!ec) ref.bytes = parts->at(2).to_number<std::uint64_t>(ec);
  if (ec) return NoManifest("a reference to a chunk has no length");
  return ref;
}

json::array RefsJson(const std::vector<ChunkRef>& refs) {
  json::array list;
  for (const auto& ref : refs) list.push_back(RefJson(ref));
  return list;
}

Result<std::vector<ChunkRef>> RefsFrom(const json::array& list) {
  std::vector<ChunkRef> refs;
  for (const auto& value : list) {
    TRY(const auto ref, RefFrom(value));
    refs.push_back(ref);
  }
  return refs;
}

json::object ContentsJson(const Manifest::Contents& contents) {
  return {
      {"count", contents.count}, {"bytes", contents.bytes}, {"lists", RefsJson(contents.lists)}};
}

Result<Manifest::Contents> ContentsFrom(const json::object& object) {
  Members in(object);
  Manifest::Contents contents{
      .count = in.Number("count"), .bytes = in.Number("bytes"), .lists = {}};
  TRY(contents.lists, RefsFrom(in.Array("lists")));
  TRY_OK(in.Done());
  return contents;
}

json::object TableJson(const Manifest::Table& table) {
  return {{"spec", json::parse(items::EncodeTableSpec(table.spec))},
          {"rows", table.digest.count},
          {"digest", migrate::ToHex(table.digest)},
          {"base", table.base},
          {"chunks", RefsJson(table.chunks)}};
}

Result<Manifest::Table> TableFrom(const json::value& value) {
  if (!value.is_object()) return NoManifest("a table is none");
  Members in(value.as_object());
  Manifest::Table table;
  TRY(table.spec, items::DecodeTableSpec(json::serialize(in.Object("spec"))));
  TRY(table.digest, migrate::DigestFrom(in.Number("rows"), in.Text("digest")));
  table.base = in.Number("base");
  TRY(table.chunks, RefsFrom(in.Array("chunks")));
  TRY_OK(in.Done());
  return table;
}

json::object LogJson(const Manifest::Log& log) {
  return {{"first", log.first},
          {"last", log.last},
          {"firstAt", log.first_millis},
          {"lastAt", log.last_millis},
          {"chunk", RefJson(log.chunk)}};
}

Result<Manifest::Log> LogFrom(const json::value& value) {
  if (!value.is_object()) return NoManifest("a part of the log is none");
  Members in(value.as_object());
  Manifest::Log log{.first = in.Number("first"),
                    .last = in.Number("last"),
                    .first_millis = static_cast<std::int64_t>(in.Number("firstAt")),
                    .last_millis = static_cast<std::int64_t>(in.Number("lastAt")),
                    .chunk = {}};
  TRY(log.chunk, RefFrom(in.Array("chunk")));
  TRY_OK(in.Done());
  return log;
}

Digest LabelOf(std::string_view id) {
  return objects::DigestOf(fmt::format("backup manifest {}", id));
}

}  // namespace

std::uint64_t Manifest::rows() const {
  std::uint64_t sum = 0;
  for (const auto& table : tables) sum += table.digest.count;
  return sum;
}

const Manifest::Table* Manifest::FindTable(std::string_view name) const {
  for (const auto& table : tables)
    if (table.spec.name == name) return &table;
  return nullptr;
}

bool Manifest::SameGeneration(const Manifest& other) const {
  return stack_created_at == other.stack_created_at && generation == other.generation &&
         generation_created_at == other.generation_created_at && data_version == other.data_version;
}

std::string ManifestName(std::string_view id) { return fmt::format("backups/{}.backup", id); }

json::object ToJson(const Manifest& manifest) {
  json::array tables, log, missing;
  for (const auto& table : manifest.tables) tables.push_back(TableJson(table));
  for (const auto& part : manifest.log) log.push_back(LogJson(part));
  for (const auto& digest : manifest.missing)
    missing.push_back(json::string(objects::HexOf(digest)));
  json::object object{{"id", manifest.id},
                      {"createdAt", IsoMillis(manifest.created_millis)},
                      {"createdMillis", manifest.created_millis},
                      {"stack",
                       {{"name", manifest.stack},
                        {"createdAt", manifest.stack_created_at},
                        {"dataVersion", manifest.data_version.ToString()},
                        {"generation", manifest.generation},
                        {"generationCreatedAt", manifest.generation_created_at}}},
                      {"position", manifest.position},
                      {"floor", manifest.floor},
                      {"tables", tables},
                      {"log", log},
                      {"blobs", ContentsJson(manifest.blobs)},
                      {"history", ContentsJson(manifest.history)},
                      {"missing", missing}};
  if (manifest.config) object["config"] = *manifest.config;
  if (manifest.outputs) object["outputs"] = *manifest.outputs;
  return object;
}

Result<Manifest> ManifestFrom(const json::object& object) {
  Members in(object);
  Members stack(in.Object("stack"));
  Manifest manifest;
  manifest.id = in.Text("id");
  manifest.created_millis = static_cast<std::int64_t>(in.Number("createdMillis"));
  manifest.stack = stack.Text("name");
  manifest.stack_created_at = stack.Text("createdAt");
  TRY(manifest.data_version, tables::DataVersion::Parse(stack.Text("dataVersion")));
  manifest.generation = stack.Number("generation");
  manifest.generation_created_at = stack.Text("generationCreatedAt");
  manifest.position = in.Number("position");
  manifest.floor = in.Number("floor");
  for (const auto& value : in.Array("tables")) {
    TRY(auto table, TableFrom(value));
    manifest.tables.push_back(std::move(table));
  }
  for (const auto& value : in.Array("log")) {
    TRY(const auto log, LogFrom(value));
    manifest.log.push_back(log);
  }
  TRY(manifest.blobs, ContentsFrom(in.Object("blobs")));
  TRY(manifest.history, ContentsFrom(in.Object("history")));
  for (const auto& value : in.Array("missing")) {
    if (!value.is_string()) return NoManifest("a missing content has no digest");
    TRY(const auto digest, objects::DigestFromHex(std::string_view(value.as_string())));
    manifest.missing.push_back(digest);
  }
  if (object.contains("config")) manifest.config = in.Text("config");
  if (object.contains("outputs")) manifest.outputs = in.Text("outputs");
  TRY_OK(stack.Done());
  TRY_OK(in.Done());
  return manifest;
}

std::string ManifestBytes(const Manifest& manifest, const Keys* keys) {
  std::string payload = json::serialize(ToJson(manifest));
  if (keys != nullptr) payload = objects::Seal(keys->seal(), LabelOf(manifest.id), payload);
  return fmt::format("{}{}\n{}", kMagic, HexEncode(Sha256(payload)), payload);
}

Result<Manifest> ManifestFromBytes(std::string_view id, std::string_view bytes, const Keys* keys) {
  if (bytes.size() < kHead || !bytes.starts_with(kMagic))
    return NoManifest("its first line is not");
  const auto hash = bytes.substr(kMagic.size(), 64);
  std::string payload(bytes.substr(kHead));
  if (HexEncode(Sha256(payload)) != hash) return NoManifest("it was changed or is cut off");
  if (keys != nullptr) {
    auto opened = objects::Unseal(keys->seal(), LabelOf(id), payload);
    if (!opened) return NoManifest("it does not open with the repository's key under this name");
    payload = *std::move(opened);
  }
  boost::system::error_code ec;
  const auto value = json::parse(payload, ec);
  if (ec || !value.is_object()) return NoManifest("it holds no JSON object");
  TRY(auto manifest, ManifestFrom(value.as_object()));
  if (manifest.id != id) return NoManifest("it is of the backup " + manifest.id);
  return manifest;
}

}  // namespace vams::lifecycle::backup
