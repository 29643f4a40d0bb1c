#include "migrate/remote/search_phase.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "migrate/remote/work.h"

namespace vams::migrate::remote {

namespace {

constexpr tables::DataVersion kOldestWithDocuments{2, 2};

index::Part PartOf(std::string_view operation) {
  return operation == "assets"  ? index::Part::kAssets
         : operation == "files" ? index::Part::kFiles
                                : index::Part::kBoth;
}

// Of the indexes that are filled.
std::vector<std::string> FilledNames(const SearchPlan& search) {
  if (search.part == index::Part::kFiles) return {search.names.files};
  if (search.part == index::Part::kAssets || search.names.one()) return {search.names.assets};
  return {search.names.assets, search.names.files};
}

// "vams-assets-v1 and vams-files-v1"
std::string NamesText(const SearchPlan& search) {
  return fmt::format("{}", fmt::join(FilledNames(search), " and "));
}

Status CheckTablesNamed(const RemotePlan& plan, const UpstreamConfig& config) {
  std::vector<std::string> missing;
  for (const auto& table : index::TablesFor(plan.to))
    if (std::ranges::none_of(plan.tables, [&](const auto& t) { return t.canonical == table; }))
      missing.push_back(table);
  if (missing.empty()) return Ok();
  if (plan.kind == "reverse")
    return Error(Code::kInvalid,
                 fmt::format("search documents of {} are made from tables that the run which is "
                             "undone did not know: {}; go back without --opensearch-url; nothing "
                             "was written",
                             plan.to.ToString(), fmt::join(missing, ", ")));
  return Error(
      Code::kInvalid,
      fmt::format(
          "search documents of {} are made from tables that {} does not name: {}; name "
          "each with --table {}=<physical name> (of tables of one CDK stack, one of them is "
          "enough); nothing was written",
          plan.to.ToString(), config.file, fmt::join(missing, ", "), missing.front()));
}

}  // namespace

std::optional<SearchPlan> PlanSearch(const UpstreamConfig& config, tables::DataVersion to) {
  if (config.opensearch.url.empty()) return std::nullopt;
  SearchPlan search{.url = config.opensearch.url,
                    .names = {},
                    .part = PartOf(config.reindex_operation),
                    .clear = config.clear_indexes && !config.limit};
  // Without known names CheckSearch refuses.
  if (auto names = index::UpstreamNames(to); names.ok()) search.names = *std::move(names);
  const bool one = search.names.one();
  if (!config.opensearch.assets.empty()) search.names.assets = config.opensearch.assets;
  if (!config.opensearch.files.empty()) search.names.files = config.opensearch.files;
  // One index has one name, whichever option gives it.
  if (one && !config.opensearch.assets.empty() && config.opensearch.files.empty())
    search.names.files = search.names.assets;
  if (one && config.opensearch.assets.empty() && !config.opensearch.files.empty())
    search.names.assets = search.names.files;
  return search;
}

Status CheckSearch(OpContext& op, const RemoteJob& job, const RemotePlan& plan,
                   RemoteReport& report) {
  if (!plan.search) return Ok();
  const SearchPlan& search = *plan.search;
  if (job.hooks.search == nullptr)
    return Error(Code::kInvalid,
                 fmt::format("this run fills search indexes at {}; give --opensearch-url again, "
                             "with the credentials; nothing was written by this attempt",
                             search.url));
  if (plan.to < kOldestWithDocuments)
    return Error(Code::kNotSupported,
                 fmt::format("search indexes of data version {} cannot be filled from here, only "
                             "those of {} and later; run without --opensearch-url",
                             plan.to.ToString(), kOldestWithDocuments.ToString()));
  TRY(const auto family, index::FamilyOf(plan.to));
  if (search.names.one() != (family == index::Family::kV22))
    return Error(Code::kInvalid,
                 fmt::format("{} has {}; give --opensearch-assets and --opensearch-files "
                             "accordingly, or neither; nothing was written",
                             plan.to.ToString(),
                             search.names.one() ? "an index for assets and another for files"
                                                : "one index for assets and files"));
  TRY_OK(CheckTablesNamed(plan, job.config));
  if (search.part != index::Part::kAssets && !job.hooks.list_objects)
    return Error(Code::kInvalid,
                 "search documents of files are made from a listing of the asset buckets; give one "
                 "with --objects-listing, or leave files out with --opensearch-documents assets; "
                 "nothing was written");
  TRY(auto survey, index::LookAt(op, *job.hooks.search, plan.to, search.names, search.part));
  report.indexes = std::move(survey.found);
  return Ok();
}

Status RehearseSearch(OpContext& op, const RemoteJob& job, const RemotePlan& plan,
                      items::ItemSource& result, RemoteReport& report) {
  if (!plan.search) return Ok();
  TRY(const auto tally,
      index::CountDocuments(op, result, plan.to, plan.search->part, job.on_progress));
  const auto there = [&](const std::string& name) {
    return std::ranges::any_of(report.indexes, [&](const auto& f) { return f.name == name; });
  };
  std::vector<std::string> made;
  for (const auto& name : FilledNames(*plan.search))
    if (!there(name)) made.push_back(name);
  report.notices.push_back(fmt::format(
      "search: {} documents of assets and {} of files would be put into {}{}", tally.assets,
      tally.files, NamesText(*plan.search),
      made.empty() ? std::string()
                   : fmt::format(", of which {} would be created", fmt::join(made, ", "))));
  for (const auto& found : report.indexes)
    report.notices.push_back(fmt::format("search: {} is {} with {} documents", found.name,
                                         index::Describe(found.recognised), found.documents));
  return Ok();
}

index::FillJob SearchJob(const RemoteJob& job, const RemotePlan& plan, items::ItemSource& result,
                         Journal& journal, const files::Path& folder) {
  return {.source = result,
          .server = *job.hooks.search,
          .journal = journal,
          .scratch = folder / "search-ids.db",
          .version = plan.to,
          .names = plan.search->names,
          .part = plan.search->part,
          .clear = plan.search->clear,
          .limit = plan.limit,
          .batch = 1000,
          .on_progress = job.on_progress};
}

void TellSearch(const RemoteJob& job, const RemotePlan& plan, const index::FillOutcome& outcome,
                RemoteReport& report) {
  const SearchPlan& search = *plan.search;
  report.reindex = fmt::format("{}: {}", NamesText(search), outcome.Summary());
  report.search = outcome;
  if (const std::string failure = outcome.Failure(); !failure.empty())
    report.reindex_failed = Error(
        Code::kInternal,
        fmt::format("the data is migrated and proved; {}; they are in no index; mend them and "
                    "run \"vams migrate reindex --config {} --opensearch-url …\"",
                    failure, job.config.file));
  report.notices.push_back(
      search.names.one()
          ? fmt::format("search: a deployment of {} reads the index that its parameter "
                        "/<name>-<stack>/aos/indexName names; let that be {}",
                        plan.to.ToString(), search.names.assets)
          : fmt::format("search: a deployment of {} reads the indexes that its parameters "
                        "/<name>-<stack>/aos/assetIndexName and /<name>-<stack>/aos/fileIndexName "
                        "name; let these be {} and {}",
                        plan.to.ToString(), search.names.assets, search.names.files));
  std::vector<std::string> old;
  for (const auto& found : report.indexes)
    if (found.name != search.names.assets && found.name != search.names.files)
      old.push_back(fmt::format("{} ({}, {} documents)", found.name,
                                index::Describe(found.recognised), found.documents));
  if (!old.empty())
    report.notices.push_back(fmt::format(
        "search: left as before: {}; remove what nobody goes back to", fmt::join(old, ", ")));
  if (search.part != index::Part::kBoth)
    report.notices.push_back(fmt::format("search: only {} were put into their index, as asked",
                                         search.part == index::Part::kAssets ? "assets" : "files"));
}

// An error leaves the run to be gone on with: the tables are done, and filling goes on where it
// was.
Status Worker::FillSearch() {
  TRY(const auto result, Open(record_.result(record_.round()), false));
  const auto job = SearchJob(job_, record_.plan, *result, *journal_, record_.folder);
  auto outcome = index::Fill(op_, job);
  if (!outcome.ok())
    return std::move(outcome).error().With("the tables are done and proved; filling search");
  TellSearch(job_, record_.plan, *outcome, report_);
  return Ok();
}

Status VerifySearch(OpContext& op, const RemoteJob& job, const RemoteRecord& record,
                    items::ItemSource& result, RemoteProof& proof) {
  const std::string names = NamesText(*record.plan.search);
  if (job.hooks.search == nullptr) {
    proof.checks.push_back(fmt::format(
        "the search indexes {} were not looked at; --opensearch-url compares them, too", names));
    return Ok();
  }
  TRY(auto journal, Journal::Open(record.journal(), job.clock));
  TRY(const auto found,
      index::Prove(op, SearchJob(job, record.plan, result, journal, record.folder)));
  const auto same = found.documents - found.missing - found.changed - found.shared;
  proof.checks.push_back(fmt::format("{} of {} documents in {} are as the run left them", same,
                                     found.documents, names));
  if (found.missing > 0)
    proof.failures.push_back(fmt::format(
        "{} documents are not in {}, such as {}; \"vams migrate reindex\" with --opensearch-url "
        "puts them there",
        found.missing, names, fmt::join(found.samples, ", ")));
  else if (found.changed > 0)
    proof.changed.push_back(
        fmt::format("{}: {} documents were written by somebody else since, "
                    "such as {}",
                    names, found.changed, fmt::join(found.samples, ", ")));
  return Ok();
}

}  // namespace vams::migrate::remote
