#include "lifecycle/ab/door.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <stop_token>
#include <thread>

#include "base/log.h"
#include "lifecycle/ab/deploy.h"

namespace vams::lifecycle::ab {

namespace {

// Longer than a standby is silent between two calls of a switch.
constexpr std::chrono::seconds kLease{20};
constexpr const char* kKeyFile = "ab-peer.key";

}  // namespace

// A freeze that ends when its holder is silent.
struct Door::Lease {
  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::now() + kLease;
  bool for_good = false;  // handed over
  std::jthread watcher;

  void Watch(const std::stop_token& stop, StackSource& source) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (for_good) {
        changed.wait(lock, stop, [] { return false; });
        return;
      }
      if (std::chrono::steady_clock::now() >= until) {
        LogWarning("the standby that held writes back is silent; writes are taken again");
        OpContext op;
        if (const Status thawed = source.Thaw(op); !thawed.ok()) LogWarning(thawed.error().message);
        return;
      }
      changed.wait_until(lock, stop, until, [] { return false; });
    }
  }
};

Door::Door(Stack stack, objects::EncryptionChoice encryption, std::string issuer,
           const Clock& clock)
    : stack_(std::move(stack)),
      encryption_(std::move(encryption)),
      issuer_(std::move(issuer)),
      clock_(clock) {}

// The watcher before the source it thaws.
Door::~Door() { lease_.reset(); }

Result<StackSource*> Door::Open() {
  const std::lock_guard lock(mutex_);
  if (source_ == nullptr) {
    const StackRegistry registry(stack_.folder.parent_path().parent_path(), clock_);
    TRY(source_, StackSource::Open(registry, stack_.name, encryption_, clock_));
  }
  return source_.get();
}

Status Door::CheckDeployment(std::string_view deployment) const {
  TRY(const auto state, ReadState(stack_));
  if (state && state->deployment == deployment && !state->finished()) return Ok();
  return Error(Code::kConflict,
               fmt::format("stack \"{}\" takes part in no A/B deployment of that name; nothing was "
                           "done; look at \"vams ab status\" on both sides",
                           stack_.name));
}

Result<Joined> Door::Join(OpContext& op, const Joining& joining) {
  TRY(StackSource* const source, Open());
  TRY(const auto before, ReadState(stack_));
  if (before && !before->finished() && before->deployment != joining.deployment)
    return Error(
        Code::kConflict,
        fmt::format("stack \"{}\" takes part in an A/B deployment with \"{}\" already; end "
                    "that first with \"vams ab finish\"",
                    stack_.name, before->peer.stack));
  const files::Path key_file = stack_.folder / kKeyFile;
  TRY_OK(files::WriteAtomically(key_file, joining.key + "\n", 0600));
  State state{
      .role = Role::kServing,
      .deployment = joining.deployment,
      .peer = {.stack = joining.stack, .home = {}, .url = joining.url, .key_file = key_file},
      .data_name = before && !before->data_name.empty() ? before->data_name : stack_.name,
      .issuer = before && !before->issuer.empty() ? before->issuer : issuer_,
      .addresses = before ? before->addresses : std::vector<std::string>(),
      .started_at = IsoMillis(clock_.NowMillis())};
  if (before) state.epoch = before->epoch + (before->deployment == joining.deployment ? 0 : 1);
  TRY_OK(WriteState(stack_, state));
  TRY([[maybe_unused]] const auto look, source->Look(op));
  TRY(auto served, ServedStack::Find(stack_));
  if (served) {
    TRY([[maybe_unused]] const auto now, served->Refresh());
  }
  return Joined{.epoch = state.epoch, .data_name = state.data_name, .issuer = state.issuer};
}

Result<items::Position> Door::Freeze(OpContext& op, std::string_view deployment) {
  TRY_OK(CheckDeployment(deployment));
  TRY(StackSource* const source, Open());
  const std::lock_guard lock(mutex_);
  lease_.reset();
  TRY(const items::Position last, source->Freeze(op));
  lease_ = std::make_unique<Lease>();
  lease_->watcher = std::jthread(
      [lease = lease_.get(), source](const std::stop_token& stop) { lease->Watch(stop, *source); });
  return last;
}

Status Door::Thaw(OpContext& op, std::string_view deployment) {
  TRY_OK(CheckDeployment(deployment));
  TRY(StackSource* const source, Open());
  const std::lock_guard lock(mutex_);
  lease_.reset();
  return source->Thaw(op);
}

Status Door::HandOver(OpContext& op, std::string_view deployment, const State& becomes) {
  TRY_OK(CheckDeployment(deployment));
  TRY(StackSource* const source, Open());
  const std::lock_guard lock(mutex_);
  if (lease_ == nullptr)
    return Error(Code::kConflict, "writes are not held back; nothing was handed over");
  // Not between the watcher's look at the time and its thaw.
  const std::lock_guard holding(lease_->mutex);
  if (std::chrono::steady_clock::now() >= lease_->until)
    return Error(
        Code::kConflict,
        "writes are taken again, because nothing was heard for a while; nothing was handed "
        "over; switch again");
  TRY_OK(source->HandOver(op, becomes));
  lease_->for_good = true;
  return Ok();
}

Status Door::Retire(OpContext& op, std::string_view deployment) {
  TRY_OK(CheckDeployment(deployment));
  TRY(StackSource* const source, Open());
  const std::lock_guard lock(mutex_);
  lease_.reset();
  return source->Retire(op);
}

Result<bool> Door::Leave(std::string_view deployment) {
  TRY(const auto state, ReadState(stack_));
  if (!state || state->finished() || state->deployment != deployment) return false;
  const std::string other = state->peer.stack;
  TRY_OK(Forget(stack_, clock_));
  TRY_OK(AppendHistory(stack_, {{"operation", "ab finish"}, {"result", "done"}, {"removed", other}},
                       clock_));
  return true;
}

void Door::Prolong() {
  const std::lock_guard lock(mutex_);
  if (lease_ == nullptr) return;
  const std::lock_guard holding(lease_->mutex);
  lease_->until = std::max(lease_->until, std::chrono::steady_clock::now() + kLease);
}

}  // namespace vams::lifecycle::ab
