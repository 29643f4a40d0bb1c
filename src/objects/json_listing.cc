// Listings in JSON, parsed as a stream: only entries that were not asked for yet are in memory.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <deque>
#include <limits>

#include "items/aws/input_file.h"
#include "objects/iso_time.h"
#include "objects/listing_source.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

namespace json = boost::json;
using items::aws::InputFile;

constexpr std::size_t kReadBytes = std::size_t{128} << 10;

enum class Field : std::uint8_t {
  kOther,
  kBucket,
  kKey,
  kSize,
  kVersionId,
  kMetadata,
  kEtag,
  kLastModified,
  kIsLatest,
  kIsDeleteMarker
};

struct FieldName {
  std::string_view name;
  Field field;
};
constexpr std::array kOurFields = {FieldName{"bucket", Field::kBucket},
                                   FieldName{"key", Field::kKey},
                                   FieldName{"size", Field::kSize},
                                   FieldName{"versionId", Field::kVersionId},
                                   FieldName{"metadata", Field::kMetadata},
                                   FieldName{"etag", Field::kEtag},
                                   FieldName{"lastModified", Field::kLastModified},
                                   FieldName{"isLatest", Field::kIsLatest},
                                   FieldName{"isDeleteMarker", Field::kIsDeleteMarker}};
constexpr std::array kAwsFields = {FieldName{"Key", Field::kKey},
                                   FieldName{"Size", Field::kSize},
                                   FieldName{"VersionId", Field::kVersionId},
                                   FieldName{"ETag", Field::kEtag},
                                   FieldName{"LastModified", Field::kLastModified},
                                   FieldName{"IsLatest", Field::kIsLatest}};

// Members that pages of a listing have beside the entries; an empty bucket's page has only those.
constexpr std::array<std::string_view, 10> kPageMembers = {
    "Name",      "Prefix",   "MaxKeys",      "IsTruncated",     "RequestCharged",
    "KeyMarker", "KeyCount", "EncodingType", "VersionIdMarker", "CommonPrefixes"};

Field FindField(bool array, std::string_view name) {
  const auto find = [&](const auto& names) {
    const auto* found = std::ranges::find(names, name, &FieldName::name);
    return found != names.end() ? found->field : Field::kOther;
  };
  return array ? find(kOurFields) : find(kAwsFields);
}

