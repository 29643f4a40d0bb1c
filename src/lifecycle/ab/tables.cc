#include "lifecycle/ab/tables.h"

#include <algorithm>

#include "lifecycle/ab/state.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::ab {

namespace {

constexpr TableRule kRules[] = {
    {tables::kObjectsTable, Carried::kAlways, "which objects there are"},
    {tables::kObjectVersionsTable, Carried::kAlways, "which versions they have"},
    {tables::kUploadsTable, Carried::kAlways, "an upload goes on where it was"},
    {tables::kUploadPartsTable, Carried::kAlways, "what was uploaded need not come again"},
    {tables::kResidueTable, Carried::kAlways, "a later way back needs it"},
    {tables::kFindingsTable, Carried::kAlways, "quarantined records are data"},
    {tables::kAccountsTable, Carried::kAlways,
     "accounts with their hashes and second factors: nobody resets anything"},
    {tables::kSessionsTable, Carried::kAlways, "nobody has to sign in again"},
    {tables::kChallengesTable, Carried::kAlways, "a login in its second step goes on"},
    {tables::kLoginFailuresTable, Carried::kAlways, "a switch must not give guessers a new start"},
    {tables::kSigningKeysTable, Carried::kAlways, "tokens that were given stay good"},
    {tables::kUrlKeysTable, Carried::kAlways, "signed URLs that were given stay good"},
    {tables::kNamesTable, Carried::kAlways, "claims belong to the records they protect"},
    {tables::kSeedsTable, Carried::kAlways, "which defaults somebody has edited or removed"},
    {tables::kAssetMarksTable, Carried::kAlways, "counters that writers' conditions compare"},
    {tables::kArchivedObjectsTable, Carried::kAlways, "what unarchiving brings back"},
    {tables::kFolderFilesTable, Carried::kOnOneHost,
     "times and inodes of files: on another machine they are others, and a missing record costs "
     "one "
     "comparison"},
    {tables::kMailAddressesTable, Carried::kAlways,
     "confirmations, and the keys of links in mails"},
    {tables::kNoticesTable, Carried::kAlways,
     "what was not told before a switch is told after it; a standby sends nothing"},
    {tables::kMailsTable, Carried::kAlways, "the same"},
    {kTable, Carried::kNever, "how far this side has followed the other"},
};

}  // namespace

std::span<const TableRule> SystemTableRules() { return kRules; }

bool IsCarried(std::string_view table, bool one_host) {
  if (!items::IsSystemTable(table)) return true;
  const auto rule = std::ranges::find(kRules, table, &TableRule::table);
  if (rule == std::end(kRules)) return false;
  return rule->carried == Carried::kAlways || (rule->carried == Carried::kOnOneHost && one_host);
}

std::vector<items::TableSpec> CarriedOf(std::span<const items::TableSpec> specs, bool one_host) {
  std::vector<items::TableSpec> carried;
  for (const auto& spec : specs)
    if (IsCarried(spec.name, one_host)) carried.push_back(spec);
  return carried;
}

}  // namespace vams::lifecycle::ab
