#include "net/aws_config.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <fstream>

#include "base/ascii.h"

namespace vams::net {

namespace {

using Sections = std::map<std::string, std::map<std::string, std::string>>;

constexpr std::size_t kMaxFile = std::size_t{1} << 20;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.remove_suffix(1);
  return text;
}

// "[profile x]" and "[default]" of the config file, "[x]" of the credentials file.
std::string ProfileOfHeading(std::string_view heading, bool is_config) {
  if (!is_config || heading == "default") return std::string(heading);
  constexpr std::string_view kPrefix = "profile";
  if (!heading.starts_with(kPrefix)) return "";
  auto name = Trim(heading.substr(kPrefix.size()));
  if (name.size() == heading.size() - kPrefix.size()) return "";  // no space between
  if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') &&
      name.back() == name.front())
    name = name.substr(1, name.size() - 2);
  return std::string(name);
}

// An absent file has no sections.
Result<Sections> ReadSections(const std::string& path, bool is_config) {
  Sections sections;
  std::ifstream file(path, std::ios::binary);
  if (!file) return sections;
  std::string line, profile;
  std::size_t read = 0, number = 0;
  bool in_section = false;
  while (std::getline(file, line)) {
    ++number;
    read += line.size() + 1;
    if (read > kMaxFile)
      return Error(
          Code::kInvalid,
          fmt::format("{} is larger than 1 MB; it cannot be a file of AWS settings", path));
    const bool nested = !line.empty() && std::isspace(static_cast<unsigned char>(line[0])) != 0;
    auto text = Trim(line);
    if (text.empty() || text[0] == '#' || text[0] == ';') continue;
    if (text[0] == '[') {
      const auto end = text.find(']');
      if (end == std::string_view::npos)
        return Error(Code::kInvalid,
                     fmt::format("{}, line {}: a heading has no \"]\"; correct it", path, number));
      profile = ProfileOfHeading(Trim(text.substr(1, end - 1)), is_config);
      in_section = !profile.empty();
      if (in_section) sections[profile];
      continue;
    }
    if (nested || !in_section) continue;  // settings of single services, other kinds of sections
    const auto equals = text.find('=');
    if (equals == std::string_view::npos)
      return Error(Code::kInvalid,
                   fmt::format("{}, line {}: a setting has no \"=\"; correct it", path, number));
    sections[profile][Lower(Trim(text.substr(0, equals)))] =
        std::string(Trim(text.substr(equals + 1)));
  }
  return sections;
}

std::string FilePath(const Environment& environment, std::string_view variable,
                     std::string_view name) {
  if (auto given = environment(variable)) return *given;
  const auto home = environment("HOME");
  return fmt::format("{}/.aws/{}", home ? *home : "", name);
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Environment SystemEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Result<AwsProfile> LoadProfile(const Environment& environment) {
  AwsProfile profile;
  const auto chosen = environment("AWS_PROFILE");
  profile.name = chosen ? *chosen : "default";
  TRY(auto config, ReadSections(FilePath(environment, "AWS_CONFIG_FILE", "config"), true));
  TRY(auto shared,
      ReadSections(FilePath(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), false));
  for (auto* sections : {&shared, &config}) {
    const auto at = sections->find(profile.name);
    if (at == sections->end()) continue;
    profile.found = true;
    profile.settings.insert(at->second.begin(), at->second.end());
  }
  if (!profile.found && chosen)
    return Error(Code::kNotFound,
                 fmt::format("AWS_PROFILE names the profile \"{}\", which neither the AWS config "
                             "file nor the credentials file has; correct it or run `aws configure "
                             "--profile {}`",
                             profile.name, profile.name));
  return profile;
}

Result<std::optional<Credentials>> ProfileCredentials(const AwsProfile& profile) {
  const auto setting = [&](const char* name) {
    const auto at = profile.settings.find(name);
    return at == profile.settings.end() ? std::string() : at->second;
  };
  Credentials credentials{.access_key = setting("aws_access_key_id"),
                          .secret_key = setting("aws_secret_access_key"),
                          .session_token = setting("aws_session_token")};
  if (!credentials.access_key.empty() && !credentials.secret_key.empty())
    return std::optional(std::move(credentials));
  if (!credentials.access_key.empty() || !credentials.secret_key.empty())
    return Error(Code::kInvalid,
                 fmt::format("AWS profile \"{}\" has only one of aws_access_key_id and "
                             "aws_secret_access_key; add the other",
                             profile.name));
  for (const char* other : {"role_arn", "sso_session", "sso_start_url", "sso_account_id",
                            "credential_process", "web_identity_token_file"})
    if (!setting(other).empty())
      return Error(Code::kNotSupported,
                   fmt::format("AWS profile \"{0}\" gets its credentials by {1}, which vams does "
                               "not do itself; run `eval \"$(aws configure export-credentials "
                               "--profile {0} --format env)\"` first",
                               profile.name, other));
  return std::optional<Credentials>();
}

Result<std::string> ResolveRegion(std::string_view chosen, const Environment& environment,
                                  const AwsProfile& profile) {
  if (!chosen.empty()) return std::string(chosen);
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (auto region = environment(variable)) return *region;
  if (const auto at = profile.settings.find("region"); at != profile.settings.end())
    return at->second;
  return Error(Code::kInvalid,
               "no AWS region is set; set AWS_REGION, or `region` in the AWS config file");
}

std::string ResolveEndpoint(std::string_view chosen, std::string_view service,
                            const Environment& environment, const AwsProfile& profile) {
  if (!chosen.empty()) return WithoutSlash(std::string(chosen));
  const auto ignore = environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (ignore && Lower(*ignore) == "true") return "";
  std::string variable = "AWS_ENDPOINT_URL_";
  for (const char c : service)
    variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (auto url = environment(variable)) return WithoutSlash(*url);
  if (auto url = environment("AWS_ENDPOINT_URL")) return WithoutSlash(*url);
  const auto at = profile.settings.find("endpoint_url");
  return at == profile.settings.end() ? "" : WithoutSlash(at->second);
}

}  // namespace vams::net
