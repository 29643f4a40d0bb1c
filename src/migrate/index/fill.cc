#include "migrate/index/fill.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "base/fault_point.h"
#include "base/json.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::migrate::index {

namespace json = boost::json;
using items::Value;

namespace {

constexpr std::size_t kSamples = 5;
constexpr std::size_t kSampledDocuments = 20;
// With so many the fault is hardly the documents'.
constexpr std::size_t kMostRefused = 1000;
constexpr std::string_view kIdsTable = "search-ids";

bool Wants(Part part, Part kind) { return part == Part::kBoth || part == kind; }

// The indexes that documents of `part` go to, each once, with what each must be.
std::vector<std::pair<std::string, Part>> Wanted(const IndexNames& names, Part part) {
  if (names.one()) return {{names.assets, Part::kBoth}};
  std::vector<std::pair<std::string, Part>> wanted;
  if (Wants(part, Part::kAssets)) wanted.emplace_back(names.assets, Part::kAssets);
  if (Wants(part, Part::kFiles)) wanted.emplace_back(names.files, Part::kFiles);
  return wanted;
}

Result<std::optional<Found>> LookAtOne(OpContext& op, search::RawIndexes& server,
                                       const std::string& name) {
  TRY(auto index, server.Describe(op, name));
  if (!index) return std::optional<Found>();
  TRY(auto sampled, server.Sample(op, name, kSampledDocuments));
  std::vector<json::object> sources;
  for (auto& document : sampled) sources.push_back(std::move(document.source));
  Found found{.name = name, .physical = index->name, .recognised = {}, .documents = 0};
  found.recognised = Recognise(index->mappings, index->settings, sources);
  TRY(found.documents, server.Count(op, name, false));
  return std::optional(std::move(found));
}

Error WrongIndex(const Found& found, tables::DataVersion version) {
  return {
      Code::kConflict,
      fmt::format("{} on the search server is {} ({}), and no index for {}; nothing was written "
                  "to it; name another with --opensearch-assets or --opensearch-files, or "
                  "remove it if nothing uses it",
                  found.name, Describe(found.recognised), found.recognised.because,
                  version.ToString())};
}

// As it comes back from the server: numbers in the form that reading gives them.
json::object AsRead(const json::object& source) {
  return json::parse(json::serialize(source)).as_object();
}

std::string Counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

json::object ToJson(const FillOutcome& outcome) {
  json::array samples(outcome.samples.begin(), outcome.samples.end());
  return {{"assets", outcome.assets},     {"files", outcome.files},
          {"proved", outcome.proved},     {"changed", outcome.changed},
          {"shared", outcome.shared},     {"removed", outcome.removed},
          {"others", outcome.others},     {"withoutBucket", outcome.without_bucket},
          {"samples", std::move(samples)}};
}

FillOutcome OutcomeFrom(const json::object& object) {
  FillOutcome outcome;
  outcome.assets = NumberOf(object, "assets");
  outcome.files = NumberOf(object, "files");
  outcome.proved = NumberOf(object, "proved");
  outcome.changed = NumberOf(object, "changed");
  outcome.shared = NumberOf(object, "shared");
  outcome.removed = NumberOf(object, "removed");
  outcome.others = NumberOf(object, "others");
  outcome.without_bucket = NumberOf(object, "withoutBucket");
  if (const auto* samples = object.if_contains("samples");
      samples != nullptr && samples->is_array())
    for (const auto& sample : samples->get_array())
      if (sample.is_string()) outcome.samples.emplace_back(sample.get_string());
  return outcome;
}

void Note(std::vector<std::string>& samples, const std::string& id) {
  if (samples.size() < kSamples) samples.push_back(id);
}

items::TableSpec IdsSpec() {
  return {.name = std::string(kIdsTable),
          .partition = {"index", items::Kind::kS},
          .sort = {"id", items::Kind::kS},
          .indexes = {},
          .ttl_attribute = {}};
}

items::Item IdKey(const std::string& name, const std::string& id) {
  return {{"id", Value::S(id)}, {"index", Value::S(name)}};
}

// Compares documents with what the server has under their ids.
class Comparer {
 public:
  Comparer(search::RawIndexes& server, const std::set<std::string, std::less<>>& refused)
      : server_(server), refused_(refused) {}

  Status Compare(OpContext& op, const std::string& name,
                 const std::vector<search::RawDocument>& documents) {
    std::vector<std::string> ids;
    for (const auto& document : documents) ids.push_back(document.id);
    TRY(const auto there, server_.Get(op, name, ids));
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if (refused_.contains(ids[i])) continue;
      ++proof.documents;
      if (!there[i]) {
        ++proof.missing;
        Note(proof.samples, ids[i]);
        continue;
      }
      const json::object wanted = AsRead(documents[i].source);
      if (*there[i] == wanted) continue;
      ++(SameThing(*there[i], wanted) ? proof.changed : proof.shared);
      Note(proof.samples, ids[i]);
    }
    return Ok();
  }

