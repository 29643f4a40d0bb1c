#include "items/dynamodb/schema.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <stdexcept>

namespace vams::items::dynamodb {

namespace {

namespace json = boost::json;

json::array KeySchema(const KeyAttribute& partition, const KeyAttribute& sort) {
  json::array out{json::object{{"AttributeName", partition.name}, {"KeyType", "HASH"}}};
  if (!sort.empty())
    out.push_back(json::object{{"AttributeName", sort.name}, {"KeyType", "RANGE"}});
  return out;
}

json::object IndexJson(const IndexSpec& index) {
  json::object projection;
  switch (index.projection) {
    case IndexSpec::Projection::kAll:
      projection["ProjectionType"] = "ALL";
      break;
    case IndexSpec::Projection::kKeysOnly:
      projection["ProjectionType"] = "KEYS_ONLY";
      break;
    case IndexSpec::Projection::kInclude:
      projection["ProjectionType"] = "INCLUDE";
      projection["NonKeyAttributes"] = json::array(index.included.begin(), index.included.end());
      break;
  }
  return {{"IndexName", index.name},
          {"KeySchema", KeySchema(index.partition, index.sort)},
          {"Projection", std::move(projection)}};
}

std::string Text(const json::value& value) { return std::string(value.as_string()); }

struct Keys {
  KeyAttribute partition;
  KeyAttribute sort;
};

Keys ParseKeys(const json::object& object, const std::map<std::string, Kind>& kinds) {
  Keys keys;
  for (const auto& element : object.at("KeySchema").as_array()) {
    const std::string name = Text(element.as_object().at("AttributeName"));
    const KeyAttribute key{name, kinds.at(name)};
    (Text(element.as_object().at("KeyType")) == "HASH" ? keys.partition : keys.sort) = key;
  }
  return keys;
}

IndexSpec ParseIndex(const json::object& object, const std::map<std::string, Kind>& kinds,
                     bool local) {
  IndexSpec index;
  index.name = Text(object.at("IndexName"));
  auto [partition, sort] = ParseKeys(object, kinds);
  index.partition = std::move(partition);
  index.sort = std::move(sort);
  index.local = local;
  const auto& projection = object.at("Projection").as_object();
  const std::string type = Text(projection.at("ProjectionType"));
  if (type == "KEYS_ONLY") index.projection = IndexSpec::Projection::kKeysOnly;
  if (type == "INCLUDE") {
    index.projection = IndexSpec::Projection::kInclude;
    for (const auto& name : projection.at("NonKeyAttributes").as_array())
      index.included.push_back(Text(name));
  }
  return index;
}

TableDescription Parse(const json::object& answer, std::string_view name) {
  const auto* nested = answer.if_contains("Table");
  if (nested == nullptr) nested = &answer.at("TableDescription");
  const auto& table = nested->as_object();
  TableDescription out;
  out.spec.name = std::string(name);
  if (const auto* status = table.if_contains("TableStatus")) out.status = Text(*status);
  if (const auto* arn = table.if_contains("TableArn")) out.arn = Text(*arn);
  if (const auto* count = table.if_contains("ItemCount"))
    out.approximate_items = count->to_number<std::uint64_t>();
  if (const auto* arn = table.if_contains("LatestStreamArn")) out.stream.arn = Text(*arn);
  if (const auto* stream = table.if_contains("StreamSpecification")) {
    const auto& settings = stream->as_object();
    if (const auto* on = settings.if_contains("StreamEnabled")) out.stream.enabled = on->as_bool();
    if (const auto* view = settings.if_contains("StreamViewType")) out.stream.view = Text(*view);
  }
  // A table that is being deleted has nothing more to say.
  const auto* attributes = table.if_contains("AttributeDefinitions");
  if (attributes == nullptr || table.if_contains("KeySchema") == nullptr) return out;
  std::map<std::string, Kind> kinds;
  for (const auto& element : attributes->as_array()) {
    const std::string type = Text(element.as_object().at("AttributeType"));
    kinds[Text(element.as_object().at("AttributeName"))] = type == "N"   ? Kind::kN
                                                           : type == "B" ? Kind::kB
                                                                         : Kind::kS;
  }
  auto [partition, sort] = ParseKeys(table, kinds);
  out.spec.partition = std::move(partition);
  out.spec.sort = std::move(sort);
  for (const char* member : {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}) {
    const auto* indexes = table.if_contains(member);
    if (indexes == nullptr || indexes->is_null()) continue;
    const bool local = member[0] == 'L';
    for (const auto& element : indexes->as_array()) {
      out.spec.indexes.push_back(ParseIndex(element.as_object(), kinds, local));
      const auto* status = element.as_object().if_contains("IndexStatus");
      if (status != nullptr && Text(*status) != "ACTIVE") out.indexes_active = false;
    }
  }
  return out;
}

TableSpec Ordered(TableSpec spec) {
  for (auto& index : spec.indexes) std::sort(index.included.begin(), index.included.end());
  std::sort(spec.indexes.begin(), spec.indexes.end(),
            [](const IndexSpec& a, const IndexSpec& b) { return a.name < b.name; });
  return spec;
}

}  // namespace

std::string CreateTableJson(const TableSpec& spec, std::string_view physical_name, bool stream) {
  std::map<std::string, Kind> kinds;
  const auto use = [&](const KeyAttribute& key) {
    if (!key.empty()) kinds[key.name] = key.kind;
  };
  use(spec.partition);
  use(spec.sort);
  json::array global, local;
  for (const auto& index : spec.indexes) {
    use(index.partition);
    use(index.sort);
    (index.local ? local : global).push_back(IndexJson(index));
  }
  json::array attributes;
  for (const auto& [name, kind] : kinds)
    attributes.push_back(
        json::object{{"AttributeName", name}, {"AttributeType", std::string(KindName(kind))}});
  json::object out{{"TableName", physical_name},
                   {"BillingMode", "PAY_PER_REQUEST"},
                   {"AttributeDefinitions", std::move(attributes)},
                   {"KeySchema", KeySchema(spec.partition, spec.sort)}};
  if (!global.empty()) out["GlobalSecondaryIndexes"] = std::move(global);
  if (!local.empty()) out["LocalSecondaryIndexes"] = std::move(local);
  if (stream)
    out["StreamSpecification"] =
        json::object{{"StreamEnabled", true}, {"StreamViewType", "NEW_AND_OLD_IMAGES"}};
  return json::serialize(out);
}

Result<TableDescription> ParseTableDescription(std::string_view answer, std::string_view name) {
  try {
    return Parse(json::parse(answer).as_object(), name);
  } catch (const std::exception& e) {
    return Error(Code::kCorrupt,
                 "the server describes table " + std::string(name) +
                     " in a way that cannot be read; check that it speaks the DynamoDB protocol",
                 e.what());
  }
}

Result<std::string> ParseTimeToLive(std::string_view answer) {
  try {
    const auto parsed = json::parse(answer);
    const auto& description = parsed.as_object().at("TimeToLiveDescription").as_object();
    const auto* status = description.if_contains("TimeToLiveStatus");
    const auto* attribute = description.if_contains("AttributeName");
    if (status == nullptr || attribute == nullptr) return std::string();
    const std::string now = Text(*status);
    return now == "ENABLED" || now == "ENABLING" ? Text(*attribute) : std::string();
  } catch (const std::exception& e) {
    return Error(Code::kCorrupt, "the server's answer about a table's time to live cannot be read",
                 e.what());
  }
}

bool SameSpec(const TableSpec& a, const TableSpec& b) { return Ordered(a) == Ordered(b); }

}  // namespace vams::items::dynamodb
