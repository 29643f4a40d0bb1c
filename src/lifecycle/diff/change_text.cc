#include <fmt/format.h>

#include <boost/json.hpp>

#include "lifecycle/diff/change_set.h"

namespace vams::lifecycle::diff {

namespace json = boost::json;

namespace {

json::object ToJson(const Extent& extent) {
  return {{"rows", extent.rows}, {"bytes", extent.bytes}};
}

std::string DataText(const ResourceChange& change) {
  if (change.impossible_in_place) return "loses data: not possible in place";
  if (change.loses_data()) return "loses data";
  if (change.carried.rows > 0) return fmt::format("carried over by {}", change.carried_by);
  if (change.holds.rows > 0) return "kept";
  return change.carried_by.empty() ? "none" : fmt::format("none ({})", change.carried_by);
}

std::string FromTo(const ResourceChange& change) {
  if (change.before.empty() && change.after.empty()) return {};
  if (change.before.empty()) return change.after;
  if (change.after.empty()) return change.before;
  return fmt::format("{} -> {}", change.before, change.after);
}

}  // namespace

json::object ToJson(const ResourceChange& change) {
  json::object object{{"resource", change.resource()}, {"type", NameOf(change.type)},
                      {"name", change.name},           {"change", NameOf(change.kind)},
                      {"before", change.before},       {"after", change.after},
                      {"holds", ToJson(change.holds)}, {"carried", ToJson(change.carried)},
                      {"lost", ToJson(change.lost)},   {"losesData", change.loses_data()}};
  if (!change.carried_by.empty()) object["carriedBy"] = change.carried_by;
  if (!change.note.empty()) object["note"] = change.note;
  if (change.impossible_in_place) object["impossibleInPlace"] = true;
  return object;
}

json::object ToJson(const ChangeSet& set) {
  json::array changes, path;
  for (const auto& change : set.changes) changes.push_back(ToJson(change));
  for (const auto& step : set.path) path.push_back(json::string(step));
  return {{"stack", set.stack},
          {"from", set.from.ToString()},
          {"to", set.to.ToString()},
          {"steps", std::move(path)},
          {"changes", std::move(changes)},
          {"bytesEstimated", set.bytes_estimated},
          {"destructive", set.destructive()},
          {"losesData", set.loses_data()}};
}

std::string ToText(const ChangeSet& set) {
  if (set.empty()) return fmt::format("stack \"{}\": no differences\n", set.stack);
  std::string text = fmt::format("stack \"{}\", data version {}", set.stack, set.from.ToString());
  if (set.from != set.to) text += fmt::format(" -> {}", set.to.ToString());
  text += "\n";
  std::size_t widest = 0;
  for (const auto& change : set.changes) widest = std::max(widest, change.resource().size());
  for (const auto& change : set.changes) {
    text += fmt::format("{:<8}  {:<{}}  {}", NameOf(change.kind), change.resource(), widest,
                        FromTo(change));
    while (text.ends_with(' ')) text.pop_back();
    text += "\n";
    const std::string indent(10, ' ');
    if (change.holds.rows > 0)
      text += fmt::format("{}{} row{}, {}{} bytes: {}\n", indent, change.holds.rows,
                          change.holds.rows == 1 ? "" : "s", set.bytes_estimated ? "about " : "",
                          change.holds.bytes, DataText(change));
    if (!change.note.empty()) text += fmt::format("{}{}\n", indent, change.note);
  }
  return text;
}

}  // namespace vams::lifecycle::diff
