#include "lifecycle/ab/aws_copy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/json.h"
#include "migrate/digest.h"

namespace vams::lifecycle::ab {

namespace json = boost::json;

namespace {

constexpr std::size_t kCopyPage = 1000;

const json::object* ObjectOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr ? value->if_object() : nullptr;
}

// The objects of a list, each with its number for messages.
template <typename Visit>
void ForEach(const json::object& object, std::string_view name, std::vector<std::string>& problems,
             const Visit& visit) {
  const json::value* list = object.if_contains(name);
  if (list == nullptr) return;
  if (!list->is_array()) {
    problems.push_back(fmt::format("{}: a list is needed", name));
    return;
  }
  for (std::size_t i = 0; i < list->as_array().size(); ++i) {
    const std::string where = fmt::format("{}[{}]", name, i);
    if (const json::object* one = list->as_array()[i].if_object(); one != nullptr)
      visit(*one, where);
    else
      problems.push_back(fmt::format("{}: an object is needed", where));
  }
}

Result<migrate::Digest> DigestOf(OpContext& op, items::ItemSource& source, std::string_view table,
                                 const std::function<Status(std::string_view)>& visit) {
  migrate::Digest digest;
  migrate::DigestBuilder digests;
  std::string after;
  do {
    TRY_OK(op.Check());
    TRY(after, source.ScanEncoded(op, table, {}, after, kCopyPage, [&](std::string_view encoded) {
      digests.Add(digest, encoded);
      return visit(encoded);
    }));
  } while (!after.empty());
  return digest;
}

}  // namespace

Result<CopySchema> ReadCopySchema(const files::Path& path) {
  TRY(const std::string text, files::ReadAll(path));
  boost::system::error_code ec;
  const json::value value = json::parse(text, ec);
  if (ec || !value.is_object())
    return Error(Code::kInvalid, fmt::format("{} holds no JSON object", path.string()));
  const json::object& object = value.as_object();
  CopySchema schema{.region_from = TextOf(object, "regionFrom"),
                    .region_to = TextOf(object, "regionTo"),
                    .tables = {},
                    .buckets = {}};
  std::vector<std::string> problems;
  ForEach(
      object, "VAMS_S3Bucket_Mapping", problems,
      [&](const json::object& one, const std::string& where) {
        const json::object* names = ObjectOf(one, "buckets");
        const std::string descriptor = TextOf(one, "bucketDescriptor");
        if (names != nullptr && !(TextOf(*names, "from").empty() && TextOf(*names, "to").empty()))
          schema.buckets.push_back(descriptor.empty() ? where : descriptor);
      });
  ForEach(object, "VAMS_DynamoDBTable_Mapping", problems,
          [&](const json::object& one, const std::string& where) {
            const json::object* names = ObjectOf(one, "tables");
            TableMapping table{.descriptor = TextOf(one, "tableDescriptor"),
                               .from = names == nullptr ? std::string() : TextOf(*names, "from"),
                               .to = names == nullptr ? std::string() : TextOf(*names, "to")};
            if (table.descriptor.empty() || table.from.empty() || table.to.empty())
              problems.push_back(
                  fmt::format("{}: tableDescriptor, tables.from and tables.to are needed", where));
            else if (std::ranges::find(schema.tables, table.descriptor,
                                       &TableMapping::descriptor) != schema.tables.end())
              problems.push_back(fmt::format("{}: \"{}\" is there twice", where, table.descriptor));
            else
              schema.tables.push_back(std::move(table));
          });
  for (const auto& table : schema.tables)
    if (table.from == table.to && schema.region_from == schema.region_to)
      problems.push_back(
          fmt::format("{}: \"{}\" would be copied to itself", table.descriptor, table.from));
  if (schema.tables.empty() && problems.empty())
    problems.emplace_back("VAMS_DynamoDBTable_Mapping: names no table");
  if (problems.empty()) return schema;
  return Error(Code::kInvalid, fmt::format("{}: nothing was copied:\n  {}", path.string(),
                                           fmt::join(problems, "\n  ")));
}

namespace {

// The table by its name there, which is what an operator can look for.
Result<items::TableSpec> TableOf(OpContext& op, items::ItemSource& source,
                                 const std::string& descriptor, const std::string& name,
                                 const std::string& region) {
  auto spec = source.Table(op, descriptor);
  if (spec.ok() || spec.error().code != Code::kNotFound) return spec;
  return Error(
      Code::kNotFound,
      fmt::format("there is no table \"{}\" ({}) in {}; nothing was copied; put its name in "
                  "the file right, or the region",
                  name, descriptor, region.empty() ? "the region" : region));
}

}  // namespace

json::object ToJson(const CopiedTable& table) {
  return {{"table", table.table}, {"from", table.from},       {"to", table.to},
          {"rows", table.rows},   {"present", table.present}, {"same", table.same}};
}

Status CheckCopy(OpContext& op, items::ItemSource& from, items::ItemSource& to,
                 const CopySchema& schema, const CopyOptions& options) {
  for (const auto& table : schema.tables) {
    TRY(const auto source, TableOf(op, from, table.descriptor, table.from, schema.region_from));
    TRY(const auto destination, TableOf(op, to, table.descriptor, table.to, schema.region_to));
    if (!(source.partition == destination.partition && source.sort == destination.sort))
      return Error(Code::kInvalid,
                   fmt::format("\"{}\" has other keys than \"{}\"; nothing was copied; a table of "
                               "another data version needs \"vams migrate run\"",
                               table.to, table.from));
    if (options.resume) continue;
    TRY(const auto page, to.Scan(op, table.descriptor, {}, "", 1));
    if (!page.items.empty())
      return Error(Code::kConflict,
                   fmt::format("\"{}\" holds rows already; nothing was copied; empty it, or say "
                               "--resume if they are of an earlier copy",
                               table.to));
  }
  return Ok();
}

Result<CopiedTable> CopyTable(OpContext& op, items::ItemSource& from, items::ItemStore& to,
                              const TableMapping& table, const CopyOptions& options) {
  CopiedTable copied{.table = table.descriptor, .from = table.from, .to = table.to};
  std::unique_ptr<items::BulkLoader> load;
  if (!options.dry_run) {
    TRY(load, to.OpenBulkLoad(op, table.descriptor, {}));
  }
  TRY(const auto read,
      DigestOf(op, from, table.descriptor, [&](std::string_view encoded) -> Status {
        if (++copied.rows % kCopyPage == 0 && options.progress)
          options.progress(table.descriptor, copied.rows);
        return load == nullptr ? Ok() : load->AddEncoded(op, encoded);
      }));
  if (load == nullptr) return copied;
  TRY([[maybe_unused]] const auto written, load->Finish(op));
  TRY(const auto now, DigestOf(op, to, table.descriptor, [](std::string_view) { return Ok(); }));
  copied.present = now.count;
  copied.same = now == read;
  return copied;
}

}  // namespace vams::lifecycle::ab
