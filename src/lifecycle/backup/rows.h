// What the chunks of a backup hold: rows of tables, changes of the log, lists of contents.
// Format: docs/formats/backup.md, "Manifests".
//
// Plain values and pure functions; a cutter belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "items/store.h"
#include "lifecycle/backup/chunks.h"

namespace vams::lifecycle::backup {

// What a manifest says of a chunk.
struct ChunkRef {
  Digest sha256{};
  std::uint64_t entries = 0, bytes = 0;
  friend bool operator==(const ChunkRef&, const ChunkRef&) = default;
};

// Cuts the rows of one table, which come in key order, so that a row more or less changes one
// chunk.
class RowCutter {
 public:
  using Emit = std::function<Status(std::string_view bytes, std::uint64_t rows)>;
  RowCutter(const items::TableSpec& spec, Emit emit) : spec_(spec), emit_(std::move(emit)) {}

  Status Add(std::string_view encoded);
  Status Finish();

 private:
  const items::TableSpec& spec_;
  const Emit emit_;
  std::string bytes_;
  std::uint64_t rows_ = 0;
};

// Hands out the encoded items.  kCorrupt if the bytes are no rows.
Status ForEachRow(std::string_view chunk,
                  const std::function<Status(std::string_view encoded)>& visit);

// A change of the log with its items as they are encoded.
struct LoggedChange {
  items::Position position = 0;
  std::int64_t at_millis = 0;
  bool deleted = false, has_images = true;
  std::string_view table, key;
  std::string_view before, after;  // empty: no item
};

// How many positions a chunk of the log covers.
inline constexpr items::Position kLogBlock = 512;

void AppendChange(std::string& out, const LoggedChange& change);
Status ForEachChange(std::string_view chunk,
                     const std::function<Status(const LoggedChange& change)>& visit);

// A content that rows refer to.
struct Content {
  Digest sha256{};
  std::uint64_t size = 0;
  friend auto operator<=>(const Content&, const Content&) = default;
};

// In order, each once.
void SortContents(std::vector<Content>& contents);
// Cuts sorted contents into lists that stay the same where the contents do.
Status CutContents(const std::vector<Content>& contents,
                   const std::function<Status(std::string_view bytes, std::uint64_t count)>& emit);
Status ForEachContent(std::string_view list,
                      const std::function<Status(const Content& content)>& visit);

// The contents that an item of an object table refers to.  kCorrupt for a reference that is none.
Status ContentsOfItem(const items::Item& item, std::vector<Content>& contents);

}  // namespace vams::lifecycle::backup
