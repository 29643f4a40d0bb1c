#include "search/xapian/stored_document.h"

#include <boost/json/array.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "search/xapian/packing.h"

namespace vams::search::xapian {
namespace {

constexpr unsigned kFile = 1;
constexpr unsigned kArchived = 2;
constexpr unsigned kPlace = 8;

// A value begins with a number: its form in the low bits, above them the size of a text, a list
// (elements) or an object (members).
enum class Shape : std::uint8_t {
  kNull,
  kFalse,
  kTrue,
  kSigned,    // a number follows, zigzag
  kUnsigned,  // a number follows
  kReal,      // eight bytes follow
  kText,
  kList,
  kObject,  // each member a name and a value
};
constexpr unsigned kShapeBits = 4;
// What is deeper is not read back: nobody makes such documents, but bytes may be damaged.
constexpr unsigned kMaxDepth = 4096;

void WriteHead(Packer& out, Shape shape, std::uint64_t size = 0) {
  out.Number(size << kShapeBits | static_cast<std::uint64_t>(shape));
}

// A field of the table is its place, from 1 on; any other name is 0 and itself.  Below the top,
// where nothing is in the table, it is itself.
void WriteName(Packer& out, std::string_view name, bool top) {
  if (const Field* field = top ? FindField(name) : nullptr)
    return out.Number(static_cast<std::uint64_t>(field - Fields().data()) + 1);
  if (top) out.Number(0);
  out.Text(name);
}

void WriteValue(Packer& out, const boost::json::value& value);

void WriteObject(Packer& out, const boost::json::object& object, bool top) {
  WriteHead(out, Shape::kObject, object.size());
  for (const auto& member : object) {
    WriteName(out, member.key(), top);
    WriteValue(out, member.value());
  }
}

void WriteValue(Packer& out, const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return WriteHead(out, Shape::kNull);
    case boost::json::kind::bool_:
      return WriteHead(out, value.get_bool() ? Shape::kTrue : Shape::kFalse);
    case boost::json::kind::int64:
      WriteHead(out, Shape::kSigned);
      return out.Number(Zigzag(value.get_int64()));
    case boost::json::kind::uint64:
      WriteHead(out, Shape::kUnsigned);
      return out.Number(value.get_uint64());
    case boost::json::kind::double_:
      WriteHead(out, Shape::kReal);
      return out.Real(value.get_double());
    case boost::json::kind::string:
      WriteHead(out, Shape::kText, value.get_string().size());
      return out.Bytes(value.get_string());
    case boost::json::kind::array:
      WriteHead(out, Shape::kList, value.get_array().size());
      for (const auto& element : value.get_array()) WriteValue(out, element);
      return;
    case boost::json::kind::object:
      return WriteObject(out, value.get_object(), /*top=*/false);
  }
}

std::string_view ReadName(Unpacker& in, bool top) {
  const std::uint64_t place = top ? in.Number() : 0;
  if (place == 0) return in.Bytes(in.Number());
  if (place <= Fields().size()) return Fields()[place - 1].name;
  in.Fail();
  return "";
}

boost::json::value ReadValue(Unpacker& in, unsigned depth) {
  if (depth > kMaxDepth) in.Fail();
  const std::uint64_t head = in.Number();
  std::uint64_t size = head >> kShapeBits;
  switch (static_cast<Shape>(head & ((1U << kShapeBits) - 1))) {
    case Shape::kNull:
      return nullptr;
    case Shape::kFalse:
      return false;
    case Shape::kTrue:
      return true;
    case Shape::kSigned:
      return Unzigzag(in.Number());
    case Shape::kUnsigned:
      return in.Number();
    case Shape::kReal:
      return in.Real();
    case Shape::kText:
      return boost::json::string(in.Bytes(size));
    case Shape::kList: {
      boost::json::array list;
      for (; size > 0 && in.ok(); --size) list.push_back(ReadValue(in, depth + 1));
      return list;
    }
    case Shape::kObject: {
      boost::json::object object;
      for (; size > 0 && in.ok(); --size) {
        const std::string_view name = ReadName(in, depth == 0);
        object.emplace(name, ReadValue(in, depth + 1));
      }
      return object;
    }
  }
  in.Fail();
  return nullptr;
}

}  // namespace

void WriteBox(Packer& out, const std::optional<Box>& box) {
  if (!box) return;
  for (const double edge : {box->south, box->north, box->west, box->east}) out.Real(edge);
}

Box ReadBox(Unpacker& in) {
  Box box;
  for (double* edge : {&box.south, &box.north, &box.west, &box.east}) *edge = in.Real();
  return box;
}

std::string EncodeDocument(const Document& document) {
  Packer out;
  out.Number((document.kind == Kind::kFile ? kFile : 0U) | (document.archived ? kArchived : 0U) |
             (document.place ? kPlace : 0U));
  WriteBox(out, document.place);
  out.Text(document.id);
  out.Text(document.asset_name);
  out.Text(document.access.database);
  out.Text(document.access.asset_type);
  out.List(document.access.tags);
  WriteObject(out, document.source, /*top=*/true);
  return out.Take();
}

std::optional<Document> DecodeDocument(std::string_view bytes) {
  Unpacker in(bytes);
  Document document;
  const std::uint64_t flags = in.Number();
  document.kind = (flags & kFile) != 0 ? Kind::kFile : Kind::kAsset;
  document.archived = (flags & kArchived) != 0;
  if ((flags & kPlace) != 0) document.place = ReadBox(in);
  document.id = in.Text();
  document.asset_name = in.Text();
  document.access.database = in.Text();
  document.access.asset_type = in.Text();
  document.access.tags = in.List();
  boost::json::value source = ReadValue(in, 0);
  if (!in.done() || !source.is_object()) return std::nullopt;
  document.source = std::move(source.get_object());
  return document;
}

}  // namespace vams::search::xapian