  Proof proof;

 private:
  // 2.2 has one id for assets of different databases, and for objects of different buckets.
  static bool SameThing(const json::object& a, const json::object& b) {
    return std::ranges::all_of(
        std::initializer_list<std::string_view>{"str_databaseid", "str_assetid", "str_bucketid"},
        [&](auto name) {
          const auto* left = a.if_contains(name);
          const auto* right = b.if_contains(name);
          return left != nullptr && right != nullptr && *left == *right;
        });
  }

  search::RawIndexes& server_;
  const std::set<std::string, std::less<>>& refused_;
};

// Goes through all documents of a job from a place on.
template <typename Visit>
Status ForEachPage(OpContext& op, const FillJob& job, Place place, std::uint64_t made,
                   const Visit& visit) {
  DocumentReader reader(job.source, job.version, job.part);
  while (!place.done && (job.limit == 0 || made < job.limit)) {
    std::size_t size = job.batch;
    if (job.limit > 0) size = std::min<std::size_t>(size, job.limit - made);
    TRY(const auto page, reader.Next(op, place, size));
    made += page.assets.size() + page.files.size();
    TRY_OK(visit(page));
    place = page.next;
  }
  return Ok();
}

Result<Proof> Compare(OpContext& op, const FillJob& job,
                      const std::set<std::string, std::less<>>& refused) {
  Comparer comparer(job.server, refused);
  TRY_OK(ForEachPage(op, job, {}, 0, [&](const DocumentPage& page) -> Status {
    TRY_OK(comparer.Compare(op, job.names.assets, page.assets));
    TRY_OK(comparer.Compare(op, job.names.files, page.files));
    if (job.on_progress)
      job.on_progress({.leg = "search",
                       .phase = "read documents again",
                       .done = comparer.proof.documents,
                       .total = 0});
    return Ok();
  }));
  for (const auto& [name, part] : Wanted(job.names, job.part)) {
    TRY(const auto count, job.server.Count(op, name));
    comparer.proof.count += count;
  }
  return std::move(comparer.proof);
}

// ---- One filling
// ---------------------------------------------------------------------------------------

class Filling {
 public:
  Filling(OpContext& op, const FillJob& job) : op_(op), job_(job) {}

  Result<FillOutcome> Run() {
    ReadJournal();
    if (const auto* done = job_.journal.Last("index proved"); done != nullptr) {
      FillOutcome before = OutcomeFrom(*done);
      before.refused = std::move(outcome_.refused);
      return before;
    }
    TRY_OK(Begin());
    if (job_.clear) TRY_OK(NoteIds());
    TRY_OK(Put());
    VAMS_POINT("migrate.index.filled");
    TRY_OK(Prove());
    if (job_.clear) TRY_OK(RemoveOthers());
    // What was there at the beginning may have been replaced under the same name.
    TRY(const auto survey, LookAt(op_, job_.server, job_.version, job_.names, job_.part));
    if (!survey.absent.empty())
      return Error(Code::kConflict,
                   fmt::format("somebody has removed {} meanwhile; run the same command again to "
                               "fill it anew",
                               fmt::join(survey.absent, ", ")));
    VAMS_POINT("migrate.index.before_proved");
    TRY_OK(job_.journal.Append("index proved", ToJson(outcome_)));
    if (job_.clear) TRY_OK(items::RemoveSqliteStore(job_.scratch));
    return std::move(outcome_);
  }

 private:
  // What an attempt before this one has done; of what was lost again, nothing.
  void ReadJournal() {
    for (const auto& entry : job_.journal.entries()) {
      const std::string event = TextOf(entry, "event");
      if (event == "index lost") {
        place_ = {};
        outcome_ = {};
        refused_.clear();
      } else if (event == "index filled to") {
        place_ = PlaceFrom(entry);
        outcome_.assets = NumberOf(entry, "assets");
        outcome_.files = NumberOf(entry, "files");
        outcome_.without_bucket = NumberOf(entry, "withoutBucket");
      } else if (event == "index refused") {
        AddRefused({.id = TextOf(entry, "row"), .reason = TextOf(entry, "why")});
      }
    }
  }

  bool AddRefused(search::RefusedDocument refused) {
    if (!refused_.insert(refused.id).second) return false;
    outcome_.refused.push_back(std::move(refused));
    return true;
  }

