#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

#include "lifecycle/diff/comparer.h"
#include "lifecycle/stacks/names.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::diff::internal {

namespace json = boost::json;

namespace {

constexpr std::size_t kLongestText = 100;

// Fields that a resource above speaks for.
constexpr std::array<std::string_view, 15> kSpokenFor = {
    "engines.items",
    "engines.objects",
    "engines.search",
    "app.openSearch.useServerless",
    "app.assetBuckets",
    "app.openSearch.useProvisioned",
    "app.pipelines",
    "app.useKmsCmkEncryption",
    "app.useAlb",
    "app.useCloudFront",
    "server.listen",
    "server.tls",
    "app.useLocationService",
    "app.authProvider.useCognito.enabled",
    "app.authProvider.useExternalOAuthIdp",
};

std::string Cut(std::string text) {
  if (text.size() <= kLongestText) return text;
  text.resize(kLongestText - 3);
  return text + "...";
}

std::string ShownText(const json::value& value) {
  if (value.is_null()) return "not set";
  if (value.is_string()) return Cut(std::string(value.as_string()));
  return Cut(json::serialize(value));
}

// What people put into command lines and into the settings of a scheduler may be a secret.
json::value Shown(const std::string& path, const json::value& value) {
  if (path.starts_with("engines.jobs.") && path != "engines.jobs.kind" &&
      path != "engines.jobs.slots" && !value.is_null())
    return "set";
  if (path.starts_with("hooks.") && value.is_array() && value.as_array().size() > 1) {
    const auto& command = value.as_array();
    return json::string(fmt::format("{} and {} argument{}", ShownText(command[0]),
                                    command.size() - 1, command.size() == 2 ? "" : "s"));
  }
  return value;
}

using LeafValues = std::map<std::string, json::value>;

void Leaves(const json::value& value, const std::string& path, LeafValues& leaves) {
  if (!value.is_object() || value.as_object().empty()) {
    leaves[path] = value;
    return;
  }
  for (const auto& member : value.as_object())
    Leaves(member.value(),
           path.empty() ? std::string(member.key())
                        : fmt::format("{}.{}", path, std::string_view(member.key())),
           leaves);
}

bool IsSpokenFor(std::string_view path) {
  return std::ranges::any_of(kSpokenFor, [&](std::string_view prefix) {
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '.');
  });
}

std::string NameOf(config::SearchKind kind) {
  switch (kind) {
    case config::SearchKind::kXapian:
      return "built in";
    case config::SearchKind::kOpensearch:
      return "a search server";
    case config::SearchKind::kNone:
      break;
  }
  return "none";
}

class ConfigComparer {
 public:
  ConfigComparer(const Side& before, const Side& after, const Usage& usage,
                 std::vector<ResourceChange>& changes)
      : a_(before), b_(after), usage_(usage), changes_(changes) {}

  void Run() {
    Engines();
    Buckets();
    Search();
    Accounts();
    Features();
    Pipelines();
    Listeners();
    Encryption();
    Settings();
  }

 private:
  ResourceChange& Add(ResourceType type, std::string name, ChangeKind kind, std::string before,
                      std::string after, std::string note = {}) {
    ResourceChange change;
    change.type = type;
    change.name = std::move(name);
    change.kind = kind;
    change.before = std::move(before);
    change.after = std::move(after);
    change.note = std::move(note);
    return changes_.emplace_back(std::move(change));
  }

  // Something that an update leaves where it is, so that the stack would come up without it.
  void Unreachable(ResourceChange& change, const Extent& holds) const {
    change.holds = change.lost = holds;
    change.impossible_in_place = holds.rows > 0;
  }

  void Engines() {
    const auto& a = a_.config.engines;
    const auto& b = b_.config.engines;
    if (a.items != b.items) {
      auto& change =
          Add(ResourceType::kEngine, "engines.items", ChangeKind::kReplaced,
              a.items.kind == config::ItemsKind::kSqlite ? "sqlite" : "dynamodb",
              b.items.kind == config::ItemsKind::kSqlite ? "sqlite" : "dynamodb",
              "an update does not move items to another place: \"vams ab start\" with this "
              "configuration makes a second stack there and copies them while this one serves");
      Unreachable(change, Sum(usage_.tables));
    }
    if (a.objects != b.objects) {
      auto& change =
          Add(ResourceType::kEngine, "engines.objects", ChangeKind::kReplaced,
              a.objects.kind == config::ObjectsKind::kLocal ? "local" : "s3",
              b.objects.kind == config::ObjectsKind::kLocal ? "local" : "s3",
              "an update does not move contents to another place: \"vams ab start\" with this "
              "configuration makes a second stack there and copies them while this one serves");
      Unreachable(change, Sum(usage_.buckets));
    }
  }