std::string LowerAscii(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// Gets the events of the parser.  A page is a whole JSON text: an array of entries, or an object
// with arrays of entries.
class Handler {
 public:
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::size_t{1} << 20;
  static constexpr std::size_t max_key_size = std::size_t{64} << 10;

  Handler(std::string bucket, JsonPart part) : bucket_(std::move(bucket)), part_(part) {}

  JsonSurvey survey;
  std::deque<ListingEntry> ready;
  std::optional<Error> fault;

  bool on_document_begin(json::error_code&) {
    ++survey.pages;
    known_members_ = 0;
    survey.incomplete = false;
    return true;
  }
  bool on_document_end(json::error_code&) {
    if (!array_ && known_members_ == 0) survey.recognized = false;
    return true;
  }
  bool on_array_begin(json::error_code& ec) {
    if (depth_ == 0) {
      array_ = survey.array = true;
      BeginSection(JsonPart::kVersions, "");
    } else if (depth_ == 1 && !array_) {
      if (member_ == "Versions" || member_ == "Contents")
        BeginSection(JsonPart::kVersions, member_);
      if (member_ == "DeleteMarkers") BeginSection(JsonPart::kMarkers, member_);
      if (member_ == "Contents") survey.current_only = true;
    } else if (!CheckContainer(ec, false)) {
      return false;
    }
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    if (--depth_ == entry_depth() - 2) in_section_ = false;
    return true;
  }
  bool on_object_begin(json::error_code& ec) {
    if (depth_ == 0) {
      array_ = false;
    } else if (in_section_ && depth_ == entry_depth() - 1) {
      BeginEntry();
    } else if (!CheckContainer(ec, true)) {
      return false;
    }
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, json::error_code& ec) {
    --depth_;
    if (in_section_ && depth_ == entry_depth() - 1) return EndEntry(ec);
    if (depth_ == entry_depth()) in_metadata_ = false;
    return true;
  }
  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    text_.append(s.data(), s.size());
    return true;
  }
  bool on_key(json::string_view s, std::size_t, json::error_code& ec) {
    text_.append(s.data(), s.size());
    const std::string name = std::exchange(text_, {});
    if (depth_ == 1 && !array_) return BeginMember(name);
    if (in_section_ && depth_ == entry_depth()) return BeginField(name, ec);
    if (in_metadata_ && depth_ == entry_depth() + 1) metadata_name_ = LowerAscii(name);
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) {
    text_.append(s.data(), s.size());
    return true;
  }
  bool on_string(json::string_view s, std::size_t, json::error_code& ec) {
    text_.append(s.data(), s.size());
    const std::string text = std::exchange(text_, {});
    if (depth_ == 1 && !array_) return PageText(text, ec);
    if (in_metadata_ && depth_ == entry_depth() + 1) {
      (*entry_.version.user_metadata)[metadata_name_] = text;
      return true;
    }
    if (!AtField(ec)) return !fault;
    return TextField(text, ec);
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t i, json::string_view, json::error_code& ec) {
    if (!CheckScalar(ec)) return !fault;
    if (field_ != Field::kSize) return field_ == Field::kOther || Fail(ec, "must not be a number");
    if (i < 0) return Fail(ec, "is negative");
    entry_.version.size = static_cast<std::uint64_t>(i);
    has_size_ = true;
    return true;
  }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code& ec) {
    if (!CheckScalar(ec)) return !fault;
    return field_ == Field::kOther || Fail(ec, "is no number of bytes");
  }
  bool on_double(double, json::string_view, json::error_code& ec) {
    if (!CheckScalar(ec)) return !fault;
    return field_ == Field::kOther || Fail(ec, "must be a whole number of bytes or a text");
  }
  bool on_bool(bool b, json::error_code& ec) {
    if (depth_ == 1 && !array_) {
      if (member_ == "IsTruncated" && b) survey.incomplete = true;
      return true;
    }
    if (!CheckScalar(ec)) return !fault;
    if (field_ == Field::kIsLatest) {
      entry_.is_latest = b;
      return true;
    }
    if (field_ == Field::kIsDeleteMarker) {
      entry_.version.is_delete_marker = b;
      return true;
    }
    return field_ == Field::kOther || Fail(ec, "must not be true or false");
  }
  bool on_null(json::error_code& ec) {
    if (!CheckScalar(ec)) return !fault;
    // Not known, as if it were absent; what is required is missed at the entry's end.
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  // "Versions[3].Size"
  std::string Where() const {
    std::string where = survey.pages > 1 ? fmt::format("page {}: ", survey.pages) : "";
    if (!in_section_) return where + (member_.empty() ? "the text" : member_);
    where += fmt::format("{}[{}]", section_name_, index_);
    if (in_entry_ && !field_name_.empty()) where += "." + field_name_;
    return where;
  }

 private:
  int entry_depth() const { return array_ ? 2 : 3; }

  bool Fail(json::error_code& ec, std::string_view what, Code code = Code::kInvalid) {
    if (!fault) fault = Error(code, fmt::format("{} {}", Where(), what));
    ec = json::make_error_code(json::error::syntax);
    return false;
  }

  bool BeginMember(const std::string& name) {
    member_ = name;
    if (name == "Versions" || name == "DeleteMarkers" || name == "Contents" ||
        std::ranges::find(kPageMembers, name) != kPageMembers.end())
      ++known_members_;
    if (name == "DeleteMarkers") survey.has_markers = true;
    if (name == "fileSchema") survey.manifest = true;
    return true;
  }
  bool PageText(const std::string& text, json::error_code& ec) {
    if (member_ == "NextToken") survey.incomplete = true;
    if (member_ != "Name") return true;
    if (survey.name && *survey.name != text)
      return Fail(
          ec, fmt::format("is {}, but a page before is of {}; make one file for each bucket", text,
                          *survey.name));
    survey.name = text;
    return true;
  }
  void BeginSection(JsonPart section, std::string name) {
    in_section_ = true;
    section_ = section;
    section_name_ = std::move(name);
    index_ = -1;
    in_entry_ = false;
  }
  void BeginEntry() {
    ++index_;
    in_entry_ = true;
    entry_ = {};
    entry_.version.is_delete_marker = entry_.from_markers = section_ == JsonPart::kMarkers;
    seen_ = 0;
    has_size_ = false;
    field_ = Field::kOther;
    field_name_.clear();
  }
  bool BeginField(const std::string& name, json::error_code& ec) {
    field_ = FindField(array_, name);
    field_name_ = name;
    if (field_ == Field::kOther) return true;
    const unsigned bit = 1U << static_cast<unsigned>(field_);
    if ((seen_ & bit) != 0) return Fail(ec, "is there twice");
    seen_ |= bit;
    return true;
  }
  // Whether the value is a field's; a value between the entries is an error.
  bool AtField(json::error_code& ec) {
    if (depth_ == 0) return Fail(ec, "is no list of objects");
    if (!in_section_) return false;
    if (depth_ == entry_depth() - 1) {
      ++index_;
      in_entry_ = false;
      return Fail(ec, "is no object with members");
    }
    if (depth_ == entry_depth()) return true;
    return false;
  }
  // The same for what is no text.
  bool CheckScalar(json::error_code& ec) {
    if (in_metadata_ && depth_ == entry_depth() + 1)
      return Fail(ec, fmt::format("has \"{}\", which is no text", metadata_name_));
    return AtField(ec);
  }
  bool CheckContainer(json::error_code& ec, bool object) {
    if (in_metadata_) return Fail(ec, fmt::format("has \"{}\", which is no text", metadata_name_));
    if (in_section_ && depth_ == entry_depth() - 1) return AtField(ec);
    if (!in_section_ || depth_ != entry_depth() || field_ == Field::kOther) return true;
    if (field_ != Field::kMetadata || !object)
      return Fail(ec, field_ == Field::kMetadata ? "must be an object of texts"
                                                 : "must not be a list or an object");
    in_metadata_ = true;
    entry_.version.user_metadata.emplace();
    return true;
  }
  bool TextField(const std::string& text, json::error_code& ec) {
    ObjectVersion& version = entry_.version;
    switch (field_) {
      case Field::kOther:
        return true;
      case Field::kBucket:
        version.bucket = text;
        return true;
      case Field::kKey:
        version.key = text;
        return true;
      case Field::kVersionId:
        version.version_id = text;
        return true;
      case Field::kEtag: {
        const bool quoted = text.size() >= 2 && text.starts_with('"') && text.ends_with('"');
        version.etag = quoted ? text.substr(1, text.size() - 2) : text;
        return true;
      }
      case Field::kLastModified:
        version.last_modified_millis = ParseIsoTime(text);
        return version.last_modified_millis.has_value() ||
               Fail(ec, fmt::format("is \"{}\", which is no ISO 8601 time", text));
      default:
        return Fail(ec, "must not be a text");
    }
  }
  bool EndEntry(json::error_code& ec) {
    field_name_.clear();
    ObjectVersion& version = entry_.version;
    if (!array_) version.bucket = bucket_;
    if (version.version_id.empty()) version.version_id = kNullVersion;
    if (!version.is_delete_marker && !has_size_) return Fail(ec, "has no size");
    // A survey may not know the bucket yet.
    const auto named =
        tables::CheckObjectName(!array_ && bucket_.empty() ? "-" : version.bucket, version.key);
    if (!named.ok()) return Fail(ec, "has a bad name: " + named.error().message);
    if (auto id = CheckVersionId(version.version_id); !id.ok())
      return Fail(ec, "has a bad id: " + id.error().message);
    if (version.is_delete_marker) {
      version.size = 0;
      version.etag.reset();
      version.user_metadata.reset();
    }
    if (part_ == JsonPart::kAll || part_ == section_) ready.push_back(std::move(entry_));
    in_entry_ = false;
    return true;
  }

  const std::string bucket_;
  const JsonPart part_;
  int depth_ = 0;
  bool array_ = false;  // this page is an array
  int known_members_ = 0;
  std::string text_;    // of a key or string that comes in parts
  std::string member_;  // of the page's object
  bool in_section_ = false;
  JsonPart section_ = JsonPart::kVersions;
  std::string section_name_;
  std::int64_t index_ = -1;
  bool in_entry_ = false;
  ListingEntry entry_;
  unsigned seen_ = 0;
  bool has_size_ = false;
  Field field_ = Field::kOther;
  std::string field_name_;
  bool in_metadata_ = false;
  std::string metadata_name_;
};

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

