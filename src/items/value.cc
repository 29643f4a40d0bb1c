#include "items/value.h"

#include <algorithm>

#include "items/number.h"

namespace vams::items {

Item::Item() = default;
Item::Item(const Item&) = default;
Item::Item(Item&&) noexcept = default;
Item& Item::operator=(const Item&) = default;
Item& Item::operator=(Item&&) noexcept = default;
Item::~Item() = default;

Item::Item(std::initializer_list<Attribute> attributes) {
  Reserve(attributes.size());
  for (const auto& a : attributes) Set(a.name, a.value);
}

bool Item::empty() const { return attributes_.empty(); }
std::size_t Item::size() const { return attributes_.size(); }
Item::const_iterator Item::begin() const { return attributes_.begin(); }
Item::const_iterator Item::end() const { return attributes_.end(); }
void Item::Reserve(std::size_t attributes) { attributes_.reserve(attributes); }

namespace {
template <typename Vector>
auto LowerBound(Vector& attributes, std::string_view name) {
  return std::lower_bound(attributes.begin(), attributes.end(), name,
                          [](const auto& a, std::string_view n) { return a.name < n; });
}
}  // namespace

const Value* Item::Find(std::string_view name) const {
  const auto at = LowerBound(attributes_, name);
  return at != attributes_.end() && at->name == name ? &at->value : nullptr;
}

Value* Item::Find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).Find(name));
}

std::string_view Item::Text(std::string_view name) const {
  const Value* value = Find(name);
  return value != nullptr && value->is(Kind::kS) ? std::string_view(value->text())
                                                 : std::string_view();
}

void Item::Set(std::string_view name, Value value) {
  const auto at = LowerBound(attributes_, name);
  if (at != attributes_.end() && at->name == name)
    at->value = std::move(value);
  else
    attributes_.insert(at, Attribute{std::string(name), std::move(value)});
}

bool Item::Remove(std::string_view name) {
  const auto at = LowerBound(attributes_, name);
  if (at == attributes_.end() || at->name != name) return false;
  attributes_.erase(at);
  return true;
}

void Item::AppendSorted(std::string name, Value value) {
  attributes_.push_back(Attribute{std::move(name), std::move(value)});
}

bool operator==(const Item& a, const Item& b) { return a.attributes_ == b.attributes_; }

std::string_view KindName(Kind kind) {
  static constexpr std::string_view kNames[] = {"S", "N", "B",  "BOOL", "NULL",
                                                "M", "L", "SS", "NS",   "BS"};
  return kNames[static_cast<int>(kind)];
}

namespace {
Bytes Sorted(Bytes members) {
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}
}  // namespace

Value Value::S(std::string text) { return Value(Kind::kS, std::move(text)); }
Value Value::N(std::string canonical) { return Value(Kind::kN, std::move(canonical)); }
Value Value::N(std::int64_t number) { return Value(Kind::kN, std::to_string(number)); }
Value Value::B(std::string bytes) { return Value(Kind::kB, std::move(bytes)); }
Value Value::Bool(bool value) { return Value(Kind::kBool, value); }
Value Value::Null() { return Value(); }
Value Value::M(Item map) { return Value(Kind::kM, std::move(map)); }
Value Value::L(List list) { return Value(Kind::kL, std::move(list)); }
Value Value::SS(Bytes members) { return Value(Kind::kSS, Sorted(std::move(members))); }
Value Value::NS(Bytes members) { return Value(Kind::kNS, Sorted(std::move(members))); }
Value Value::BS(Bytes members) { return Value(Kind::kBS, Sorted(std::move(members))); }
Value Value::SortedSet(Kind kind, Bytes members) { return Value(kind, std::move(members)); }

namespace {
// Two digits a byte plus one for the exponent, and one more for a sign.
std::size_t NumberSize(std::string_view n) {
  return (SignificantDigits(n) + 1) / 2 + 1 + (n.starts_with('-') ? 1 : 0);
}

std::size_t MapSize(const Item& map);

std::size_t ValueSize(const Value& v) {
  switch (v.kind()) {
    case Kind::kS:
    case Kind::kB:
      return v.text().size();
    case Kind::kN:
      return NumberSize(v.text());
    case Kind::kBool:
    case Kind::kNull:
      return 1;
    case Kind::kM:
      return 3 + v.map().size() + MapSize(v.map());
    case Kind::kL: {
      std::size_t size = 3 + v.list().size();
      for (const auto& element : v.list()) size += ValueSize(element);
      return size;
    }
    case Kind::kSS:
    case Kind::kBS: {
      std::size_t size = 0;
      for (const auto& member : v.set()) size += member.size();
      return size;
    }
    case Kind::kNS: {
      std::size_t size = 0;
      for (const auto& member : v.set()) size += NumberSize(member);
      return size;
    }
  }
  return 0;
}

std::size_t MapSize(const Item& map) {
  std::size_t size = 0;
  for (const auto& [name, value] : map) size += name.size() + ValueSize(value);
  return size;
}
}  // namespace

std::size_t ItemSize(const Item& item) { return MapSize(item); }

}  // namespace vams::items
