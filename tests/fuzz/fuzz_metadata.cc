// Any bytes as a metadata value of every type, and as the body of a call.  Nothing may crash or run
// away; a second look says the same; what is accepted as a vector, a matrix or a place is JSON, and
// what Boost.JSON reads is JSON here, too.
//
// The first byte chooses the type, or that the others are a body.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/metadata.h"

namespace {

using namespace vams::model;

bool IsJson(std::string_view text) { return !CheckValue(ValueType::kJson, text); }

void Value(ValueType type, std::string_view text) {
  const Complaint complaint = CheckValue(type, text);
  if (complaint != CheckValue(type, text)) std::abort();
  if (complaint || text.empty()) return;
  // The JSON types come last, from vectors on.
  if (type >= ValueType::kXyz && !IsJson(text)) std::abort();
  if (type == ValueType::kGeopoint && CheckValue(ValueType::kGeojson, text)) std::abort();
}

void Body(std::string_view text) {
  boost::system::error_code bad;
  const auto value = boost::json::parse(text, bad);
  if (bad) return;
  if (!IsJson(text)) std::abort();
  const auto* object = value.if_object();
  if (object == nullptr) return;
  Problems created, updated, deleted, filed;
  const auto create = ReadMetadataCreate(*object, created);
  (void)ReadMetadataUpdate(*object, updated);
  (void)ReadMetadataDelete(*object, deleted);
  const auto file = ReadFileMetadataCreate(*object, filed);
  if (filed.empty()) (void)NormalFilePath("pump", file.file.path);
  if (!created.empty()) return;
  if (create.items.empty()) std::abort();
  for (const MetadataItem& item : create.items)
    if (item.key.empty() || CheckValue(item.type, item.value)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t choice = data[0] % (kValueTypes.size() + 1);
  if (choice == kValueTypes.size())
    Body(bytes);
  else
    Value(kValueTypes[choice], bytes);
  return 0;
}
