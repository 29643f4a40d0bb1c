#include "catalog/exports_token.h"

#include <boost/json.hpp>

#include "base/encoding.h"

namespace vams::catalog {

namespace json = boost::json;

namespace {

constexpr std::string_view kForm = "export";  // the member that tells the form
constexpr int kFormNow = 1;
constexpr std::size_t kLongestId = 256;

bool IsId(const json::value& value) {
  return value.is_string() && !value.get_string().empty() &&
         value.get_string().size() <= kLongestId;
}

// The members of a list of texts: a database's id, then those of some of its assets.
bool TakeGroup(const json::value& value, std::vector<LinkEnd>& ends) {
  if (!value.is_array() || value.get_array().size() < 2) return false;
  const json::array& group = value.get_array();
  for (const json::value& id : group)
    if (!IsId(id)) return false;
  for (std::size_t i = 1; i < group.size(); ++i)
    ends.push_back({std::string(group.front().get_string()), std::string(group[i].get_string())});
  return true;
}

}  // namespace

std::string TokenOf(const ExportPlace& place) {
  // Assets of one database that follow each other name it once.
  json::array groups;
  std::string_view database;
  for (const LinkEnd& end : place.rest) {
    if (groups.empty() || database != end.database_id) {
      groups.push_back(json::array{end.database_id});
      database = end.database_id;
    }
    groups.back().get_array().emplace_back(end.asset_id);
  }
  return Base64Encode(
      json::serialize(json::object{{kForm, kFormNow},
                                   {"root", {place.root.database_id, place.root.asset_id}},
                                   {"total", place.total},
                                   {"rest", std::move(groups)}}));
}

std::optional<ExportPlace> ReadExportToken(std::string_view token, const LinkEnd& root) {
  const auto text = Base64Decode(token);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const json::value value = json::parse(*text, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  const json::value* form = object.if_contains(kForm);
  const json::value* roots = object.if_contains("root");
  const json::value* total = object.if_contains("total");
  const json::value* rest = object.if_contains("rest");
  if (form == nullptr || *form != kFormNow || roots == nullptr || total == nullptr ||
      !total->is_int64() || total->get_int64() < 0 || rest == nullptr || !rest->is_array())
    return std::nullopt;
  ExportPlace place{
      .root = root, .total = static_cast<std::size_t>(total->get_int64()), .rest = {}};
  std::vector<LinkEnd> named;
  if (!TakeGroup(*roots, named) || named != std::vector{root}) return std::nullopt;
  for (const json::value& group : rest->get_array())
    if (!TakeGroup(group, place.rest)) return std::nullopt;
  if (place.rest.empty() || place.total <= place.rest.size()) return std::nullopt;
  return place;
}

}  // namespace vams::catalog
