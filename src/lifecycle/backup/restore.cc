#include <fmt/format.h>

#include "base/fault_point.h"
#include "items/codec.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/backup/backup.h"
#include "lifecycle/backup/restored_contents.h"
#include "lifecycle/backup/restored_items.h"
#include "lifecycle/upkeep_objects.h"
#include "objects/iso_time.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::backup {

namespace {

constexpr std::size_t kIdsPage = 1000;

class Restorer {
 public:
  Restorer(Vault& vault, const RestoreRequest& request, const Setting& setting)
      : vault_(vault),
        request_(request),
        setting_(setting),
        index_(vault.keys()),
        reader_(vault.repository(), vault.keys(), index_) {}

  Status Open() {
    TRY(manifest_, vault_.Get(request_.id));
    report_.backup = manifest_.id;
    // What of a damaged pack is needed is named when it is not found.
    return index_.Load(setting_.op, vault_.repository(), [](const std::string&, const Error&) {});
  }

  const Manifest& manifest() const { return manifest_; }
  std::optional<std::string> ConfigText() const {
    return request_.config ? request_.config : manifest_.config;
  }

  // The items and contents of the backup, in a builder's generation.
  Result<RestoreReport> Build(GenerationBuilder& builder) {
    ItemsRestorer restorer(manifest_, reader_, request_.skip_damaged, report_.findings, setting_);
    report_.position = manifest_.position;
    if (request_.at_millis) {
      TRY(report_.position, restorer.PositionAt(*request_.at_millis));
      report_.state_at = IsoMillis(*request_.at_millis);
    }
    {
      TRY(const auto store, items::OpenSqliteStore(builder.items(), {.clock = &setting_.clock}));
      TRY(items_, restorer.Run(*store, report_.position));
      TRY_OK(Contents(*store, builder.blobs()));
    }
    report_.rows = items_.rows;
    report_.tables = items_.tables;
    report_.changes_applied = items_.applied;
    report_.changes_undone = items_.undone;
    report_.proved = items_.proved;
    return report_;
  }

  boost::json::object Origin() const {
    boost::json::object origin{{"kind", "restore"},
                               {"backup", manifest_.id},
                               {"from", manifest_.stack},
                               {"generation", manifest_.generation},
                               {"position", report_.position}};
    if (report_.state_at) origin["at"] = *report_.state_at;
    return origin;
  }
  boost::json::object TakeCounts() { return std::move(items_.counts); }

 private:
  // What the restored rows refer to and the stack does not have.
  Status Contents(items::ItemStore& store, const files::Path& folder) {
    TRY(const auto blobs, objects::OpenBlobs(folder, request_.encryption));
    ContentRestorer restorer(manifest_, reader_, index_, *blobs, request_.skip_damaged,
                             report_.findings, setting_);
    for (const auto table : {tables::kObjectVersionsTable, tables::kUploadPartsTable}) {
      if (manifest_.FindTable(table) == nullptr) continue;
      std::string after;
      do {
        TRY_OK(setting_.op.Check());
        TRY(const auto page, store.Scan(setting_.op, table, {}, after, kIdsPage));
        for (const auto& item : page.items) TRY_OK(restorer.Bring(item));
        after = page.next;
      } while (!after.empty());
    }
    VAMS_POINT("backup.restored_contents");
    TRY_OK(restorer.Finish());
    report_.contents = restorer.contents();
    report_.bytes = restorer.bytes();
    return Ok();
  }

  Vault& vault_;
  const RestoreRequest& request_;
  const Setting& setting_;
  ChunkIndex index_;
  ChunkReader reader_;
  Manifest manifest_;
  RestoredItems items_;
  RestoreReport report_;
};

// The key must lie where the new stack looks for it before its first content is sealed.
Status InstallKey(const files::Path& own_key, const files::Path& blobs) {
  if (own_key.empty()) return Ok();
  TRY(const auto key, objects::ReadStackKey(own_key));
  return files::WriteAtomically(blobs.parent_path() / "stack.key", key.bytes(), 0600);
}

constexpr std::string_view kVerifying = ".verify";

// One at a time, so that what one that died has left can go: it is as large as the stack.
Result<files::FileLock> HoldVerifying(const files::Path& work) {
  auto lock = files::FileLock::Acquire(work / ".lock-verify", "another verification");
  if (!lock.ok() && lock.error().code == Code::kConflict)
    return Error(
        Code::kConflict,
        fmt::format("a backup is being restored in {} to verify it; nothing was done; wait "
                    "for that to end",
                    work.string()));
  if (!lock.ok()) return lock;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(work, ec))
    if (entry.path().filename().string().starts_with(fmt::format("{}.", kVerifying)))
      (void)files::RemoveTree(entry.path());
  return lock;
}

