#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "items/codec.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/backup/backup.h"
#include "lifecycle/backup/flock.h"
#include "lifecycle/stacks/outputs.h"
#include "lifecycle/work_folder.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::backup {

namespace {

using items::Position;

constexpr std::size_t kScanPage = 10000;
constexpr std::size_t kLogPage = 2000;
// A table is written anew when the log has more changes of it than half its rows and this.
constexpr std::uint64_t kFewChanges = 1000;
constexpr std::string_view kWork = ".backup";

std::string NewId(std::int64_t millis, Random& random) {
  std::string text = IsoMillis(millis);  // 2025-03-01T10:00:00.123Z
  text = text.substr(0, 19);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  std::replace(text.begin(), text.end(), 'T', '-');
  std::string bytes(2, '\0');
  random.Fill(bytes.data(), bytes.size());
  return fmt::format("{}-{}", text, HexEncode(bytes));
}

bool RefersToContents(std::string_view table) {
  return table == tables::kObjectVersionsTable || table == tables::kUploadPartsTable;
}

// What the log says about one table behind the previous backup.
struct Delta {
  std::uint64_t changes = 0;
  migrate::Digest before, after;  // of the images
  bool explained = true;          // all changes have images
};

class Creator {
 public:
  Creator(const Stack& stack, Vault& vault, objects::BlobStore& blobs, const Setting& setting)
      : stack_(stack), vault_(vault), blobs_(blobs), setting_(setting), index_(vault.keys()) {}

  Result<CreateReport> Run(items::ItemStore& copy) {
    TRY_OK(index_.Load(
        setting_.op, vault_.repository(), [&](const std::string& pack, const Error& error) {
          report_.findings.push_back({"pack", vault_.repository().Where(pack), error.message});
        }));
    writer_.emplace(vault_.repository(), vault_.keys(), index_, setting_.random);
    TRY_OK(Begin(copy));
    TRY_OK(Log(copy));
    for (const auto& spec : specs_) TRY_OK(Table(copy, spec));
    TRY_OK(Contents());
    TRY_OK(writer_->Finish());
    TRY_OK(CheckComplete());
    report_.written = writer_->written();
    report_.manifest = std::move(manifest_);
    return std::move(report_);
  }

 private:
  OpContext& op() { return setting_.op; }

  Status Begin(items::ItemStore& copy) {
    const Generation& generation = stack_.current;
    manifest_.created_millis = setting_.clock.NowMillis();
    manifest_.id = NewId(manifest_.created_millis, setting_.random);
    manifest_.stack = stack_.name;
    manifest_.stack_created_at = stack_.created_at;
    manifest_.data_version = generation.data_version;
    manifest_.generation = generation.number;
    manifest_.generation_created_at = generation.created_at;
    TRY(manifest_.position, copy.LastChange(op()));
    TRY(specs_, copy.Tables(op()));
    if (auto config = files::ReadAll(stack_.config()); config.ok())
      manifest_.config = *std::move(config);
    else if (config.error().code != Code::kNotFound)
      return std::move(config).error();
    // A configuration that cannot be read is no reason to have no backup.
    if (const auto outputs = ReadOutputs(stack_); outputs.ok())
      manifest_.outputs = boost::json::serialize(*outputs);
    TRY(previous_, vault_.FindNewest());
    if (previous_ &&
        (!previous_->SameGeneration(manifest_) || previous_->position > manifest_.position))
      previous_.reset();
    return Ok();
  }

  // The log as far as it reaches, in blocks; those that the previous backup has whole are its own.
  Status Log(items::ItemStore& copy) {
    Position from = 0;
    auto first = copy.ReadChanges(op(), 0, 1);
    if (!first.ok() && first.error().code == Code::kNotFound) {
      TRY(from, FloorOf(copy));
    } else if (!first.ok()) {
      return std::move(first).error();
    }
    manifest_.floor = from;
    if (previous_ && previous_->position < from) previous_.reset();
    if (previous_ && previous_->floor <= from) {
      for (const auto& part : previous_->log) {
        if (part.last <= from || part.last > previous_->position || part.last % kLogBlock != 0 ||
            part.first != from + 1 || !writer_->Has(part.chunk.sha256))
          continue;
        manifest_.log.push_back(part);
        from = part.last;
      }
      TRY_OK(PreviousHistory());
    }
    return ReadLog(copy, from);
  }

