// Metadata: one row per asset or file becomes one record per field.
// Spec: migrations.md sections 5.3 and 5.7, rulings D-1, D-6, D-7, D-8.
//
// On the way back the old rows, which stay in the old table, say under which of several possible
// keys a field was, and keep their touch markers; values come from the new table alone.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "migrate/steps/v23_to_v24.h"
#include "migrate/steps/v23_to_v24_places.h"

namespace vams::migrate::v23_to_v24 {

using items::Item;
using items::Kind;
using items::Value;

namespace {

constexpr std::string_view kPlaceKey = "databaseId:assetId:filePath";
constexpr std::string_view kAssetKey = "databaseId:assetId";
constexpr std::string_view kReindexMark = "REINDEX_METADATA_RECORD";

bool IsField(std::string_view name) {
  return name != "databaseId" && name != "assetId" && !name.starts_with('_');
}

bool HasFields(const Item& row) {
  return std::any_of(row.begin(), row.end(), [](const auto& a) { return IsField(a.name); });
}

OldKey KeyOf(const Item& row) {
  return {std::string(row.Text("databaseId")), std::string(row.Text("assetId"))};
}

Item NewRecord(const std::string& key, const Place& place, TypedText typed) {
  Item item;
  item.Reserve(5);
  item.AppendSorted(std::string(kAssetKey),
                    Value::S(fmt::format("{}:{}", place.database, place.asset)));
  item.AppendSorted(std::string(kPlaceKey), Value::S(CompositeOf(place)));
  item.AppendSorted("metadataKey", Value::S(key));
  item.AppendSorted("metadataValue", Value::S(std::move(typed.text)));
  item.AppendSorted("metadataValueType", Value::S(std::move(typed.type)));
  return item;
}

// What the schema of 2.3 says about fields: on the way up its rows, on the way down the rows that
// the schemas of 2.4 will become, because the old ones are out of date by then.
class FieldTypes {
 public:
  FieldTypes(Direction run, const Context& cx) : run_(run), cx_(cx) {}

  Result<std::optional<FieldType>> Of(const std::string& database, const std::string& field) {
    if (run_ == Direction::kUp) {
      TRY(const auto row, cx_.state.Find(kOldSchemas, {{"databaseId", Value::S(database)},
                                                       {"field", Value::S(field)}}));
      return row ? std::optional(FieldTypeOf(*row)) : std::optional<FieldType>();
    }
    if (database_ != database) TRY_OK(LoadNew(database));
    const auto found = types_.find(field);
    return found == types_.end() ? std::optional<FieldType>() : std::optional(found->second);
  }

 private:
  Status LoadNew(const std::string& database) {
    TRY(const auto schemas, cx_.state.QueryShared(kNewSchemas, "DatabaseIdMetadataEntityTypeIndex",
                                                  database + ":assetMetadata"));
    std::vector<const Item*> pointers;
    for (const auto& schema : *schemas) pointers.push_back(&schema);
    types_.clear();
    for (const auto& row : OldRowsOf(database, pointers))
      types_.emplace(row.Text("field"), FieldTypeOf(row));
    database_ = database;
    return Ok();
  }

  Direction run_;
  const Context& cx_;
  std::string database_;
  std::map<std::string, FieldType, std::less<>> types_;
};

// ---- corrected

class MetadataSplit {
 public:
  MetadataSplit(const Unit& unit, const Context& cx, Output& out)
      : unit_(unit), cx_(cx), out_(out), types_(RunOf(unit), cx) {}

  Status Run() {
    std::vector<Row> rows;
    for (const Item* item : Sorted(unit_, kOldMetadata, "assetId")) {
      TRY(auto place, HasFields(*item) ? FindPlace(KeyOf(*item), cx_)
                                       : Result<std::optional<Place>>(std::optional<Place>()));
      if (place)
        rows.push_back({item, *std::move(place), false});
      else if (HasFields(*item))
        Unplaced(*item);
    }
    // Of several rows of one place, the one under the place's own key comes first and wins.
    for (auto& row : rows) row.own_key = OldKeyOf(row.place) == KeyOf(*row.item);
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.own_key && !b.own_key; });
    for (const Item* item : unit_.Of(kNewMetadata))
      taken_.emplace(std::pair(std::string(item->Text(kPlaceKey)), item->Text("metadataKey")),
                     Taken{item, false});
    for (const auto& row : rows) TRY_OK(Fields(row));
    for (auto& item : made_) out_.Put(kNewMetadata, std::move(item));
    return Ok();
  }

