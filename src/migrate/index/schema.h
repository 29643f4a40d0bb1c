// The search indexes of upstream's release lines: their names, what they look like, and telling
// which of them an index is.  Frozen, as the steps are.  Spec: search.md section 5.5, data-model.md
// section 6; docs/formats/search-opensearch.md.
//
// Pure functions over constant data.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tables/data_version.h"

namespace vams::migrate::index {

enum class Family : std::uint8_t {
  kUnknown,
  kV22,   // 2.1 and 2.2: assets and files in one index, fields by guessed types
  kV23,   // two indexes, a field for each metadata key and type
  kV24,   // 2.4 and 2.5: two indexes, metadata in flat objects
  kOurs,  // a generation of this software's own search engine
};
enum class Part : std::uint8_t { kBoth, kAssets, kFiles };

struct Recognised {
  Family family = Family::kUnknown;
  Part part = Part::kBoth;  // kUnknown: kBoth
  // kV24: there are fields that 2.5 added, so that it has been filled by 2.5.
  bool has_fields_of_25 = false;
  std::string because;  // what decided, for people: "it maps MD_ as a flat object"
};

// What an index is, by its mapping; where that does not tell files from assets, or is one that the
// server made of the first document, by some of its documents (RawDocument::source).
Recognised Recognise(const boost::json::object& mappings, const boost::json::object& settings,
                     std::span<const boost::json::object> sample);

// "an index of assets of 2.3", for messages.
std::string Describe(const Recognised& recognised);

// The indexes that a release of that version reads, under the names that its deployment gives them.
struct IndexNames {
  std::string assets, files;  // equal: one index for both
  bool one() const { return assets == files; }
  friend bool operator==(const IndexNames&, const IndexNames&) = default;
};
// kNotSupported for a version without known indexes.
Result<IndexNames> UpstreamNames(tables::DataVersion version);
Result<Family> FamilyOf(tables::DataVersion version);
// Every name that some release's deployment gives an index, each once.
std::vector<std::string> AllUpstreamNames();

// {"settings": …, "mappings": …} of a new index.  `part` is kBoth exactly for kV22; no kUnknown and
// no kOurs.
boost::json::object IndexBody(Family family, Part part);

}  // namespace vams::migrate::index
