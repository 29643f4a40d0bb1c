// Region, endpoint and static credentials as AWS tools find them: environment variables and the
// shared files ("Configuration and credential file settings" in the AWS CLI user guide).
//
// The environment is a function, so that tests need not change the process's.  Plain functions;
// LoadProfile reads two small files.  No message holds a secret.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/sigv4.h"

namespace vams::net {

// The value of an environment variable; nothing when it is unset or empty.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

Environment SystemEnvironment();

// What the profile in use says in the config and in the credentials file.
struct AwsProfile {
  std::string name;                             // "default" or AWS_PROFILE
  bool found = false;                           // in either file
  std::map<std::string, std::string> settings;  // the credentials file's win
};

// kNotFound when AWS_PROFILE names a profile that neither file has, kInvalid for a broken file.
Result<AwsProfile> LoadProfile(const Environment& environment);

// From the profile's keys; nothing when it has none.  kNotSupported, with the way out, for profiles
// that get their credentials by role, single sign-on or a program.
Result<std::optional<Credentials>> ProfileCredentials(const AwsProfile& profile);

// `chosen` if not empty, else AWS_REGION, AWS_DEFAULT_REGION, the profile's.  kInvalid if none is.
Result<std::string> ResolveRegion(std::string_view chosen, const Environment& environment,
                                  const AwsProfile& profile);

// The base URL set for a service ("dynamodb", "dynamodb-streams", "lambda"), without a slash at its
// end: `chosen`, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's endpoint_url.  Empty:
// the service's public one.
std::string ResolveEndpoint(std::string_view chosen, std::string_view service,
                            const Environment& environment, const AwsProfile& profile);

}  // namespace vams::net
