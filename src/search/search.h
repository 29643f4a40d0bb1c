// Index keeps one document for each asset and file, finds, ranks and counts them for a caller who
// may read some of them, and can be rebuilt while it serves.  Engines: memory/ (the reference, for
// tests), xapian/ (embedded), opensearch/.  Every engine passes conformance.h and agrees with the
// memory engine on random documents and queries (differential.h).
//
// Thread rule: thread-safe.  Searches run beside each other and beside writing; writes take turns.
// A search, a count, a read of one document sees one commit: all of a batch with its position, or
// nothing of it.  Every call may block on disk or network.  Spec: search.md.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "search/document.h"
#include "search/expression.h"
#include "search/text_query.h"

namespace vams::search {

// What an engine can promise.  Callers branch on traits, never on names.
struct Traits {
  // Filters by AccessFilter, so that totals and facets are exactly over what the caller may read.
  // Else by AccessFilter::databases alone: callers decide on every hit, and Answer::exact is false.
  bool access_filter = true;
  // The position is part of the commit that it came with.  Else it is stored behind it, and after a
  // crash changes come again, which does no harm since writes are whole documents.
  bool position_in_commit = true;
  // Apply returns when searches see the batch.  Else they do within a second.
  bool visible_at_once = true;
  bool deep_paging = true;  // from + size beyond 10,000; else only `after` gets there
  bool ranking = true;      // scores are those of ranking.h; else of the engine's own
  // A text term with separators ("pump-01") finds just these separators; else any.
  bool literal_separators = true;
  bool durable = true;
  bool resumes_builds = true;  // closed segments outlive the process
};

// Place in the change log up to which the index is true; 0 is before the first change.
using Position = std::uint64_t;

enum class KindSet : std::uint8_t { kAssets = 1, kFiles = 2, kBoth = 3 };

inline bool Has(KindSet set, Kind kind) {
  return (static_cast<unsigned>(set) & (kind == Kind::kAsset ? 1U : 2U)) != 0;
}

// ---- Who may read what
// ---------------------------------------------------------------------------------------

// The caller's permissions, asked once for each distinct access class rather than for each
// document; by asset name only where a rule depends on it.  Thread-safe; must not block, and must
// answer the same for the same question as long as it lives.
class AccessFilter {
 public:
  enum class Verdict : std::uint8_t { kDeny, kAllow, kByName };

  virtual ~AccessFilter() = default;
  // Names everything that the answers depend on (policy version, roles, …): engines keep what they
  // derived under it and use it for filters of the same key.  Empty: nothing is kept.
  virtual std::string cache_key() const = 0;
  virtual Verdict Decide(const AccessClass& access) const = 0;
  // Only where Decide said kByName.
  virtual bool DecideName(const AccessClass& access, std::string_view asset_name) const = 0;
  // Databases outside of which Decide denies everything; nothing: no such list.
  virtual std::optional<std::vector<std::string>> databases() const { return std::nullopt; }

  bool MayRead(const AccessClass& access, std::string_view asset_name) const {
    const Verdict verdict = Decide(access);
    return verdict == Verdict::kAllow ||
           (verdict == Verdict::kByName && DecideName(access, asset_name));
  }
};

// ---- Searching
// ---------------------------------------------------------------------------------------

struct SortKey {
  // "_score", "_id" or a field of the table, with or without ".keyword".  Another field is one that
  // no document has.
  std::string field;
  bool descending = false;

  bool operator==(const SortKey&) const = default;
};

struct Request {
  KindSet kinds = KindSet::kBoth;
  // All of text, match and filter must hold.  Highlights and explanations are about the first two.
  std::optional<TextQuery> text;
  Expression match;
  Expression filter;
  bool include_archived = false;
  const AccessFilter* access = nullptr;  // not owned; nullptr: everything (the system itself)

