// The comparison of a standby with its source at a common position.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "items/codec.h"
#include "lifecycle/ab/follower.h"
#include "lifecycle/ab/stack_source.h"
#include "lifecycle/ab/tables.h"
#include "objects/blob_upkeep.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::ab {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostNamed = 20;

// What differs between the source's item and ours, in words; empty: nothing.
Result<std::string> DifferenceOf(OpContext& op, items::ItemStore& store,
                                 const items::TableSpec& spec, const std::string& encoded) {
  TRY(const items::Item theirs, items::DecodeItem(encoded));
  const items::Item key = items::KeyOf(spec, theirs);
  const auto ours = store.Get(op, spec.name, key);
  if (!ours.ok()) {
    if (ours.error().code != Code::kNotFound) return ours.error();
    return fmt::format("{} is missing", items::DescribeKey(spec, key));
  }
  if (*ours == theirs) return std::string();
  for (const auto& attribute : theirs)
    if (const items::Value* value = ours->Find(attribute.name);
        value == nullptr || !(*value == attribute.value))
      return fmt::format("{} differs in \"{}\"", items::DescribeKey(spec, key), attribute.name);
  return fmt::format("{} has attributes that the source's lacks", items::DescribeKey(spec, key));
}

json::object TableJson(const TableInventory& theirs, const TableInventory& ours) {
  const bool same = theirs.digest == ours.digest;
  json::object row{{"table", theirs.table},
                   {"rows", ours.digest.count},
                   {"digest", migrate::ToHex(ours.digest)},
                   {"same", same}};
  if (!same) {
    row["sourceRows"] = theirs.digest.count;
    row["sourceDigest"] = migrate::ToHex(theirs.digest);
  }
  return row;
}

}  // namespace

// The tables that are compared: of one version those that both have, else ours, which the steps
// make.
Result<std::vector<std::string>> Follower::CommonNames(OpContext& op,
                                                       const std::vector<items::TableSpec>& specs) {
  TRY(const auto theirs, source_.Tables(op));
  std::vector<std::string> names;
  for (const auto& spec : specs)
    if (crossing_ != nullptr ||
        std::ranges::find(theirs, spec.name, &items::TableSpec::name) != theirs.end())
      names.push_back(spec.name);
  return names;
}

Result<json::object> Follower::Validate(OpContext& op, const ValidateOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  Tell("validating", true);
  TRY(const auto all, store_->Tables(op));
  const auto specs = CarriedOf(all, !setup_.state.peer.remote());
  TRY(auto names, CommonNames(op, specs));
  Inventory theirs;
  if (crossing_ == nullptr) {
    TRY(theirs, source_.TakeInventory(op, names));
    TRY_OK(DrainTo(op, theirs.position));
  } else {
    TRY(theirs, InventoryAcross(op, names));
  }
  TRY(const auto ours, InventoryOf(op, *store_, names));
  bool same = true;
  json::array tables, different;
  std::uint64_t compared = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    tables.push_back(TableJson(theirs.tables[i], ours.tables[i]));
    same = same && theirs.tables[i].digest == ours.tables[i].digest;
    const auto spec = std::ranges::find(specs, names[i], &items::TableSpec::name);
    for (const std::string& sample : theirs.tables[i].samples) {
      ++compared;
      TRY(const std::string difference, DifferenceOf(op, *store_, *spec, sample));
      if (difference.empty()) continue;
      same = false;
      if (different.size() < kMostNamed) different.emplace_back(difference);
    }
  }
  json::object report{
      {"position", theirs.position},
      {"tables", std::move(tables)},
      {"samples", json::object{{"compared", compared}, {"different", std::move(different)}}}};
  TRY_OK(CompareContents(op, options, report, same));
  report["result"] = same ? "same" : "different";
  report["millis"] = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::steady_clock::now() - begun)
                         .count();
  return report;
}

// What the source does not have either is told, but is no difference.
Status Follower::CompareContents(OpContext& op, const ValidateOptions& options,
                                 json::object& report, bool& same) {
  const objects::BlobReferenceTable refer[] = {{.table = std::string(tables::kObjectVersionsTable)},
                                               {.table = std::string(tables::kUploadPartsTable)}};
  const auto references = [&](const objects::BlobReferenceVisitor& visit) {
    return objects::VisitBlobReferences(op, *store_, refer, visit);
  };
  std::vector<std::string> missing;
  json::array damaged;
  TRY(const auto check,
      objects::BlobUpkeep::Check(
          op, *blobs_, references, options.read_contents, [&](const objects::BlobFinding& finding) {
            using Kind = objects::BlobFinding::Kind;
            if (finding.kind == Kind::kMissing)
              missing.push_back(finding.what);
            else if (finding.kind == Kind::kDamaged && damaged.size() < kMostNamed)
              damaged.emplace_back(finding.what);
          }));
  // Some may have come to the source since they were asked for.
  TRY(const auto absent, FetchContents(op, source_, missing, *blobs_, [](std::uint64_t) {}));
  absent_ = {absent.begin(), absent.end()};
  same = same && check.damaged == 0;
  report["contents"] =
      json::object{{"referred", check.references},    {"bytes", check.bytes},
                   {"read", options.read_contents},   {"fetched", missing.size() - absent.size()},
                   {"absentAtSource", absent.size()}, {"damaged", std::move(damaged)}};
  return Ok();
}

}  // namespace vams::lifecycle::ab