 private:
  struct Row {
    const Item* item;
    Place place;
    bool own_key;
  };
  struct Taken {
    const Item* existing;  // nullptr: made_[index]
    bool made;
    std::size_t index = 0;
  };

  void Unplaced(const Item& item) {
    const Record record{kOldMetadata, item};
    out_.Defect(record, KeyOf(item).asset.find('/') == std::string::npos ? "M34-20" : "M34-4",
                "the upstream script files this metadata under an asset that does not exist");
    out_.Quarantine(record, "D-8",
                    "the row belongs to no asset of its database: none matches the front of its "
                    "key, or an archived and a live asset both do");
  }

  Status Fields(const Row& row) {
    const std::string composite = CompositeOf(row.place);
    std::string ignored, typed_fields, locations;
    for (const auto& [name, value] : *row.item) {
      if (!IsField(name)) continue;
      TRY(const auto field, types_.Of(row.place.database, name));
      auto typed = Typed(value, field ? &*field : nullptr);
      if (!value.is(Kind::kS) || !typed) ignored += (ignored.empty() ? "" : ", ") + name;
      if (!typed) continue;
      if (typed->type != "string") typed_fields += (typed_fields.empty() ? "" : ", ") + name;
      if (typed->type == "lla") locations += (locations.empty() ? "" : ", ") + name;
      Add(row, name, composite, *std::move(typed));
    }
    Remark(row, ignored, typed_fields);
    const Record record{kOldMetadata, *row.item};
    if (!locations.empty())
      out_.Defect(record, "M34-5", "the upstream script keeps the old form of: " + locations);
    constexpr std::size_t kMaxSortKey = 1024;
    if (composite.size() > kMaxSortKey)
      out_.Defect(record, "M34-14",
                  "the key is too long for the new table; with the upstream script its whole batch "
                  "is lost");
    return Ok();
  }

  void Add(const Row& row, const std::string& name, const std::string& composite, TypedText typed) {
    const auto [at, added] =
        taken_.emplace(std::pair(composite, std::string_view(name)), Taken{nullptr, true});
    if (added) {
      at->second.index = made_.size();
      made_.push_back(NewRecord(name, row.place, std::move(typed)));
      return;
    }
    if (!at->second.made) return;  // it is in the new table already, which wins
    const Item& winner = made_[at->second.index];
    if (winner.Text("metadataValue") == typed.text) return;
    out_.Note({kOldMetadata, *row.item}, "D-8",
              fmt::format("two rows give \"{}\" of {} different values; \"{}\" is kept, \"{}\" "
                          "stays in the old row only",
                          name, composite, Shortened(winner.Text("metadataValue")),
                          Shortened(typed.text)));
  }

  static std::string Shortened(std::string_view text) {
    constexpr std::size_t kShown = 80;
    if (text.size() <= kShown) return std::string(text);
    std::size_t end = kShown;
    while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return std::string(text.substr(0, end)) + "…";
  }

  void Remark(const Row& row, const std::string& ignored, const std::string& typed) {
    const Record record{kOldMetadata, *row.item};
    const Place guess = ReferencePlace(KeyOf(*row.item));
    if (guess.database != row.place.database || guess.asset != row.place.asset)
      out_.Defect(record, "M34-4",
                  fmt::format("the upstream script takes this for metadata of "
                              "asset \"{}\" in \"{}\"",
                              guess.asset, guess.database));
    else if (guess.path != row.place.path)
      out_.Defect(record, "M34-1",
                  "the upstream script leaves out the leading slash of the path, which hides the "
                  "metadata from every route");
    if (!ignored.empty()) out_.Defect(record, "M34-2", "the upstream script drops: " + ignored);
    if (!typed.empty())
      out_.Defect(record, "M34-3", "the upstream script makes plain text of: " + typed);
  }

