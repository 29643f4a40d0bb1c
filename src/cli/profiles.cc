#include "cli/profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "app/release.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

constexpr const char* kConfigFile = "config.json";
constexpr const char* kLoginFile = "auth_profile.json";
constexpr std::int64_t kSpareSeconds = 10;
constexpr std::chrono::seconds kLockWait{20};
constexpr std::chrono::milliseconds kLockPoll{20};

Result<files::Path> BaseFolder(const std::map<std::string, std::string>& environment) {
  const auto get = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? files::Path() : files::Path(found->second);
  };
  // A relative one is to be ignored (XDG Base Directory Specification).
  if (const files::Path xdg = get("XDG_CONFIG_HOME"); xdg.is_absolute()) return xdg / "vams";
  if (const files::Path home = get("HOME"); home.is_absolute()) return home / ".config" / "vams";
  return Error(Code::kInvalid,
               "neither XDG_CONFIG_HOME nor HOME names a folder, so there is no place for the "
               "login; set one of them");
}

std::string Text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// An absent file is an empty object.
Result<json::object> ReadObject(const files::Path& path) {
  auto text = files::ReadAll(path);
  if (!text.ok() && text.error().code == Code::kNotFound) return json::object();
  if (!text.ok()) return std::move(text).error();
  boost::system::error_code error;
  json::value value = json::parse(*text, error);
  if (error || !value.is_object())
    return Error(Code::kCorrupt,
                 fmt::format("{} is not the JSON object it should be; remove it and sign in again "
                             "with \"vams auth login\"",
                             path.string()));
  return std::move(value.get_object());
}

std::optional<Login> ReadLogin(const json::object& stored) {
  Login login;
  login.access_token = Text(stored, "access_token");
  if (login.access_token.empty()) return std::nullopt;
  login.user = Text(stored, "user_id");
  login.id_token = Text(stored, "id_token");
  login.refresh_token = Text(stored, "refresh_token");
  login.is_override = Text(stored, "token_type") == "override";
  if (const json::value* at = stored.if_contains("expires_at"); at != nullptr && at->is_number())
    login.expires_at = at->to_number<double>() < 9e15
                           ? static_cast<std::int64_t>(at->to_number<double>())
                           : std::int64_t{0};
  return login;
}

}  // namespace

bool Login::ExpiredAt(std::int64_t now_seconds) const {
  return expires_at && *expires_at - kSpareSeconds <= now_seconds;
}

Profile::Profile(std::string name, files::Path folder)
    : name_(std::move(name)), folder_(std::move(folder)) {}

bool Profile::IsName(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return name.size() >= 3 && name.size() <= 50 && std::ranges::all_of(name, fits) &&
         name != "help" && name != "version" && name != "list";
}

Result<std::string> Profile::Choose(const std::map<std::string, std::string>& environment,
                                    const std::string& chosen) {
  std::string name = chosen;
  std::string source = "--profile";
  if (const auto given = environment.find("VAMS_PROFILE");
      name.empty() && given != environment.end()) {
    name = given->second;
    source = "VAMS_PROFILE";
  }
  if (name.empty()) {
    TRY(const auto base, BaseFolder(environment));
    TRY(const auto active, ReadObject(base / "active_profile.json"));
    name = Text(active, "active_profile");
    source = (base / "active_profile.json").string();
  }
  if (name.empty()) return std::string("default");
  if (!IsName(name))
    return Error(Code::kInvalid,
                 fmt::format("\"{}\" ({}) cannot be a profile's name: it has 3 to 50 letters, "
                             "digits, '_' and '-', and is not help, version or list",
                             name, source));
  return name;
}

Result<Profile> Profile::Load(const std::map<std::string, std::string>& environment,
                              const std::string& name) {
  TRY(const auto base, BaseFolder(environment));
  Profile profile(name, base / "profiles" / name);
  TRY(const auto config, ReadObject(profile.folder_ / kConfigFile));
  profile.url_ = Text(config, "api_gateway_url");
  TRY_OK(profile.Reload());
  return profile;
}

