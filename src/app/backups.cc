#include "app/backups.h"

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

}  // namespace vams::app
