#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "base/fault_point.h"
#include "lifecycle/backup/backup.h"

namespace vams::lifecycle::backup {

namespace {

// Keeps the newest backup of each of the last `count` periods that have one.
void KeepNewestOf(std::uint64_t count, const std::vector<std::int64_t>& periods,
                  std::vector<bool>& kept) {
  std::optional<std::int64_t> last;
  for (std::size_t i = periods.size(); i-- > 0 && count > 0;) {
    if (last == periods[i]) continue;
    last = periods[i];
    kept[i] = true;
    --count;
  }
}

class Pruner {
 public:
  Pruner(Vault& vault, bool dry_run, const Setting& setting)
      : vault_(vault), dry_run_(dry_run), setting_(setting), index_(vault.keys()) {}

  Result<PruneReport> Run(const KeepRules& rules) {
    TRY_OK(Choose(rules));
    TRY_OK(index_.Load(setting_.op, vault_.repository(),
                       // Nothing of it can be used, so it is in nobody's way.
                       [](const std::string&, const Error&) {}));
    // What a backup needs that cannot be read is not known.
    const bool packs_stay = !report_.findings.empty() && !rules.drop_damaged;
    if (!packs_stay) TRY_OK(MarkUsed());
    // From here on things go, the backups first: what is left refers to what is left.
    if (!dry_run_)
      for (const auto& id : report_.removed) {
        VAMS_POINT("backup.prune.before_manifest");
        TRY_OK(vault_.repository().Delete(ManifestName(id)));
      }
    if (!packs_stay) TRY_OK(Packs());
    return std::move(report_);
  }

 private:
  Status Choose(const KeepRules& rules) {
    TRY(const auto ids, vault_.Ids());
    std::vector<std::int64_t> times;
    for (const auto& id : ids) {
      auto manifest = vault_.Get(id);
      // One of a newer release is whole: that release has to prune.
      if (!manifest.ok() && manifest.error().code != Code::kCorrupt)
        return std::move(manifest).error();
      if (!manifest.ok()) {
        report_.findings.push_back({"manifest", id, manifest.error().message});
        (rules.drop_damaged ? report_.removed : report_.kept).push_back(id);
        continue;
      }
      times.push_back(manifest->created_millis);
      manifests_.push_back(*std::move(manifest));
    }
    std::ranges::sort(manifests_, {}, &Manifest::created_millis);
    std::ranges::sort(times);
    const auto kept = KeptBy(rules, times);
    for (std::size_t i = 0; i < manifests_.size(); ++i)
      (kept[i] ? report_.kept : report_.removed).push_back(manifests_[i].id);
    return Ok();
  }

  // Every chunk that a kept backup refers to, by the id that packs know it by.
  Status MarkUsed() {
    const ChunkReader reader(vault_.repository(), vault_.keys(), index_);
    const auto mark = [&](const Digest& sha256) { used_.try_emplace(index_.IdOf(sha256), sha256); };
    for (const auto& manifest : manifests_) {
      if (std::ranges::find(report_.kept, manifest.id) == report_.kept.end()) continue;
      for (const auto& table : manifest.tables)
        for (const auto& ref : table.chunks) mark(ref.sha256);
      for (const auto& part : manifest.log) mark(part.chunk.sha256);
      for (const auto* contents : {&manifest.blobs, &manifest.history})
        for (const auto& ref : contents->lists) {
          TRY_OK(setting_.op.Check());
          mark(ref.sha256);
          auto list = reader.Read(ref.sha256);
          if (!list.ok()) return Unknown(manifest, list.error());
          TRY_OK(ForEachContent(*list, [&](const Content& content) -> Status {
            mark(content.sha256);
            const auto pieces = reader.PiecesOf(content.sha256);
            // What is missing refers to nothing; what is damaged might.
            if (!pieces.ok() && pieces.error().code == Code::kNotFound) return Ok();
            if (!pieces.ok()) return Unknown(manifest, pieces.error());
            for (const auto& piece : *pieces) mark(piece.sha256);
            return Ok();
          }));
        }
    }
    return Ok();
  }

  static Error Unknown(const Manifest& manifest, const Error& error) {
    return Error(Code::kCorrupt,
                 fmt::format("it cannot be told what the backup {} needs, so nothing was removed: "
                             "{}; or let that backup go by a rule that does not keep it",
                             manifest.id, error.message));
  }

