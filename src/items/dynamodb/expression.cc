#include "items/dynamodb/expression.h"

#include <fmt/format.h>

#include "items/aws/dynamodb_json.h"

namespace vams::items::dynamodb {

std::string Quoted(std::string_view text) {
  std::string out;
  aws::AppendJsonString(out, text);
  return out;
}

std::string Placeholders::Name(std::string_view attribute) {
  const auto at = names_.find(attribute);
  if (at != names_.end()) return at->second;
  std::string placeholder = fmt::format("#n{}", names_.size());
  names_.emplace(attribute, placeholder);
  return placeholder;
}

std::string Placeholders::Value(items::Value value) {
  std::string placeholder = fmt::format(":v{}", values_.size());
  values_.Set(placeholder, std::move(value));
  return placeholder;
}

std::string Placeholders::Json() const {
  std::string out;
  if (!names_.empty()) {
    out += ",\"ExpressionAttributeNames\":{";
    const char* comma = "";
    for (const auto& [attribute, placeholder] : names_) {
      out += fmt::format("{}\"{}\":{}", comma, placeholder, Quoted(attribute));
      comma = ",";
    }
    out += '}';
  }
  if (!values_.empty()) out += ",\"ExpressionAttributeValues\":" + aws::ToJson(values_);
  return out;
}

std::string ConditionText(Placeholders& to, const TableSpec& spec,
                          std::span<const Condition> conditions) {
  std::string out;
  for (const auto& condition : conditions) {
    if (!out.empty()) out += " AND ";
    switch (condition.op) {
      case Condition::Op::kAbsent:
        out += fmt::format("attribute_not_exists({})", to.Name(spec.partition.name));
        break;
      case Condition::Op::kExists:
        out += fmt::format("attribute_exists({})", to.Name(spec.partition.name));
        break;
      case Condition::Op::kEquals:
        out += fmt::format("{} = {}", to.Name(condition.attribute), to.Value(condition.value));
        break;
      case Condition::Op::kLacks:
        out += fmt::format("attribute_not_exists({})", to.Name(condition.attribute));
        break;
    }
  }
  return out;
}

std::string UpdateText(Placeholders& to, std::span<const Mutation> mutations) {
  std::string set, remove, add;
  const auto append = [](std::string& clause, std::string_view keyword, std::string action) {
    clause += clause.empty() ? std::string(keyword) + " " : ", ";
    clause += action;
  };
  for (const auto& m : mutations) {
    const std::string name = to.Name(m.attribute);
    switch (m.op) {
      case Mutation::Op::kSet:
        append(set, "SET", fmt::format("{} = {}", name, to.Value(m.value)));
        break;
      case Mutation::Op::kRemove:
        append(remove, "REMOVE", name);
        break;
      case Mutation::Op::kAdd:
        append(add, "ADD", fmt::format("{} {}", name, to.Value(m.value)));
        break;
    }
  }
  std::string out;
  for (const auto& clause : {set, remove, add}) {
    if (clause.empty()) continue;
    if (!out.empty()) out += ' ';
    out += clause;
  }
  return out;
}

std::string KeyConditionText(Placeholders& to, const KeyAttribute& partition,
                             const KeyAttribute& sort, const QueryRequest& request) {
  std::string out = fmt::format("{} = {}", to.Name(partition.name), to.Value(request.partition));
  using Op = SortCondition::Op;
  const auto compare = [&](std::string_view symbol) {
    out += fmt::format(" AND {} {} {}", to.Name(sort.name), symbol, to.Value(request.sort.value));
  };
  switch (request.sort.op) {
    case Op::kAny:
      break;
    case Op::kEqual:
      compare("=");
      break;
    case Op::kLess:
      compare("<");
      break;
    case Op::kLessEqual:
      compare("<=");
      break;
    case Op::kGreater:
      compare(">");
      break;
    case Op::kGreaterEqual:
      compare(">=");
      break;
    case Op::kBetween:
      out += fmt::format(" AND {} BETWEEN {} AND {}", to.Name(sort.name),
                         to.Value(request.sort.value), to.Value(request.sort.upper));
      break;
    case Op::kBeginsWith:
      out +=
          fmt::format(" AND begins_with({}, {})", to.Name(sort.name), to.Value(request.sort.value));
      break;
  }
  return out;
}

}  // namespace vams::items::dynamodb
