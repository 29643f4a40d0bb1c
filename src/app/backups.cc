#include "app/backups.h"

#include <algorithm>
#include <boost/json.hpp>

#include "app/settings.h"

namespace vams::app {

namespace backup = lifecycle::backup;

std::string BackupFolderOf(const config::Config& config, const files::Path& home) {
  return config.backup.repository.empty() ? (home / "backups").string() : config.backup.repository;
}

Result<std::unique_ptr<backup::Scheduler>> StartBackups(const config::Config& config,
                                                        const lifecycle::Stack& stack,
                                                        const Clock& clock, Random& random) {
  if (config.backup.schedule.empty()) return std::unique_ptr<backup::Scheduler>();
  TRY(auto schedule, backup::ParseSchedule(config.backup.schedule));
  // <home>/stacks/<name>
  const files::Path home = stack.folder.parent_path().parent_path();
  backup::SchedulerOptions options{.schedule = schedule,
                                   .folder = BackupFolderOf(config, home),
                                   .encryption = EncryptionOf(config),
                                   .keep = static_cast<std::uint64_t>(config.backup.keep)};
  TRY([[maybe_unused]] const auto usable, backup::OpenRepository(options.folder));
  return std::make_unique<backup::Scheduler>(stack, std::move(options), clock, random);
}

Result<boost::json::array> ListBackups(const config::Config& config, const lifecycle::Stack& stack,
                                       Random& random) {
  boost::json::array list;
  const files::Path home = stack.folder.parent_path().parent_path();
  TRY(const auto keys, objects::OpenStackKeys(stack.blobs(), EncryptionOf(config)));
  const auto vault =
      backup::Vault::Open({BackupFolderOf(config, home), stack.name}, keys.get(),
                          backup::Repository::Purpose::kRead, "the list of backups", random);
  if (!vault.ok() && vault.error().code == Code::kNotFound) return list;
  if (!vault.ok()) return vault.error();
  TRY(auto ids, (*vault)->Ids());
  std::ranges::reverse(ids);
  for (const std::string& id : ids) {
    const auto manifest = (*vault)->Get(id);
    if (!manifest.ok() && manifest.error().code != Code::kCorrupt) return manifest.error();
    if (!manifest.ok())
      list.push_back({{"id", id}, {"damaged", manifest.error().message}});
    else
      list.push_back({{"id", manifest->id},
                      {"createdAt", IsoMillis(manifest->created_millis)},
                      {"dataVersion", manifest->data_version.ToString()},
                      {"generation", manifest->generation},
                      {"position", manifest->position},
                      {"rows", manifest->rows()},
                      {"contents", manifest->blobs.count},
                      {"bytes", manifest->blobs.bytes},
                      {"missing", manifest->missing.size()}});
  }
  return list;
}

}  // namespace vams::app
