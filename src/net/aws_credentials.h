// Where credentials come from, in the order of AWS tools: environment variables, the shared files'
// profile, the container's endpoint, the instance's metadata (version 2).  They are kept, and
// fetched again five minutes before they expire.
//
// Thread-safe.  Get may block on files and network.  No error or log line holds a secret.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "net/aws_config.h"
#include "net/http.h"

namespace vams::net {

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // kUnauthenticated when there are none, naming the places that were looked at.
  virtual Result<Credentials> Get(OpContext& op) = 0;
  // The service refused them: the next Get looks for new ones.
  virtual void Refuse(const Credentials& refused) = 0;
};

// Always the same.
std::unique_ptr<CredentialSource> FixedCredentials(Credentials credentials);

// `transport` and `clock` must outlive the source.
std::unique_ptr<CredentialSource> DefaultCredentials(Environment environment, Transport& transport,
                                                     const Clock& clock);

// "2024-05-14T11:14:20Z", also with a fraction of a second.  Nothing for other text.
std::optional<std::int64_t> ParseIsoTime(std::string_view text);

}  // namespace vams::net
