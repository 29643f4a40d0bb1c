// vams items tables|count|get|query|scan: looking at the stored items, never changing them.
#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/cli.h"
#include "items/aws/dynamodb_json.h"
#include "items/number.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::cli {

namespace {

using items::Item;
using items::KeyAttribute;
using items::SortCondition;
using items::TableSpec;
using items::Value;

struct ItemsOptions {
  std::string table, index, partition, sort, after, format = "dynamodb";
  std::string begins_with, less, less_equal, greater, greater_equal;
  std::vector<std::string> between;
  bool descending = false;
  std::size_t limit = 100;
};

Result<std::unique_ptr<items::ItemStore>> OpenStore(const Context& context) {
  TRY(const auto stack, context.Stack());
  return items::OpenSqliteStore(stack.current.items(), {.read_only = true});
}

// A key value as typed: text, a number, or base64 for binary keys.
Result<Value> KeyValue(const KeyAttribute& key, const std::string& text) {
  switch (key.kind) {
    case items::Kind::kN: {
      TRY(auto number, items::CanonicalNumber(text));
      return Value::N(std::move(number));
    }
    case items::Kind::kB: {
      auto bytes = Base64Decode(text);
      if (!bytes)
        return Error(Code::kInvalid,
                     fmt::format("key \"{}\" is binary: give it as base64", key.name));
      return Value::B(*std::move(bytes));
    }
    default:
      return Value::S(text);
  }
}

Result<Item> KeyFromOptions(const TableSpec& spec, const ItemsOptions& options) {
  Item key;
  TRY(auto partition, KeyValue(spec.partition, options.partition));
  key.Set(spec.partition.name, std::move(partition));
  if (spec.sort.empty() != options.sort.empty())
    return Error(Code::kInvalid,
                 spec.sort.empty()
                     ? fmt::format("table {} has no sort key; leave --sort out", spec.name)
                     : fmt::format("table {} has the sort key \"{}\"; give its value with --sort",
                                   spec.name, spec.sort.name));
  if (!spec.sort.empty()) {
    TRY(auto sort, KeyValue(spec.sort, options.sort));
    key.Set(spec.sort.name, std::move(sort));
  }
  return key;
}

Result<SortCondition> SortFromOptions(const KeyAttribute& key, const ItemsOptions& options) {
  using Op = SortCondition::Op;
  const std::pair<const std::string*, Op> single[] = {
      {&options.sort, Op::kEqual},      {&options.begins_with, Op::kBeginsWith},
      {&options.less, Op::kLess},       {&options.less_equal, Op::kLessEqual},
      {&options.greater, Op::kGreater}, {&options.greater_equal, Op::kGreaterEqual}};
  SortCondition condition;
  int given = 0;
  for (const auto& [text, op] : single) {
    if (text->empty()) continue;
    ++given;
    TRY(auto value, KeyValue(key, *text));
    condition = SortCondition::Is(op, std::move(value));
  }
  if (!options.between.empty()) {
    ++given;
    TRY(auto low, KeyValue(key, options.between[0]));
    TRY(auto high, KeyValue(key, options.between[1]));
    condition = SortCondition::Between(std::move(low), std::move(high));
  }
  if (given > 1)
    return Error(
        Code::kInvalid,
        "the sort key can be compared once; give one of --sort, --begins-with, --between, …");
  return condition;
}

std::string Text(const Item& item, const std::string& format) {
  if (format == "dynamodb") return items::aws::ToJson(item);
  std::string out;
  items::aws::AppendPlainJson(out, item);
  return out;
}

int PrintPage(const Context& context, const items::Page& page, const std::string& format) {
  const std::string next = page.next.empty() ? "" : Base64Encode(page.next);
  if (context.json) {
    fmt::print("{{\"items\":[");
    for (std::size_t i = 0; i < page.items.size(); ++i)
      fmt::print("{}{}", i == 0 ? "" : ",", Text(page.items[i], format));
    fmt::print("],\"next\":{}}}\n", next.empty() ? "null" : "\"" + next + "\"");
    return kDone;
  }
  for (const auto& item : page.items) fmt::print("{}\n", Text(item, format));
  if (!next.empty()) fmt::print(stderr, "there is more: add --after {}\n", next);
  return kDone;
}

Result<std::string> Cursor(const ItemsOptions& options) {
  auto bytes = Base64Decode(options.after);
  if (!bytes)
    return Error(Code::kInvalid, "--after takes the text that the page before ended with");
  return *std::move(bytes);
}

std::string KeyText(const TableSpec& spec) {
  return spec.sort.empty() ? spec.partition.name
                           : fmt::format("{} + {}", spec.partition.name, spec.sort.name);
}

Result<int> Tables(Context& context) {
  TRY(const auto store, OpenStore(context));
  OpContext op;
  TRY(const auto specs, store->Tables(op));
  std::vector<std::vector<std::string>> rows{{"TABLE", "ITEMS", "KEY", "INDEXES"}};
  boost::json::array list;
  for (const auto& spec : specs) {
    TRY(const auto count, store->Count(op, spec.name));
    std::string indexes;
    boost::json::array index_list;
    for (const auto& index : spec.indexes) {
      indexes += (indexes.empty() ? "" : ", ") + index.name;
      index_list.push_back(boost::json::string(index.name));
    }
    rows.push_back({spec.name, Thousands(count), KeyText(spec), indexes});
    list.push_back(
        boost::json::object{{"table", spec.name},
                            {"items", count},
                            {"partitionKey", spec.partition.name},
                            {"sortKey", spec.sort.empty() ? boost::json::value(nullptr)
                                                          : boost::json::value(spec.sort.name)},
                            {"indexes", index_list}});
  }
  if (context.json)
    PrintJson(list);
  else
    fmt::print("{}", Columns(rows));
  return kDone;
}

Result<int> Count(Context& context, const ItemsOptions& options) {
  TRY(const auto store, OpenStore(context));
  OpContext op;
  TRY(const auto count, store->Count(op, options.table));
  if (context.json)
    PrintJson({{"table", options.table}, {"items", count}});
  else
    fmt::print("{}\n", count);
  return kDone;
}

Result<int> Get(Context& context, const ItemsOptions& options) {
  TRY(const auto store, OpenStore(context));
  OpContext op;
  TRY(const auto spec, store->Table(op, options.table));
  TRY(const auto key, KeyFromOptions(spec, options));
  auto item = store->Get(op, options.table, key);
  if (!item.ok()) {
    // An item that is not there is an answer, not a wrong command line.
    if (item.error().code != Code::kNotFound) return std::move(item).error();
    fmt::print(stderr, "vams: {}\n", item.error().message);
    return kFailed;
  }
  fmt::print("{}\n", Text(*item, options.format));
  return kDone;
}

Result<int> QueryItems(Context& context, const ItemsOptions& options) {
  TRY(const auto store, OpenStore(context));
  OpContext op;
  TRY(const auto spec, store->Table(op, options.table));
  const items::IndexSpec* index = options.index.empty() ? nullptr : spec.FindIndex(options.index);
  if (!options.index.empty() && index == nullptr)
    return Error(Code::kNotFound,
                 fmt::format("table {} has no index \"{}\"; \"vams items tables\" lists them",
                             spec.name, options.index));
  const KeyAttribute& partition = index != nullptr ? index->partition : spec.partition;
  const KeyAttribute& sort = index != nullptr ? index->sort : spec.sort;
  items::QueryRequest request{.table = options.table, .index = options.index};
  TRY(request.partition, KeyValue(partition, options.partition));
  TRY(request.sort, SortFromOptions(sort, options));
  TRY(request.after, Cursor(options));
  request.descending = options.descending;
  request.limit = options.limit;
  TRY(const auto page, store->Query(op, request));
  return PrintPage(context, page, options.format);
}

Result<int> Scan(Context& context, const ItemsOptions& options) {
  TRY(const auto store, OpenStore(context));
  OpContext op;
  TRY(const auto after, Cursor(options));
  TRY(const auto page, store->Scan(op, options.table, {}, after, options.limit));
  return PrintPage(context, page, options.format);
}

}  // namespace

