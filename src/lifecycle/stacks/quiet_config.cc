#include "lifecycle/stacks/quiet_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "config/absolute_paths.h"
#include "config/config.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

json::object& SectionAt(json::object& root, std::string_view& path) {
  json::object* at = &root;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    json::value& next = (*at)[path.substr(0, dot)];
    if (!next.is_object()) next = json::object();
    at = &next.as_object();
    path.remove_prefix(dot + 1);
  }
  return *at;
}

void Set(json::object& root, std::string_view path, json::value value) {
  json::object& section = SectionAt(root, path);
  section[path] = std::move(value);
}

class Quieter {
 public:
  Quieter(const config::Config& config, json::object& root) : config_(config), root_(root) {}

  void Run(std::string_view name) {
    Mail();
    Folders();
    Hooks();
    if (!config_.backup.schedule.empty())
      Off("backup.schedule", config_.backup.schedule, nullptr, "it makes no backups of its own");
    if (config_.engines.search.kind == config::SearchKind::kOpensearch)
      Off("engines.search", config_.engines.search.url, json::object{{"kind", "xapian"}},
          "its search index is its own, not that of the search server");
    Address();
    if (config_.stack_name != name) Set(root_, "app.baseStackName", json::string(name));
  }

  std::vector<SwitchedOff> TakeList() { return std::move(list_); }

 private:
  void Off(std::string_view path, std::string was, json::value now, std::string_view why) {
    const std::string text = now.is_null() ? std::string("not set") : json::serialize(now);
    Set(root_, path, std::move(now));
    list_.push_back({std::string(path), std::move(was), text, std::string(why)});
  }

  void Mail() {
    if (config_.notifications.smtp.host.empty()) return;
    Off("notifications.smtp.host", config_.notifications.smtp.host, nullptr, "it sends no mail");
  }

  // Contents that came from there are in the stack; only keeping both in step ends.
  void Folders() {
    json::array kept;
    std::vector<std::string> gone;
    for (const auto& bucket : config_.asset_buckets.external)
      if (bucket.location.starts_with("file:"))
        gone.push_back(bucket.location);
      else
        kept.push_back({{"bucketArn", bucket.location},
                        {"baseAssetsPrefix", bucket.prefix},
                        {"defaultSyncDatabaseId", bucket.sync_database}});
    if (gone.empty()) return;
    const bool none_left = kept.empty();
    Off("app.assetBuckets.externalAssetBuckets", fmt::format("{}", fmt::join(gone, ", ")),
        std::move(kept), "it does not write to these folders nor read from them");
    if (none_left && !config_.asset_buckets.create_new)
      Off("app.assetBuckets.createNewBucket", "false", true,
          "without external folders it needs a bucket of its own");
  }

  void Hooks() {
    const auto hook = [&](std::string_view path, const std::vector<std::string>& command) {
      if (!command.empty())
        Off(path, fmt::format("{}", fmt::join(command, " ")), nullptr,
            "it runs no commands that are meant for the original");
    };
    hook("hooks.preUpdate", config_.hooks.pre_update);
    hook("hooks.postUpdate", config_.hooks.post_update);
    hook("hooks.switch", config_.hooks.switch_over);
    hook("hooks.maintenance", config_.hooks.maintenance);
  }

  void Address() {
    Off("server.listen", fmt::format("{}", fmt::join(config_.server.listen, ", ")), "127.0.0.1:0",
        "it listens at a free port of this machine; \"vams serve --listen\" chooses another");
    constexpr std::string_view kLinks = "its links lead to itself, not to the original";
    if (config_.alb.enabled) Off("app.useAlb.enabled", config_.alb.domain_host, false, kLinks);
    if (config_.cloud_front.custom_domain)
      Off("app.useCloudFront.customDomain.enabled", config_.cloud_front.domain_host, false, kLinks);
  }

  const config::Config& config_;
  json::object& root_;
  std::vector<SwitchedOff> list_;
};

}  // namespace

Result<QuietConfig> QuietConfigOf(const std::optional<std::string>& text, const std::string& path,
                                  std::string_view name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const config::Sources sources{
      .file_text = text, .file_path = path, .environment = {}, .sets = {}};
  TRY(const auto config, config::Load(sources));
  json::object root;
  if (text) {
    // The clone's file lies in another folder.
    TRY(const auto moved, config::WithAbsolutePaths(*text, path));
    std::string_view plain = moved.text;
    if (plain.starts_with(kByteOrderMark)) plain.remove_prefix(kByteOrderMark.size());
    boost::system::error_code ec;
    json::value parsed = json::parse(plain, ec);
    if (ec || !parsed.is_object())
      return Error(Code::kInvalid, fmt::format("{} holds no JSON object; nothing was made; look at "
                                               "it with \"vams config check\"",
                                               path));
    root = std::move(parsed.as_object());
  }
  Quieter quieter(config, root);
  quieter.Run(name);
  QuietConfig quiet;
  quiet.switched_off = quieter.TakeList();
  quiet.text = config::PrettyText(root);
  return quiet;
}

json::object ToJson(const SwitchedOff& setting) {
  return {{"path", setting.path}, {"was", setting.was}, {"now", setting.now}, {"why", setting.why}};
}

}  // namespace vams::lifecycle
