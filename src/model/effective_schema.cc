#include "model/effective_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "model/text.h"

namespace vams::model {

namespace {

// ---- Merging (section 7.2).

// What makes two schemas disagree about a field; places and lists do not.
bool SameRules(const SchemaField& a, const SchemaField& b) {
  return a.type == b.type && a.required == b.required && a.depends_on == b.depends_on &&
         a.default_value == b.default_value;
}

// What is left of a field that schemas disagree about.
SchemaField Neutral(std::string key) {
  return {.key = std::move(key),
          .type = ValueType::kString,
          .required = false,
          .sequence = std::nullopt,
          .depends_on = std::nullopt,
          .list = std::vector<std::string>(),
          .default_value = std::nullopt};
}

void Merge(EffectiveField& into, const SchemaField& field) {
  if (!SameRules(into.field, field)) {
    into.field = Neutral(std::move(into.field.key));
    into.conflict = true;
    return;
  }
  if (!field.sequence) return;
  into.field.sequence = std::min(into.field.sequence.value_or(*field.sequence), *field.sequence);
}

bool ComesBefore(const EffectiveField& a, const EffectiveField& b) {
  const auto& x = a.field.sequence;
  const auto& y = b.field.sequence;
  if (x.has_value() != y.has_value()) return x.has_value();
  if (x != y) return *x < *y;
  return a.field.key < b.field.key;
}

// ---- Texts.  A value can be long, and so can a list.

constexpr std::size_t kShownBytes = 120;
constexpr std::size_t kShownEntries = 20;

std::string Quoted(std::string_view text) {
  if (text.size() <= kShownBytes) return fmt::format("'{}'", text);
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return fmt::format("'{}…'", text.substr(0, end));
}

std::string ListText(const std::vector<std::string>& list) {
  std::string text;
  for (std::size_t i = 0; i < list.size() && i < kShownEntries; ++i)
    text += (i == 0 ? "" : ", ") + Quoted(list[i]);
  if (list.size() > kShownEntries) text += fmt::format(" and {} more", list.size() - kShownEntries);
  return text;
}

}  // namespace

std::string FileExtension(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash != path.npos) path.remove_prefix(slash + 1);
  const std::size_t dot = path.rfind('.');
  return dot == path.npos ? std::string() : Lower(path.substr(dot));
}

bool AppliesToFile(const std::optional<std::string>& file_types, std::string_view path) {
  if (!file_types || Trim(*file_types).empty()) return true;
  const std::string extension = FileExtension(path);
  if (extension.empty()) return true;
  bool applies = false;
  ForEachEntry(*file_types, [&](std::string_view entry) {
    const std::string lower = Lower(entry);
    applies = applies || lower == extension || lower == ".all";
  });
  return applies;
}

EffectiveSchema::EffectiveSchema(SchemaEntity entity, std::span<const MetadataSchema> schemas,
                                 std::string_view file_path)
    : entity_(entity) {
  std::unordered_map<std::string_view, std::size_t> known;
  for (const MetadataSchema& schema : schemas) {
    if (!schema.enabled) continue;
    if (IsOfFiles(entity) && !AppliesToFile(schema.file_types, file_path)) continue;
    const std::string name = fmt::format("{} ({})", schema.name, schema.database_id);
    for (const SchemaField& field : schema.fields) {
      const auto [at, added] = known.emplace(field.key, fields_.size());
      if (added) {
        fields_.push_back({.field = field, .schemas = name});
        continue;
      }
      EffectiveField& merged = fields_[at->second];
      Merge(merged, field);
      merged.schemas += ", " + name;
    }
  }
  std::ranges::sort(fields_, ComesBefore);
  for (std::size_t i = 0; i < fields_.size(); ++i) index_.emplace(fields_[i].field.key, i);
}

const EffectiveField* EffectiveSchema::Find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &fields_[found->second];
}

// ---- Checks of writes (section 7.3).

// The records that an entity would have, and what is wrong with them.
class EffectiveSchema::Examination {
 public:
  explicit Examination(const EffectiveSchema& schema)
      : schema_(schema), held_(schema.fields_.size()), known_(schema.fields_.size()) {}

  // Later records take the place of earlier ones of the same key.
  void Add(std::span<const MetadataItem> records) {
    for (const MetadataItem& record : records) {
      const auto found = schema_.index_.find(record.key);
      if (found == schema_.index_.end())
        outside_[record.key] = &record.value;
      else
        held_[found->second] = {&record.value, record.type};
    }
  }

  void AddDefaults() {
    for (std::size_t i = 0; i < held_.size(); ++i) {
      const SchemaField& field = FieldAt(i);
      if (held_[i].value == nullptr && field.default_value)
        held_[i] = {&*field.default_value, field.type};
    }
  }

