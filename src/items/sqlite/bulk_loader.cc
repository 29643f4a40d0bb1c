// Bulk loads: sort in runs, merge in key order, insert in slices through the writer, build indexes
// last.
//
// A load has a row in vams_loads from its beginning to its end.  That row holds what a resumed load
// needs: the caller's token and the number of runs that were durable with it, and how far the merge
// has come.
#include <fmt/format.h>

#include "base/fault_point.h"
#include "items/codec.h"
#include "items/sqlite/row_feeder.h"

namespace vams::items::sqlite {

namespace {

class Loader final : public BulkLoader {
 public:
  Loader(SqliteStore& store, LayoutPtr layout, const BulkOptions& options)
      : store_(store),
        layout_(std::move(layout)),
        options_(options),
        buffer_(options.sort_memory + (std::size_t{1} << 20)) {}
  ~Loader() override {
    feeder_.reset();
    store_.LoaderClosed(layout_->spec.name);
  }

  Status Start(OpContext& op);

  std::optional<std::string> resumed_from() const override { return token_; }
  Status Add(OpContext& op, const Item& item) override {
    if (auto status = CheckItem(layout_->spec, item, store_.traits().max_item_bytes); !status.ok())
      return std::move(status).error().With(DescribeKey(layout_->spec, KeyOf(layout_->spec, item)));
    return Push(op, EncodeItem(item));
  }
  Status AddEncoded(OpContext& op, std::string_view encoded) override {
    // The checks of a whole item need it decoded; this path is for bytes that were checked already,
    // so only what the table itself relies on is looked at.
    return Push(op, encoded);
  }
  Status Checkpoint(OpContext& op, std::string_view token) override;
  Result<std::uint64_t> Finish(OpContext& op) override;

 private:
  Status Push(OpContext& op, std::string_view encoded);
  Status PushSorted(OpContext& op, const Record& record);
  Status Emit(OpContext& op, const Record& record);
  Status WriteBuffer();
  files::Path RunPath(std::size_t number) const {
    return folder_ / fmt::format("run-{:06}", number);
  }
  Status Feed(OpContext& op, RecordSource& source);
  Status CheckKeyPart(int column, std::string_view value, std::size_t max) const;

