// The stored form of an item: docs/formats/item-encoding.md.  Equal items have equal bytes.
// Pure functions; decoding checks every length and refuses what is not canonical (kCorrupt).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "items/value.h"

namespace vams::items {

inline constexpr int kMaxNesting = 32;

// Version byte and map.
void AppendItem(std::string& out, const Item& item);
std::string EncodeItem(const Item& item);
// An attribute kept apart from an encoded map that lacks it: S, B or N (canonical).
struct TextAttribute {
  std::string_view name;
  Kind kind = Kind::kS;
  std::string_view text;
};
// `apart` are put in where they belong; they ascend by name.
Result<Item> DecodeItem(std::string_view bytes, std::span<const TextAttribute> apart = {});

// Type byte and value, as they stand inside a map.
void AppendValue(std::string& out, const Value& value);

// Building an encoded map attribute by attribute (names ascending), without an Item.
void AppendVarint(std::string& out, std::uint64_t value);
// Reads a varint at the front of `bytes` and removes it.  False if it is cut off or too long.
bool ReadVarint(std::string_view& bytes, std::uint64_t& value);

// Walks the attributes of an encoded item without building values; views live as long as `bytes`.
class ItemReader {
 public:
  // kCorrupt if the header is damaged.
  static Result<ItemReader> Open(std::string_view bytes);
  std::uint64_t remaining() const { return remaining_; }
  std::string_view rest() const { return rest_; }  // the attributes that remain
  // The next attribute's name, kind and encoded value (type byte included).
  struct Entry {
    std::string_view name;
    Kind kind = Kind::kNull;
    std::string_view encoded;
  };
  // False at the end; kCorrupt on damage.
  Result<bool> Next(Entry& entry);

 private:
  std::string_view rest_;
  std::string_view last_name_;
  std::uint64_t remaining_ = 0;
  bool first_ = true;
};

// Decodes one encoded value (as in Entry::encoded).
Result<Value> DecodeValue(std::string_view encoded);

}  // namespace vams::items
