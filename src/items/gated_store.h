// Holding writes back: a gate that can be closed, and an item store whose every write passes it.
// While the gate is closed nothing changes in the store, whoever asks for it: an endpoint, a thread
// in the background, a bulk load.  For the process that serves a stack (lifecycle.md section 5.5).
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "items/store.h"

namespace vams::items {

class WriteGate {
 public:
  // What a write that finds the gate closed does.
  enum class Closed : std::uint8_t {
    kRefuse,  // fails with kUnavailable and the reason
    // Waits until the gate opens, or the operation is cancelled or out of time: for work in the
    // background, which then neither fails nor has to be tried again.
    kWait,
  };

  // Refuses later writes, and returns when those under way are done.  kConflict: it is closed
  // already.  kUnavailable: one did not end before the deadline of `op`; the gate is open again.
  // `reason` is what those who are refused read.
  Status Close(OpContext& op, std::string_view reason);
  void Open();  // no error if it is open
  // For good: whoever waits, and whoever comes, is told that the operation is cancelled.
  void End();
  bool closed() const;

  // One write.  Enter says whether it may begin; Leave ends it, and belongs to an Enter that did.
  Status Enter(OpContext& op, Closed closed);
  void Leave();

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool closed_ = false;
  bool ended_ = false;
  std::string reason_;
  std::uint64_t under_way_ = 0;
};

// `store` behind `gate`; both are borrowed and outlive it.  Reads, snapshots and checks do not ask
// the gate.  A bulk load that is open stays open while the gate is closed: its steps are refused.
// Several may share a gate.
std::unique_ptr<ItemStore> Gated(ItemStore& store, WriteGate& gate,
                                 WriteGate::Closed closed = WriteGate::Closed::kRefuse);

}  // namespace vams::items
