// What a server answers and what it refuses, by its mode (lifecycle::ServingMode): in front of all
// routes, so that none can forget to ask.  Spec: lifecycle.md section 4; guide:
// docs/operations/serving.md.
//
// Thread-safe.  Refusal does not block.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "app/maintenance.h"
#include "base/result.h"
#include "http/routes.h"
#include "items/gated_store.h"
#include "lifecycle/served_stack.h"

namespace vams::app {

// 503 with Retry-After: a page for browsers that navigate, {"message"} for everybody else.
http::Response RefuseAll(const http::Request& request, std::string_view message,
                         std::string_view retry_after, bool link_to_sign_in);

class ServingModes {
 public:
  struct Base {
    lifecycle::ServingMode mode = lifecycle::ServingMode::kServing;  // or kUpdateNeeded
    std::string reason;
  };
  // The gate is borrowed.
  ServingModes(lifecycle::Stack stack, Base base, const items::WriteGate& gate)
      : stack_(std::move(stack)), base_(std::move(base)), gate_(gate) {
    Refresh();
  }

  // Reads again whether there is maintenance.
  void Refresh();
  lifecycle::ServingMode mode() const;
  std::string reason() const;
  // What the refused read while writes are held back; told by whoever holds them back.
  void Frozen(std::string reason);

  // The same routes, each behind the mode.  `passes`: whoever brings this credential is let through
  // maintenance.
  using Passes = std::function<bool(std::string_view credential)>;
  http::Routes Guard(const http::Routes& routes, Passes passes);

 private:
  // Which requests a mode lets through.
  enum class Way : std::uint8_t {
    kAlways,  // health, sign-in, lifecycle
    kFile,    // the web application
    kData,
  };
  static Way WayOf(const http::Route& route);
  std::optional<http::Response> Refusal(Way way, const http::Request& request,
                                        const Passes& passes) const;

  const lifecycle::Stack stack_;
  const Base base_;
  const items::WriteGate& gate_;
  mutable std::mutex mutex_;  // guards what follows
  std::optional<Maintenance> maintenance_;
  std::string frozen_reason_;
};

}  // namespace vams::app
