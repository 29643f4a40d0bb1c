#include "search/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/hash.h"

namespace vams::search {
namespace {

void AppendText(std::string& out, std::string_view text) {
  char size[24];
  out.append(size, std::to_chars(size, std::end(size), text.size()).ptr);
  out += ':';
  out += text;
  out += ',';
}

// A form that does not depend on the order of members and on how a number is held.
void AppendValue(std::string& out, const boost::json::value& value) {
  if (const auto* object = value.if_object()) {
    std::vector<const boost::json::key_value_pair*> members;
    for (const auto& member : *object) members.push_back(&member);
    std::ranges::sort(members, {}, [](const auto* member) { return member->key(); });
    out += '{';
    for (const auto* member : members) {
      AppendText(out, member->key());
      AppendValue(out, member->value());
    }
    out += '}';
  } else if (const auto* list = value.if_array()) {
    out += '[';
    for (const auto& element : *list) AppendValue(out, element);
    out += ']';
  } else if (const auto* plain = value.if_string()) {
    out += 's';
    AppendText(out, *plain);
  } else if (const auto text = TextForm(value)) {
    out += value.is_bool() ? 'b' : 'n';
    AppendText(out, *text);
  } else {
    out += '-';
  }
}

}  // namespace

std::uint64_t Digest(const Document& document) {
  std::string out(KindName(document.kind));
  AppendText(out, document.id);
  AppendValue(out, document.source);
  AppendText(out, document.access.database);
  AppendText(out, document.access.asset_type);
  for (const std::string& tag : document.access.tags) AppendText(out, tag);
  AppendText(out, document.asset_name);
  out += document.archived ? 'a' : 'l';
  if (const auto& place = document.place)
    fmt::format_to(std::back_inserter(out), "{},{},{},{}", place->south, place->north, place->west,
                   place->east);
  return StableHash(out);
}

}  // namespace vams::search