  void CheckRequired() {
    for (std::size_t i = 0; i < held_.size(); ++i) {
      if (!FieldAt(i).required) continue;
      if (held_[i].value == nullptr)
        Complain("{} is required and missing", Quoted(FieldAt(i).key));
      else if (held_[i].value->empty())
        Complain("{} is required and must not be empty", Quoted(FieldAt(i).key));
    }
  }

  void CheckTypes() {
    for (std::size_t i = 0; i < held_.size(); ++i) {
      const SchemaField& field = FieldAt(i);
      if (held_[i].value == nullptr || held_[i].type == field.type) continue;
      Complain("{} has to be of type '{}' and is of '{}'", Quoted(field.key),
               ValueTypeName(field.type), ValueTypeName(held_[i].type));
    }
  }

  // A key of the schema keeps the type that it is stored with.
  void CheckTypesStay(std::span<const MetadataItem> stored) {
    for (const MetadataItem& record : stored) {
      const auto found = schema_.index_.find(record.key);
      if (found == schema_.index_.end()) continue;
      const Held& held = held_[found->second];
      if (held.value == nullptr || held.type == record.type) continue;
      Complain(
          "{} is stored with type '{}', which cannot become '{}' in this way: PUT it with "
          "updateType 'update', or delete it first",
          Quoted(record.key), ValueTypeName(record.type), ValueTypeName(held.type));
    }
  }

  void CheckDependencies() {
    for (std::size_t i = 0; i < held_.size(); ++i)
      if (held_[i].value != nullptr && known_[i] == Known::kNo) FollowDependencies(i);
  }

  void CheckLists() {
    for (std::size_t i = 0; i < held_.size(); ++i) {
      const SchemaField& field = FieldAt(i);
      if (held_[i].value == nullptr || field.type != ValueType::kInlineControlledList) continue;
      if (!field.list || field.list->empty()) continue;
      if (std::ranges::find(*field.list, *held_[i].value) != field.list->end()) continue;
      Complain("{} has the value {}, which is none of {}", Quoted(field.key),
               Quoted(*held_[i].value), ListText(*field.list));
    }
  }

  Complaint Verdict(bool restricted) {
    std::vector<std::string> outside;
    if (restricted)
      for (const auto& [key, value] : outside_)
        outside.push_back(fmt::format(
            "{} is no field of the schemas, and the database allows only these", Quoted(key)));
    if (complaints_.empty()) {
      if (outside.empty()) return std::nullopt;
      return fmt::format("Metadata key validation failed: {}", fmt::join(outside, "; "));
    }
    std::ranges::move(outside, std::back_inserter(complaints_));
    return fmt::format("Schema validation failed: {}", fmt::join(complaints_, "; "));
  }

 private:
  struct Held {
    const std::string* value = nullptr;  // null: no record
    ValueType type = ValueType::kString;
  };
  // Of a field, while dependencies are followed: it is on the way to where we are, or done with.
  enum class Known : std::uint8_t { kNo, kOpen, kDone };
  struct Step {
    std::size_t field;
    std::size_t next = 0;  // of its dependencies
  };

  const SchemaField& FieldAt(std::size_t i) const { return schema_.fields_[i].field; }

  template <typename... Parts>
  void Complain(fmt::format_string<Parts...> format, Parts&&... parts) {
    complaints_.push_back(fmt::format(format, std::forward<Parts>(parts)...));
  }

  // Not by calls inside calls: a chain may be as long as a schema has fields.
  void FollowDependencies(std::size_t first) {
    std::vector<Step> way{{first}};
    known_[first] = Known::kOpen;
    while (!way.empty()) {
      Step& at = way.back();
      const auto& names = FieldAt(at.field).depends_on;
      if (!names || at.next == names->size()) {
        known_[at.field] = Known::kDone;
        way.pop_back();
        continue;
      }
      const std::string& name = (*names)[at.next++];
      const auto found = schema_.index_.find(name);
      if (!IsFilled(FieldAt(at.field).key, name, found)) continue;
      if (found == schema_.index_.end()) continue;
      const std::size_t next = found->second;
      if (known_[next] == Known::kOpen) {
        Complain("dependencies go round in a circle: {}", CircleText(way, next));
      } else if (known_[next] == Known::kNo) {
        known_[next] = Known::kOpen;
        way.push_back({next});
      }
    }
  }

