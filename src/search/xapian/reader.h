// One handle on a Xapian database at one revision, and what searches read through it.
//
// Thread rule: a reader belongs to one thread at a time; posting lists and runs do not outlive it.
// Every call may block on disk.  Calls throw Xapian's exceptions: Store (store.h) makes errors of
// them, and repeats a search whose revision has gone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "files/files.h"
#include "search/xapian/bits.h"
#include "search/xapian/row.h"

namespace vams::search::xapian {

struct Posting {
  DocId doc;
  std::uint32_t count;  // of terms.h
};

// The documents of one term, in ascending order.
class PostingRun {
 public:
  PostingRun(PostingRun&&) noexcept;
  ~PostingRun();

  // The next postings, at most a few thousand; empty: no more.
  std::span<const Posting> Next();
  // The first posting from `doc` on.  Not to be mixed with Next.
  std::optional<Posting> SkipTo(DocId doc);

 private:
  friend class Reader;
  struct Impl;
  explicit PostingRun(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Reader {
 public:
  explicit Reader(const files::Path& folder);
  ~Reader();

  std::uint64_t revision() const;
  // Moves on to the newest commit.
  void Reopen();

  std::uint64_t Frequency(const std::string& term) const;
  PostingRun Postings(const std::string& term) const;
  // The only document of a term; nothing if there is none.
  std::optional<DocId> DocumentOf(const std::string& term) const;
  // Terms that begin with `prefix`, in order, until visit answers false; `from`: not before it.
  void ForEachTerm(const std::string& prefix, const std::string& from,
                   const std::function<bool(const std::string& term)>& visit) const;
  // A term that begins with `prefix` and that several documents have; empty: there is none.
  std::string FindRepeated(const std::string& prefix) const;
  std::vector<std::uint32_t> Positions(DocId doc, const std::string& term) const;

  // The terms of a document, with their counts.
  std::vector<std::pair<std::string, std::uint32_t>> Terms(DocId doc) const;

  // Nothing: no such document, or one that cannot be read.
  std::optional<Document> FindDocument(DocId doc) const;
  std::optional<Texts> FindTexts(DocId doc) const;
  std::optional<Row> FindRow(DocId doc) const;
  // Slot `slot` of every document, in order.
  void ForEachValue(std::uint32_t slot,
                    const std::function<void(DocId doc, const std::string& bytes)>& visit) const;
  // The same for these documents alone.
  void ForEachValueOf(std::uint32_t slot, const Bits& documents,
                      const std::function<void(DocId doc, const std::string& bytes)>& visit) const;
  std::string Metadata(const std::string& key) const;
  DocId last_doc() const;
  std::uint64_t document_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::search::xapian