  Status Packs() {
    TRY(const auto files, vault_.repository().List("packs"));
    ChunkIndex fresh(vault_.keys());
    std::optional<ChunkWriter> writer;
    std::vector<StoredFile> rewritten;
    if (!dry_run_) writer.emplace(vault_.repository(), vault_.keys(), fresh, setting_.random);
    for (const auto& file : files) {
      TRY_OK(setting_.op.Check());
      const std::string name = "packs/" + file.name;
      const auto table = ReadPackTable(vault_.repository(), name);
      if (!table.ok() && table.error().code != Code::kCorrupt) return table.error();
      // Damaged packs are left to whoever looks for what is in them.
      if (!table.ok()) continue;
      std::vector<const ChunkEntry*> needed;
      std::uint64_t needed_bytes = 0;
      for (const auto& entry : *table)
        if (IsUsedHere(name, entry)) {
          needed.push_back(&entry);
          needed_bytes += entry.stored;
        }
      report_.chunks_removed += table->size() - needed.size();
      if (needed.empty()) {
        TRY_OK(Remove(file));
      } else if (needed_bytes < file.size / 2) {
        if (writer) TRY_OK(Copy(name, needed, *writer));
        ++report_.packs_rewritten;
        report_.freed_bytes += file.size - needed_bytes;
        rewritten.push_back(file);
      } else {
        report_.chunks_removed -= table->size() - needed.size();
      }
    }
    if (!writer) return Ok();
    TRY_OK(writer->Finish());
    for (const auto& file : rewritten) {
      VAMS_POINT("backup.prune.before_rewritten");
      TRY_OK(vault_.repository().Delete("packs/" + file.name));
    }
    return Ok();
  }

  // Of a chunk that lies in several packs, only the place that readers find counts.
  bool IsUsedHere(const std::string& pack, const ChunkEntry& entry) const {
    if (!used_.contains(entry.id)) return false;
    const auto* place = index_.FindId(entry.id);
    return place != nullptr && index_.PackOf(*place) == pack && place->entry.offset == entry.offset;
  }

  Status Remove(const StoredFile& file) {
    ++report_.packs_removed;
    report_.freed_bytes += file.size;
    if (dry_run_) return Ok();
    VAMS_POINT("backup.prune.before_pack");
    return vault_.repository().Delete("packs/" + file.name);
  }

  Status Copy(const std::string& pack, const std::vector<const ChunkEntry*>& entries,
              ChunkWriter& writer) {
    for (const auto* entry : entries) {
      TRY_OK(setting_.op.Check());
      TRY(const auto stored, vault_.repository().Read(pack, entry->offset, entry->stored));
      TRY_OK(writer.AddStored(*entry, used_.at(entry->id), stored));
    }
    return Ok();
  }

  Vault& vault_;
  const bool dry_run_;
  const Setting& setting_;
  ChunkIndex index_;
  std::vector<Manifest> manifests_;                               // by time
  std::unordered_map<Digest, Digest, objects::DigestHash> used_;  // id to digest
  PruneReport report_;
};

}  // namespace

std::vector<bool> KeptBy(const KeepRules& rules, const std::vector<std::int64_t>& created_millis) {
  using std::chrono::days;
  std::vector<bool> kept(created_millis.size(), false);
  std::vector<std::int64_t> each, daily, weekly, monthly;
  for (const std::int64_t millis : created_millis) {
    const auto day = std::chrono::floor<days>(
        std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(millis)));
    const std::chrono::year_month_day date(day);
    each.push_back(static_cast<std::int64_t>(each.size()));
    daily.push_back(day.time_since_epoch().count());
    // 1970-01-05 was a Monday.
    weekly.push_back(
        std::chrono::floor<std::chrono::weeks>(day - days(4)).time_since_epoch().count());
    monthly.push_back(static_cast<int>(date.year()) * 12 +
                      static_cast<std::int64_t>(static_cast<unsigned>(date.month())));
  }
  KeepNewestOf(rules.last, each, kept);
  KeepNewestOf(rules.daily, daily, kept);
  KeepNewestOf(rules.weekly, weekly, kept);
  KeepNewestOf(rules.monthly, monthly, kept);
  return kept;
}

Result<PruneReport> Prune(Vault& vault, const KeepRules& rules, bool dry_run,
                          const Setting& setting) {
  if (!rules.any())
    return Error(Code::kInvalid,
                 "these rules keep no backup at all; nothing was removed; say which to keep with "
                 "--keep-last, --keep-daily, --keep-weekly or --keep-monthly");
  return Pruner(vault, dry_run, setting).Run(rules);
}

}  // namespace vams::lifecycle::backup
