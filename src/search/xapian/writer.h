// The one handle that changes a Xapian database.
//
// Thread rule: one thread at a time.  Every call may block on disk.  Calls throw Xapian's
// exceptions (Guarded of guard.h); after one of them the writer must be thrown away, which leaves
// the last commit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "files/files.h"
#include "search/xapian/bits.h"
#include "search/xapian/row.h"
#include "search/xapian/terms.h"

namespace vams::search::xapian {

// A document with everything that is stored of it.
class Prepared {
 public:
  explicit Prepared(const Document& document);
  Prepared(Prepared&&) noexcept;
  ~Prepared();

  Row row;
  std::vector<Term> terms;
  std::vector<std::string> core_words, metadata_words;

 private:
  friend class Writer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

enum class Durability : std::uint8_t {
  kEachCommit,
  kLater,  // the caller makes the files durable (SyncFiles)
};

class Writer {
 public:
  // Creates the database if there is none.
  Writer(const files::Path& folder, Durability durability);
  ~Writer();

  void Begin();
  DocId Add(const Prepared& document);
  void Replace(DocId doc, const Prepared& document);
  void Delete(DocId doc);
  void SetMetadata(const std::string& key, const std::string& value);
  void Commit();  // what Begin began; without it what was changed so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Makes one database of several, documents in the order of the sources.
void Merge(const std::vector<files::Path>& sources, const files::Path& target);

}  // namespace vams::search::xapian
