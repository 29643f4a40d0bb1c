// What schemas ask of an entity, compared with a plain model of section 7: random schemas, records,
// writes and deletions.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "model/effective_schema.h"
#include "model/effective_schema_support_test.h"

namespace vams::model::test {
namespace {

struct Model {
  std::map<std::string, EffectiveField> fields;
  bool link = false;

  void Merge(const MetadataSchema& schema) {
    const std::string name = schema.name + " (" + schema.database_id + ")";
    for (const SchemaField& field : schema.fields) {
      if (!fields.contains(field.key)) {
        fields[field.key] = {field, name, false};
        continue;
      }
      EffectiveField& merged = fields[field.key];
      merged.schemas += ", " + name;
      SchemaField& f = merged.field;
      if (f.type != field.type || f.required != field.required ||
          f.depends_on != field.depends_on || f.default_value != field.default_value) {
        f = {.key = field.key, .list = Texts()};
        merged.conflict = true;
      } else if (field.sequence && (!f.sequence || *field.sequence < *f.sequence)) {
        f.sequence = field.sequence;
      }
    }
  }

  using State = std::map<std::string, MetadataItem>;
  static State StateOf(const Records& records) {
    State state;
    for (const MetadataItem& record : records) state[record.key] = record;
    return state;
  }

  bool GoesRound(const State& state, const std::string& key, std::set<std::string> above) const {
    if (!above.insert(key).second) return true;
    const auto field = fields.find(key);
    if (field == fields.end() || !field->second.field.depends_on) return false;
    for (const std::string& name : *field->second.field.depends_on)
      if (state.contains(name) && !state.at(name).value.empty() && GoesRound(state, name, above))
        return true;
    return false;
  }

  // How many things are wrong, circles not counted; and whether there is a circle.
  std::pair<std::size_t, bool> Check(SchemaWrite write, const Records& stored, const Records& sent,
                                     bool restricted) const {
    if (fields.empty()) return {0, false};
    State state = write == kReplaceAll ? State() : StateOf(stored);
    for (const MetadataItem& item : sent) state[item.key] = item;
    for (const auto& [key, field] : fields)
      if (!state.contains(key) && field.field.default_value)
        state[key] = {key, *field.field.default_value, field.field.type};
    const bool types_stay = write == kCreate || (write == kReplaceAll && !link);
    const State before = StateOf(stored);
    std::size_t wrong = 0;
    bool circle = false;
    for (const auto& [key, effective] : fields) {
      const SchemaField& field = effective.field;
      const auto there = state.find(key);
      if (field.required && (there == state.end() || there->second.value.empty())) ++wrong;
      if (there == state.end()) continue;
      const MetadataItem& item = there->second;
      if (item.type != field.type) ++wrong;
      if (types_stay && before.contains(key) && before.at(key).type != item.type) ++wrong;
      for (const std::string& name : field.depends_on.value_or(Texts()))
        if (!state.contains(name) || state[name].value.empty()) ++wrong;
      circle = circle || GoesRound(state, key, {});
      if (field.type == kList && field.list && !field.list->empty() &&
          std::ranges::count(*field.list, item.value) == 0)
        ++wrong;
    }
    for (const auto& [key, item] : state)
      if (restricted && !fields.contains(key)) ++wrong;
    return {wrong, circle};
  }
};

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}

  bool Once(int in) { return Below(in) == 0; }
  int Below(int end) { return std::uniform_int_distribution(0, end - 1)(engine_); }
  std::string Key() { return std::string(1, static_cast<char>('a' + Below(6))); }
  ValueType Type() { return Once(2) ? kString : Once(2) ? kNumber : kList; }
  std::string Value() { return Once(4) ? "" : std::to_string(Below(3)); }

  SchemaField Field() {
    SchemaField field{.key = Key(), .type = Type(), .required = Once(4)};
    if (Once(2)) field.sequence = Below(3);
    if (Once(3)) {
      field.depends_on = Texts();
      for (int i = Below(3); i > 0; --i)
        if (const std::string name = Key(); std::ranges::count(*field.depends_on, name) == 0)
          field.depends_on->push_back(name);
    }
    if (field.type == kList) field.list = Texts{"0", "1"};
    if (Once(3)) field.default_value = field.type == kList ? "0" : Value();
    return field;
  }
  MetadataSchema Schema() {
    MetadataSchema schema = S({}, Once(2) ? "GLOBAL" : "harbor-db", Once(2) ? "one" : "two");
    std::set<std::string> keys;
    for (int i = Below(4); i > 0; --i)
      if (SchemaField field = Field(); keys.insert(field.key).second)
        schema.fields.push_back(std::move(field));
    return schema;
  }
  Records Some(bool unique) {
    Records records;
    std::set<std::string> keys;
    for (int i = Below(6); i > 0; --i) {
      MetadataItem item{Once(8) ? "outside" : Key(), Value(), Type()};
      if (keys.insert(item.key).second || !unique) records.push_back(std::move(item));
    }
    return records;
  }

