#include "lifecycle/backup/restored_items.h"

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/hash.h"
#include "items/codec.h"

namespace vams::lifecycle::backup {

namespace {

constexpr std::size_t kCommitWrites = 1000;
constexpr std::size_t kProofPage = 10000;

bool IsDamage(const Error& error) {
  return error.code == Code::kCorrupt || error.code == Code::kNotFound;
}

}  // namespace

Error Unrestorable(const Error& error) {
  if (!IsDamage(error)) return error;
  return {
      Code::kCorrupt,
      fmt::format("the backup is damaged: {}; nothing was restored; restore what is whole of it "
                  "with --skip-damaged, or another backup",
                  error.message)};
}

bool ItemsRestorer::Skips(const Error& error, std::string kind, std::string what) {
  if (!IsDamage(error)) return false;
  findings_.push_back({std::move(kind), std::move(what), error.message});
  return skip_damaged_;
}

Result<items::Position> ItemsRestorer::PositionAt(std::int64_t millis) const {
  const auto out_of_reach = [&](std::string_view why) {
    const bool has_log = !manifest_.log.empty();
    return Error(
        Code::kInvalid,
        fmt::format("the backup {} cannot give the state at {}: {}; nothing was done; it reaches "
                    "from {} to {}; name a time in between, or another backup",
                    manifest_.id, IsoMillis(millis), why,
                    has_log && manifest_.floor > 0 ? IsoMillis(manifest_.log.front().first_millis)
                                                   : manifest_.generation_created_at,
                    IsoMillis(manifest_.created_millis)));
  };
  if (millis > manifest_.created_millis) return out_of_reach("it is older than that");
  // A generation begins with what it was made of, of which its log knows nothing.
  if (IsoMillis(millis) < manifest_.generation_created_at)
    return out_of_reach("the generation it is of was made later");
  if (manifest_.floor > 0 && (manifest_.log.empty() || millis < manifest_.log.front().first_millis))
    return out_of_reach("its change log begins later");
  items::Position found = manifest_.position;
  // Clocks may have gone back, so every part is looked at whose times may reach behind.
  for (const auto& part : manifest_.log) {
    TRY(const auto bytes, reader_.Read(part.chunk.sha256));
    TRY_OK(ForEachChange(bytes, [&](const LoggedChange& change) {
      if (change.at_millis > millis && change.position <= found) found = change.position - 1;
      return Ok();
    }));
    if (found < part.last) break;
  }
  return found;
}

Result<RestoredItems> ItemsRestorer::Run(items::ItemStore& store, items::Position target) {
  target_ = target;
  std::vector<items::TableSpec> specs;
  for (const auto& table : manifest_.tables) specs.push_back(table.spec);
  TRY_OK(store.CreateTables(setting_.op, specs));
  for (const auto& table : manifest_.tables) {
    TRY_OK(LoadTable(store, table));
    VAMS_POINT("backup.restored_table");
  }
  TRY_OK(ApplyLog(store));
  TRY_OK(Prove(store));
  return std::move(done_);
}

Status ItemsRestorer::LoadTable(items::ItemStore& store, const Manifest::Table& table) {
  if (table.chunks.empty()) return Ok();
  TRY(const auto loader,
      store.OpenBulkLoad(setting_.op, table.spec.name,
                         {.log = items::BulkLog::kNone, .name = "restore", .sorted = true}));
  std::size_t number = 0;
  for (const auto& ref : table.chunks) {
    TRY_OK(setting_.op.Check());
    ++number;
    auto bytes = reader_.Read(ref.sha256);
    if (!bytes.ok()) {
      if (!Skips(bytes.error(), "rows",
                 fmt::format("{}: {} rows (part {} of {})", table.spec.name, ref.entries, number,
                             table.chunks.size())))
        return Unrestorable(bytes.error());
      damaged_.insert(table.spec.name);
      continue;
    }
    TRY_OK(ForEachRow(*bytes, [&](std::string_view encoded) {
      return loader->AddEncoded(setting_.op, encoded);
    }));
  }
  TRY([[maybe_unused]] const auto rows, loader->Finish(setting_.op));
  return Ok();
}

Status ItemsRestorer::ApplyLog(items::ItemStore& store) {
  items::Position oldest = target_, newest = target_;
  for (const auto& table : manifest_.tables) {
    oldest = std::min(oldest, table.base);
    newest = std::max(newest, table.base);
  }
  for (const auto& part : manifest_.log) {
    if (part.last <= oldest || part.first > newest) continue;
    TRY_OK(setting_.op.Check());
    setting_.progress("changes", done_.applied + done_.undone);
    auto bytes = reader_.Read(part.chunk.sha256);
    if (!bytes.ok()) {
      if (!Skips(bytes.error(), "changes",
                 fmt::format("changes {} to {} of the log", part.first, part.last)))
        return Unrestorable(bytes.error());
      log_damaged_ = true;
      continue;
    }
    TRY_OK(ForEachChange(*bytes, [&](const LoggedChange& change) { return Apply(store, change); }));
  }
  return Flush(store);
}

Status ItemsRestorer::Apply(items::ItemStore& store, const LoggedChange& change) {
  const auto* table = manifest_.FindTable(change.table);
  if (table == nullptr) return Ok();  // dropped since
  const bool forward = table->base < change.position && change.position <= target_;
  const bool back = target_ < change.position && change.position <= table->base;
  if (!forward && !back) return Ok();
  if (!change.has_images)
    return Error(
        Code::kNotSupported,
        fmt::format("the change log says of change {} only which item of {} it was, so the "
                    "state before it cannot be restored; nothing was changed; restore a "
                    "later time, or a backup as it is",
                    change.position, change.table));
  if (forward) {
    ++done_.applied;
    return Put(store, change, change.after);
  }
  // Of all changes behind the target, the first has the image that was there.
  if (!undone_.insert(Sha256(fmt::format("{}\n{}", change.table, change.key))).second) return Ok();
  ++done_.undone;
  return Put(store, change, change.before);
}

Status ItemsRestorer::Put(items::ItemStore& store, const LoggedChange& change,
                          std::string_view image) {
  std::string table(change.table);
  Key key(table, std::string(change.key));
  if (image.empty()) {
    TRY(auto item_key, items::DecodeItem(change.key));
    pending_.insert_or_assign(std::move(key),
                              items::Write::Delete(std::move(table), std::move(item_key)));
  } else {
    TRY(auto item, items::DecodeItem(image));
    pending_.insert_or_assign(std::move(key), items::Write::Put(std::move(table), std::move(item)));
  }
  return pending_.size() >= kCommitWrites ? Flush(store) : Ok();
}

Status ItemsRestorer::Flush(items::ItemStore& store) {
  if (pending_.empty()) return Ok();
  std::vector<items::Write> writes;
  writes.reserve(pending_.size());
  for (auto& [key, write] : pending_) writes.push_back(std::move(write));
  pending_.clear();
  TRY([[maybe_unused]] const auto committed, store.Commit(setting_.op, writes));
  return Ok();
}

// What was restored is what was backed up; of another time only the counts are known.
Status ItemsRestorer::Prove(items::ItemStore& store) {
  migrate::DigestBuilder builder;
  const bool comparable = target_ == manifest_.position && !log_damaged_;
  for (const auto& table : manifest_.tables) {
    migrate::Digest digest;
    std::string after;
    do {
      TRY_OK(setting_.op.Check());
      TRY(after, store.ScanEncoded(setting_.op, table.spec.name, {}, after, kProofPage,
                                   [&](std::string_view encoded) {
                                     builder.Add(digest, encoded);
                                     return Ok();
                                   }));
    } while (!after.empty());
    done_.rows += digest.count;
    ++done_.tables;
    if (digest.count > 0) done_.counts[table.spec.name] = digest.count;
    if (!comparable || damaged_.contains(table.spec.name) || digest == table.digest) continue;
    const Error error(Code::kCorrupt,
                      fmt::format("table {} has {} rows with the digest {} instead of {} with {}; "
                                  "check the backup with \"vams backup verify --read-data\"",
                                  table.spec.name, digest.count, migrate::ToHex(digest),
                                  table.digest.count, migrate::ToHex(table.digest)));
    if (!Skips(error, "different", table.spec.name)) return error;
    damaged_.insert(table.spec.name);
  }
  done_.proved = comparable && damaged_.empty();
  return Ok();
}

}  // namespace vams::lifecycle::backup
