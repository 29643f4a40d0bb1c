// The caller of one request: who it is, what they may, and what was refused on the way, for the
// audit log.  Spec: permissions.md sections 5, 6 and 14.
//
// Thread rule: belongs to one request.  Nothing blocks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "access/policy.h"
#include "base/result.h"
#include "identity/identity.h"

namespace vams::catalog {

// A refusal of the second tier.
struct Denial {
  access::Object object;
  access::Action action;
  access::Because because;
  std::string constraint;  // the one that denies; empty: none allows
  bool filtered = false;   // the object was left out of a list
};

class Caller {
 public:
  Caller(std::shared_ptr<const identity::Identity> identity,
         std::shared_ptr<const access::Policy> policy)
      : identity_(std::move(identity)), policy_(std::move(policy)) {}

  const identity::Identity& identity() const { return *identity_; }
  const std::string& user() const { return identity_->user; }
  const access::Policy& policy() const { return *policy_; }

  // kDenied "Not Authorized"; the refusal is noted.
  Status Require(const access::Object& object, access::Action action) {
    if (Decide(object, action, false)) return Ok();
    return Error(Code::kDenied, "Not Authorized");
  }
  // For lists, which leave out what the caller may not see; noted as well.
  bool MaySee(const access::Object& object, access::Action action = access::Action::kGet) {
    return Decide(object, action, true);
  }

  const std::vector<Denial>& denials() const { return denials_; }

 private:
  bool Decide(const access::Object& object, access::Action action, bool filtered) {
    const access::Decision decision = policy_->Decide(object, action);
    if (decision.allowed) return true;
    denials_.push_back(
        {object, action, decision.because,
         decision.line < 0
             ? std::string()
             : policy_->lines()[static_cast<std::size_t>(decision.line)].constraint_id,
         filtered});
    return false;
  }

  std::shared_ptr<const identity::Identity> identity_;
  std::shared_ptr<const access::Policy> policy_;
  std::vector<Denial> denials_;
};

}  // namespace vams::catalog
