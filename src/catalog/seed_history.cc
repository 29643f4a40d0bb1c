#include "catalog/seed_history.h"

#include <initializer_list>
#include <set>
#include <span>

#include "access/defaults.h"

namespace vams::catalog {

using access::Constraint;
using access::Criterion;
using access::Permission;

namespace {

using Paths = std::vector<std::string_view>;

constexpr std::string_view kWebPaths[] = {"/assets", "/databases", "/pipelines", "/search",
                                          "/workflows"};
constexpr std::string_view kApiPaths[] = {
    "/secure-config", "/api/amplify-config", "/auth/routes",
    "/asset-links",   "/comments",           "/database",
    "/assets",        "/metadata",           "/pipelines",
    "/search",        "/subscriptions",      "/check-subscription",
    "/tags",          "/tag-types",          "/workflows"};
constexpr std::string_view kPostPaths[] = {"/auth/routes", "/search", "/check-subscription"};

std::vector<Criterion> StartsWith(std::span<const std::string_view> paths,
                                  std::initializer_list<std::string_view> more = {}) {
  std::vector<Criterion> criteria;
  const auto add = [&](std::string_view path) {
    criteria.push_back({"route__path", "starts_with", {std::string(path)}, false, {}});
  };
  for (const std::string_view path : paths) add(path);
  for (const std::string_view path : more) add(path);
  return criteria;
}

std::string ForReaders(std::string_view type, std::string_view action,
                       std::vector<Criterion> any_of, std::vector<Criterion> all_of = {}) {
  Constraint constraint;
  constraint.object_type = type;
  constraint.criteria_and = std::move(all_of);
  constraint.criteria_or = std::move(any_of);
  constraint.groups = {{std::string(access::kReadOnlyRole), std::string(action), "allow", {}}};
  return MeaningOf(constraint);
}

}  // namespace

std::string MeaningOf(const Constraint& constraint) {
  constexpr char kEntry = '\x1e';
  constexpr char kPart = '\x1f';
  std::multiset<std::string> entries;
  const auto add_criteria = [&](char kind, const std::vector<Criterion>& criteria) {
    for (const Criterion& criterion : criteria) {
      std::string entry{kind};
      entry += criterion.field + kPart + criterion.op;
      for (const std::string& value : criterion.values) entry += kPart + value;
      if (criterion.is_list) entry += kPart;
      entries.insert(std::move(entry));
    }
  };
  const auto add_permissions = [&](char kind, const std::vector<Permission>& permissions) {
    for (const Permission& p : permissions)
      entries.insert(std::string{kind} + p.who + kPart + p.action + kPart +
                     (p.type.empty() ? "allow" : p.type));
  };
  add_criteria('A', constraint.criteria_and);
  add_criteria('O', constraint.criteria_or);
  add_permissions('G', constraint.groups);
  add_permissions('U', constraint.users);
  std::string meaning = constraint.object_type;
  for (const std::string& entry : entries) meaning += kEntry + entry;
  return meaning;
}

std::vector<std::string> EarlierMeanings(std::string_view id) {
  if (id == "initial_basicro_allow_web_paths_get")
    return {ForReaders("web", "GET", StartsWith(kWebPaths, {"/metadataschema"})),
            ForReaders("web", "GET", StartsWith(kWebPaths, {"/metadataschema", "/comments"})),
            ForReaders("web", "GET", StartsWith(kWebPaths, {"/comments"}))};
  if (id == "initial_basicro_allow_get_apis")
    return {
        ForReaders("api", "GET", StartsWith(kApiPaths, {"/auth/loginProfile", "/metadataschema"})),
        ForReaders("api", "GET", StartsWith(kApiPaths, {"/auxiliaryPreviewAssets"})),
        ForReaders("api", "GET",
                   StartsWith(kApiPaths, {"/auxiliaryPreviewAssets", "/metadataschema"}))};
  if (id == "initial_basicro_allow_post_apis")
    return {ForReaders("api", "POST", {}, StartsWith(kPostPaths))};
  return {};
}

}  // namespace vams::catalog
