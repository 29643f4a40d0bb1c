// What goes between the two sides when they are on different machines: the answers of a Source as
// JSON, items as base64 of their stored form.  For http_source.cc, which reads it, and for the
// endpoints of the serving side, which write it.  Format: docs/formats/ab-state.md, "Endpoints".
//
// Pure; thread-safe.  Reading is strict: kUnavailable for what a release of the other side means
// that this one does not understand.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "items/store.h"
#include "lifecycle/ab/source.h"

namespace vams::lifecycle::ab {

inline constexpr std::string_view kEndpoints = "/admin/ab";

boost::json::object LookJson(const SourceLook& look);
Result<SourceLook> LookFrom(const boost::json::value& value);

// What a standby answers there instead, with 503 and to everybody: that it is one.
boost::json::object StandbyLookJson(const Stack& stack, const State& state);
// Nothing if it is no such answer.
std::optional<SourceLook> StandbyLookFrom(const boost::json::value& value);

boost::json::object TablesJson(const std::vector<items::TableSpec>& specs);
Result<std::vector<items::TableSpec>> TablesFrom(const boost::json::value& value);

boost::json::object RowsJson(const std::vector<std::string>& encoded, std::string_view next);
struct RowPage {
  std::vector<std::string> encoded;
  std::string next;
};
Result<RowPage> RowsFrom(const boost::json::value& value);

boost::json::object KeysJson(std::string_view table, std::span<const items::Item> keys);
struct KeysAsked {
  std::string table;
  std::vector<items::Item> keys;
};
Result<KeysAsked> KeysFrom(const boost::json::value& value);
boost::json::object ItemsJson(const std::vector<std::optional<items::Item>>& found);
Result<std::vector<std::optional<items::Item>>> ItemsFrom(const boost::json::value& value);

// Without the images before: a follower has them.
boost::json::object ChangesJson(const items::ChangePage& page);
Result<items::ChangePage> ChangesFrom(const boost::json::value& value);

boost::json::object InventoryJson(const Inventory& inventory);
Result<Inventory> InventoryFrom(const boost::json::value& value);

// A side that joins a deployment, and what it is told.
struct Joining {
  std::string deployment;
  std::string stack, url;  // of the one that joins
  std::string key;         // opens its endpoints once the roles have changed: a secret
};
struct Joined {
  std::uint64_t epoch = 1;
  std::string data_name, issuer;
};
boost::json::object JoiningJson(const Joining& joining);
Result<Joining> JoiningFrom(const boost::json::value& value);
boost::json::object JoinedJson(const Joined& joined);
Result<Joined> JoinedFrom(const boost::json::value& value);

// {"lastChange": N}
boost::json::object PositionJson(items::Position position);
Result<items::Position> PositionFrom(const boost::json::value& value);

}  // namespace vams::lifecycle::ab
