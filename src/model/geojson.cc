#include "model/geojson.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "model/json_tokens.h"

namespace vams::model {

namespace {

// In the order of kKindNames.  The first six have coordinates.
enum class Kind : std::uint8_t {
  kPoint,
  kLineString,
  kPolygon,
  kMultiPoint,
  kMultiLineString,
  kMultiPolygon,
  kGeometryCollection,
  kFeature,
  kFeatureCollection,
  kGeoJson,
  kNone,  // no object, or one of another type
};

constexpr std::array<std::string_view, 10> kKindNames = {
    "Point",        "LineString",         "Polygon", "MultiPoint",        "MultiLineString",
    "MultiPolygon", "GeometryCollection", "Feature", "FeatureCollection", "GeoJSON"};

// What the object or array around a value needs to know of it.
struct Value {
  bool empty = false;    // null, false, 0, "", [] or {}
  bool numbers = false;  // a number, a flag, or an array of such values
  bool array = false;
  Kind object = Kind::kNone;
};

enum class Member : std::uint8_t { kType, kCoordinates, kGeometry, kFeatures, kOther };

// An object or array that is open.  Of members given twice the last one counts, so that the verdict
// has to wait for the end of the object.
struct Open {
  bool object = false;
  bool any = false;                // a member or an element was there
  bool numbers = true;             // an array of numbers so far
  Member member = Member::kOther;  // the one whose value comes next
  Kind kind = Kind::kNone;
  bool coordinates = true;  // missing, empty or numbers
  bool geometry = true;     // missing, empty or an object of a known type
  bool features = false;    // present
};

Member MemberOf(const JsonTokens& tokens) {
  if (tokens.Is("type")) return Member::kType;
  if (tokens.Is("coordinates")) return Member::kCoordinates;
  if (tokens.Is("geometry")) return Member::kGeometry;
  if (tokens.Is("features")) return Member::kFeatures;
  return Member::kOther;
}

Kind KindOf(const JsonTokens& tokens) {
  const auto found =
      std::ranges::find_if(kKindNames, [&](std::string_view name) { return tokens.Is(name); });
  return static_cast<Kind>(found - kKindNames.begin());
}

Complaint CheckObject(const Open& object) {
  const auto name = [&] { return kKindNames[static_cast<std::size_t>(object.kind)]; };
  if (object.kind <= Kind::kMultiPolygon && !object.coordinates)
    return fmt::format(
        "is not GeoJSON: the coordinates of a {} must be an array of numbers, or of "
        "arrays of them",
        name());
  if (object.kind == Kind::kFeature && !object.geometry)
    return fmt::format(
        "is not GeoJSON: the geometry of a Feature must be null or an object whose "
        "type is one of {}",
        fmt::join(kKindNames, ", "));
  if (object.kind == Kind::kFeatureCollection && !object.features)
    return "is not GeoJSON: a FeatureCollection needs features";
  return std::nullopt;
}

class Checker {
 public:
  explicit Checker(std::string_view text) : tokens_(text) { open_.reserve(8); }

  // Until the end of the text or the first fault.
  Complaint Run() {
    for (;;) {
      const JsonToken token = tokens_.Next();
      if (token == JsonToken::kEnd) return std::nullopt;
      if (auto complaint = Take(token)) return complaint;
    }
  }

  // Of the outermost value.
  Kind kind() const { return whole_.object; }

 private:
  Complaint Take(JsonToken token) {
    switch (token) {
      case JsonToken::kBad:
        return "is " + tokens_.Problem();
      case JsonToken::kNonFinite:
        return "is not GeoJSON: NaN and Infinity are no numbers there";
      case JsonToken::kBeginObject:
      case JsonToken::kBeginArray:
        open_.push_back({.object = token == JsonToken::kBeginObject});
        return std::nullopt;
      case JsonToken::kKey:
        open_.back().member = MemberOf(tokens_);
        return std::nullopt;
      case JsonToken::kEndObject:
      case JsonToken::kEndArray: {
        const Open closed = open_.back();
        open_.pop_back();
        if (auto complaint = CheckObject(closed)) return complaint;
        Add({.empty = !closed.any,
             .numbers = !closed.object && closed.numbers,
             .array = !closed.object,
             .object = closed.kind});
        return std::nullopt;
      }
      case JsonToken::kString:
        if (!open_.empty() && open_.back().object && open_.back().member == Member::kType) {
          open_.back().kind = KindOf(tokens_);
          open_.back().any = true;
        } else {
          Add({.empty = tokens_.raw().empty()});
        }
        return std::nullopt;
      case JsonToken::kNumber:
        // Only members of objects may be zero instead of what belongs there.
        Add({.empty = !open_.empty() && open_.back().object && JsonNumber(tokens_.raw()) == 0,
             .numbers = true});
        return std::nullopt;
      case JsonToken::kTrue:
      case JsonToken::kFalse:
        Add({.empty = token == JsonToken::kFalse, .numbers = true});
        return std::nullopt;
      default:  // null
        Add({.empty = true});
        return std::nullopt;
    }
  }

  // A complete value, to what is around it.
  void Add(const Value& value) {
    if (open_.empty()) {
      whole_ = value;
      return;
    }
    Open& around = open_.back();
    around.any = true;
    if (!around.object) {
      around.numbers = around.numbers && value.numbers;
      return;
    }
    switch (around.member) {
      case Member::kType:
        around.kind = Kind::kNone;
        break;
      case Member::kCoordinates:
        around.coordinates = value.empty || (value.array && value.numbers);
        break;
      case Member::kGeometry:
        around.geometry = value.empty || value.object != Kind::kNone;
        break;
      case Member::kFeatures:
        around.features = true;
        break;
      case Member::kOther:
        break;
    }
  }

  JsonTokens tokens_;
  std::vector<Open> open_;
  Value whole_;
};

}  // namespace

Complaint CheckGeojson(std::string_view value) { return Checker(value).Run(); }

Complaint CheckGeopoint(std::string_view value) {
  Checker checker(value);
  if (auto complaint = checker.Run()) return complaint;
  if (checker.kind() == Kind::kPoint) return std::nullopt;
  return R"(must be a GeoJSON object whose type is "Point")";
}

}  // namespace vams::model