  Status Begin() {
    TRY(const auto survey, LookAt(op_, job_.server, job_.version, job_.names, job_.part));
    TRY(const auto family, FamilyOf(job_.version));
    for (const auto& [name, part] : Wanted(job_.names, job_.part)) {
      if (std::ranges::find(survey.absent, name) == survey.absent.end()) continue;
      // One that was filled already and is gone has to be filled again.
      if (StartedAt() != 0) TRY_OK(Lose(fmt::format("{} is gone", name)));
      TRY_OK(job_.server.Create(op_, name, IndexBody(family, part)));
      TRY_OK(job_.journal.Append("index created", {{"phase", name}}));
      VAMS_POINT("migrate.index.created");
    }
    return Ok();
  }

  std::uint64_t StartedAt() const { return outcome_.assets + outcome_.files; }

  Status Lose(std::string why) {
    TRY_OK(job_.journal.Append("index lost", {{"why", std::move(why)}}));
    ReadJournal();
    return Ok();
  }

  Result<std::unique_ptr<items::ItemStore>> OpenIds() {
    TRY(auto store, items::OpenSqliteStore(job_.scratch));
    const auto spec = IdsSpec();
    TRY_OK(store->CreateTables(op_, std::span(&spec, 1)));
    return store;
  }

  // Which documents were there before, so that none is removed that came meanwhile.
  Status NoteIds() {
    if (job_.journal.Last("index noted") != nullptr) return Ok();
    TRY_OK(items::RemoveSqliteStore(job_.scratch));
    std::uint64_t noted = 0;
    {
      TRY(const auto store, OpenIds());
      TRY(const auto loader, store->OpenBulkLoad(op_, kIdsTable, {.name = "ids"}));
      for (const auto& [name, part] : Wanted(job_.names, job_.part)) {
        TRY_OK(job_.server.Count(op_, name));
        std::string after;
        do {
          TRY(auto page, job_.server.Ids(op_, name, after, job_.batch));
          for (const auto& id : page.ids) TRY_OK(loader->Add(op_, IdKey(name, id)));
          noted += page.ids.size();
          after = std::move(page.next);
        } while (!after.empty());
      }
      TRY_OK(loader->Finish(op_));
    }
    return job_.journal.Append("index noted", {{"rows", noted}});
  }

  // Takes documents that are made from what was there before.
  Status Forget(items::ItemStore& ids, const std::string& name,
                const std::vector<search::RawDocument>& documents) {
    std::set<std::string> once;
    std::vector<items::Write> writes;
    for (const auto& document : documents)
      if (document.id.size() <= search::RawIndexes::kMaxId && once.insert(document.id).second)
        writes.push_back(items::Write::Delete(std::string(kIdsTable), IdKey(name, document.id)));
    if (!writes.empty()) TRY_OK(ids.Commit(op_, writes));
    return Ok();
  }

  Status PutInto(const std::string& name, const std::vector<search::RawDocument>& documents) {
    if (documents.empty()) return Ok();
    TRY(auto refused, job_.server.Put(op_, name, documents));
    for (auto& one : refused) {
      if (!AddRefused(one)) continue;
      TRY_OK(job_.journal.Append("index refused",
                                 {{"phase", name}, {"row", one.id}, {"why", one.reason}}));
      if (refused_.size() > kMostRefused)
        return Error(Code::kInvalid,
                     fmt::format("the search server refuses one document after the other, the last "
                                 "for this reason: {}; filling {} has stopped",
                                 one.reason, name),
                     one.id);
    }
    return Ok();
  }

  Status Put() {
    std::unique_ptr<items::ItemStore> ids;
    if (job_.clear) {
      TRY(ids, OpenIds());
    }
    return ForEachPage(op_, job_, place_, StartedAt(), [&](const DocumentPage& page) -> Status {
      TRY_OK(PutInto(job_.names.assets, page.assets));
      TRY_OK(PutInto(job_.names.files, page.files));
      if (ids != nullptr) {
        TRY_OK(Forget(*ids, job_.names.assets, page.assets));
        TRY_OK(Forget(*ids, job_.names.files, page.files));
      }
      outcome_.assets += page.assets.size();
      outcome_.files += page.files.size();
      outcome_.without_bucket += page.without_bucket;
      VAMS_POINT("migrate.index.before_place");
      json::object entry = index::ToJson(page.next);
      entry["assets"] = outcome_.assets;
      entry["files"] = outcome_.files;
      entry["withoutBucket"] = outcome_.without_bucket;
      TRY_OK(job_.journal.Append("index filled to", std::move(entry)));
      VAMS_POINT("migrate.index.place");
      if (job_.on_progress)
        job_.on_progress(
            {.leg = "search", .phase = "put documents", .done = StartedAt(), .total = 0});
      return Ok();
    });
  }