  // The log was trimmed: the first position that can be read behind.
  Result<Position> FloorOf(items::ItemStore& copy) {
    Position low = 0, high = manifest_.position;
    while (low + 1 < high) {
      const Position middle = low + (high - low) / 2;
      const auto page = copy.ReadChanges(op(), middle, 1);
      if (page.ok())
        high = middle;
      else if (page.error().code == Code::kNotFound)
        low = middle;
      else
        return page.error();
    }
    return high;
  }

  Status ReadLog(items::ItemStore& copy, Position from) {
    std::string bytes;
    Manifest::Log part;
    const auto cut = [&]() -> Status {
      if (part.chunk.entries == 0) return Ok();
      part.chunk.bytes = bytes.size();
      TRY(part.chunk.sha256, writer_->Add(bytes, true));
      manifest_.log.push_back(part);
      part = {};
      bytes.clear();
      return Ok();
    };
    while (from < manifest_.position) {
      TRY_OK(op().Check());
      TRY(const auto page, copy.ReadChanges(op(), from, kLogPage));
      if (page.next == from) break;
      from = page.next;
      for (const auto& change : page.changes) {
        std::string key, before, after;
        items::AppendItem(key, change.key);
        if (change.before) items::AppendItem(before, *change.before);
        if (change.after) items::AppendItem(after, *change.after);
        AppendChange(bytes, {.position = change.position,
                             .at_millis = change.at_millis,
                             .deleted = change.op == items::Change::Op::kDelete,
                             .has_images = change.has_images,
                             .table = change.table,
                             .key = key,
                             .before = before,
                             .after = after});
        if (part.chunk.entries++ == 0) {
          part.first = change.position;
          part.first_millis = change.at_millis;
        }
        part.last = change.position;
        part.last_millis = change.at_millis;
        TRY_OK(See(change, before, after));
        if (change.position % kLogBlock == 0) TRY_OK(cut());
      }
    }
    return cut();
  }

  Status See(const items::Change& change, std::string_view before, std::string_view after) {
    if (RefersToContents(change.table))
      for (const auto* image : {&change.before, &change.after})
        if (*image) TRY_OK(ContentsOfItem(**image, history_));
    if (!previous_ || change.position <= previous_->position) return Ok();
    Delta& delta = deltas_[change.table];
    ++delta.changes;
    delta.explained = delta.explained && change.has_images;
    if (!before.empty()) digests_.Add(delta.before, before);
    if (!after.empty()) digests_.Add(delta.after, after);
    return Ok();
  }

  // What the previous backup's rows and log refer to, its log refers to, or the new changes do.
  Status PreviousHistory() {
    const ChunkReader reader(vault_.repository(), vault_.keys(), index_);
    for (const auto* contents : {&previous_->blobs, &previous_->history})
      for (const auto& list : contents->lists) {
        auto bytes = reader.Read(list.sha256);
        // Damaged: then only the new part of the log tells of earlier contents.
        if (!bytes.ok()) continue;
        TRY_OK(ForEachContent(*bytes, [&](const Content& content) {
          history_.push_back(content);
          return Ok();
        }));
      }
    return Ok();
  }

  // The chunks of the previous backup, if the log explains what has become of them.
  std::optional<Manifest::Table> FromPrevious(const items::TableSpec& spec,
                                              const migrate::Digest& now) {
    if (!previous_) return std::nullopt;
    const auto* old = previous_->FindTable(spec.name);
    if (old == nullptr || !(old->spec == spec)) return std::nullopt;
    const bool whole = std::ranges::all_of(
        old->chunks, [&](const ChunkRef& ref) { return writer_->Has(ref.sha256); });
    const Delta& delta = deltas_[spec.name];
    migrate::Digest expected = old->digest;
    expected.count += delta.after.count - delta.before.count;
    expected.sum += delta.after.sum - delta.before.sum;
    const std::uint64_t since = ChangesSince(*old) + delta.changes;
    if (!whole || !delta.explained || old->base < manifest_.floor || !(expected == now) ||
        since > std::max(kFewChanges, now.count / 2))
      return std::nullopt;
    Manifest::Table table = *old;
    table.digest = now;
    // Nothing has changed since: the chunks are as good as new.
    if (old->base == previous_->position && delta.changes == 0) table.base = manifest_.position;
    return table;
  }

