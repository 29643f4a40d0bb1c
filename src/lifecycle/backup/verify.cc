#include <fmt/format.h>

#include <unordered_set>

#include "lifecycle/backup/backup.h"

namespace vams::lifecycle::backup {

namespace {

class Verifier {
 public:
  Verifier(Vault& vault, const VerifyOptions& options, const Setting& setting)
      : vault_(vault),
        options_(options),
        setting_(setting),
        index_(vault.keys()),
        reader_(vault.repository(), vault.keys(), index_) {}

  Result<VerifyReport> Run() {
    TRY_OK(index_.Load(setting_.op, vault_.repository(),
                       [&](const std::string& pack, const Error& error) {
                         Find("pack", vault_.repository().Where(pack), error.message);
                       }));
    report_.packs = index_.packs();
    TRY(auto ids, vault_.Ids());
    if (!options_.id.empty()) {
      TRY(const auto id, vault_.Resolve(options_.id));
      ids = {id};
    }
    for (const auto& id : ids) {
      auto manifest = vault_.Get(id);
      if (!manifest.ok() && manifest.error().code != Code::kCorrupt)
        return std::move(manifest).error();
      ++report_.backups;
      if (!manifest.ok())
        Find("manifest", id, manifest.error().message);
      else
        TRY_OK(Backup(*manifest));
    }
    return std::move(report_);
  }

 private:
  void Find(std::string kind, std::string what, std::string detail) {
    report_.findings.push_back({std::move(kind), std::move(what), std::move(detail)});
  }

  Status Backup(const Manifest& manifest) {
    for (const auto& table : manifest.tables) {
      std::size_t number = 0;
      for (const auto& ref : table.chunks) {
        ++number;
        TRY_OK(Chunk(ref.sha256, [&] {
          return fmt::format("{}: {} rows of table {} (part {} of {})", manifest.id, ref.entries,
                             table.spec.name, number, table.chunks.size());
        }));
      }
    }
    for (const auto& part : manifest.log)
      TRY_OK(Chunk(part.chunk.sha256, [&] {
        return fmt::format("{}: changes {} to {} of the log", manifest.id, part.first, part.last);
      }));
    for (const auto* contents : {&manifest.blobs, &manifest.history})
      for (const auto& ref : contents->lists) TRY_OK(List(manifest, ref));
    return Ok();
  }

  Status List(const Manifest& manifest, const ChunkRef& ref) {
    if (seen_.contains(ref.sha256)) return Ok();
    const auto list = reader_.Read(ref.sha256);
    TRY_OK(Chunk(ref.sha256, [&] {
      return fmt::format("{}: the list of {} contents", manifest.id, ref.entries);
    }));
    if (!list.ok()) return Ok();
    return ForEachContent(*list, [&](const Content& content) {
      return Chunk(content.sha256, [&] {
        return fmt::format("{}: the content {} ({} bytes)", manifest.id,
                           objects::HexOf(content.sha256), content.size);
      });
    });
  }

  // Every chunk once, whoever refers to it; only damage is worth a description.
  template <typename Describe>
  Status Chunk(const Digest& sha256, const Describe& describe) {
    if (!seen_.insert(sha256).second) return Ok();
    TRY_OK(setting_.op.Check());
    setting_.progress("chunks", ++report_.chunks);
    Status found = Ok();
    if (options_.read_data)
      found = reader_.ReadContent(sha256, [&](std::string_view piece) {
        report_.bytes += piece.size();
        return setting_.op.Check();
      });
    else
      found = reader_.Has(sha256);
    if (found.ok()) return Ok();
    const Code code = found.error().code;
    if (code != Code::kNotFound && code != Code::kCorrupt) return found;
    Find(code == Code::kNotFound ? "missing" : "damaged", describe(), found.error().message);
    return Ok();
  }

  Vault& vault_;
  const VerifyOptions& options_;
  const Setting& setting_;
  ChunkIndex index_;
  const ChunkReader reader_;
  std::unordered_set<Digest, objects::DigestHash> seen_;
  VerifyReport report_;
};

}  // namespace

Result<VerifyReport> Verify(Vault& vault, const VerifyOptions& options, const Setting& setting) {
  return Verifier(vault, options, setting).Run();
}

}  // namespace vams::lifecycle::backup