  Status Prove() {
    TRY(const Proof proof, Compare(op_, job_, refused_));
    if (proof.missing > 0) {
      TRY_OK(Lose(fmt::format("{} documents", proof.missing)));
      return Error(Code::kUnavailable,
                   fmt::format("{} of {} documents that the search server had accepted are not "
                               "there, such as {}; they are put again by the next run",
                               proof.missing, proof.documents, fmt::join(proof.samples, ", ")));
    }
    outcome_.proved = proof.documents - proof.changed - proof.shared;
    outcome_.changed = proof.changed;
    outcome_.shared = proof.shared;
    outcome_.samples = proof.samples;
    const std::uint64_t ours = proof.documents - proof.shared;
    outcome_.others = proof.count > ours ? proof.count - ours : 0;
    return Ok();
  }

  Status RemoveOthers() {
    TRY(const auto store, OpenIds());
    for (const auto& [name, part] : Wanted(job_.names, job_.part)) {
      items::QueryRequest request;
      request.table = kIdsTable;
      request.partition = Value::S(name);
      request.limit = job_.batch;
      do {
        TRY(auto page, store->Query(op_, request));
        std::vector<std::string> ids;
        for (const auto& row : page.items)
          // An index of one kind of documents may be asked to be filled with the other kind alone.
          if (!job_.names.one() || Wants(job_.part, KindOf(row.Text("id"))))
            ids.emplace_back(row.Text("id"));
        TRY(const auto refused, job_.server.Remove(op_, name, ids));
        outcome_.removed += ids.size() - refused.size();
        request.after = std::move(page.next);
      } while (!request.after.empty());
    }
    outcome_.others -= std::min(outcome_.others, outcome_.removed);
    return Ok();
  }

  // Of a document in an index for both.
  static Part KindOf(std::string_view id) {
    return id.contains('/') ? Part::kFiles : Part::kAssets;
  }

  OpContext& op_;
  const FillJob& job_;
  Place place_;
  FillOutcome outcome_;
  std::set<std::string, std::less<>> refused_;
};

}  // namespace

Result<Survey> LookAt(OpContext& op, search::RawIndexes& server, tables::DataVersion version,
                      const IndexNames& names, Part part) {
  TRY(const auto family, FamilyOf(version));
  Survey survey;
  const auto wanted = Wanted(names, part);
  for (const auto& [name, of] : wanted) {
    TRY(auto found, LookAtOne(op, server, name));
    if (!found) {
      survey.absent.push_back(name);
      continue;
    }
    if (found->recognised.family != family || found->recognised.part != of)
      return WrongIndex(*found, version);
    survey.found.push_back(*std::move(found));
  }
  for (const auto& name : AllUpstreamNames()) {
    if (std::ranges::any_of(wanted, [&](const auto& one) { return one.first == name; })) continue;
    // They are nobody's business here but for the report.
    auto found = LookAtOne(op, server, name);
    if (found.ok() && *found) survey.found.push_back(**std::move(found));
  }
  return survey;
}

std::string FillOutcome::Summary() const {
  std::string text = fmt::format("{} and {}, {} read again as they were made",
                                 Counted(assets, "asset"), Counted(files, "file"), proved);
  if (changed > 0)
    text += fmt::format("; {} were written by somebody else meanwhile, such as {}", changed,
                        fmt::join(samples, ", "));
  if (shared > 0)
    text += fmt::format(
        "; {} share their id with another, and the index has room for one of them, such as {}",
        shared, fmt::join(samples, ", "));
  if (without_bucket > 0)
    text += fmt::format("; {} without the record of a bucket have no document",
                        Counted(without_bucket, "asset"));
  if (removed > 0) text += fmt::format("; {} of nothing that exists removed", removed);
  if (others > 0) text += fmt::format("; {} others are there, too", others);
  return text;
}

std::string FillOutcome::Failure() const {
  if (refused.empty()) return {};
  return fmt::format("the search server refused {}, such as {}: {}",
                     Counted(refused.size(), "document"), refused.front().id,
                     refused.front().reason);
}

Result<FillOutcome> Fill(OpContext& op, const FillJob& job) { return Filling(op, job).Run(); }

Result<Proof> Prove(OpContext& op, const FillJob& job) {
  std::set<std::string, std::less<>> refused;
  for (const auto& entry : job.journal.entries())
    if (TextOf(entry, "event") == "index refused") refused.insert(TextOf(entry, "row"));
  return Compare(op, job, refused);
}

Result<Tally> CountDocuments(OpContext& op, items::ItemSource& source, tables::DataVersion version,
                             Part part, const OnProgress& on_progress) {
  DocumentReader reader(source, version, part);
  Tally tally;
  Place place;
  while (!place.done) {
    TRY(const auto page, reader.Next(op, place, 1000));
    tally.assets += page.assets.size();
    tally.files += page.files.size();
    tally.without_bucket += page.without_bucket;
    place = page.next;
    if (on_progress)
      on_progress({.leg = "search",
                   .phase = "count documents",
                   .done = tally.assets + tally.files,
                   .total = 0});
  }
  return tally;
}

}  // namespace vams::migrate::index