  // At most so many changes of the table lie between its base and the previous backup.
  std::uint64_t ChangesSince(const Manifest::Table& old) const {
    return previous_->position - old.base;
  }

  Status Table(items::ItemStore& copy, const items::TableSpec& spec) {
    setting_.progress("rows", manifest_.rows());
    migrate::Digest digest;
    const auto scan = [&](const std::function<Status(std::string_view)>& visit) -> Status {
      std::string after;
      do {
        TRY_OK(op().Check());
        TRY(after, copy.ScanEncoded(op(), spec.name, {}, after, kScanPage, visit));
      } while (!after.empty());
      return Ok();
    };
    const bool refers = RefersToContents(spec.name);
    TRY_OK(scan([&](std::string_view encoded) -> Status {
      digests_.Add(digest, encoded);
      if (!refers) return Ok();
      TRY(const auto item, items::DecodeItem(encoded));
      return ContentsOfItem(item, contents_);
    }));
    if (auto old = FromPrevious(spec, digest)) {
      manifest_.tables.push_back(*std::move(old));
      return Ok();
    }
    Manifest::Table table{.spec = spec, .digest = digest, .base = manifest_.position, .chunks = {}};
    RowCutter cutter(spec, [&](std::string_view bytes, std::uint64_t rows) -> Status {
      TRY(const auto sha256, writer_->Add(bytes, true));
      table.chunks.push_back({sha256, rows, bytes.size()});
      return Ok();
    });
    TRY_OK(scan([&](std::string_view encoded) { return cutter.Add(encoded); }));
    TRY_OK(cutter.Finish());
    manifest_.tables.push_back(std::move(table));
    return Ok();
  }

  // Nothing if it is lost or damaged and was reported; whether it is in the repository.
  Result<bool> StoreContent(const Content& content, bool wanted) {
    if (writer_->Has(content.sha256)) {
      report_.reused_bytes += content.size;
      return true;
    }
    const std::string name = objects::HexOf(content.sha256);
    Status stored = Ok();
    if (auto reader = blobs_.OpenForReading(name); reader.ok()) {
      std::uint64_t at = 0;
      stored = writer_->AddContent(op(), content.sha256, (*reader)->size(),
                                   [&](char* to, std::size_t size) -> Result<std::size_t> {
                                     TRY(const auto count, (*reader)->ReadAt(at, to, size));
                                     at += count;
                                     return count;
                                   });
    } else {
      stored = std::move(reader).error();
    }
    if (stored.ok()) return true;
    const Code code = stored.error().code;
    if (code != Code::kNotFound && code != Code::kCorrupt) return stored.error();
    if (wanted) {
      manifest_.missing.push_back(content.sha256);
      report_.findings.push_back(
          {code == Code::kNotFound ? "missing" : "damaged", name, stored.error().message});
    }
    return false;
  }

  Status Contents() {
    SortContents(contents_);
    SortContents(history_);
    std::vector<Content> old;
    std::ranges::set_difference(history_, contents_, std::back_inserter(old));
    history_.clear();
    TRY_OK(StoreAll(contents_, true, manifest_.blobs));
    return StoreAll(old, false, manifest_.history);
  }

  Status StoreAll(const std::vector<Content>& contents, bool wanted, Manifest::Contents& to) {
    std::vector<Content> stored;
    for (const auto& content : contents) {
      TRY_OK(op().Check());
      TRY(const bool there, StoreContent(content, wanted));
      if (!there) continue;
      stored.push_back(content);
      ++to.count;
      to.bytes += content.size;
      setting_.progress("contents", to.count);
    }
    return CutContents(stored, [&](std::string_view bytes, std::uint64_t count) -> Status {
      TRY(const auto sha256, writer_->Add(bytes, false));
      to.lists.push_back({sha256, count, bytes.size()});
      return Ok();
    });
  }