  static std::set<std::string> BucketsOf(const Side& side) {
    std::set<std::string> names;
    if (side.config.asset_buckets.create_new) names.insert(OwnBucketOf(side.config, side.stack));
    for (const auto& bucket : side.config.asset_buckets.external)
      names.insert(bucket.prefix.empty() || bucket.prefix == "/"
                       ? bucket.location
                       : fmt::format("{} at {}", bucket.location, bucket.prefix));
    return names;
  }

  void Buckets() {
    const auto before = BucketsOf(a_), after = BucketsOf(b_);
    for (const auto& name : before) {
      if (after.contains(name)) continue;
      const bool folder = name.starts_with("file:");
      auto& change = Add(ResourceType::kBucket, name, ChangeKind::kRemoved, "configured", "",
                         folder ? "the folder is not kept in step any more; what came from it "
                                  "stays in the stack, with its assets"
                                : "its record and its contents stay, and assets keep their place; "
                                  "new databases cannot choose it by the configuration");
      // The bucket of an external folder has a name that only the stack knows.
      change.holds =
          Find(usage_.buckets,
               name.substr(name.rfind(":::") == std::string::npos ? 0 : name.rfind(":::") + 3));
    }
    for (const auto& name : after)
      if (!before.contains(name))
        Add(ResourceType::kBucket, name, ChangeKind::kAdded, "", "configured");
  }

  void Search() {
    const auto& a = a_.config.engines.search;
    const auto& b = b_.config.engines.search;
    if (a == b) return;
    const bool none_before = a.kind == config::SearchKind::kNone;
    const bool none_after = b.kind == config::SearchKind::kNone;
    const bool moved = a.kind != b.kind || a.url != b.url;
    const ChangeKind kind = none_before  ? ChangeKind::kAdded
                            : none_after ? ChangeKind::kRemoved
                            : moved      ? ChangeKind::kReplaced
                                         : ChangeKind::kChanged;
    const auto text = [](const config::SearchEngine& engine) {
      return engine.url.empty() ? NameOf(engine.kind)
                                : fmt::format("{} at {}", NameOf(engine.kind), engine.url);
    };
    std::string note = "an index holds no data of its own";
    if (!none_after && (moved || a.stemming != b.stemming))
      note +=
          ": it is built anew from items and objects, and searches find everything when it is "
          "complete";
    Add(ResourceType::kSearchIndex, "assets and files", kind, text(a), text(b), std::move(note));
  }

  void Accounts() {
    const auto& a = a_.config.auth;
    const auto& b = b_.config.auth;
    if (a.builtin_accounts != b.builtin_accounts) {
      auto& change = Add(ResourceType::kAccounts, "built-in",
                         b.builtin_accounts ? ChangeKind::kAdded : ChangeKind::kRemoved,
                         a.builtin_accounts ? "on" : "off", b.builtin_accounts ? "on" : "off",
                         b.builtin_accounts ? std::string()
                                            : "nobody signs in with them while they are off; the "
                                              "accounts stay, with passwords and second factors");
      if (!b.builtin_accounts) change.holds = Find(usage_.tables, tables::kAccountsTable);
    }
    if (a.external == b.external) return;
    const ChangeKind kind = !a.external.enabled   ? ChangeKind::kAdded
                            : !b.external.enabled ? ChangeKind::kRemoved
                                                  : ChangeKind::kChanged;
    const auto text = [](const config::ExternalProvider& provider) {
      return provider.enabled ? provider.url : std::string("off");
    };
    Add(ResourceType::kAccounts, "external provider", kind, text(a.external), text(b.external),
        "permissions are by user id: who has another id there has the permissions of that id");
  }

  void Feature(std::string_view name, bool before, bool after) {
    if (before == after) return;
    Add(ResourceType::kFeature, std::string(name),
        after ? ChangeKind::kAdded : ChangeKind::kRemoved, before ? "on" : "off",
        after ? "on" : "off");
  }

  void Features() {
    const auto& a = a_.config;
    const auto& b = b_.config;
    Feature("LOCATIONSERVICES", a.location_service, b.location_service);
    Feature("ALBDEPLOY", a.alb.enabled, b.alb.enabled);
    Feature("CLOUDFRONTDEPLOY", a.cloud_front.enabled, b.cloud_front.enabled);
    Feature("ALLOWUNSAFEEVAL", a.web_ui.allow_unsafe_eval, b.web_ui.allow_unsafe_eval);
    Feature("NOOPENSEARCH", a.engines.search.kind == config::SearchKind::kNone,
            b.engines.search.kind == config::SearchKind::kNone);
  }

