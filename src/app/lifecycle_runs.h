// The commands that the server starts for administrators: `vams update` and the like, each a
// process of its own that outlives a reload of the server.  What is known of them lies in `runs/`
// of the stack's folder.  Spec: lifecycle.md section 4; format: docs/formats/stack-layout.md.
//
// Thread-safe.  Blocks on disk.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/lifecycle_routes.h"
#include "app/inherited.h"
#include "base/clock.h"
#include "lifecycle/stack.h"

namespace vams::app {

class StartedRuns final : public api::LifecycleRuns {
 public:
  // `program`: what is started, with the arguments of the command and nothing of the server's.
  StartedRuns(lifecycle::Stack stack, files::Path program, const Clock& clock)
      : stack_(std::move(stack)), program_(std::move(program)), clock_(clock) {}

  Result<api::LifecycleRun> Start(OpContext& op, std::string command,
                                  std::vector<std::string> arguments, std::string user) override;
  Result<std::vector<api::LifecycleRun>> List() override;
  Result<api::LifecycleRun> Get(std::string_view id) override;
  Status Cancel(std::string_view id) override;

 private:
  struct Stored;

  files::Path Folder() const { return stack_.folder / "runs"; }
  Result<std::vector<std::string>> Ids() const;  // oldest first
  Result<Stored> Read(const std::string& id) const;
  // Looks whether it has ended meanwhile, and writes that down.
  Result<Stored> Refresh(const std::string& id);
  Status Write(const Stored& stored) const;
  Result<Stored> Launch(const std::string& id, std::string command,
                        std::vector<std::string> arguments, std::string user);
  void RemoveOld(const std::vector<std::string>& ids) const;

  const lifecycle::Stack stack_;
  const files::Path program_;
  const Clock& clock_;
  std::mutex mutex_;  // held by every call while it looks at the disk
};

}  // namespace vams::app
