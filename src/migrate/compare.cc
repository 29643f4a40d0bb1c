#include "migrate/compare.h"

#include <fmt/format.h>

#include <deque>
#include <optional>

#include "items/codec.h"

namespace vams::migrate {

namespace {

constexpr std::size_t kComparePage = 512;

// One side of the comparison: its records in key order, a page at a time.
class Walk {
 public:
  Walk(OpContext& op, items::ItemSource& source, std::string_view table)
      : op_(op), source_(source), table_(table) {}

  Status Open() {
    auto spec = source_.Table(op_, table_);
    if (!spec.ok() && spec.error().code == Code::kNotFound) {
      done_ = true;
      return Ok();
    }
    if (!spec.ok()) return std::move(spec).error();
    spec_ = *std::move(spec);
    for (const auto* key : {&spec_.partition, &spec_.sort})
      if (!key->empty() && key->kind == items::Kind::kN)
        return Error(
            Code::kNotSupported,
            fmt::format("table {} has a number in its key and cannot be compared", table_));
    return Fill();
  }

  bool at_end() const { return rows_.empty(); }
  // Partition and sort key of the record at hand.
  const std::pair<std::string, std::string>& key() const { return rows_.front().key; }
  std::string_view record() const { return rows_.front().encoded; }
  Status Next() {
    rows_.pop_front();
    return rows_.empty() ? Fill() : Ok();
  }

 private:
  struct Row {
    std::pair<std::string, std::string> key;
    std::string encoded;
  };

  Status Fill() {
    while (rows_.empty() && !done_) {
      TRY_OK(op_.Check());
      TRY(after_, source_.ScanEncoded(op_, table_, {}, after_, kComparePage,
                                      [&](std::string_view encoded) { return Add(encoded); }));
      done_ = after_.empty();
    }
    return Ok();
  }

  Status Add(std::string_view encoded) {
    Row row{.key = {}, .encoded = std::string(encoded)};
    TRY(auto reader, items::ItemReader::Open(encoded));
    items::ItemReader::Entry entry;
    for (;;) {
      TRY(const bool more, reader.Next(entry));
      if (!more) break;
      std::string* part = entry.name == spec_.partition.name ? &row.key.first
                          : entry.name == spec_.sort.name    ? &row.key.second
                                                             : nullptr;
      if (part == nullptr) continue;
      TRY(const auto value, items::DecodeValue(entry.encoded));
      *part = value.text();
    }
    rows_.push_back(std::move(row));
    return Ok();
  }

  OpContext& op_;
  items::ItemSource& source_;
  const std::string table_;
  items::TableSpec spec_;
  std::deque<Row> rows_;
  std::string after_;
  bool done_ = false;
};

}  // namespace

Status ForEachDifference(OpContext& op, items::ItemSource& before, items::ItemSource& after,
                         std::string_view table,
                         const std::function<Status(const Difference&)>& visit) {
  Walk old_side(op, before, table), new_side(op, after, table);
  TRY_OK(old_side.Open());
  TRY_OK(new_side.Open());
  while (!old_side.at_end() || !new_side.at_end()) {
    const bool old_only =
        new_side.at_end() || (!old_side.at_end() && old_side.key() < new_side.key());
    const bool new_only = !old_only && (old_side.at_end() || new_side.key() < old_side.key());
    if (old_only) {
      TRY_OK(visit({.before = old_side.record(), .after = {}}));
    } else if (new_only) {
      TRY_OK(visit({.before = {}, .after = new_side.record()}));
    } else if (old_side.record() != new_side.record()) {
      TRY_OK(visit({.before = old_side.record(), .after = new_side.record()}));
    }
    if (!new_only) TRY_OK(old_side.Next());
    if (!old_only) TRY_OK(new_side.Next());
  }
  return Ok();
}

}  // namespace vams::migrate
