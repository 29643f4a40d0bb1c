#include "catalog/records.h"

#include <fmt/chrono.h>

#include "base/clock.h"

namespace vams::catalog {

using items::Item;
using items::Kind;
using items::Value;

namespace {
constexpr std::size_t kSecondsLength = 19;  // of "2025-04-08T06:00:00"
constexpr std::size_t kMillisLength = 23;
}  // namespace

Status ForEachItem(OpContext& op, items::ItemSource& source, std::string_view table,
                   const ItemVisitor& visit) {
  std::string after;
  do {
    TRY(items::Page page, source.Scan(op, table, {}, after, kPageItems));
    for (Item& item : page.items) visit(std::move(item));
    after = std::move(page.next);
  } while (!after.empty());
  return Ok();
}

Status ForEachOfPartition(OpContext& op, items::ItemSource& source, std::string_view table,
                          std::string_view partition, const ItemVisitor& visit) {
  items::QueryRequest request;
  request.table = table;
  request.partition = Value::S(std::string(partition));
  request.limit = kPageItems;
  do {
    TRY(items::Page page, source.Query(op, request));
    for (Item& item : page.items) visit(std::move(item));
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return Ok();
}

Item DatabaseKey(std::string_view stored_id) {
  return {{"databaseId", Value::S(std::string(stored_id))}};
}

Item RoleKey(std::string_view role) { return {{"roleName", Value::S(std::string(role))}}; }

Item UserRoleKey(std::string_view user, std::string_view role) {
  return {{"roleName", Value::S(std::string(role))}, {"userId", Value::S(std::string(user))}};
}

bool UsableWithoutMfa(const Item& role) {
  const Value* required = role.Find("mfaRequired");
  return required == nullptr || (required->is(Kind::kBool) && !required->boolean());
}

std::string IsoSecondsNoZone(std::int64_t millis) {
  return IsoMillis(millis).substr(0, kSecondsLength);
}

std::string IsoMicrosNoZone(std::int64_t millis) {
  return IsoMillis(millis).substr(0, kMillisLength) + "000";
}

std::string LongDate(std::int64_t millis) {
  return fmt::format("{:%B %d %Y - %H:%M:%S}", fmt::gmtime(millis / 1000));
}

Value TextOrNull(const std::optional<std::string>& text) {
  return text ? Value::S(*text) : Value::Null();
}

std::optional<std::string> TextIfAny(const Item& item, std::string_view attribute) {
  const Value* value = item.Find(attribute);
  if (value == nullptr || !value->is(Kind::kS)) return std::nullopt;
  return value->text();
}

}  // namespace vams::catalog
