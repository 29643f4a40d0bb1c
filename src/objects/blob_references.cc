#include "objects/blob_references.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "objects/object_version.h"
#include "objects/pack_file.h"

namespace vams::objects {

namespace {

using items::Item;
using items::Kind;
using items::Value;

constexpr std::size_t kReferencesPage = 1000;

std::optional<std::uint64_t> WholeNumber(const Value* value) {
  if (value == nullptr || value->kind() != Kind::kN) return std::nullopt;
  const std::string_view text = value->text();
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

class Visit {
 public:
  Visit(const BlobReferenceTable& table, const items::TableSpec& spec,
        const BlobReferenceVisitor& visit)
      : table_(table), spec_(spec), visit_(visit) {}

  Status One(const Item& item) const {
    if (const Value* digest = item.Find(table_.digest)) TRY_OK(Reference(item, digest, item));
    const Value* list = item.Find(table_.list);
    if (list == nullptr) return Ok();
    if (list->kind() == Kind::kB) {
      const std::vector<BlobRef> packed = UnpackBlobs(list->text());
      if (packed.empty()) return Damaged(item, table_.list);
      for (const BlobRef& blob : packed) TRY_OK(visit_(blob.sha256, blob.size));
      return Ok();
    }
    if (list->kind() != Kind::kL) return Damaged(item, table_.list);
    for (const Value& entry : list->list()) {
      if (entry.kind() != Kind::kM) return Damaged(item, table_.list);
      TRY_OK(Reference(item, entry.map().Find(table_.digest), entry.map()));
    }
    return Ok();
  }

 private:
  Status Reference(const Item& item, const Value* digest, const Item& holder) const {
    const auto size = WholeNumber(holder.Find(table_.size));
    if (digest == nullptr || digest->kind() != Kind::kS || !DigestFromHex(digest->text()).ok())
      return Damaged(item, table_.digest);
    if (!size) return Damaged(item, table_.size);
    return visit_(digest->text(), *size);
  }

  // An item that cannot be read might have referred to anything.
  Error Damaged(const Item& item, std::string_view attribute) const {
    return Error(
        Code::kCorrupt,
        fmt::format(
            "an item of {} (partition \"{}\") says in \"{}\" nothing that refers to a blob; "
            "restore it from a backup",
            table_.table, item.Text(spec_.partition.name), attribute));
  }

  const BlobReferenceTable& table_;
  const items::TableSpec& spec_;
  const BlobReferenceVisitor& visit_;
};

}  // namespace

Status VisitBlobReferences(OpContext& op, items::ItemSource& source,
                           std::span<const BlobReferenceTable> tables,
                           const BlobReferenceVisitor& visit) {
  for (const auto& table : tables) {
    const auto spec = source.Table(op, table.table);
    if (!spec.ok() && spec.error().code == Code::kNotFound) continue;
    if (!spec.ok()) return spec.error();
    const Visit each(table, *spec, visit);
    std::string after;
    do {
      TRY_OK(op.Check());
      TRY(const auto page, source.Scan(op, table.table, {}, after, kReferencesPage));
      for (const auto& item : page.items) TRY_OK(each.One(item));
      after = page.next;
    } while (!after.empty());
  }
  return Ok();
}

}  // namespace vams::objects
