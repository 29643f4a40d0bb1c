#include "search/xapian/writer.h"

#include <xapian.h>

#include <utility>

#include "search/xapian/stored_document.h"

namespace vams::search::xapian {

struct Prepared::Impl {
  Xapian::Document document;
};

Prepared::Prepared(const Document& document)
    : row(RowOf(document)), impl_(std::make_unique<Impl>()) {
  DocumentTerms made = TermsOf(document);
  row.odd = row.odd || made.odd;
  row.lengths = made.lengths;
  row.core_characters = made.core_characters;
  row.metadata_characters = made.metadata_characters;
  terms = std::move(made.terms);
  core_words = std::move(made.core_words);
  metadata_words = std::move(made.metadata_words);
  Xapian::Document& out = impl_->document;
  for (const Term& term : terms) {
    out.add_term(term.name, term.count);
    for (const std::uint32_t position : term.positions) out.add_posting(term.name, position, 0);
  }
  out.add_value(kRowSlot, EncodeRow(row));
  out.add_value(kTextsSlot, EncodeTexts(TextsOf(document)));
  out.add_value(kDocumentSlot, EncodeDocument(document));
}

Prepared::Prepared(Prepared&&) noexcept = default;
Prepared::~Prepared() = default;

struct Writer::Impl {
  Xapian::WritableDatabase db;
  bool in_transaction = false;
};

Writer::Writer(const files::Path& folder, Durability durability)
    : impl_(std::make_unique<Impl>(Impl{
          .db = Xapian::WritableDatabase(
              folder.string(), Xapian::DB_CREATE_OR_OPEN | Xapian::DB_BACKEND_GLASS |
                                   (durability == Durability::kLater ? Xapian::DB_NO_SYNC : 0))})) {
}

// Leaves the last commit: closing a database would otherwise commit what is pending.
Writer::~Writer() {
  try {
    if (impl_->in_transaction) impl_->db.cancel_transaction();
    impl_->db.close();
  } catch (const Xapian::Error&) {
    // Whatever was not committed is gone, which is what is wanted.
  }
}

void Writer::Begin() {
  impl_->db.begin_transaction();
  impl_->in_transaction = true;
}

DocId Writer::Add(const Prepared& document) {
  return impl_->db.add_document(document.impl_->document);
}

void Writer::Replace(DocId doc, const Prepared& document) {
  impl_->db.replace_document(doc, document.impl_->document);
}

void Writer::Delete(DocId doc) { impl_->db.delete_document(doc); }

void Writer::SetMetadata(const std::string& key, const std::string& value) {
  impl_->db.set_metadata(key, value);
}

void Writer::Commit() {
  if (impl_->in_transaction) {
    impl_->in_transaction = false;
    impl_->db.commit_transaction();
  } else {
    impl_->db.commit();
  }
}

void Merge(const std::vector<files::Path>& sources, const files::Path& target) {
  Xapian::Database all;
  for (const files::Path& source : sources) all.add_database(Xapian::Database(source.string()));
  all.compact(target.string(), Xapian::Compactor::STANDARD);
}

}  // namespace vams::search::xapian
