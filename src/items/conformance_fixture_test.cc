// What the conformance tests share; see conformance.h.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "items/conformance.h"

namespace vams::items::conformance {

namespace {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\')
      out += fmt::format("\\x{:02x}", c);
    else
      out += c;
  }
  if (out.size() > 200) out = out.substr(0, 200) + fmt::format("...({} bytes)", text.size());
  return out + "\"";
}

}  // namespace

std::string Show(const Value& value) {
  std::string out;
  switch (value.kind()) {
    case Kind::kS:
      return Quoted(value.text());
    case Kind::kN:
      return value.text();
    case Kind::kB:
      return "0x" + HexEncode(value.text()).substr(0, 200);
    case Kind::kBool:
      return value.boolean() ? "true" : "false";
    case Kind::kNull:
      return "null";
    case Kind::kM:
      return Show(value.map());
    case Kind::kL:
      for (const auto& element : value.list()) out += (out.empty() ? "" : ", ") + Show(element);
      return "[" + out + "]";
    case Kind::kSS:
    case Kind::kNS:
    case Kind::kBS:
      for (const auto& member : value.set()) out += (out.empty() ? "" : ", ") + Quoted(member);
      return fmt::format("{}({})", KindName(value.kind()), out);
  }
  return out;
}

std::string Show(const Item& item) {
  std::string out;
  for (const auto& [name, value] : item)
    out += (out.empty() ? "" : ", ") + Quoted(name) + ": " + Show(value);
  return "{" + out + "}";
}

std::string Show(const Change& change) {
  const auto image = [](const std::optional<Item>& item) { return item ? Show(*item) : "nothing"; };
  return fmt::format("#{} {} {} {} images={} before={} after={}", change.position,
                     change.op == Change::Op::kPut ? "put" : "delete", change.table,
                     Show(change.key), change.has_images, image(change.before),
                     image(change.after));
}

IndexSpec Index(std::string name, KeyAttribute partition, KeyAttribute sort,
                IndexSpec::Projection projection, std::vector<std::string> included) {
  IndexSpec index;
  index.name = std::move(name);
  index.partition = std::move(partition);
  index.sort = std::move(sort);
  index.projection = projection;
  index.included = std::move(included);
  return index;
}

TableSpec PartsTable() {
  using Projection = IndexSpec::Projection;
  const KeyAttribute p{"p", Kind::kS};
  auto by_tag = Index("byTag", p, {"tag", Kind::kS}, Projection::kInclude, {"note"});
  by_tag.local = true;
  return {.name = "parts",
          .partition = p,
          .sort = {"s", Kind::kS},
          .indexes = {Index("byOwner", {"owner", Kind::kS}, {"rank", Kind::kN}),
                      Index("byColor", {"color", Kind::kS}, {}, Projection::kKeysOnly), by_tag},
          .ttl_attribute = "expires"};
}

TableSpec FlatTable(std::string name) {
  return {.name = std::move(name),
          .partition = {"id", Kind::kS},
          .sort = {},
          .indexes = {},
          .ttl_attribute = ""};
}

TableSpec KeyedTable(Kind kind) {
  return {.name = "keyed",
          .partition = {"p", Kind::kS},
          .sort = {"k", kind},
          .indexes = {Index("mirror", {"group", Kind::kS}, {"v", kind})},
          .ttl_attribute = ""};
}

Item Part(std::string_view p, std::string_view s, Item more) {
  more.Set("p", S(p));
  more.Set("s", S(s));
  return more;
}

void ItemStoreConformance::SetUp() {
  std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  name = name.substr(0, name.find('/'));
  if (const auto fault = GetParam().faults.find(name); fault != GetParam().faults.end())
    GTEST_SKIP() << fault->second;
  folder_.emplace(
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "items-")));
  store_ = Must(GetParam().open(folder_->path(), clock));
}

void ItemStoreConformance::Reopen() {
  store_.reset();
  store_ = Must(GetParam().reopen(folder_->path(), clock));
}

void ItemStoreConformance::PutAll(std::string_view table, const std::vector<Item>& items) {
  const std::size_t most = traits().max_commit_writes;
  const std::size_t size = most == 0 ? 100 : std::min<std::size_t>(most, 100);
  std::vector<Write> writes;
  for (const auto& item : items) {
    writes.push_back(Write::Put(std::string(table), item));
    if (writes.size() == size || &item == &items.back()) {
      Must(store().Commit(op, writes));
      writes.clear();
    }
  }
}