  // Whatever the manifest refers to is in a pack that has its name.
  Status CheckComplete() {
    const ChunkReader reader(vault_.repository(), vault_.keys(), index_);
    const auto check = [&](const ChunkRef& ref) { return reader.Has(ref.sha256); };
    for (const auto& table : manifest_.tables)
      for (const auto& ref : table.chunks) TRY_OK(check(ref));
    for (const auto& part : manifest_.log) TRY_OK(check(part.chunk));
    for (const auto* contents : {&manifest_.blobs, &manifest_.history})
      for (const auto& ref : contents->lists) {
        TRY(const auto list, reader.Read(ref.sha256));
        TRY_OK(ForEachContent(list, [&](const Content& c) { return reader.Has(c.sha256); }));
      }
    return Ok();
  }

  const Stack& stack_;
  Vault& vault_;
  objects::BlobStore& blobs_;
  const Setting& setting_;
  ChunkIndex index_;
  std::optional<ChunkWriter> writer_;
  std::optional<Manifest> previous_;
  std::vector<items::TableSpec> specs_;
  std::map<std::string, Delta, std::less<>> deltas_;
  std::vector<Content> contents_, history_;
  migrate::DigestBuilder digests_;
  Manifest manifest_;
  CreateReport report_;
};

Status Publish(Vault& vault, const Manifest& manifest) {
  TRY(auto file, vault.repository().Stage());
  TRY_OK(file.Write(ManifestBytes(manifest, vault.keys())));
  TRY_OK(file.Sync());
  TRY_OK(file.Close(0400));
  VAMS_POINT("backup.before_manifest");
  return vault.repository().Put(ManifestName(manifest.id), std::move(file));
}

}  // namespace

Result<CreateReport> Create(const Stack& stack, const std::string& folder,
                            const objects::EncryptionChoice& encryption, const Setting& setting) {
  TRY(const auto keys, objects::OpenStackKeys(stack.blobs(), encryption));
  TRY(const auto blobs, objects::OpenBlobs(stack.blobs(), encryption));
  TRY(const auto vault, Vault::Open({folder, stack.name}, keys.get(), Repository::Purpose::kWrite,
                                    "vams backup create", setting.random));
  auto lock = files::FileLock::Acquire(stack.folder / "backup.lock", "another backup");
  if (!lock.ok() && lock.error().code == Code::kConflict)
    return Error(Code::kConflict,
                 fmt::format("a backup of stack \"{}\" is being made; nothing was done; wait for "
                             "it to end",
                             stack.name));
  TRY(const auto alone, std::move(lock));
  // From before the items are copied until the last content is: no collection in between.
  setting.progress("waiting for a collection to end", 0);
  TRY(const auto lease, Flock::Wait(setting.op, stack.blobs() / "writers", Flock::Kind::kShared));
  RemoveWorkFolders(stack.folder, kWork);
  TRY(const auto work, files::TempFolder::Create(stack.folder, kWork));
  setting.progress("copying the items", 0);
  TRY_OK(items::CloneSqliteStore(setting.op, stack.current.items(), work.path() / "items.db"));
  VAMS_POINT("backup.copied");
  TRY(const auto copy, items::OpenSqliteStore(work.path() / "items.db", {.read_only = true}));
  Creator creator(stack, *vault, *blobs, setting);
  TRY(auto report, creator.Run(*copy));
  TRY_OK(Publish(*vault, report.manifest));
  VAMS_POINT("backup.published");
  TRY_OK(AppendHistory(stack,
                       {{"operation", "backup"},
                        {"result", report.manifest.missing.empty() ? "done" : "incomplete"},
                        {"backup", report.manifest.id},
                        {"repository", vault->repository().Where()},
                        {"rows", report.manifest.rows()},
                        {"contents", report.manifest.blobs.count}},
                       setting.clock));
  return report;
}

}  // namespace vams::lifecycle::backup
