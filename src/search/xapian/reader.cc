#include "search/xapian/reader.h"

#include <xapian.h>

#include <array>
#include <utility>

#include "search/xapian/stored_document.h"

namespace vams::search::xapian {

struct PostingRun::Impl {
  // The batch is not cleared: rare words have many lists and few postings.
  Impl(Xapian::PostingIterator a, Xapian::PostingIterator e)  // NOLINT: batch
      : at(std::move(a)), end(std::move(e)) {}

  Xapian::PostingIterator at, end;
  std::array<Posting, 2048> batch;
};

PostingRun::PostingRun(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PostingRun::PostingRun(PostingRun&&) noexcept = default;
PostingRun::~PostingRun() = default;

std::span<const Posting> PostingRun::Next() {
  std::size_t count = 0;
  Impl& run = *impl_;
  for (; count < run.batch.size() && run.at != run.end; ++run.at, ++count)
    run.batch[count] = {*run.at, run.at.get_wdf()};
  return std::span(run.batch).first(count);
}

std::optional<Posting> PostingRun::SkipTo(DocId doc) {
  if (impl_->at == impl_->end) return std::nullopt;
  if (*impl_->at < doc) impl_->at.skip_to(doc);
  if (impl_->at == impl_->end) return std::nullopt;
  return Posting{*impl_->at, impl_->at.get_wdf()};
}

struct Reader::Impl {
  // A list takes over the blocks that the last question for a frequency went through, and reads
  // those that it does not find there.  Who goes through many words goes in their order, so that
  // neighbours share blocks: a third of the time.
  Xapian::PostingIterator Begin(const std::string& term) const {
    (void)db.get_termfreq(term);
    return db.postlist_begin(term);
  }

  Xapian::Database db;
};

Reader::Reader(const files::Path& folder)
    : impl_(std::make_unique<Impl>(Impl{Xapian::Database(folder.string())})) {}
Reader::~Reader() = default;

std::uint64_t Reader::revision() const { return impl_->db.get_revision(); }
void Reader::Reopen() { impl_->db.reopen(); }

std::uint64_t Reader::Frequency(const std::string& term) const {
  return impl_->db.get_termfreq(term);
}

PostingRun Reader::Postings(const std::string& term) const {
  return PostingRun(
      std::make_unique<PostingRun::Impl>(impl_->Begin(term), impl_->db.postlist_end(term)));
}

std::optional<DocId> Reader::DocumentOf(const std::string& term) const {
  const auto at = impl_->Begin(term);
  if (at == impl_->db.postlist_end(term)) return std::nullopt;
  return *at;
}

void Reader::ForEachTerm(const std::string& prefix, const std::string& from,
                         const std::function<bool(const std::string& term)>& visit) const {
  auto at = impl_->db.allterms_begin(prefix);
  const auto end = impl_->db.allterms_end(prefix);
  if (!from.empty() && at != end) at.skip_to(from);
  for (; at != end; ++at)
    if (!visit(*at)) return;
}

std::string Reader::FindRepeated(const std::string& prefix) const {
  const auto end = impl_->db.allterms_end(prefix);
  for (auto at = impl_->db.allterms_begin(prefix); at != end; ++at)
    if (at.get_termfreq() > 1) return *at;
  return {};
}

std::vector<std::uint32_t> Reader::Positions(DocId doc, const std::string& term) const {
  std::vector<std::uint32_t> positions;
  for (auto at = impl_->db.positionlist_begin(doc, term);
       at != impl_->db.positionlist_end(doc, term); ++at)
    positions.push_back(*at);
  return positions;
}

std::vector<std::pair<std::string, std::uint32_t>> Reader::Terms(DocId doc) const {
  std::vector<std::pair<std::string, std::uint32_t>> terms;
  for (auto at = impl_->db.termlist_begin(doc); at != impl_->db.termlist_end(doc); ++at)
    terms.emplace_back(*at, at.get_wdf());
  return terms;
}

std::optional<Document> Reader::FindDocument(DocId doc) const {
  return DecodeDocument(
      impl_->db.get_document(doc, Xapian::DOC_ASSUME_VALID).get_value(kDocumentSlot));
}

std::optional<Texts> Reader::FindTexts(DocId doc) const {
  return DecodeTexts(impl_->db.get_document(doc, Xapian::DOC_ASSUME_VALID).get_value(kTextsSlot));
}

std::optional<Row> Reader::FindRow(DocId doc) const {
  return DecodeRow(impl_->db.get_document(doc, Xapian::DOC_ASSUME_VALID).get_value(kRowSlot));
}

void Reader::ForEachValue(
    std::uint32_t slot,
    const std::function<void(DocId doc, const std::string& bytes)>& visit) const {
  for (auto at = impl_->db.valuestream_begin(slot); at != impl_->db.valuestream_end(slot); ++at)
    visit(at.get_docid(), *at);
}

void Reader::ForEachValueOf(
    std::uint32_t slot, const Bits& documents,
    const std::function<void(DocId doc, const std::string& bytes)>& visit) const {
  auto at = impl_->db.valuestream_begin(slot);
  const auto end = impl_->db.valuestream_end(slot);
  documents.ForEach([&](DocId doc) {
    if (at == end) return;
    if (at.get_docid() < doc) at.skip_to(doc);
    if (at != end && at.get_docid() == doc) visit(doc, *at);
  });
}

std::string Reader::Metadata(const std::string& key) const { return impl_->db.get_metadata(key); }
DocId Reader::last_doc() const { return impl_->db.get_lastdocid(); }
std::uint64_t Reader::document_count() const { return impl_->db.get_doccount(); }

}  // namespace vams::search::xapian
