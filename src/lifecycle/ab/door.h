// What a server lets the standby on another machine do with its stack: join a deployment, read,
// hold writes back, and hand over.  Behind the endpoints below /admin/ab; the same work as a
// standby on this machine does by itself, done here for it.
//
// Thread-safe.  Everything blocks on disk; Freeze until the writes under way are done.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "lifecycle/ab/stack_source.h"
#include "lifecycle/ab/wire.h"

namespace vams::lifecycle::ab {

class Door {
 public:
  // `issuer`: of the tokens of this side.  Opens nothing until somebody comes.
  Door(Stack stack, objects::EncryptionChoice encryption, std::string issuer, const Clock& clock);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  // For reading.
  Result<StackSource*> Open();

  // kConflict for a stack that takes part in another deployment.
  Result<Joined> Join(OpContext& op, const Joining& joining);

  // The lease ends by itself when nothing was asked for a while, unless the role was handed over.
  // All four are kConflict for another deployment than the one this stack takes part in.
  Result<items::Position> Freeze(OpContext& op, std::string_view deployment);
  Status Thaw(OpContext& op, std::string_view deployment);
  Status HandOver(OpContext& op, std::string_view deployment, const State& becomes);
  Status Retire(OpContext& op, std::string_view deployment);
  // The standby has everything and is about to be removed: this side serves alone from now on.
  // False when it does already.  kConflict unless it serves.
  Result<bool> Leave(std::string_view deployment);
  // The one who holds the lease is still there.
  void Prolong();

 private:
  struct Lease;
  Status CheckDeployment(std::string_view deployment) const;

  const Stack stack_;
  const objects::EncryptionChoice encryption_;
  const std::string issuer_;
  const Clock& clock_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<StackSource> source_;
  std::unique_ptr<Lease> lease_;
};

}  // namespace vams::lifecycle::ab