struct JsonListing::Impl {
  Impl(std::unique_ptr<InputFile> input, std::string bucket, JsonPart part)
      : file(std::move(input)), parser(json::parse_options(), std::move(bucket), part) {}

  Status Feed();
  Status Parse();
  Error Failed(json::error_code ec, std::size_t consumed);

  std::unique_ptr<InputFile> file;
  json::basic_parser<Handler> parser;
  std::string buffer = std::string(kReadBytes, '\0');
  std::string_view rest;  // of the buffer
  std::uint64_t line = 1;
  bool inside = false;  // a page has begun and not ended
  bool end = false;
};

// Reads a chunk and hands it to the parser.
Status JsonListing::Impl::Feed() {
  if (rest.empty()) {
    TRY(const std::size_t count, file->Read(buffer.data(), buffer.size()));
    rest = std::string_view(buffer).substr(0, count);
    end = count == 0;
  }
  if (!end) return Parse();
  if (inside)
    return Error(Code::kCorrupt, fmt::format("{}:{}: the listing is cut off; fetch it again",
                                             file->path().string(), line));
  return Ok();
}

Status JsonListing::Impl::Parse() {
  if (!inside) {
    while (!rest.empty() && IsSpace(rest.front())) {
      line += rest.front() == '\n' ? 1 : 0;
      rest.remove_prefix(1);
    }
    if (rest.empty()) return Ok();
    parser.reset();
    inside = true;
  }
  json::error_code ec;
  const std::size_t consumed = parser.write_some(true, rest.data(), rest.size(), ec);
  if (ec) return Failed(ec, consumed);
  line += static_cast<std::uint64_t>(
      std::count(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(consumed), '\n'));
  rest.remove_prefix(consumed);
  if (parser.done()) inside = false;
  return Ok();
}

