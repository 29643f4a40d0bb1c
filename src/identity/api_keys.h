// API keys: made, listed, changed, removed, and whom a key acts as.  Spec: api-auth.md section 9,
// data-model.md section 4.17.
//
// Thread-safe.  Calls block on the item store; Authenticate does not for a key it has seen while
// nothing was changed through this object.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "identity/identity.h"
#include "items/store.h"

namespace vams::identity {

struct ApiKey {
  std::string id;
  std::string name;
  std::string description;
  std::string user;
  std::string created_by;
  std::string created_at;
  std::string updated_at;
  std::string expires_at;       // as given; empty: never
  std::string active = "true";  // text, as stored
};

// The API's form, without the hash.
boost::json::object ApiKeyJson(const ApiKey& key);

// Milliseconds since 1970; a date alone is its first moment, no zone is UTC (decision A3).
std::optional<std::int64_t> ParseExpiry(std::string_view text);

class ApiKeys {
 public:
  using RolesOf =
      std::function<Result<std::vector<std::string>>(OpContext&, std::string_view user)>;
  ApiKeys(items::ItemStore& store, const Clock& clock, Random& random, RolesOf roles_of);
  ~ApiKeys();

  Result<std::vector<ApiKey>> List(OpContext& op);
  Result<ApiKey> Get(OpContext& op, std::string_view id);  // kNotFound

  struct NewKey {
    std::string name, user, description, expires_at, created_by;
  };
  struct Created {
    ApiKey key;
    std::string secret;  // "vams_…", shown once
  };
  // kConflict for a name that is taken; kInvalid for a user without roles, SYSTEM_USER or a date
  // that cannot be read; messages as section 9.2 words them.
  Result<Created> Create(OpContext& op, const NewKey& key);

  struct Change {
    std::optional<std::string> description, expires_at;
    std::optional<bool> active;
  };
  Result<ApiKey> Update(OpContext& op, std::string_view id, const Change& change);
  Result<ApiKey> Remove(OpContext& op, std::string_view id);  // what it was; kNotFound

  // Nothing: there is no such key (the text may be a token).  kUnauthenticated with the reason of
  // section 9.3 for one that cannot be used.  Effective at once after any change.
  // Changes by another process count after five seconds at most.
  Result<std::shared_ptr<const Identity>> Authenticate(OpContext& op, std::string_view secret);

  // Somebody's roles have changed: keys are examined anew at their next use.
  void Forget();

  // A key that this process makes for the operator's own use: it stands for the identity as it is,
  // until `expires_millis`, and is kept in memory alone.  Who has it was let in by the operating
  // system (lifecycle/served_stack.h).
  std::string Grant(Identity identity, std::int64_t expires_millis);
  // Whether it is such a key that is still good.
  bool IsGrant(std::string_view secret);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::identity
