// Which configuration a stack has after a rollback: that of the generation it goes back to, where
// an update since has brought another one; else the one that it has now.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "lifecycle/rollback/roller.h"
#include "lifecycle/stacks/kept_config.h"

namespace vams::lifecycle {

namespace json = boost::json;

Status Roller::LookAtConfiguration() {
  std::error_code ec;
  // None has one while no update has ever brought a configuration.
  if (!std::filesystem::exists(ConfigOf(target_), ec)) return Ok();
  config_returns_ = ConfigDiffers(setting_.registry, stack_, target_);
  if (!config_returns_) return Ok();
  TRY(const auto then_text, files::ReadAll(ConfigOf(target_)));
  const auto then = ConfigFrom(stack_, then_text);
  if (!then.ok())
    return Error(Code::kConflict,
                 fmt::format("the configuration of generation {}, which comes back with it, cannot "
                             "be used: {}; nothing was changed; put right {}",
                             target_.number, then.error().message, ConfigOf(target_).string()));
  TRY(const auto now_text, ConfigTextOf(stack_));
  const auto now = ConfigFrom(stack_, now_text);
  if (!now.ok()) return Ok();  // nothing can be said of one that cannot be read
  const auto names = [&](const config::Config& before, const config::Config& after) {
    const auto differences = ConfigDifferences(stack_, before, after);
    return json::array(differences.begin(), differences.end());
  };
  json::array edited;
  std::optional<std::string> by = ConfigBroughtBy(stack_.current);
  for (const WayHop& hop : way_)
    if (!by) by = ConfigBroughtBy(hop.child);
  if (const auto brought = by ? TextBroughtBy(stack_, *by) : std::nullopt; brought)
    if (const auto as_brought = ConfigFrom(stack_, *brought); as_brought.ok())
      edited = names(*as_brought, *now);
  report_.configuration = {{"of", target_.number},
                           {"changed", names(*now, *then)},
                           {"edited", std::move(edited)},
                           {"keptIn", ConfigOf(stack_.current).string()}};
  return Ok();
}

Status Roller::BringConfiguration(json::object& origin) {
  if (!config_returns_) {
    if (builder_ || !IsConfigKept(stack_)) return Ok();  // it gets, or has, the present one
    TRY(const auto text, ConfigTextOf(stack_));
    return PutConfig(stack_, text, target_.folder);
  }
  // Where the link was replaced by a file: that is the configuration of the one that serves.
  TRY_OK(KeepConfigs(setting_.registry, stack_));
  if (!builder_) return Ok();  // the target has its own
  TRY(auto text, files::ReadAll(ConfigOf(target_)));
  const BroughtConfig brought{.text = std::move(text), .operation = operation_.id()};
  TRY_OK(RememberBrought(stack_, brought));
  return BringConfig(stack_, brought, builder_->folder(), origin);
}

}  // namespace vams::lifecycle
