#include "lifecycle/ab/wire.h"

#include <boost/json.hpp>

#include "base/encoding.h"
#include "items/codec.h"

namespace vams::lifecycle::ab {

namespace json = boost::json;

namespace {

Error Odd(std::string_view what) {
  return {Code::kUnavailable,
          "the other side of the A/B deployment said something that this release does not "
          "understand (" +
              std::string(what) + "); use the same release on both sides"};
}

// Members of an object; the first that is wrong is the reader's error.
class Reader {
 public:
  explicit Reader(const json::value& value) : object_(value.if_object()) {
    if (object_ == nullptr) wrong_ = "no object";
  }
  std::string Text(std::string_view name) {
    const json::value* value = Find(name);
    if (value != nullptr && value->is_string()) return std::string(value->as_string());
    Wrong(name);
    return {};
  }
  std::uint64_t Count(std::string_view name) {
    const json::value* value = Find(name);
    if (value != nullptr && value->is_uint64()) return value->as_uint64();
    if (value != nullptr && value->is_int64() && value->as_int64() >= 0)
      return static_cast<std::uint64_t>(value->as_int64());
    Wrong(name);
    return 0;
  }
  bool Flag(std::string_view name) {
    const json::value* value = Find(name);
    if (value != nullptr && value->is_bool()) return value->as_bool();
    Wrong(name);
    return false;
  }
  const json::array& List(std::string_view name) {
    static const json::array kNone;
    const json::value* value = Find(name);
    if (value != nullptr && value->is_array()) return value->as_array();
    Wrong(name);
    return kNone;
  }
  bool Has(std::string_view name) const {
    const json::value* value = Find(name);
    return value != nullptr && !value->is_null();
  }
  std::string Bytes(std::string_view name) {
    auto bytes = Base64Decode(Text(name));
    if (!bytes) Wrong(name);
    return bytes.value_or("");
  }
  items::Item Item(std::string_view name) { return ItemOf(Bytes(name), name); }
  items::Item ItemOf(const std::string& encoded, std::string_view name) {
    auto item = items::DecodeItem(encoded);
    if (!item.ok()) Wrong(name);
    return item.ok() ? *std::move(item) : items::Item();
  }
  // Each element of a list as bytes.
  std::vector<std::string> Encoded(std::string_view name) {
    std::vector<std::string> all;
    for (const json::value& value : List(name)) {
      auto bytes = value.is_string() ? Base64Decode(value.as_string()) : std::nullopt;
      if (!bytes) Wrong(name);
      all.push_back(bytes.value_or(""));
    }
    return all;
  }
  const json::value* Find(std::string_view name) const {
    return object_ == nullptr ? nullptr : object_->if_contains(name);
  }
  void Wrong(std::string_view name) {
    if (wrong_.empty()) wrong_ = name;
  }
  Status Done() const { return wrong_.empty() ? Ok() : Status(Odd(wrong_)); }

