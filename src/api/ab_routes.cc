#include "api/ab_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "access/defaults.h"
#include "api/paging.h"
#include "base/encoding.h"
#include "base/json.h"
#include "lifecycle/ab/wire.h"

namespace vams::api {

namespace ab = lifecycle::ab;
namespace json = boost::json;

namespace {

constexpr std::size_t kMostRows = 5000;
constexpr std::size_t kMostChanges = 2000;
constexpr std::size_t kLongestWaitMillis = 10'000;

// The bytes of one content; the receiver verifies them.
class ContentBody final : public http::BodySource {
 public:
  explicit ContentBody(std::unique_ptr<objects::BlobReader> reader) : reader_(std::move(reader)) {}
  std::optional<std::uint64_t> length() const override { return reader_->size(); }
  Result<std::size_t> Read(OpContext& /*op*/, std::span<char> buffer) override {
    TRY(const std::size_t count, reader_->ReadAt(at_, buffer.data(), buffer.size()));
    at_ += count;
    return count;
  }

 private:
  const std::unique_ptr<objects::BlobReader> reader_;
  std::uint64_t at_ = 0;
};

Result<http::Response> RefuseAb(Call& call, const Error& error) {
  call.Because(error.message);
  switch (error.code) {
    case Code::kConflict:
      return Refuse(409, error.message);
    case Code::kNotFound:
      return Refuse(404, error.message);
    case Code::kInvalid:
      return Refuse(400, error.message);
    default:
      return Refuse(503, error.message);
  }
}

using Work = std::function<Result<http::Response>(Call&, ab::Door&)>;

// The administrators' role, on top of the path that constraints let through.
Endpoint ForAdministrators(ab::Door& door, Work work) {
  return [&door, work = std::move(work)](Call& call) -> Result<http::Response> {
    TRY(const auto roles, call.s.permissions.RolesOf(call.op, call.user()));
    if (std::ranges::find(roles, access::kAdminRole) == roles.end()) {
      call.Because("the caller does not have the role admin");
      return Refuse(403, "Not Authorized");
    }
    door.Prolong();
    auto answer = work(call, door);
    return answer.ok() ? std::move(answer) : RefuseAb(call, answer.error());
  };
}

std::uint64_t NumberOf(const Call& call, std::string_view name, std::uint64_t otherwise) {
  return FindNumber(call.request, name, 0).value_or(otherwise);
}

// kConflict if the caller follows another generation than the one that is served.
Result<ab::StackSource*> Followed(Call& call, ab::Door& door) {
  TRY(ab::StackSource* const source, door.Open());
  const std::uint64_t generation = NumberOf(call, "generation", 0);
  if (generation != source->stack().current.number)
    return Error(Code::kConflict, fmt::format("generation {} is served, not {}; copy anew",
                                              source->stack().current.number, generation));
  return source;
}

Result<http::Response> Look(Call& call, ab::Door& door) {
  TRY(ab::StackSource* const source, door.Open());
  TRY(const auto look, source->Look(call.op));
  return Answer(ab::LookJson(look));
}

Result<http::Response> Tables(Call& call, ab::Door& door) {
  TRY(ab::StackSource* const source, door.Open());
  TRY(const auto tables, source->Tables(call.op));
  return Answer(ab::TablesJson(tables));
}

Result<http::Response> Rows(Call& call, ab::Door& door) {
  TRY(ab::StackSource* const source, Followed(call, door));
  const auto after = Base64Decode(call.request.FindQuery("after").value_or(""));
  if (!after) return Error(Code::kInvalid, "the cursor is not one that was given");
  std::vector<std::string> rows;
  TRY(const std::string next,
      source->Rows(call.op, call.request.FindQuery("table").value_or(""), *after,
                   std::clamp<std::uint64_t>(NumberOf(call, "limit", 1000), 1, kMostRows),
                   [&](std::string_view encoded) {
                     rows.emplace_back(encoded);
                     return Ok();
                   }));
  return Answer(ab::RowsJson(rows, next));
}

Result<http::Response> Items(Call& call, ab::Door& door) {
  PARSE(const auto body, Body(call));
  TRY(const auto asked, ab::KeysFrom(body));
  TRY(ab::StackSource* const source, door.Open());
  TRY(const auto found, source->Now(call.op, asked.table, asked.keys));
  return Answer(ab::ItemsJson(found));
}

Result<http::Response> Changes(Call& call, ab::Door& door) {
  TRY(ab::StackSource* const source, Followed(call, door));
  const std::chrono::milliseconds wait(
      std::min<std::uint64_t>(NumberOf(call, "wait", 0), kLongestWaitMillis));
  TRY(const auto page,
      source->Changes(call.op, NumberOf(call, "after", 0),
                      std::clamp<std::uint64_t>(NumberOf(call, "limit", 500), 1, kMostChanges),
                      wait));
  return Answer(ab::ChangesJson(page));
}

Result<http::Response> Content(Call& call, ab::Door& door) {
  TRY(ab::StackSource* const source, door.Open());
  TRY(auto reader, source->blobs().OpenForReading(call.request.Parameter("sha256")));
  http::Response response;
  response.headers.Set("Content-Type", "application/octet-stream");
  response.stream = std::make_shared<ContentBody>(std::move(reader));
  return response;
}

Result<http::Response> TakeInventory(Call& call, ab::Door& door) {
  PARSE(const auto body, Body(call));
  std::vector<std::string> names;
  if (const json::value* list = body.if_contains("tables"); list != nullptr && list->is_array())
    for (const json::value& name : list->as_array())
      if (name.is_string()) names.emplace_back(name.as_string());
  TRY(ab::StackSource* const source, door.Open());
  TRY(const auto inventory, source->TakeInventory(call.op, names));
  return Answer(ab::InventoryJson(inventory));
}

Result<http::Response> Join(Call& call, ab::Door& door) {
  PARSE(const auto body, Body(call));
  TRY(const auto joining, ab::JoiningFrom(body));
  TRY(const auto joined, door.Join(call.op, joining));
  // Not the key.
  call.Audit(audit::Channel::kActions, "abJoin",
             {{"deployment", joining.deployment}, {"stack", joining.stack}, {"url", joining.url}});
  return Answer(ab::JoinedJson(joined));
}

Result<http::Response> Freeze(Call& call, ab::Door& door) {
  PARSE(const auto body, Body(call));
  TRY(const auto last, door.Freeze(call.op, TextOf(body, "deployment")));
  call.Audit(audit::Channel::kActions, "abFreeze", {{"lastChange", last}});
  return Answer(ab::PositionJson(last));
}

Result<http::Response> Thaw(Call& call, ab::Door& door) {
  PARSE(const auto body, Body(call));
  TRY_OK(door.Thaw(call.op, TextOf(body, "deployment")));
  call.Audit(audit::Channel::kActions, "abThaw", {});
  return Answer(json::object{});
}

Result<http::Response> HandOver(Call& call, ab::Door& door) {
  PARSE(const auto body, Body(call));
  const json::value* told = body.if_contains("state");
  if (told == nullptr || !told->is_object())
    return Error(Code::kInvalid, "the new state of this side is missing");
  TRY(const auto becomes, ab::StateFrom(told->as_object(), "the new state of this side"));
  TRY_OK(door.HandOver(call.op, TextOf(body, "deployment"), becomes));
  call.Audit(audit::Channel::kActions, "abHandOver", {{"epoch", becomes.epoch}});
  return Answer(json::object{});
}

Result<http::Response> Retire(Call& call, ab::Door& door) {
  PARSE(const auto body, Body(call));
  TRY_OK(door.Retire(call.op, TextOf(body, "deployment")));
  call.Audit(audit::Channel::kActions, "abRetire", {});
  return Answer(json::object{});
}

Result<http::Response> Leave(Call& call, ab::Door& door) {
  PARSE(const auto body, Body(call));
  TRY(const bool left, door.Leave(TextOf(body, "deployment")));
  if (left) call.Audit(audit::Channel::kActions, "abLeave", {});
  return Answer(json::object{{"left", left}});
}

}  // namespace

void AddAbRoutes(Gate& gate, ab::Door& door) {
  using http::Verb;
  const auto path = [](std::string_view name) { return fmt::format("{}{}", ab::kEndpoints, name); };
  // They may wait for long: on the pool of transfers, not on that of everybody.
  RouteGroup reading(gate, {.tag = "lifecycle", .streams_body = true, .unlimited = true});
  reading.Add(Verb::kGet, path("/look"), "abLook", "How the side that serves is",
              ForAdministrators(door, Look));
  reading.Add(Verb::kGet, path("/tables"), "abTables", "Its tables",
              ForAdministrators(door, Tables));
  reading.Add(Verb::kGet, path("/rows"), "abRows", "A page of a table's rows",
              ForAdministrators(door, Rows));
  reading.Add(Verb::kGet, path("/changes"), "abChanges", "Changes behind a position",
              ForAdministrators(door, Changes));
  reading.Add(Verb::kGet, path("/contents/{sha256}"), "abContent", "A content by its digest",
              ForAdministrators(door, Content));
  RouteGroup asking(gate, {.tag = "lifecycle", .reads = true, .unlimited = true});
  asking.Add(Verb::kPost, path("/items"), "abItems", "Items as they are now",
             ForAdministrators(door, Items));
  asking.Add(Verb::kPost, path("/inventory"), "abInventory", "Counts and digests of tables",
             ForAdministrators(door, TakeInventory));
  RouteGroup changing(gate, {.tag = "lifecycle", .unlimited = true});
  changing.Add(Verb::kPost, path("/join"), "abJoin", "Begin a deployment with a standby",
               ForAdministrators(door, Join));
  changing.Add(Verb::kPost, path("/freeze"), "abFreeze", "Hold writes back",
               ForAdministrators(door, Freeze));
  changing.Add(Verb::kPost, path("/thaw"), "abThaw", "Take writes again",
               ForAdministrators(door, Thaw));
  changing.Add(Verb::kPost, path("/handover"), "abHandOver", "Give the role away",
               ForAdministrators(door, HandOver));
  changing.Add(Verb::kPost, path("/retire"), "abRetire", "Become the standby",
               ForAdministrators(door, Retire));
  changing.Add(Verb::kPost, path("/leave"), "abLeave", "Go on without the standby",
               ForAdministrators(door, Leave));
}

}  // namespace vams::api