  void Pipelines() {
    for (const auto& [name, after] : b_.config.pipelines) {
      const auto found = a_.config.pipelines.find(name);
      const config::Pipeline before =
          found == a_.config.pipelines.end() ? config::Pipeline{} : found->second;
      if (before == after || (!before.enabled && !after.enabled)) continue;
      const ChangeKind kind = !before.enabled  ? ChangeKind::kAdded
                              : !after.enabled ? ChangeKind::kRemoved
                                               : ChangeKind::kChanged;
      Add(ResourceType::kPipeline, name, kind, before.enabled ? "on" : "off",
          after.enabled ? "on" : "off",
          kind == ChangeKind::kRemoved ? "pipelines and workflows that are registered stay as they "
                                         "are, and so does what they made"
                                       : "");
    }
  }

  void Listeners() {
    const auto& a = a_.config.server;
    const auto& b = b_.config.server;
    for (const auto& address : a.listen)
      if (std::ranges::find(b.listen, address) == b.listen.end())
        Add(ResourceType::kListener, address, ChangeKind::kRemoved, "listens", "");
    for (const auto& address : b.listen)
      if (std::ranges::find(a.listen, address) == a.listen.end())
        Add(ResourceType::kListener, address, ChangeKind::kAdded, "", "listens");
    const auto tls = [](const config::Config& config) {
      return config.server.tls_certificate.empty() ? config.alb.certificate_file
                                                   : config.server.tls_certificate;
    };
    if (tls(a_.config) != tls(b_.config) || a.tls_key != b.tls_key)
      Add(ResourceType::kListener, "TLS",
          tls(a_.config).empty()   ? ChangeKind::kAdded
          : tls(b_.config).empty() ? ChangeKind::kRemoved
                                   : ChangeKind::kChanged,
          tls(a_.config).empty() ? "off" : tls(a_.config),
          tls(b_.config).empty() ? "off" : tls(b_.config));
    const auto host_before = PublicUrlOf(a_.config), host_after = PublicUrlOf(b_.config);
    if (host_before != host_after)
      Add(ResourceType::kListener, "public host",
          host_before.empty()  ? ChangeKind::kAdded
          : host_after.empty() ? ChangeKind::kRemoved
                               : ChangeKind::kChanged,
          host_before, host_after,
          "links that were handed out before lead to the old name, and everybody signs in again");
  }

  void Encryption() {
    const auto& a = a_.config.encryption;
    const auto& b = b_.config.encryption;
    if (a == b) return;
    const auto text = [](const config::Encryption& e) {
      return !e.enabled           ? std::string("off")
             : e.key_file.empty() ? std::string("the stack's own key")
                                  : e.key_file;
    };
    if (a.enabled && b.enabled) {
      Add(ResourceType::kEncryption, "stack key", ChangeKind::kChanged, text(a), text(b),
          "contents stay as they are; the server does not start before \"vams objects rewrap\" has "
          "put the new key in the place of the old one");
      return;
    }
    auto& change =
        Add(ResourceType::kEncryption, "contents",
            b.enabled ? ChangeKind::kAdded : ChangeKind::kRemoved, text(a), text(b),
            b.enabled
                ? "contents that are there are not encrypted, and an update does not write them "
                  "anew: \"vams ab start\" with this configuration makes a second stack, in which "
                  "they are"
                : "contents that are there could not be read any more: \"vams ab start\" with this "
                  "configuration makes a second stack, in which they are not encrypted");
    // Objects whose bytes are not here have nothing to be encrypted.
    if (const Extent contents = Sum(usage_.buckets); contents.bytes > 0)
      Unreachable(change, contents);
  }

  void Settings() {
    LeafValues before, after;
    Leaves(config::ConfigJson(a_.config), "", before);
    Leaves(config::ConfigJson(b_.config), "", after);
    std::set<std::string> paths;
    for (const auto& [path, value] : before) paths.insert(path);
    for (const auto& [path, value] : after) paths.insert(path);
    const auto text = [](const LeafValues& leaves, const std::string& path) {
      const auto leaf = leaves.find(path);
      return leaf == leaves.end() ? std::string() : ShownText(Shown(path, leaf->second));
    };
    for (const auto& path : paths) {
      if (IsSpokenFor(path)) continue;
      const auto x = before.find(path), y = after.find(path);
      if (x != before.end() && y != after.end() && x->second == y->second) continue;
      Add(ResourceType::kSetting, path,
          x == before.end()  ? ChangeKind::kAdded
          : y == after.end() ? ChangeKind::kRemoved
                             : ChangeKind::kChanged,
          text(before, path), text(after, path),
          path == "backup.repository"
              ? "backups that were made before stay where they are, and are not listed from there"
              : "");
    }
  }

  const Side& a_;
  const Side& b_;
  const Usage& usage_;
  std::vector<ResourceChange>& changes_;
};

}  // namespace

void CompareConfigs(const Side& before, const Side& after, const Usage& usage,
                    std::vector<ResourceChange>& changes) {
  ConfigComparer(before, after, usage, changes).Run();
}

}  // namespace vams::lifecycle::diff::internal