 private:
  std::mt19937 engine_;
};

TEST(EffectiveSchema, AgreesWithAPlainModelOfItsRules) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Dice dice(seed);
  int refused = 0, circles = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<MetadataSchema> schemas;
    for (int i = dice.Below(4); i > 0; --i) schemas.push_back(dice.Schema());
    Model model{.fields = {}, .link = dice.Once(4)};
    for (const MetadataSchema& schema : schemas) model.Merge(schema);
    const auto schema = Of(schemas, model.link ? SchemaEntity::kAssetLink : SchemaEntity::kAsset);
    const Records stored = dice.Some(true), sent = dice.Some(false);
    const auto write = static_cast<SchemaWrite>(dice.Below(3));
    const bool restricted = dice.Once(3);

    ASSERT_EQ(schema.fields().size(), model.fields.size());
    for (const EffectiveField& field : schema.fields()) {
      const EffectiveField& other = model.fields.at(field.field.key);
      ASSERT_EQ(field.field, other.field);
      ASSERT_EQ(field.schemas, other.schemas);
      ASSERT_EQ(field.conflict, other.conflict);
    }
    const std::string complaint = Write(schema, write, stored, sent, restricted);
    const auto [wrong, circle] = model.Check(write, stored, sent, restricted);
    ASSERT_EQ(complaint.empty(), wrong == 0 && !circle) << complaint;
    ASSERT_EQ(complaint.find("circle") != complaint.npos, circle) << complaint;
    if (!complaint.empty() && !circle) {
      ASSERT_EQ(std::ranges::count(complaint, ';') + 1, wrong) << complaint;
    }
    refused += complaint.empty() ? 0 : 1;
    circles += circle ? 1 : 0;

    // What is written then holds: nothing is left to fill in, and an update with nothing passes.
    if (complaint.empty() && write == kCreate && !schema.empty()) {
      Records all = sent;
      for (const MetadataItem& item : schema.DefaultsToWrite(stored, sent)) all.push_back(item);
      auto state = Model::StateOf(stored);
      for (const MetadataItem& item : all) state[item.key] = item;
      Records now;
      for (const auto& [key, item] : state) now.push_back(item);
      ASSERT_TRUE(schema.DefaultsToWrite(now, {}).empty());
      ASSERT_EQ(Write(schema, kUpdate, now, {}, restricted), "");
      ASSERT_EQ(schema.Show(now, OutsideOrder::kAscending).size(),
                model.fields.size() +
                    static_cast<std::size_t>(std::ranges::count_if(
                        now, [&](const auto& item) { return !model.fields.contains(item.key); })));
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 19'000);
  EXPECT_GT(circles, 20);
}

// Deleting is allowed exactly if no required key goes and nothing that stays depends on what goes.
TEST(SchemaDeletion, AgreesWithAPlainModelOfItsRules) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Dice dice(seed);
  for (int round = 0; round < 20'000; ++round) {
    const std::vector<MetadataSchema> schemas = {dice.Schema(), dice.Schema()};
    Model model;
    for (const MetadataSchema& schema : schemas) model.Merge(schema);
    const Records stored = dice.Some(true);
    Texts keys;
    for (int i = dice.Below(4); i > 0; --i) keys.push_back(dice.Key());

    bool refused = false;
    for (const std::string& key : keys) {
      if (!model.fields.contains(key)) continue;
      refused = refused || model.fields[key].field.required;
      for (const MetadataItem& item : stored) {
        if (std::ranges::count(keys, item.key) != 0 || !model.fields.contains(item.key)) continue;
        const auto names = model.fields[item.key].field.depends_on.value_or(Texts());
        refused = refused || std::ranges::count(names, key) != 0;
      }
    }

    ASSERT_EQ(Of(schemas).CheckDeletion(stored, keys).has_value(), refused);
  }
}

}  // namespace
}  // namespace vams::model::test
