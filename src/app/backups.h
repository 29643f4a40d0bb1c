// Backups as the configuration asks for them.  Spec: config.md backup.
// Thread-safe (no shared state).  Blocks on disk.
#pragma once

#include <boost/json/array.hpp>
#include <memory>
#include <string>

#include "base/clock.h"
#include "config/config.h"
#include "lifecycle/backup/scheduler.h"

namespace vams::app {

// The folder above the backups of all stacks.
std::string BackupFolderOf(const config::Config& config, const files::Path& home);

// What `GET /admin/lifecycle/backups` lists, newest first; empty without a repository.
Result<boost::json::array> ListBackups(const config::Config& config, const lifecycle::Stack& stack,
                                       Random& random);

// Makes backups of a served stack when they are due, from now on; nullptr without a schedule.
// kInvalid for a schedule that is none, kNotSupported for a place that cannot be used.
Result<std::unique_ptr<lifecycle::backup::Scheduler>> StartBackups(const config::Config& config,
                                                                   const lifecycle::Stack& stack,
                                                                   const Clock& clock,
                                                                   Random& random);

}  // namespace vams::app
