#include "lifecycle/home.h"

namespace vams::lifecycle {

Result<files::Path> ResolveHome(const std::string& option,
                                const std::map<std::string, std::string>& environment,
                                bool is_root) {
  const auto variable = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  files::Path home;
  if (!option.empty())
    home = option;
  else if (const auto given = variable("VAMS_HOME"); !given.empty())
    home = given;
  else if (is_root)
    home = "/var/lib/vams";
  else if (const auto data = variable("XDG_DATA_HOME"); !data.empty())
    home = files::Path(data) / "vams";
  else if (const auto user = variable("HOME"); !user.empty())
    home = files::Path(user) / ".local/share/vams";
  else
    return Error(
        Code::kInvalid,
        "cannot tell where stacks are kept: neither --home nor VAMS_HOME nor HOME is set; give "
        "--home DIR");
  std::error_code ec;
  const files::Path absolute = std::filesystem::absolute(home, ec);
  if (ec) return files::ErrnoError("resolve", home, ec.value());
  return absolute.lexically_normal();
}

}  // namespace vams::lifecycle