 private:
  const json::object* object_;
  std::string wrong_;
};

json::array ListOf(const std::vector<std::string>& encoded) {
  json::array list;
  for (const std::string& one : encoded) list.emplace_back(Base64Encode(one));
  return list;
}

}  // namespace

json::object LookJson(const SourceLook& look) {
  json::object object{{"stack", look.stack},
                      {"generation", look.generation},
                      {"dataVersion", look.data_version.ToString()},
                      {"lastChange", look.last_change},
                      {"now", look.now_millis}};
  if (look.state) object["state"] = ToJson(*look.state);
  return object;
}

Result<SourceLook> LookFrom(const json::value& value) {
  Reader reader(value);
  SourceLook look{.stack = reader.Text("stack"),
                  .generation = reader.Count("generation"),
                  .last_change = reader.Count("lastChange"),
                  .now_millis = static_cast<std::int64_t>(reader.Count("now")),
                  .state = {}};
  const auto version = tables::DataVersion::Parse(reader.Text("dataVersion"));
  if (!version.ok()) reader.Wrong("dataVersion");
  TRY_OK(reader.Done());
  look.data_version = *version;
  if (const json::value* state = reader.Find("state"); state != nullptr && state->is_object()) {
    TRY(look.state, StateFrom(state->as_object(), "what the other side says"));
  }
  return look;
}

json::object StandbyLookJson(const Stack& stack, const State& state) {
  return {{"message", "this stack is a standby"},
          {"role", NameOf(Role::kStandby)},
          {"deployment", state.deployment},
          {"epoch", state.epoch},
          {"generation", stack.current.number},
          {"dataVersion", stack.current.data_version.ToString()}};
}

std::optional<SourceLook> StandbyLookFrom(const json::value& value) {
  Reader reader(value);
  SourceLook look{.generation = reader.Count("generation"), .state = State{}};
  look.state->role = Role::kStandby;
  look.state->deployment = reader.Text("deployment");
  look.state->epoch = reader.Count("epoch");
  const auto version = tables::DataVersion::Parse(reader.Text("dataVersion"));
  if (!version.ok() || reader.Text("role") != NameOf(Role::kStandby) || !reader.Done().ok())
    return std::nullopt;
  look.data_version = *version;
  return look;
}

json::object TablesJson(const std::vector<items::TableSpec>& specs) {
  json::array list;
  for (const auto& spec : specs) list.emplace_back(items::EncodeTableSpec(spec));
  return {{"tables", std::move(list)}};
}

Result<std::vector<items::TableSpec>> TablesFrom(const json::value& value) {
  Reader reader(value);
  std::vector<items::TableSpec> specs;
  for (const json::value& text : reader.List("tables")) {
    if (!text.is_string()) return Odd("tables");
    TRY(auto spec, items::DecodeTableSpec(text.as_string()));
    specs.push_back(std::move(spec));
  }
  TRY_OK(reader.Done());
  return specs;
}

json::object RowsJson(const std::vector<std::string>& encoded, std::string_view next) {
  return {{"rows", ListOf(encoded)}, {"next", Base64Encode(next)}};
}

Result<RowPage> RowsFrom(const json::value& value) {
  Reader reader(value);
  RowPage page{.encoded = reader.Encoded("rows"), .next = reader.Bytes("next")};
  TRY_OK(reader.Done());
  return page;
}

json::object KeysJson(std::string_view table, std::span<const items::Item> keys) {
  std::vector<std::string> encoded;
  for (const auto& key : keys) encoded.push_back(items::EncodeItem(key));
  return {{"table", table}, {"keys", ListOf(encoded)}};
}

Result<KeysAsked> KeysFrom(const json::value& value) {
  Reader reader(value);
  KeysAsked asked{.table = reader.Text("table"), .keys = {}};
  for (const std::string& encoded : reader.Encoded("keys"))
    asked.keys.push_back(reader.ItemOf(encoded, "keys"));
  TRY_OK(reader.Done());
  return asked;
}

json::object ItemsJson(const std::vector<std::optional<items::Item>>& found) {
  json::array list;
  for (const auto& item : found)
    list.push_back(item ? json::value(Base64Encode(items::EncodeItem(*item))) : json::value());
  return {{"items", std::move(list)}};
}

Result<std::vector<std::optional<items::Item>>> ItemsFrom(const json::value& value) {
  Reader reader(value);
  std::vector<std::optional<items::Item>> found;
  for (const json::value& item : reader.List("items")) {
    if (item.is_null()) {
      found.emplace_back();
      continue;
    }
    const auto bytes = item.is_string() ? Base64Decode(item.as_string()) : std::nullopt;
    if (!bytes) return Odd("items");
    found.emplace_back(reader.ItemOf(*bytes, "items"));
  }
  TRY_OK(reader.Done());
  return found;
}

json::object ChangesJson(const items::ChangePage& page) {
  json::array list;
  for (const auto& change : page.changes) {
    json::object one{{"position", change.position},
                     {"at", change.at_millis},
                     {"table", change.table},
                     {"key", Base64Encode(items::EncodeItem(change.key))},
                     {"deleted", change.op == items::Change::Op::kDelete},
                     {"images", change.has_images}};
    if (change.after) one["after"] = Base64Encode(items::EncodeItem(*change.after));
    list.push_back(std::move(one));
  }
  return {{"changes", std::move(list)}, {"next", page.next}};
}

Result<items::ChangePage> ChangesFrom(const json::value& value) {
  Reader reader(value);
  items::ChangePage page;
  page.next = reader.Count("next");
  for (const json::value& one : reader.List("changes")) {
    Reader of(one);
    items::Change change{
        .position = of.Count("position"),
        .at_millis = static_cast<std::int64_t>(of.Count("at")),
        .table = of.Text("table"),
        .key = of.Item("key"),
        .op = of.Flag("deleted") ? items::Change::Op::kDelete : items::Change::Op::kPut,
        .has_images = of.Flag("images")};
    if (of.Has("after")) change.after = of.Item("after");
    TRY_OK(of.Done());
    page.changes.push_back(std::move(change));
  }
  TRY_OK(reader.Done());
  return page;
}

json::object InventoryJson(const Inventory& inventory) {
  json::array tables;
  for (const auto& table : inventory.tables)
    tables.push_back(json::object{{"table", table.table},
                                  {"rows", table.digest.count},
                                  {"digest", migrate::ToHex(table.digest)},
                                  {"samples", ListOf(table.samples)}});
  return {{"position", inventory.position}, {"tables", std::move(tables)}};
}

Result<Inventory> InventoryFrom(const json::value& value) {
  Reader reader(value);
  Inventory inventory{.position = reader.Count("position"), .tables = {}};
  for (const json::value& one : reader.List("tables")) {
    Reader of(one);
    TableInventory table{.table = of.Text("table"), .digest = {}, .samples = of.Encoded("samples")};
    const auto digest = migrate::DigestFrom(of.Count("rows"), of.Text("digest"));
    if (!digest.ok()) of.Wrong("digest");
    TRY_OK(of.Done());
    table.digest = *digest;
    inventory.tables.push_back(std::move(table));
  }
  TRY_OK(reader.Done());
  return inventory;
}

json::object JoiningJson(const Joining& joining) {
  return {{"deployment", joining.deployment},
          {"stack", joining.stack},
          {"url", joining.url},
          {"key", joining.key}};
}

Result<Joining> JoiningFrom(const json::value& value) {
  Reader reader(value);
  Joining joining{.deployment = reader.Text("deployment"),
                  .stack = reader.Text("stack"),
                  .url = reader.Text("url"),
                  .key = reader.Text("key")};
  TRY_OK(reader.Done());
  return joining;
}

json::object JoinedJson(const Joined& joined) {
  return {{"epoch", joined.epoch}, {"dataName", joined.data_name}, {"issuer", joined.issuer}};
}

Result<Joined> JoinedFrom(const json::value& value) {
  Reader reader(value);
  Joined joined{.epoch = reader.Count("epoch"),
                .data_name = reader.Text("dataName"),
                .issuer = reader.Text("issuer")};
  TRY_OK(reader.Done());
  return joined;
}

json::object PositionJson(items::Position position) { return {{"lastChange", position}}; }

Result<items::Position> PositionFrom(const json::value& value) {
  Reader reader(value);
  const items::Position position = reader.Count("lastChange");
  TRY_OK(reader.Done());
  return position;
}

}  // namespace vams::lifecycle::ab
