#include "migrate/build.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/fault_point.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::migrate {

namespace json = boost::json;

namespace {

files::Path StagePath(const files::Path& work, std::size_t leg) {
  return work / fmt::format("stage-{}.db", leg + 1);
}

class Builder {
 public:
  Builder(OpContext& op, const BuildJob& job) : op_(op), job_(job) {}

  Result<BuildOutcome> Run() {
    TRY_OK(MoveTo(Stage::kCopying));
    BuildOutcome outcome;
    for (std::size_t leg = 0; leg < job_.path.size(); ++leg) {
      const bool last = leg + 1 == job_.path.size();
      TRY_OK(RunOne(leg, last && job_.count_only, outcome));
      // Each stage is the source of the next alone.
      if (leg > 0) TRY_OK(items::RemoveSqliteStore(StagePath(job_.work, leg - 1)));
    }
    TRY_OK(MoveTo(Stage::kVerified));
    return outcome;
  }

 private:
  // Stages are passed through once; an attempt that finds the journal further on moves nothing.
  Status MoveTo(Stage stage) {
    if (job_.journal == nullptr) return Ok();
    const auto now = job_.journal->stage();
    if (now && (*now == stage || !MayMove(*now, stage))) return Ok();
    return job_.journal->MoveTo(stage);
  }

  Status RunOne(std::size_t index, bool count_only, BuildOutcome& outcome) {
    const Leg& leg = job_.path[index];
    const std::string name = NameOf(leg);
    const files::Path stage = StagePath(job_.work, index);
    const bool last = index + 1 == job_.path.size();
    if (const auto* done = Done("verified leg", name); done != nullptr) {
      TRY(outcome.legs.emplace_back(), LegOutcomeFrom(done->at("outcome").as_object()));
      TRY(outcome.verifications.emplace_back(),
          VerificationFrom(done->at("verification").as_object()));
      outcome.result = stage;
      return Ok();
    }
    const files::Path before = index == 0 ? job_.source : StagePath(job_.work, index - 1);
    TRY(const auto source, items::OpenSqliteStore(before, {.read_only = true}));
    if (!count_only && Done("cloned", name) == nullptr) {
      TRY_OK(items::RemoveSqliteStore(stage));
      Tell(name, "copy");
      TRY(const auto replaced, TablesReplaced(op_, leg, job_.settings, *source));
      TRY_OK(items::CloneSqliteStore(op_, before, stage, replaced));
      VAMS_POINT("migrate.cloned");
      TRY_OK(Log("cloned", {{"leg", name}}));
    }
    const files::Path scratch = job_.work / "scratch";
    TRY_OK(files::MakeFolders(scratch));
    std::unique_ptr<items::ItemStore> destination;
    if (!count_only) {
      TRY(destination, items::OpenSqliteStore(stage));
    }
    TRY(auto ran, RunLeg(op_, {.leg = leg,
                               .settings = job_.settings,
                               .source = *source,
                               .destination = destination.get(),
                               .scratch = scratch,
                               .journal = job_.journal,
                               .threads = job_.threads,
                               .chunk_rows = job_.chunk_rows,
                               .on_progress = job_.on_progress}));
    TRY_OK(files::RemoveTree(scratch));
    if (last) TRY_OK(MoveTo(Stage::kCopied));
    if (!count_only) {
      VAMS_POINT("migrate.before_verify");
      Tell(name, "verify");
      TRY(auto verification, VerifyLeg(op_, {.leg = leg,
                                             .settings = job_.settings,
                                             .source = *source,
                                             .destination = *destination,
                                             .outcome = ran,
                                             .threads = job_.threads,
                                             .on_progress = job_.on_progress}));
      TRY_OK(Demand(verification));
      VAMS_POINT("migrate.verified");
      destination.reset();
      TRY_OK(items::SealSqliteStore(stage));
      TRY_OK(
          Log("verified leg",
              {{"leg", name}, {"outcome", ToJson(ran)}, {"verification", ToJson(verification)}}));
      VAMS_POINT("migrate.verified_leg");
      outcome.verifications.push_back(std::move(verification));
      outcome.result = stage;
    }
    outcome.legs.push_back(std::move(ran));
    return Ok();
  }

  const json::object* Done(std::string_view event, const std::string& leg) const {
    return job_.journal != nullptr ? job_.journal->Last(event, leg) : nullptr;
  }
  Status Log(std::string_view event, json::object entry) {
    return job_.journal != nullptr ? job_.journal->Append(event, std::move(entry)) : Ok();
  }
  void Tell(const std::string& leg, std::string_view phase) const {
    if (job_.on_progress) job_.on_progress({.leg = leg, .phase = phase, .done = 0, .total = 0});
  }

  OpContext& op_;
  const BuildJob& job_;
};

}  // namespace

Result<BuildOutcome> Build(OpContext& op, const BuildJob& job) { return Builder(op, job).Run(); }

Status RemoveBuild(const files::Path& work) {
  TRY_OK(files::RemoveTree(work / "scratch"));
  std::error_code ec;
  std::vector<files::Path> stages;
  for (const auto& entry : std::filesystem::directory_iterator(work, ec))
    if (entry.path().filename().string().starts_with("stage-")) stages.push_back(entry.path());
  for (const auto& stage : stages) TRY_OK(files::RemoveTree(stage));
  return Ok();
}

}  // namespace vams::migrate
