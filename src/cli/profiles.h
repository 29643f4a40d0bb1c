// What the client commands remember of a server and a login, one folder a profile:
// $XDG_CONFIG_HOME/vams/profiles/NAME/ with config.json (the server) and auth_profile.json (the
// login), in upstream's layout (cli.md sections 2.1 and 16).  Files are readable by their owner
// alone.
//
// One thread.  Calls block on the disk.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::cli {

// How the client proves who it is.  Tokens of our own server can be refreshed; an override (an API
// key, or a token from elsewhere) cannot.
struct Login {
  std::string user;  // empty: not known (VAMS_TOKEN)
  std::string access_token;
  std::string id_token;
  std::string refresh_token;
  bool is_override = false;
  std::optional<std::int64_t> expires_at;  // seconds since 1970; nothing: does not say

  // With a few seconds to spare, so that a token does not expire on its way.
  bool ExpiredAt(std::int64_t now_seconds) const;
};

class Profile {
 public:
  // `name` must fulfil IsName.  No error if there is no such profile yet: it is then empty.
  static Result<Profile> Load(const std::map<std::string, std::string>& environment,
                              const std::string& name);
  // `chosen`, else VAMS_PROFILE, else the active one, else "default".
  static Result<std::string> Choose(const std::map<std::string, std::string>& environment,
                                    const std::string& chosen);
  // 3 to 50 of a-z A-Z 0-9 _ -, and none of help, version, list.
  static bool IsName(const std::string& name);

  const std::string& name() const { return name_; }
  const files::Path& folder() const { return folder_; }
  const std::string& url() const { return url_; }  // without a slash at its end; empty: none yet
  const std::optional<Login>& login() const { return login_; }
  // Features of the server at the last login ("NOOPENSEARCH").
  bool HasFeature(std::string_view name) const;

  // `config` is the server's answer of /api/amplify-config.
  Status SaveServer(const std::string& base_url, const std::string& url,
                    const boost::json::object& config, const Clock& clock);
  Status SaveLogin(const Login& login);
  // `secure` is the server's answer of /secure-config.
  Status SaveFeatures(const boost::json::object& secure, const Clock& clock);
  Status RemoveLogin();
  // Reads the login again, which another process may have refreshed.
  Status Reload();
  // Held while a login is refreshed: a refresh token is good once.  Waits for who holds it.
  Result<files::FileLock> Lock() const;

 private:
  Profile(std::string name, files::Path folder);
  Status MakeFolder() const;
  Status Write(const char* file, const boost::json::object& object) const;

  std::string name_;
  files::Path folder_;
  std::string url_;
  boost::json::object stored_;  // auth_profile.json as it is; unknown members are kept
  std::optional<Login> login_;
};

}  // namespace vams::cli