std::optional<Item> ItemStoreConformance::Find(std::string_view table, const Item& key) {
  auto item = store().Get(op, table, key);
  if (!item.ok() && item.error().code == Code::kNotFound) return std::nullopt;
  return Must(std::move(item));
}

std::vector<Change> ItemStoreConformance::ChangesAfter(Position after) {
  std::vector<Change> all;
  for (;;) {
    ChangePage page = Must(store().ReadChanges(op, after, 1000));
    if (page.changes.empty()) return all;
    std::move(page.changes.begin(), page.changes.end(), std::back_inserter(all));
    after = page.next;
  }
}

QueryRequest Ask(std::string table, std::string index, Value partition, SortCondition sort) {
  QueryRequest request;
  request.table = std::move(table);
  request.index = std::move(index);
  request.partition = std::move(partition);
  request.sort = std::move(sort);
  return request;
}

std::vector<Item> QueryAll(ItemSource& source, QueryRequest request) {
  OpContext op;
  std::vector<Item> all;
  for (;;) {
    Page page = Must(source.Query(op, request));
    EXPECT_LE(page.items.size(), request.limit);
    std::move(page.items.begin(), page.items.end(), std::back_inserter(all));
    if (page.next.empty()) return all;
    if (page.next == request.after) throw std::runtime_error("the query does not come forward");
    request.after = page.next;
  }
}

std::vector<Item> ScanSegment(ItemSource& source, std::string_view table, const Segment& segment,
                              std::size_t limit) {
  OpContext op;
  std::vector<Item> all;
  std::string after;
  for (;;) {
    Page page = Must(source.Scan(op, table, segment, after, limit));
    if (page.items.size() > limit) throw std::runtime_error("a page is over its limit");
    std::move(page.items.begin(), page.items.end(), std::back_inserter(all));
    if (page.next.empty()) return all;
    if (page.next == after) throw std::runtime_error("the scan does not come forward");
    after = page.next;
  }
}

std::vector<Item> InKeyOrder(const TableSpec& spec, std::vector<Item> items) {
  const auto key = [&](const Item& item) {
    std::pair<std::string, std::string> out;
    const auto bytes = [&](const KeyAttribute& attribute) {
      const Value& value = *item.Find(attribute.name);
      return value.is(Kind::kN) ? OrderedNumber(value.text()) : value.text();
    };
    out.first = bytes(spec.partition);
    if (!spec.sort.empty()) out.second = bytes(spec.sort);
    return out;
  };
  std::stable_sort(items.begin(), items.end(),
                   [&](const Item& a, const Item& b) { return key(a) < key(b); });
  return items;
}

std::vector<Item> ScanAll(ItemSource& source, std::string_view table) {
  auto items = ScanSegment(source, table, Segment{});
  const auto* store = dynamic_cast<ItemStore*>(&source);
  if (store == nullptr || store->traits().key_order) return items;
  OpContext op;
  return InKeyOrder(Must(source.Table(op, table)), std::move(items));
}

std::vector<Item> ItemStoreConformance::Scanned(std::string_view table, std::vector<Item> items) {
  if (traits().key_order) return items;
  const TableSpec spec = Must(store().Table(op, table));
  const auto partition = [&](const Item& item) { return *item.Find(spec.partition.name); };
  for (auto from = items.begin(); from != items.end();) {
    const auto to = std::find_if(from, items.end(), [&](const Item& item) {
      return !(partition(item) == partition(*from));
    });
    const std::vector<Item> piece(from, to);
    EXPECT_EQ(InKeyOrder(spec, piece), piece);
    EXPECT_TRUE(std::none_of(to, items.end(), [&](const Item& item) {
      return partition(item) == partition(*from);
    })) << "a partition comes in several pieces";
    from = to;
  }
  return InKeyOrder(spec, std::move(items));
}

TableSpec Plain(TableSpec spec) {
  std::sort(spec.indexes.begin(), spec.indexes.end(),
            [](const IndexSpec& a, const IndexSpec& b) { return a.name < b.name; });
  return spec;
}

std::vector<TableSpec> Plain(std::vector<TableSpec> specs) {
  for (auto& spec : specs) spec = Plain(std::move(spec));
  return specs;
}

std::vector<Value> Column(const std::vector<Item>& items, std::string_view attribute) {
  std::vector<Value> out;
  for (const auto& item : items) {
    const Value* value = item.Find(attribute);
    out.push_back(value == nullptr ? Value::Null() : *value);
  }
  return out;
}

std::string Texts(const std::vector<Item>& items, std::string_view attribute) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += ' ';
    out += item.Text(attribute);
  }
  return out;
}

}  // namespace vams::items::conformance