  const Unit& unit_;
  const Context& cx_;
  Output& out_;
  FieldTypes types_;
  // By place and field; the field's name is a view into the unit.
  std::map<std::pair<std::string, std::string_view>, Taken> taken_;
  std::vector<Item> made_;
};

// ---- reference

void ForwardReference(const Unit& unit, Output& out) {
  std::map<std::pair<std::string, std::string>, Item> made;
  for (const Item* row : Sorted(unit, kOldMetadata, "assetId")) {  // as they are scanned
    const Place place = ReferencePlace(KeyOf(*row));
    for (const auto& [name, value] : *row) {
      if (!IsField(name) || !value.is(Kind::kS) || value.text().empty()) continue;
      made.insert_or_assign(std::pair(CompositeOf(place), name),
                            NewRecord(name, place, {value.text(), "string"}));
    }
  }
  for (const Item* item : unit.Of(kNewMetadata))
    made.erase({std::string(item->Text(kPlaceKey)), std::string(item->Text("metadataKey"))});
  for (auto& [key, item] : made) out.Put(kNewMetadata, std::move(item));
}

// ---- the way back

// A field of the new tables on its way into an old row.
struct Field {
  std::string_view name;
  const Value* value;
  OldKey home;  // the old row it belongs to by its place
  int rank;     // of two of a name the lower one counts: metadata before attributes, and paths as
                // the application reads them before others
  bool used = false;
};

std::optional<Field> FieldOf(std::string_view table, const Item& item) {
  const bool attribute = table == kAttributes;
  const std::string_view name = item.Text(attribute ? "attributeKey" : "metadataKey");
  const Value* value = item.Find(attribute ? "attributeValue" : "metadataValue");
  if (value == nullptr || !IsField(name) || name == kReindexMark) return std::nullopt;
  const auto place = PlaceOfComposite(item.Text(kPlaceKey));
  if (!place) return std::nullopt;
  return Field{name, value, OldKeyOf(*place),
               (attribute ? 2 : 0) + (place->path.starts_with('/') ? 0 : 1)};
}

// The field that an old row had, as it is now: the row's own, else the best one of the name.
Field* Now(std::vector<Field>& fields, std::string_view name, const OldKey& key) {
  Field* best = nullptr;
  for (auto& field : fields) {
    if (field.name != name) continue;
    if (best == nullptr) best = &field;
    if (field.home == key && best->home != key) best = &field;
  }
  return best;
}

Item OldRow(const OldKey& key) {
  Item row;
  row.Set("databaseId", Value::S(key.database));
  row.Set("assetId", Value::S(key.asset));
  return row;
}

class Back {
 public:
  explicit Back(const Unit& unit) : unit_(unit) {}

  void Run(Output& out) {
    for (const auto& record : unit_.records)
      if (record.table != kOldMetadata)
        if (auto field = FieldOf(record.table, record.item)) fields_.push_back(*std::move(field));
    std::sort(fields_.begin(), fields_.end(), [](const Field& a, const Field& b) {
      return std::tie(a.rank, a.home, a.name) < std::tie(b.rank, b.home, b.name);
    });
    for (const Item* old : unit_.Of(kOldMetadata)) Refill(*old);
    for (const auto& field : fields_) {
      if (field.used) continue;
      Item& row = rows_.try_emplace(field.home, OldRow(field.home)).first->second;
      if (!row.Has(field.name)) row.Set(field.name, *field.value);
    }
    for (auto& [key, row] : rows_) out.Put(kOldMetadata, std::move(row));
  }

 private:
  // The old row with the fields that are still there and with their values of now.
  void Refill(const Item& old) {
    const OldKey key = KeyOf(old);
    Item row = OldRow(key);
    bool had_fields = false;
    for (const auto& [name, value] : old) {
      if (name == "databaseId" || name == "assetId") continue;
      if (!IsField(name)) {
        row.Set(name, value);
        continue;
      }
      had_fields = true;
      if (Field* now = Now(fields_, name, key); now != nullptr) {
        row.Set(name, *now->value);
        now->used = true;
      }
    }
    constexpr std::size_t kKeyAttributes = 2;
    if (!had_fields || row.size() > kKeyAttributes) rows_.emplace(key, std::move(row));
  }