Error JsonListing::Impl::Failed(json::error_code ec, std::size_t consumed) {
  const std::size_t to = std::min(consumed, rest.size());
  line += static_cast<std::uint64_t>(
      std::count(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
  end = true;
  auto& fault = parser.handler().fault;
  if (fault) return std::move(*fault).With(fmt::format("{}:{}", file->path().string(), line));
  return Error(Code::kCorrupt,
               fmt::format("{}:{}: near {}: this is no JSON ({}); fetch the listing again",
                           file->path().string(), line, parser.handler().Where(), ec.message()));
}

JsonListing::JsonListing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonListing::~JsonListing() = default;

Result<std::unique_ptr<JsonListing>> JsonListing::Open(const files::Path& path, std::string bucket,
                                                       JsonPart part) {
  TRY(auto file, InputFile::Open(path, false));
  return std::unique_ptr<JsonListing>(
      new JsonListing(std::make_unique<Impl>(std::move(file), std::move(bucket), part)));
}

const JsonSurvey& JsonListing::survey() const { return impl_->parser.handler().survey; }

Result<bool> JsonListing::Next(ListingEntry& entry) {
  auto& ready = impl_->parser.handler().ready;
  while (ready.empty()) {
    if (impl_->end) return false;
    TRY_OK(impl_->Feed());
  }
  entry = std::move(ready.front());
  ready.pop_front();
  return true;
}

}  // namespace vams::objects
