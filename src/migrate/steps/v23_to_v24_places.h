// Which asset and path a metadata row of 2.3 belongs to: ruling D-8.  Internal to migrate/steps.
// Spec: migrations.md sections 5.3 and 5.7, data-model.md section 4.7.
//
// Thread-safe as far as the state is; blocks on its reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "migrate/step.h"

namespace vams::migrate::v23_to_v24 {

// The key of a row of the old table.
struct OldKey {
  std::string database, asset;
  friend auto operator<=>(const OldKey&, const OldKey&) = default;
};

struct Place {
  std::string database, asset;
  std::string path;  // "/" for the asset itself; `reference` leaves out the leading slash of files
};

std::string CompositeOf(const Place& place);  // "db:asset:path"
// Split at the first two colons; nothing if there are not as many or 2.3 has no key for it.
std::optional<Place> PlaceOfComposite(std::string_view composite);
// Under which key 2.3 keeps the metadata of a place.
OldKey OldKeyOf(const Place& place);

// The place upstream's script guesses from the key alone.
Place ReferencePlace(const OldKey& key);

// The place by the longest match against the assets that exist, the prefixes of the buckets and, if
// these do not say, the objects; archived assets are found under their plain database.  Nothing:
// no asset matches, or an archived and a live one do.
Result<std::optional<Place>> FindPlace(const OldKey& key, const Context& cx);

// The key that stands for all keys that could mean the same place in one run, whether or not there
// is such a place.
Result<OldKey> UnitKey(const OldKey& key, const Context& cx);

}  // namespace vams::migrate::v23_to_v24