Status Record(const Stack& stack, const RestoreReport& report, const Clock& clock) {
  return AppendHistory(stack,
                       {{"operation", "restore"},
                        {"result", report.findings.empty() ? "done" : "incomplete"},
                        {"backup", report.backup},
                        {"generation", stack.current.number},
                        {"rows", report.rows},
                        {"contents", report.contents}},
                       clock);
}

}  // namespace

Result<std::int64_t> TimeFrom(const std::string& text) {
  if (const auto millis = objects::ParseIsoTime(text)) return *millis;
  return Error(Code::kInvalid, fmt::format("\"{}\" is no time; nothing was done; write it as "
                                           "2025-03-01T10:00:00Z",
                                           text));
}

Result<RestoreReport> Restore(Vault& vault, const StackRegistry& registry,
                              const RestoreRequest& request, const Setting& setting) {
  TRY_OK(CheckStackName(request.stack));
  Restorer restorer(vault, request, setting);
  TRY_OK(restorer.Open());
  if (restorer.manifest().data_version > tables::kNewest)
    return Error(Code::kNotSupported,
                 fmt::format("the backup {} is of data version {}, and this release knows up to "
                             "{}; nothing was done; use the release that made it",
                             request.id, restorer.manifest().data_version.ToString(),
                             tables::kNewest.ToString()));
  const bool exists = registry.Exists(request.stack);
  std::optional<files::FileLock> lock;
  std::optional<Stack> existing;
  if (exists) {
    TRY(existing, registry.Get(request.stack));
    TRY(lock, LockStack(*existing, "vams backup restore", setting.clock));
    TRY(existing, registry.Get(request.stack));
  }
  TRY(auto builder,
      exists ? GenerationBuilder::ForStack(registry, *existing)
             : GenerationBuilder::ForNewStack(registry, request.stack, restorer.ConfigText()));
  if (!exists) TRY_OK(InstallKey(request.own_key, builder.blobs()));
  TRY(auto report, restorer.Build(builder));
  VAMS_POINT("backup.before_publish");
  TRY(const Stack stack,
      builder.Publish(restorer.manifest().data_version, restorer.Origin(), restorer.TakeCounts()));
  report.stack = stack.name;
  report.created = !exists;
  report.generation = stack.current.number;
  TRY_OK(Record(stack, report, setting.clock));
  return report;
}

Result<RestoreReport> VerifyByRestoring(Vault& vault, const files::Path& work,
                                        const std::string& id, const Setting& setting) {
  TRY_OK(files::MakeFolders(work));
  TRY(const auto alone, HoldVerifying(work));
  TRY(const auto home, files::TempFolder::Create(work, kVerifying));
  const StackRegistry registry(home.path(), setting.clock);
  RestoreRequest request{.id = id, .stack = "verify", .skip_damaged = true};
  // Encrypted contents do not lie in the clear here either: under a key that goes with the folder.
  request.encryption.enabled = vault.keys() != nullptr;
  TRY(auto report, Restore(vault, registry, request, setting));
  TRY(const auto stack, registry.Get(request.stack));
  // Every content that a record names is read again where it was restored to.
  TRY(const auto check,
      CheckObjects(
          stack, request.encryption, true, setting.op, [&](const objects::BlobFinding& finding) {
            using Kind = objects::BlobFinding::Kind;
            if (finding.kind == Kind::kMissing || finding.kind == Kind::kExtra) return;
            report.findings.push_back(
                {std::string(objects::KindName(finding.kind)), finding.what, finding.detail});
          }));
  report.proved = report.proved && report.findings.empty() && check.clean();
  report.stack.clear();
  return report;
}

}  // namespace vams::lifecycle::backup