  SqliteStore& store_;
  const LayoutPtr layout_;
  const BulkOptions options_;
  files::Path folder_;
  std::optional<std::string> token_;
  std::string skip_to_;  // a resumed load: rows up to this key are in the table already
  std::string last_partition_, last_sort_;  // of a sorted load
  std::size_t runs_ = 0;
  bool finished_ = false;
  RecordBuffer buffer_;
  KeyParts key_;
  std::unique_ptr<RowFeeder> feeder_;
};

Status Loader::Start(OpContext& op) {
  folder_ = store_.BulkFolder(*layout_);
  TRY_OK(store_.writer().Run(op, [&](Connection& connection) -> Status {
    TRY(auto find,
        connection.Prepare("SELECT name, token, runs, merged FROM vams_loads WHERE tbl = ?"));
    find.Bind(1, layout_->id);
    TRY(const bool resumed, find.Step());
    if (resumed) {
      if (find.Bytes(0) != options_.name)
        return Error(
            Code::kConflict,
            fmt::format("table \"{}\" has the unfinished load \"{}\"; resume or abandon it first",
                        layout_->spec.name, find.Bytes(0)));
      if (!find.IsNull(1)) token_ = std::string(find.Bytes(1));
      runs_ = static_cast<std::size_t>(find.Int(2));
      if (!find.IsNull(3)) skip_to_ = std::string(find.Bytes(3));
      find.Reset();
    } else {
      find.Reset();
      TRY(auto insert,
          connection.Prepare("INSERT INTO vams_loads (tbl, name, log) VALUES (?, ?, ?)"));
      insert.Bind(1, layout_->id);
      insert.BindText(2, options_.name);
      insert.Bind(3, static_cast<std::int64_t>(options_.log));
      TRY_OK(insert.Run());
      for (const auto& sql : layout_->drop_indexes) TRY_OK(connection.Exec(sql));
    }
    return Ok();
  }));
  TRY_OK(store_.SetLoading(layout_->spec.name, true));
  TRY_OK(files::MakeFolders(folder_));
  // Runs behind the last checkpoint belong to items that will be added again.
  std::error_code ec;
  for (std::size_t i = runs_; std::filesystem::exists(RunPath(i), ec); ++i)
    TRY_OK(files::RemoveTree(RunPath(i)));
  return Ok();
}

Status Loader::CheckKeyPart(int column, std::string_view value, std::size_t max) const {
  const auto& name = layout_->columns[static_cast<std::size_t>(column)].attribute;
  if (value.empty())
    return Error(
        Code::kInvalid,
        fmt::format("table {}: key attribute \"{}\" is missing, empty or of the wrong type",
                    layout_->spec.name, name));
  if (value.size() > max)
    return Error(Code::kTooLarge,
                 fmt::format("table {}: key attribute \"{}\" has {} bytes; at most {} are allowed",
                             layout_->spec.name, name, value.size(), max));
  return Ok();
}

Status Loader::Push(OpContext& op, std::string_view encoded) {
  VAMS_CHECK(!finished_);
  TRY_OK(FindKey(*layout_, encoded, key_));
  const Record record{key_.partition, key_.sort, encoded};
  TRY_OK(CheckKeyPart(layout_->partition, record.partition, 2048));
  if (layout_->has_sort()) TRY_OK(CheckKeyPart(layout_->sort, record.sort, 1024));
  if (options_.sorted) return PushSorted(op, record);
  buffer_.Add(record);
  return buffer_.bytes() < options_.sort_memory ? Ok() : WriteBuffer();
}

Status Loader::PushSorted(OpContext& op, const Record& record) {
  if (!last_partition_.empty() && CompareKeys(record, {last_partition_, last_sort_, {}}) <= 0)
    return Error(
        Code::kInvalid,
        fmt::format("table {}: a sorted load was given a key that does not come behind the one "
                    "before; load it unsorted",
                    layout_->spec.name));
  last_partition_.assign(record.partition);
  last_sort_.assign(record.sort);
  return Emit(op, record);
}

// Passes a row on to the writer, unless an earlier attempt of this load has written it.
Status Loader::Emit(OpContext& op, const Record& record) {
  if (!skip_to_.empty()) {
    if (CompareKeys(record, FromMergedKey(skip_to_)) <= 0) return Ok();
    skip_to_.clear();
  }
  if (feeder_ == nullptr) feeder_ = std::make_unique<RowFeeder>(store_, layout_, options_.log);
  return feeder_->Add(op, record.encoded);
}

Status Loader::WriteBuffer() {
  if (buffer_.empty()) return Ok();
  const auto sorted = buffer_.Sorted();
  TRY_OK(WriteRun(RunPath(runs_), *sorted));
  VAMS_POINT("items.bulk.run_written");
  ++runs_;
  buffer_.Clear();
  return Ok();
}

Status Loader::Checkpoint(OpContext& op, std::string_view token) {
  if (options_.sorted) {
    if (feeder_ != nullptr) TRY_OK(feeder_->Drain(op));
  } else {
    TRY_OK(WriteBuffer());
  }
  return store_.writer().Run(op, [&](Connection& connection) -> Status {
    TRY(auto mark, connection.Prepare("UPDATE vams_loads SET token = ?, runs = ? WHERE tbl = ?"));
    mark.BindBlob(1, token);
    mark.Bind(2, static_cast<std::int64_t>(runs_));
    mark.Bind(3, layout_->id);
    return mark.Run();
  });
}

Status Loader::Feed(OpContext& op, RecordSource& source) {
  Record record;
  for (;;) {
    TRY(const bool more, source.Next(record));
    if (!more) return Ok();
    TRY_OK(Emit(op, record));
  }
}

Result<std::uint64_t> Loader::Finish(OpContext& op) {
  VAMS_CHECK(!finished_);
  finished_ = true;
  if (!options_.sorted) {
    std::vector<std::unique_ptr<RecordSource>> sources;
    for (std::size_t i = 0; i < runs_; ++i) {
      TRY(auto run, OpenRun(RunPath(i), runs_));
      sources.push_back(std::move(run));
    }
    if (!buffer_.empty()) sources.push_back(buffer_.Sorted());
    if (!sources.empty()) {
      const auto merged = Merge(std::move(sources));
      TRY_OK(Feed(op, *merged));
    }
  }
  if (feeder_ != nullptr) TRY_OK(feeder_->Drain(op));
  feeder_.reset();
  buffer_ = RecordBuffer(0);
  VAMS_POINT("items.bulk.merged");
  std::uint64_t written = 0;
  TRY_OK(store_.writer().Run(op, [&](Connection& connection) -> Status {
    TRY(auto find, connection.Prepare("SELECT written FROM vams_loads WHERE tbl = ?"));
    find.Bind(1, layout_->id);
    TRY([[maybe_unused]] const bool row, find.Step());
    written = static_cast<std::uint64_t>(find.Int(0));
    return Ok();
  }));
  TRY_OK(store_.FinishLoad(op, *layout_));
  return written;
}

}  // namespace

Result<std::unique_ptr<BulkLoader>> OpenLoader(SqliteStore& store, OpContext& op, LayoutPtr layout,
                                               const BulkOptions& options) {
  auto loader = std::make_unique<Loader>(store, std::move(layout), options);
  TRY_OK(loader->Start(op));
  return std::unique_ptr<BulkLoader>(std::move(loader));
}

}  // namespace vams::items::sqlite
