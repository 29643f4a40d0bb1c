#include "items/store.h"

#include <fmt/format.h>

#include "items/number.h"

namespace vams::items {

Write Write::Put(std::string table, Item item, std::vector<Condition> conditions) {
  return {Op::kPut, std::move(table), std::move(item), {}, std::move(conditions)};
}
Write Write::Update(std::string table, Item key, std::vector<Mutation> mutations,
                    std::vector<Condition> conditions) {
  return {Op::kUpdate, std::move(table), std::move(key), std::move(mutations),
          std::move(conditions)};
}
Write Write::Delete(std::string table, Item key, std::vector<Condition> conditions) {
  return {Op::kDelete, std::move(table), std::move(key), {}, std::move(conditions)};
}
Write Write::Check(std::string table, Item key, std::vector<Condition> conditions) {
  return {Op::kCheck, std::move(table), std::move(key), {}, std::move(conditions)};
}

Status CheckMutations(const TableSpec& spec, const Write& write) {
  for (std::size_t i = 0; i < write.mutations.size(); ++i) {
    const auto& m = write.mutations[i];
    if (m.attribute == spec.partition.name || (!spec.sort.empty() && m.attribute == spec.sort.name))
      return Error(Code::kInvalid,
                   fmt::format("an update of {} cannot change its key attribute \"{}\"", spec.name,
                               m.attribute));
    for (std::size_t k = 0; k < i; ++k)
      if (write.mutations[k].attribute == m.attribute)
        return Error(Code::kInvalid, fmt::format("an update of {} names attribute \"{}\" twice",
                                                 spec.name, m.attribute));
  }
  return Ok();
}

Result<Item> ApplyMutations(const Item& current, std::span<const Mutation> mutations) {
  Item item = current;
  for (const auto& m : mutations) {
    switch (m.op) {
      case Mutation::Op::kSet:
        item.Set(m.attribute, m.value);
        break;
      case Mutation::Op::kRemove:
        item.Remove(m.attribute);
        break;
      case Mutation::Op::kAdd: {
        const Value* old = item.Find(m.attribute);
        const Kind kind = m.value.kind();
        if (kind != Kind::kN && kind != Kind::kSS && kind != Kind::kNS && kind != Kind::kBS)
          return Error(
              Code::kInvalid,
              fmt::format("only a number or a set can be added to attribute \"{}\"", m.attribute));
        if (old != nullptr && old->kind() != kind)
          return Error(Code::kInvalid,
                       fmt::format("attribute \"{}\" is of type {}, so no {} can be added to it",
                                   m.attribute, KindName(old->kind()), KindName(kind)));
        if (old == nullptr) {
          item.Set(m.attribute, m.value);
        } else if (kind == Kind::kN) {
          TRY(auto sum, AddNumbers(old->text(), m.value.text()));
          item.Set(m.attribute, Value::N(std::move(sum)));
        } else {
          Bytes members = old->set();
          members.insert(members.end(), m.value.set().begin(), m.value.set().end());
          item.Set(m.attribute, kind == Kind::kSS   ? Value::SS(std::move(members))
                                : kind == Kind::kNS ? Value::NS(std::move(members))
                                                    : Value::BS(std::move(members)));
        }
        break;
      }
    }
  }
  return item;
}

bool ConditionsHold(std::span<const Condition> conditions, const Item* item) {
  for (const auto& c : conditions) {
    switch (c.op) {
      case Condition::Op::kAbsent:
        if (item != nullptr) return false;
        break;
      case Condition::Op::kExists:
        if (item == nullptr) return false;
        break;
      case Condition::Op::kEquals: {
        const Value* value = item == nullptr ? nullptr : item->Find(c.attribute);
        if (value == nullptr || !(*value == c.value)) return false;
        break;
      }
      case Condition::Op::kLacks:
        if (item != nullptr && item->Has(c.attribute)) return false;
        break;
    }
  }
  return true;
}

Error ConditionFailed(const TableSpec& spec, const Write& write, int index, bool item_exists) {
  return Error(Code::kConflict,
               fmt::format("{} {}; nothing was written; read it again and retry",
                           DescribeKey(spec, KeyOf(spec, write.item)),
                           item_exists ? "exists or was changed meanwhile" : "does not exist"))
      .At(index);
}

}  // namespace vams::items
