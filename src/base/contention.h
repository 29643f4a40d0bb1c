// Contention paces optimistic work: read, decide, commit, and all of it anew when somebody else was
// faster.  The first attempts follow at once; later ones wait a random time that grows, so that of
// several who overtake each other all the time everyone gets a turn.
//
//   for (Contention contention; contention.Next();) {
//     … return when done …
//   }
//   return Error(Code::kUnavailable, …);
//
// Used by one thread.  Next may block for up to 20 ms.
#pragma once

namespace vams {

class Contention {
 public:
  static constexpr int kAttempts = 60;  // about 0.4 s of waiting

  explicit Contention(int attempts = kAttempts) : left_(attempts) {}

  // Whether there is another attempt; begins it.
  bool Next();
  int attempt() const { return begun_ - 1; }  // the one that runs, from 0

 private:
  int left_;
  int begun_ = 0;
};

}  // namespace vams