  // Whether what `key` depends on is there with a value; complains if not.
  bool IsFilled(const std::string& key, const std::string& name,
                std::unordered_map<std::string_view, std::size_t>::const_iterator found) {
    const std::string* value = nullptr;
    if (found != schema_.index_.end()) {
      value = held_[found->second].value;
    } else if (const auto other = outside_.find(name); other != outside_.end()) {
      value = other->second;
    }
    if (value == nullptr)
      Complain("{} depends on {}, which is missing", Quoted(key), Quoted(name));
    else if (value->empty())
      Complain("{} depends on {}, which is empty", Quoted(key), Quoted(name));
    return value != nullptr && !value->empty();
  }

  std::string CircleText(const std::vector<Step>& way, std::size_t back_to) const {
    std::string text;
    bool inside = false;
    for (const Step& step : way) {
      inside = inside || step.field == back_to;
      if (inside) text += FieldAt(step.field).key + " -> ";
    }
    return text + FieldAt(back_to).key;
  }

  const EffectiveSchema& schema_;
  std::vector<Held> held_;  // by field
  std::vector<Known> known_;
  std::map<std::string_view, const std::string*> outside_;  // by key
  std::vector<std::string> complaints_;
};

Complaint EffectiveSchema::CheckWrite(SchemaWrite write, std::span<const MetadataItem> stored,
                                      std::span<const MetadataItem> sent, bool restricted) const {
  if (empty()) return std::nullopt;
  Examination examination(*this);
  if (write != SchemaWrite::kReplaceAll) examination.Add(stored);
  examination.Add(sent);
  examination.AddDefaults();
  examination.CheckRequired();
  examination.CheckTypes();
  // An update is compared with what it makes itself, so that it may change a type, and nothing is
  // compared where all records of a link are replaced.
  if (write == SchemaWrite::kCreate ||
      (write == SchemaWrite::kReplaceAll && entity_ != SchemaEntity::kAssetLink))
    examination.CheckTypesStay(stored);
  examination.CheckDependencies();
  examination.CheckLists();
  return examination.Verdict(restricted);
}

// ---- Checks of deletions, defaults, and what GET shows (sections 7.4 to 7.6).

Complaint EffectiveSchema::CheckDeletion(std::span<const MetadataItem> stored,
                                         std::span<const std::string> keys) const {
  std::vector<std::string> complaints;
  std::unordered_set<std::string_view> going;
  for (const std::string& key : keys) {
    const EffectiveField* field = Find(key);
    if (field == nullptr || !going.insert(key).second) continue;
    if (field->field.required)
      complaints.push_back(fmt::format("{} is required and cannot be deleted", Quoted(key)));
  }
  for (const MetadataItem& record : stored) {
    const EffectiveField* field = Find(record.key);
    if (field == nullptr || !field->field.depends_on || going.contains(record.key)) continue;
    for (const std::string& name : *field->field.depends_on)
      if (going.contains(name))
        complaints.push_back(
            fmt::format("{} cannot be deleted while {}, which depends on it, stays", Quoted(name),
                        Quoted(record.key)));
  }
  if (complaints.empty()) return std::nullopt;
  return fmt::format("Deletion validation failed: {}", fmt::join(complaints, "; "));
}

std::vector<MetadataItem> EffectiveSchema::DefaultsToWrite(
    std::span<const MetadataItem> stored, std::span<const MetadataItem> sent) const {
  std::vector<bool> there(fields_.size());
  for (const auto& records : {stored, sent})
    for (const MetadataItem& record : records)
      if (const auto found = index_.find(record.key); found != index_.end())
        there[found->second] = true;
  std::vector<MetadataItem> defaults;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const SchemaField& field = fields_[i].field;
    if (!there[i] && field.default_value)
      defaults.push_back({.key = field.key, .value = *field.default_value, .type = field.type});
  }
  return defaults;
}

std::vector<ShownMetadata> EffectiveSchema::Show(std::vector<MetadataItem> records,
                                                 OutsideOrder order) const {
  std::vector<ShownMetadata> shown;
  shown.reserve(fields_.size() + records.size());
  for (const EffectiveField& field : fields_)
    shown.push_back({.item = {.key = field.field.key,
                              .value = field.field.default_value.value_or(""),
                              .type = field.field.type},
                     .field = &field});
  for (MetadataItem& record : records) {
    if (const auto found = index_.find(record.key); found != index_.end())
      shown[found->second].item = std::move(record);
    else
      shown.push_back({.item = std::move(record)});
  }
  std::sort(shown.begin() + static_cast<std::ptrdiff_t>(fields_.size()), shown.end(),
            [order](const ShownMetadata& a, const ShownMetadata& b) {
              return order == OutsideOrder::kAscending ? a.item.key < b.item.key
                                                       : b.item.key < a.item.key;
            });
  return shown;
}

}  // namespace vams::model
