// Item values: typed attributes as DynamoDB has them.  Spec: data-model.md "Notation", design.md
// section 4.  Plain values, no shared state.
//
// Every value has one canonical form, so that equal values have equal encodings (codec.h): sets
// are sorted and free of duplicates, numbers are canonical decimal text (number.h), attributes of
// a map are sorted by name (bytes).
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace vams::items {

class Value;
class Decoder;  // of codec.cc, which builds items in place

// A map of attributes, and also what an item is: names in ascending byte order, no name twice.
class Item {
 public:
  struct Attribute;
  using const_iterator = std::vector<Attribute>::const_iterator;

  Item();
  Item(std::initializer_list<Attribute> attributes);
  Item(const Item&);
  Item(Item&&) noexcept;
  Item& operator=(const Item&);
  Item& operator=(Item&&) noexcept;
  ~Item();

  bool empty() const;
  std::size_t size() const;
  const_iterator begin() const;
  const_iterator end() const;

  // nullptr if there is no such attribute.
  const Value* Find(std::string_view name) const;
  Value* Find(std::string_view name);
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // The text of a string attribute, or "" when it is absent or of another kind.
  std::string_view Text(std::string_view name) const;

  // Replaces or adds.
  void Set(std::string_view name, Value value);
  bool Remove(std::string_view name);

  // Adds an attribute whose name is greater than every name so far (decoders use it).
  void AppendSorted(std::string name, Value value);
  void Reserve(std::size_t attributes);

  friend bool operator==(const Item& a, const Item& b);

 private:
  friend class Decoder;
  std::vector<Attribute> attributes_;
};

using Bytes = std::vector<std::string>;  // the members of a set

enum class Kind : std::uint8_t { kS, kN, kB, kBool, kNull, kM, kL, kSS, kNS, kBS };

// "S", "N", "BOOL", …
std::string_view KindName(Kind kind);

class Value {
 public:
  using List = std::vector<Value>;

  Value() = default;  // NULL
  static Value S(std::string text);
  // `canonical` must come from CanonicalNumber (number.h).
  static Value N(std::string canonical);
  static Value N(std::int64_t number);
  static Value B(std::string bytes);
  static Value Bool(bool value);
  static Value Null();
  static Value M(Item map);
  static Value L(List list);
  // Sets sort their members and drop duplicates; NS members must be canonical.
  static Value SS(Bytes members);
  static Value NS(Bytes members);
  static Value BS(Bytes members);
  // For decoders that have checked the order already.
  static Value SortedSet(Kind kind, Bytes members);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }

  // S, N (canonical text) or B (raw bytes).
  const std::string& text() const { return std::get<std::string>(data_); }
  bool boolean() const { return std::get<bool>(data_); }
  const Item& map() const { return std::get<Item>(data_); }
  Item& map() { return std::get<Item>(data_); }
  const List& list() const { return std::get<List>(data_); }
  List& list() { return std::get<List>(data_); }
  const Bytes& set() const { return std::get<Bytes>(data_); }

  friend bool operator==(const Value& a, const Value& b) {
    return a.kind_ == b.kind_ && a.data_ == b.data_;
  }

 private:
  friend class Decoder;
  using Data = std::variant<std::monostate, bool, std::string, Item, List, Bytes>;
  Value(Kind kind, Data data) : data_(std::move(data)), kind_(kind) {}

  Data data_;
  Kind kind_ = Kind::kNull;
};

struct Item::Attribute {
  std::string name;
  Value value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// Bytes the item counts for against the 400 KB limit, by DynamoDB's published rule.
std::size_t ItemSize(const Item& item);

}  // namespace vams::items