Status Profile::Reload() {
  TRY(stored_, ReadObject(folder_ / kLoginFile));
  login_ = ReadLogin(stored_);
  return Ok();
}

bool Profile::HasFeature(std::string_view name) const {
  const json::value* switches = stored_.if_contains("feature_switches");
  const json::object* object = switches == nullptr ? nullptr : switches->if_object();
  const json::value* enabled = object == nullptr ? nullptr : object->if_contains("enabled");
  const json::array* list = enabled == nullptr ? nullptr : enabled->if_array();
  return list != nullptr && std::ranges::any_of(*list, [&](const json::value& value) {
           return value.is_string() && value.get_string() == name;
         });
}

Status Profile::MakeFolder() const {
  TRY_OK(files::MakeFolders(folder_));
  std::error_code error;
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, error);
  if (error) return files::ErrnoError("protect", folder_, error.value());
  return Ok();
}

Status Profile::Write(const char* file, const json::object& object) const {
  TRY_OK(MakeFolder());
  return files::WriteAtomically(folder_ / file, json::serialize(object) + "\n", 0600);
}

Status Profile::SaveServer(const std::string& base_url, const std::string& url,
                           const json::object& config, const Clock& clock) {
  TRY_OK(Write(kConfigFile, {{"base_url", base_url},
                             {"api_gateway_url", url},
                             {"amplify_config", config},
                             {"cli_version", app::Release()},
                             {"setup_timestamp", IsoMillis(clock.NowMillis())}}));
  url_ = url;
  return Ok();
}

Status Profile::SaveLogin(const Login& login) {
  json::object stored = stored_;
  for (const char* name : {"id_token", "refresh_token", "expires_at", "override_metadata"})
    stored.erase(name);
  stored["token_type"] = login.is_override ? "override" : "Bearer";
  stored["user_id"] = login.user;
  stored["access_token"] = login.access_token;
  if (!login.id_token.empty()) stored["id_token"] = login.id_token;
  if (!login.refresh_token.empty()) stored["refresh_token"] = login.refresh_token;
  stored["expires_at"] = nullptr;
  if (login.expires_at) stored["expires_at"] = *login.expires_at;
  TRY_OK(Write(kLoginFile, stored));
  stored_ = std::move(stored);
  login_ = login;
  return Ok();
}

Status Profile::SaveFeatures(const json::object& secure, const Clock& clock) {
  const std::string raw = Text(secure, "featuresEnabled");
  json::array enabled;
  for (std::size_t from = 0; from < raw.size();) {
    const std::size_t comma = std::min(raw.find(',', from), raw.size());
    if (comma > from) enabled.emplace_back(raw.substr(from, comma - from));
    from = comma + 1;
  }
  json::object stored = stored_;
  stored["feature_switches"] = json::object{
      {"raw", raw}, {"enabled", enabled}, {"fetched_at", IsoMillis(clock.NowMillis())}};
  stored["web_deployed_url"] = Text(secure, "webDeployedUrl");
  stored["location_service_api_url"] = Text(secure, "locationServiceApiUrl");
  TRY_OK(Write(kLoginFile, stored));
  stored_ = std::move(stored);
  return Ok();
}

Status Profile::RemoveLogin() {
  TRY_OK(files::RemoveTree(folder_ / kLoginFile));
  stored_.clear();
  login_.reset();
  return Ok();
}

Result<files::FileLock> Profile::Lock() const {
  TRY_OK(MakeFolder());
  const auto end = std::chrono::steady_clock::now() + kLockWait;
  while (true) {
    auto lock = files::FileLock::Acquire(folder_ / "lock", "vams");
    if (lock.ok() || lock.error().code != Code::kConflict ||
        std::chrono::steady_clock::now() >= end)
      return lock;
    std::this_thread::sleep_for(kLockPoll);
  }
}

}  // namespace vams::cli