  // Empty: best score first.  Texts go by bytes, whole values; numbers and instants by size; of a
  // list the least element counts, descending the greatest.  Documents without the field come last
  // either way.  Equal ones are ordered by a function of their ids that the engine chooses and
  // keeps through generations.
  std::vector<SortKey> sort;
  std::uint64_t from = 0;
  std::size_t size = 100;  // at most kMaxPage
  // Answer::next of the page before, instead of `from`.  Goes on behind the last hit's sort values
  // and id, wherever that now is; the request must be the same but for size.  kInvalid: not a
  // cursor of this sort order.
  std::string after;

  // Fields with Field::facet; others are kInvalid.
  std::vector<std::string> facets;
  std::size_t facet_size = 1000;
  bool highlights = false;
  bool explain = false;
};

inline constexpr std::size_t kMaxPage = 10'000;
inline constexpr std::size_t kMaxSortKeys = 8;

struct Hit {
  Document document;
  std::optional<double> score;     // nothing when sorted by fields alone
  boost::json::array sort;         // one value a key of Request::sort; null: missing
  boost::json::value highlight;    // {field: [text]}, null: none
  boost::json::value explanation;  // section 2.5, null: not asked for
};

struct Facet {
  struct Bucket {
    std::string key;
    std::uint64_t count = 0;

    bool operator==(const Bucket&) const = default;
  };
  std::string field;
  // Most frequent first, then by key; at most facet_size.  A document counts once for each distinct
  // value that it has.  Archived documents never count, also where the hits include them.
  std::vector<Bucket> buckets;
  std::uint64_t documents = 0;  // with at least one value

  bool operator==(const Facet&) const = default;
};

struct Answer {
  std::vector<Hit> hits;
  std::uint64_t total = 0;
  bool exact = true;          // total and facets are over what the caller may read
  std::vector<Facet> facets;  // as asked for
  std::string next;           // for Request::after; empty: these were the last
  Position position = 0;      // of the commit that was searched
};

// ---- Writing
// ---------------------------------------------------------------------------------------

// Puts the document, or removes whatever has the id.
struct Write {
  std::string id;
  std::optional<Document> document;  // nothing: remove; else its id is `id`

  static Write Put(Document document);
  static Write Remove(std::string id) { return {std::move(id), std::nullopt}; }
};

struct Counts {
  std::uint64_t assets = 0;  // archived ones too
  std::uint64_t files = 0;
  std::uint64_t archived = 0;  // of both
  std::uint64_t disk_bytes = 0;
  std::uint64_t memory_bytes = 0;
  std::string generation;  // names the generation that serves
};

struct IdPage {
  struct Entry {
    std::string id;
    std::uint64_t digest = 0;  // of document.h
  };
  std::vector<Entry> entries;
  std::string next;  // empty: the last page
};

// What a generation, serving or not yet, tells about itself.
class Generation {
 public:
  virtual ~Generation() = default;

