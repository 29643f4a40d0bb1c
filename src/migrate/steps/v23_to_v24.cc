// Step 2.3 -> 2.4: constraints, metadata and metadata schemas move to tables of their own; a few
// attributes that 2.3 does not know go on the way back.  Spec: migrations.md section 5.
#include "migrate/steps/v23_to_v24.h"

#include <fmt/format.h>

#include <algorithm>

#include "migrate/steps.h"

namespace vams::migrate {

namespace v23_to_v24 {

using items::Item;
using items::Kind;
using items::Value;

std::string GroupName(Direction direction, std::string_view a, std::string_view b) {
  std::string name(direction == Direction::kUp ? "u:" : "d:");
  name += a;
  if (!b.empty()) {
    name += '\0';
    name += b;
  }
  return name;
}

Direction RunOf(const Unit& unit) {
  return unit.group.starts_with('u') ? Direction::kUp : Direction::kDown;
}

std::vector<const Item*> Sorted(const Unit& unit, std::string_view table,
                                std::string_view attribute) {
  auto items = unit.Of(table);
  std::stable_sort(items.begin(), items.end(), [&](const Item* a, const Item* b) {
    return a->Text(attribute) < b->Text(attribute);
  });
  return items;
}

namespace {

// A table whose records 2.4 takes as they are, and whose newer attributes 2.3 does not know.
class NewerAttributes final : public Phase {
 public:
  using Older = void (*)(Item& item);

  NewerAttributes(std::string_view name, std::string_view what, std::string_view table, Older older)
      : info_{.name = name,
              .what = what,
              .reads_up = {table},
              .writes_up = {table},
              .reads_down = {table},
              .writes_down = {table},
              .lookups_up = {},
              .lookups_down = {}},
        older_(older) {}

  const PhaseInfo& info() const override { return info_; }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) out.Put(record.table, record.item);
    return Ok();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) {
      Item item = record.item;
      older_(item);
      out.Put(record.table, std::move(item));
    }
    return Ok();
  }

 private:
  PhaseInfo info_;
  Older older_;
};

void OlderDatabase(Item& item) {
  item.Remove("restrictMetadataOutsideSchemas");
  item.Remove("restrictFileUploadsToExtensions");
  if (const Value* count = item.Find("assetCount"); count != nullptr && count->is(Kind::kN))
    item.Set("assetCount", Value::S(count->text()));
  const std::string_view created = item.Text("dateCreated");
  if (!created.empty() && !created.starts_with('"'))
    item.Set("dateCreated", Value::S(fmt::format("\"{}\"", created)));
}

void OlderWorkflow(Item& item) { item.Remove("autoTriggerOnFileExtensionsUpload"); }

void OlderExecution(Item& item) { item.Remove("inputAssetFileKey"); }

void OlderLinkMetadata(Item& item) {
  const std::string_view type = item.Text("metadataValueType");
  if (type == "multiline_string" || type == "inline_controlled_list")
    item.Set("metadataValueType", Value::S("string"));
}

const NewerAttributes& Databases() {
  static const NewerAttributes phase("databases", "Databases, with what 2.4 can restrict",
                                     "DatabaseStorageTable", OlderDatabase);
  return phase;
}

const NewerAttributes& Workflows() {
  static const NewerAttributes phase("workflows", "Workflows, with what starts them",
                                     "WorkflowStorageTable", OlderWorkflow);
  return phase;
}

const NewerAttributes& Executions() {
  static const NewerAttributes phase("executions", "Executions, with their input file",
                                     "WorkflowExecutionsStorageTable", OlderExecution);
  return phase;
}

const NewerAttributes& LinkMetadata() {
  static const NewerAttributes phase("link-metadata", "Metadata of links, with its newer types",
                                     "AssetLinksMetadataStorageTable", OlderLinkMetadata);
  return phase;
}

class TheStep final : public Step {
 public:
  tables::DataVersion from() const override { return {2, 3}; }
  tables::DataVersion to() const override { return {2, 4}; }

  std::vector<const Phase*> Phases(Dialect dialect) const override {
    (void)dialect;
    return {&ConstraintsPhase(), &MetadataPhase(), &SchemasPhase(), &Databases(),
            &Workflows(),        &Executions(),    &LinkMetadata()};
  }

  Result<std::vector<Problem>> CheckRecord(Direction direction, const Record& record,
                                           const Context& cx) const override {
    if (direction == Direction::kDown) {
      if (record.table == kAuthEntities) return CheckOldConstraint(record.item);
      if (record.table == kOldMetadata) return CheckOldMetadata(record.item, cx);
      return std::vector<Problem>();
    }
    if (record.table == kConstraints) return CheckConstraint(record.item);
    if (record.table == kNewSchemas) return CheckSchema(record.item);
    if (record.table == kNewMetadata || record.table == kAttributes)
      return CheckMetadata(record.table, record.item, cx);
    return std::vector<Problem>();
  }
};

}  // namespace
}  // namespace v23_to_v24

const Step& Step23To24() {
  static const v23_to_v24::TheStep step;
  return step;
}

}  // namespace vams::migrate
