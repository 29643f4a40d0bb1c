// Repair of file metadata and attributes: paths without leading slash, assets that do not exist,
// traces of reindexing.

#include <fmt/format.h>

#include <algorithm>

#include "migrate/steps/repair.h"
#include "migrate/steps/v23_to_v24_places.h"
#include "migrate/steps/v24_to_v25.h"

namespace vams::migrate::repair {

using items::Item;
using items::Value;
using v23_to_v24::OldKey;
using v23_to_v24::Place;

namespace {

constexpr std::string_view kReindexRecord = "REINDEX_METADATA_RECORD";

// "db:asset:path"; the path may be empty.
std::optional<Place> PlaceOf(std::string_view key) {
  const std::size_t first = key.find(':');
  if (first == std::string_view::npos || first == 0) return std::nullopt;
  const std::size_t second = key.find(':', first + 1);
  if (second == std::string_view::npos || second == first + 1) return std::nullopt;
  return Place{std::string(key.substr(0, first)),
               std::string(key.substr(first + 1, second - first - 1)),
               std::string(key.substr(second + 1))};
}

// The key of 2.3 from which upstream's script has made such a place.
OldKey OriginOf(const Place& place) {
  if (place.path == "/") return {place.database, place.asset};
  if (place.path.empty()) return {place.database, "/" + place.asset};
  return v23_to_v24::OldKeyOf(place);
}

// What is wrong with a row, and where it belongs.
struct Finding {
  enum class Kind { kFine, kMalformed, kMove, kUnknown } kind = Kind::kFine;
  std::string code;
  std::string target;  // the key
  Place place;         // of it
};

Result<Finding> Examine(const Item& row, const Context& cx) {
  const auto place = PlaceOf(row.Text(kPlaceKey));
  if (!place) return Finding{.kind = Finding::Kind::kMalformed};
  TRY(const auto homes, v25::Homes::Of(cx.state, place->asset));
  const bool known = homes.Find(place->database) != nullptr;
  if (known && place->path.starts_with('/')) return Finding{};
  TRY(auto found, v23_to_v24::FindPlace(OriginOf(*place), cx));
  if (!found && known) found = Place{place->database, place->asset, "/" + place->path};
  if (!found) return Finding{.kind = Finding::Kind::kUnknown, .code = "D-8"};
  std::string target = v23_to_v24::CompositeOf(*found);
  if (target == row.Text(kPlaceKey)) return Finding{};
  return Finding{.kind = Finding::Kind::kMove,
                 .code = known ? "D-1" : "D-8",
                 .target = std::move(target),
                 .place = *std::move(found)};
}

class PathRepair final : public TablePhase {
 public:
  PathRepair(std::string_view name, std::string_view what, std::string_view table,
             std::string_view key)
      : TablePhase(name, what, table), key_(key) {}

  // Rows that are to be moved to one key are one unit; a row that is there already is asked for.
  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    if (direction == Direction::kDown || IsTrace(record.item)) return std::nullopt;
    TRY(const auto finding, Examine(record.item, cx));
    if (finding.kind != Finding::Kind::kMove) return std::nullopt;
    return v25::GroupName(record.item.Text(key_), finding.target);
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    std::vector<Move> moves;
    for (const auto& record : unit.records) {
      if (IsTrace(record.item)) {
        out.Quarantine(record, "R-5", "left behind by an interrupted reindexing; no metadata");
        continue;
      }
      TRY(auto finding, Examine(record.item, cx));
      switch (finding.kind) {
        case Finding::Kind::kUnknown:
          out.Note(record, finding.code,
                   "belongs to no asset that exists and resembles none; left as it is");
          [[fallthrough]];
        case Finding::Kind::kFine:
          out.Put(table(), record.item);
          break;
        case Finding::Kind::kMalformed:
          out.Quarantine(record, "D-9",
                         fmt::format("the key \"{}\" names no database, asset and path",
                                     record.item.Text(kPlaceKey)));
          break;
        case Finding::Kind::kMove:
          moves.push_back({&record, std::move(finding)});
      }
    }
    return MoveAll(std::move(moves), cx, out);
  }

 private:
  struct Move {
    const Record* record;
    Finding finding;
  };

  bool IsTrace(const Item& row) const { return row.Text(key_) == kReindexRecord; }

  // All moves of a unit have one target.
  Status MoveAll(std::vector<Move> moves, const Context& cx, Output& out) const {
    // A row of an asset that exists is believed before one of an asset that was made up.
    std::ranges::stable_sort(moves, {}, [](const Move& move) { return move.finding.code; });
    bool taken = false;
    for (std::size_t i = 0; i < moves.size(); ++i) {
      const auto& [record, finding] = moves[i];
      if (i == 0) {
        const Item key{{std::string(key_), Value::S(std::string(record->item.Text(key_)))},
                       {std::string(kPlaceKey), Value::S(finding.target)}};
        TRY(const auto there, cx.state.Find(table(), key));
        taken = there.has_value();
      }
      if (taken) {
        out.Note(*record, finding.code,
                 fmt::format("\"{}\" has a value for this key, which stays; this one is kept aside",
                             finding.target));
        continue;
      }
      taken = true;
      out.Note(*record, finding.code, fmt::format("moved to \"{}\"", finding.target));
      out.Put(table(), v25::Edited(record->item,
                                   {{kPlaceKey, Value::S(finding.target)},
                                    {v25::kAssetKey, Value::S(v25::Join(finding.place.database,
                                                                        finding.place.asset))}}));
    }
    return Ok();
  }

  std::string_view key_;
};

}  // namespace

Status TablePhase::Inverse(const Unit& unit, const Context& cx, Output& out) const {
  (void)cx;
  for (const auto& record : unit.records) out.Put(table(), record.item);
  return Ok();
}

const Phase& FileMetadata() {
  static const PathRepair phase("file-metadata", "Mend paths and assets of metadata", kMetadata,
                                "metadataKey");
  return phase;
}

const Phase& FileAttributes() {
  static const PathRepair phase("file-attributes", "Mend paths and assets of file attributes",
                                kAttributes, "attributeKey");
  return phase;
}

}  // namespace vams::migrate::repair