  virtual Result<Position> GetPosition(OpContext& op) = 0;
  // All of the writes in order (the last one for an id counts) and the position, in one commit;
  // none of it on an error.  No writes: the position alone.  kInvalid: a document without id, with
  // an id of more than kMaxIdBytes, or not the write's.
  virtual Status Apply(OpContext& op, std::span<const Write> writes, Position position) = 0;
  virtual Result<std::optional<Document>> Find(OpContext& op, std::string_view id) = 0;
  virtual Result<Counts> Count(OpContext& op) = 0;
  // Every id once, in an order of the engine's, for proofs of completeness.  `after` is the page
  // before's `next`.  What is written meanwhile may be in it or not.
  virtual Result<IdPage> ScanIds(OpContext& op, std::string_view after, std::size_t limit) = 0;
  // What is wrong with the stored index, one line for each finding; empty: it is whole.  May take
  // as long as reading all of it.
  virtual Result<std::vector<std::string>> Check(OpContext& op) = 0;
};

inline constexpr std::size_t kMaxIdBytes = 2048;

// A part of a new generation, filled by one thread.
class Segment {
 public:
  virtual ~Segment() = default;  // not closed: its documents are gone
  // Ids are distinct over the whole build; an engine that notices otherwise is kInvalid here, in
  // Close or in Finish.
  virtual Status Add(OpContext& op, std::span<const Document> documents) = 0;
  virtual Status Close(OpContext& op) = 0;
};

struct BuildOptions {
  // Documents of other kinds are taken over from the serving generation by Finish.
  KindSet kinds = KindSet::kBoth;
  // The state of the change log that the documents show.
  Position position = 0;
};

// A generation beside the serving one.  Segments → Finish → Apply until it has caught up → Swap.
// Up to Finish only OpenSegment, ClosedSegments and Drop may be called, after it all but
// OpenSegment; else kConflict.  Destroying the object leaves the build for ResumeBuild.
class Builder : public Generation {
 public:
  // Segments are written side by side.  `name` is the caller's, up to 512 bytes; kConflict: closed
  // already or open.
  virtual Result<std::unique_ptr<Segment>> OpenSegment(OpContext& op, std::string name) = 0;
  // By name: what a resumed build need not do again.
  virtual Result<std::vector<std::string>> ClosedSegments(OpContext& op) = 0;
  virtual const BuildOptions& options() const = 0;
  virtual bool finished() const = 0;
  // Makes one index of the segments, in ascending order of their names.
  virtual Status Finish(OpContext& op) = 0;
  // From here on the index serves this generation, and the old one is removed when its last search
  // has ended.  kConflict, nothing changed: its position is behind the serving one's (it would show
  // older documents).  The builder is used up by success.
  virtual Status Swap(OpContext& op) = 0;
  // Removes the build.
  virtual Status Drop(OpContext& op) = 0;
};

class Index : public Generation {
 public:
  virtual const Traits& traits() const = 0;

  // kInvalid: an expression beyond its bounds, a facet that is none, a page beyond kMaxPage, a bad
  // cursor; or `from` too deep for the engine (traits).
  virtual Result<Answer> Search(OpContext& op, const Request& request) = 0;

  // Removes all documents of the kinds, in one commit; the position stays.
  virtual Status Clear(OpContext& op, KindSet kinds) = 0;

  // Top-level fields beyond the table that documents of that kind have (for GET /search), sorted.
  virtual Result<std::vector<std::string>> DynamicFields(OpContext& op, Kind kind) = 0;

  // One build at a time.  Drops what an earlier one left.  kConflict: a builder exists right now.
  virtual Result<std::unique_ptr<Builder>> StartBuild(OpContext& op, BuildOptions options) = 0;
  // The build that was interrupted, without its unclosed segments.  kNotFound: there is none;
  // kConflict: a builder exists right now.
  virtual Result<std::unique_ptr<Builder>> ResumeBuild(OpContext& op) = 0;
};

// ---- For engines
// ---------------------------------------------------------------------------------------

// What Search and Apply refuse before they look at any document.
Status CheckRequest(const Request& request);
Status CheckWrites(std::span<const Write> writes);

// The value that a document is sorted by; null: missing.  `score` is for "_score".
boost::json::value SortValueOf(const SortKey& key, const Document& document, double score);
// Whether a comes before b (negative), under the key; missing values last.
int CompareSortValues(const SortKey& key, const boost::json::value& a, const boost::json::value& b);
// What `sort` stands for: best score first if it is empty.
std::vector<SortKey> EffectiveSort(const Request& request);

// A place in an order, as text that clients hand back: the sort values and the id of the last hit.
struct Cursor {
  boost::json::array values;  // of EffectiveSort
  std::string id;
};
std::string EncodeCursor(const Cursor& cursor, std::span<const SortKey> sort);
// kInvalid unless it was made for the same sort keys.
Result<Cursor> DecodeCursor(std::string_view text, std::span<const SortKey> sort);

}  // namespace vams::search