  const Unit& unit_;
  std::vector<Field> fields_;
  std::map<OldKey, Item> rows_;
};

class Metadata final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "metadata",
                                .what = "Make one record per field of the metadata",
                                .reads_up = {kOldMetadata, kNewMetadata, kAttributes},
                                .writes_up = {kOldMetadata, kNewMetadata, kAttributes},
                                .reads_down = {kOldMetadata, kNewMetadata, kAttributes},
                                .writes_down = {kOldMetadata},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  // Every record is grouped: several old keys can mean one place, and looking for the others of a
  // row costs more than sorting it.
  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    OldKey key;
    if (record.table == kOldMetadata) {
      key = v23_to_v24::KeyOf(record.item);
    } else {
      const auto place = PlaceOfComposite(record.item.Text(kPlaceKey));
      if (!place) return std::optional<std::string>();
      key = OldKeyOf(*place);
    }
    TRY(const OldKey unit, UnitKey(key, cx));
    return std::optional(GroupName(direction, unit.database, unit.asset));
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    for (const auto& record : unit.records) out.Put(record.table, record.item);
    if (unit.group.empty()) return Ok();  // a malformed record of the new tables
    if (IsReference(cx)) {
      ForwardReference(unit, out);
      return Ok();
    }
    return MetadataSplit(unit, cx, out).Run();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    if (unit.group.empty()) {
      for (const auto& record : unit.records)
        out.Quarantine(record, "D-9",
                       fmt::format("its key \"{}\" names no database, asset and path",
                                   record.item.Text(kPlaceKey)));
      return Ok();
    }
    Back(unit).Run(out);
    return Ok();
  }
};

Result<std::vector<Problem>> CheckPlace(const Place& place, const Context& cx) {
  std::vector<Problem> problems;
  for (const std::string& database : {place.database, place.database + std::string(kDeleted)}) {
    TRY(const auto asset, cx.state.Find(kAssets, {{"assetId", Value::S(place.asset)},
                                                  {"databaseId", Value::S(database)}}));
    if (asset) return problems;
  }
  problems.push_back({Problem::Kind::kOrphan,
                      fmt::format("it belongs to asset \"{}\" of database \"{}\", which does not "
                                  "exist",
                                  place.asset, place.database)});
  return problems;
}

}  // namespace

const Phase& MetadataPhase() {
  static const Metadata phase;
  return phase;
}

Result<std::vector<Problem>> CheckMetadata(std::string_view table, const Item& item,
                                           const Context& cx) {
  const bool attribute = table == kAttributes;
  const auto place = PlaceOfComposite(item.Text(kPlaceKey));
  if (!place)
    return std::vector<Problem>{
        {Problem::Kind::kOrphan,
         fmt::format("its key \"{}\" names no database, asset and path", item.Text(kPlaceKey))}};
  TRY(auto problems, CheckPlace(*place, cx));
  if (!place->path.starts_with('/'))
    problems.push_back({Problem::Kind::kOrphan,
                        fmt::format("its path \"{}\" lacks the leading slash, so no route reads "
                                    "it; vams migrate repair mends it",
                                    place->path)});
  const std::string owner = fmt::format("{}:{}", place->database, place->asset);
  if (item.Has(kAssetKey) && item.Text(kAssetKey) != owner)
    problems.push_back({Problem::Kind::kBroken,
                        fmt::format("its asset should be \"{}\", as its key says", owner)});
  const Value* value = item.Find(attribute ? "attributeValue" : "metadataValue");
  if (value == nullptr || !value->is(Kind::kS))
    problems.push_back({Problem::Kind::kBroken, "it has no value, or one that is no text"});
  return problems;
}

Result<std::vector<Problem>> CheckOldMetadata(const Item& item, const Context& cx) {
  if (!HasFields(item)) return std::vector<Problem>();
  TRY(const auto place, FindPlace(KeyOf(item), cx));
  if (place) return std::vector<Problem>();
  return std::vector<Problem>{{Problem::Kind::kOrphan, "it belongs to no asset that exists"}};
}

}  // namespace vams::migrate::v23_to_v24