void AddItemsCommands(CLI::App& app, Context& context) {
  static ItemsOptions options;
  CLI::App* items = app.add_subcommand("items", "Look at the stored items (read-only)");
  items->require_subcommand(1);
  AddCommand(*items, context, "tables", "List the tables", [&context] { return Tables(context); });
  CLI::App* count = AddCommand(*items, context, "count", "Count the items of a table",
                               [&context] { return Count(context, options); });
  CLI::App* get = AddCommand(*items, context, "get", "Print one item",
                             [&context] { return Get(context, options); });
  CLI::App* query =
      AddCommand(*items, context, "query", "Print the items of one partition of a table or index",
                 [&context] { return QueryItems(context, options); });
  CLI::App* scan = AddCommand(*items, context, "scan", "Print the items of a table in key order",
                              [&context] { return Scan(context, options); });
  for (CLI::App* command : {count, get, query, scan})
    command->add_option("table", options.table, "Canonical table name")->required();
  for (CLI::App* command : {get, query, scan})
    command->add_option("--format", options.format, "dynamodb (typed) or plain JSON")
        ->check(CLI::IsMember({"dynamodb", "plain"}));
  for (CLI::App* command : {get, query}) {
    command->add_option("--partition", options.partition, "Value of the partition key")->required();
    command->add_option("--sort", options.sort, "Value of the sort key");
  }
  for (CLI::App* command : {query, scan}) {
    command->add_option("--limit", options.limit, "Items of a page")->check(CLI::Range(1, 1000000));
    command->add_option("--after", options.after, "Continue behind the page before")
        ->type_name("CURSOR");
  }
  query->add_option("--index", options.index, "QueryItems this index");
  query->add_option("--begins-with", options.begins_with, "Sort key begins with");
  query->add_option("--between", options.between, "Sort key from LOW to HIGH, both included")
      ->expected(2);
  query->add_option("--less", options.less, "Sort key below");
  query->add_option("--less-equal", options.less_equal, "Sort key at or below");
  query->add_option("--greater", options.greater, "Sort key above");
  query->add_option("--greater-equal", options.greater_equal, "Sort key at or above");
  query->add_flag("--descending", options.descending, "Largest sort key first");
}

}  // namespace vams::cli
