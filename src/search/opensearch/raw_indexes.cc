#include "search/opensearch/raw_indexes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <utility>

#include "search/opensearch/client.h"

namespace vams::search {

namespace os = opensearch;
using boost::json::array;
using boost::json::object;

namespace {

constexpr int kBulkAttempts = 8;
constexpr std::size_t kMaxName = 255;

// What the server refuses as a name, and what would mean something else in a path.
Status CheckName(std::string_view name) {
  constexpr std::string_view kForbidden = "\\/*?\"<>| ,#:%&+";
  const bool fine = !name.empty() && name.size() <= kMaxName && name != "." && name != ".." &&
                    !std::string_view("-_+").contains(name.front()) &&
                    std::ranges::none_of(name, [&](char c) {
                      return kForbidden.contains(c) || (c >= 'A' && c <= 'Z') ||
                             static_cast<unsigned char>(c) < 0x21;
                    });
  if (fine) return Ok();
  return Error(
      Code::kInvalid,
      fmt::format("\"{}\" is no name of a search index: such a name is at most {} bytes in "
                  "lower case, without blanks and punctuation but . - _, and does not "
                  "begin with - or _",
                  name, kMaxName));
}

std::string Path(std::string_view index, std::string_view rest = {}) {
  return rest.empty() ? fmt::format("/{}", index) : fmt::format("/{}/{}", index, rest);
}

// A member that should be an object, or an empty one.
object ObjectAt(object& from, std::string_view name) {
  auto* found = from.if_contains(name);
  return found != nullptr && found->is_object() ? std::move(found->get_object()) : object();
}

const array* HitsOf(const object& answer) {
  const auto* hits = answer.if_contains("hits");
  const auto* list = hits != nullptr ? os::Find(*hits, "hits") : nullptr;
  return list != nullptr ? list->if_array() : nullptr;
}

}  // namespace

RawIndexes::RawIndexes(std::unique_ptr<os::Client> client) : client_(std::move(client)) {}
RawIndexes::~RawIndexes() = default;

Result<std::unique_ptr<RawIndexes>> RawIndexes::Open(OpenSearchOptions options) {
  TRY(auto client, os::Client::Open(std::move(options)));
  return std::unique_ptr<RawIndexes>(new RawIndexes(std::move(client)));
}

Result<object> RawIndexes::Call(OpContext& op, std::string_view method, const std::string& path,
                                const object& body) {
  return client_->Call(op, method, path, body.empty() ? std::string() : serialize(body));
}

Result<std::optional<RawIndex>> RawIndexes::Describe(OpContext& op, std::string_view name) {
  TRY_OK(CheckName(name));
  TRY(os::Reply reply, client_->Send(op, "GET", Path(name)));
  if (reply.status == 404) return std::optional<RawIndex>();
  if (!reply.ok())
    return os::RefusalError("looking at index " + std::string(name), reply.status,
                            os::FailureOf(reply.body));
  if (reply.body.size() != 1 || !reply.body.begin()->value().is_object()) {
    if (reply.body.size() < 2) return os::Unreadable("GET " + Path(name));
    return Error(Code::kConflict,
                 fmt::format("{} is an alias of {} indexes; name the one that is meant", name,
                             reply.body.size()));
  }
  auto& only = *reply.body.begin();
  RawIndex index{.name = std::string(only.key()), .mappings = {}, .settings = {}};
  index.mappings = ObjectAt(only.value().get_object(), "mappings");
  index.settings = ObjectAt(only.value().get_object(), "settings");
  return std::optional(std::move(index));
}

Result<std::vector<RawDocument>> RawIndexes::Sample(OpContext& op, std::string_view name,
                                                    std::size_t most) {
  TRY_OK(CheckName(name));
  TRY(object answer, Call(op, "POST", Path(name, "_search"), {{"size", most}}));
  const auto* hits = HitsOf(answer);
  if (hits == nullptr) return os::Unreadable("POST /_search");
  std::vector<RawDocument> documents;
  for (const auto& hit : *hits) {
    const auto* source = os::Find(hit, "_source");
    if (source != nullptr && source->is_object())
      documents.push_back({.id = os::TextAt(hit, "_id"), .source = source->get_object()});
  }
  return documents;
}

Status RawIndexes::Create(OpContext& op, std::string_view name, const object& body) {
  TRY_OK(CheckName(name));
  TRY(const os::Reply reply, client_->Send(op, "PUT", Path(name), serialize(body)));
  if (reply.ok()) return Ok();
  const os::Failure failure = os::FailureOf(reply.body);
  if (failure.type == "resource_already_exists_exception")
    return Error(Code::kConflict, fmt::format("the search server has {} already", name));
  return os::RefusalError(fmt::format("to create index {}", name), reply.status, failure);
}

// ---- Writing
// ---------------------------------------------------------------------------------------

// The lines to be sent again.  A body that is too large for the server goes in two.
Result<std::vector<RawIndexes::Line>> RawIndexes::BulkOnce(OpContext& op, std::string_view path,
                                                           std::string_view action,
                                                           std::vector<Line> lines,
                                                           std::vector<RefusedDocument>& refused) {
  std::string body;
  for (const Line& line : lines) body += line.text;
  TRY(const os::Reply reply, client_->Send(op, "POST", path, body));
  if (reply.status == 413 && lines.size() == 1) {
    refused.push_back({.id = std::string(lines.front().id),
                       .reason = "it is larger than the search server takes at once"});
    return std::vector<Line>();
  }
  if (reply.status == 413) {
    const auto middle = lines.begin() + static_cast<std::ptrdiff_t>(lines.size() / 2);
    std::vector<Line> second(std::make_move_iterator(middle), std::make_move_iterator(lines.end()));
    lines.erase(middle, lines.end());
    TRY(auto again, BulkOnce(op, path, action, std::move(lines), refused));
    TRY(auto more, BulkOnce(op, path, action, std::move(second), refused));
    std::ranges::move(more, std::back_inserter(again));
    return again;
  }
  if (!reply.ok())
    return os::RefusalError(fmt::format("POST {}", path), reply.status, os::FailureOf(reply.body));
  const auto* items = reply.body.if_contains("items");
  if (items == nullptr || !items->is_array() || items->get_array().size() != lines.size())
    return os::Unreadable("POST /_bulk");
  std::vector<Line> again;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto* item = os::Find(items->get_array()[i], action);
    if (item == nullptr || !item->is_object()) return os::Unreadable("POST /_bulk");
    const int status = static_cast<int>(os::NumberAt(*item, "status"));
    if ((status >= 200 && status < 300) || (status == 404 && action == "delete")) continue;
    const os::Failure failure = os::FailureOf(item->get_object());
    if (os::IsBusy(status, failure)) {
      again.push_back(std::move(lines[i]));
    } else if (status == 400 || status == 413) {
      refused.push_back({.id = std::string(lines[i].id),
                         .reason = failure.reason.empty() ? failure.type : failure.reason});
    } else {
      Error error = os::RefusalError("a document", status, failure);
      error.details += fmt::format(" (document {})", lines[i].id);
      return error;
    }
  }
  return again;
}

Result<std::vector<RefusedDocument>> RawIndexes::Bulk(OpContext& op, std::string_view name,
                                                      std::string_view action,
                                                      std::vector<Line> lines) {
  const OpenSearchOptions& options = client_->options();
  const std::string path = Path(name, "_bulk");
  std::vector<RefusedDocument> refused;
  std::size_t first = 0;
  while (first < lines.size()) {
    std::size_t bytes = 0;
    std::vector<Line> sent;
    for (; first < lines.size() && sent.size() < options.bulk_documents &&
           (sent.empty() || bytes + lines[first].text.size() <= options.bulk_bytes);
         ++first) {
      bytes += lines[first].text.size();
      sent.push_back(std::move(lines[first]));
    }
    net::Backoff backoff(options.retry, client_->timer(), client_->random());
    for (int attempt = 1;; ++attempt) {
      TRY(sent, BulkOnce(op, path, action, std::move(sent), refused));
      if (sent.empty()) break;
      TRY(const bool more, backoff.Wait(op));
      if (!more || attempt == kBulkAttempts)
        return Error(Code::kUnavailable,
                     fmt::format("the search server is too busy for {} documents of {}, such as "
                                 "{}; what it took stays there",
                                 sent.size(), name, sent.front().id));
    }
  }
  return refused;
}

Result<std::vector<RefusedDocument>> RawIndexes::Put(OpContext& op, std::string_view name,
                                                     std::span<const RawDocument> documents) {
  TRY_OK(CheckName(name));
  std::vector<RefusedDocument> refused;
  std::vector<Line> lines;
  lines.reserve(documents.size());
  for (const RawDocument& document : documents) {
    if (document.id.empty() || document.id.size() > kMaxId) {
      refused.push_back({.id = document.id,
                         .reason = fmt::format("its id has {} bytes, and the search server takes "
                                               "{} at most",
                                               document.id.size(), kMaxId)});
      continue;
    }
    lines.push_back({.id = document.id,
                     .text = serialize(object{{"index", {{"_id", document.id}}}}) + "\n" +
                             serialize(document.source) + "\n"});
  }
  TRY(auto more, Bulk(op, name, "index", std::move(lines)));
  std::ranges::move(more, std::back_inserter(refused));
  return refused;
}

Result<std::vector<RefusedDocument>> RawIndexes::Remove(OpContext& op, std::string_view name,
                                                        std::span<const std::string> ids) {
  TRY_OK(CheckName(name));
  std::vector<Line> lines;
  for (const std::string& id : ids)
    lines.push_back({.id = id, .text = serialize(object{{"delete", {{"_id", id}}}}) + "\n"});
  return Bulk(op, name, "delete", std::move(lines));
}

// ---- Reading
// ---------------------------------------------------------------------------------------

Result<std::vector<std::optional<object>>> RawIndexes::Get(OpContext& op, std::string_view name,
                                                           std::span<const std::string> ids) {
  TRY_OK(CheckName(name));
  std::vector<std::optional<object>> found(ids.size());
  array asked;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty() || ids[i].size() > kMaxId) continue;
    asked.emplace_back(ids[i]);
    places.push_back(i);
  }
  if (asked.empty()) return found;
  TRY(object answer, Call(op, "POST", Path(name, "_mget"), {{"ids", std::move(asked)}}));
  auto* documents = answer.if_contains("docs");
  if (documents == nullptr || !documents->is_array() ||
      documents->get_array().size() != places.size())
    return os::Unreadable("POST /_mget");
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto& document = documents->get_array()[i];
    if (const auto* error = os::Find(document, "error"); error != nullptr)
      return os::RefusalError("reading a document", 500, os::FailureOf(document.get_object()));
    if (!document.is_object()) return os::Unreadable("POST /_mget");
    auto* source = document.get_object().if_contains("_source");
    if (source != nullptr && source->is_object())
      found[places[i]] = std::move(source->get_object());
  }
  return found;
}

Result<std::uint64_t> RawIndexes::Count(OpContext& op, std::string_view name, bool refresh) {
  TRY_OK(CheckName(name));
  if (refresh) TRY_OK(Call(op, "POST", Path(name, "_refresh"), {}));
  TRY(const object answer, Call(op, "GET", Path(name, "_count"), {}));
  const auto* count = answer.if_contains("count");
  if (count == nullptr || !count->is_number()) return os::Unreadable("GET /_count");
  const auto* shards = answer.if_contains("_shards");
  if (shards != nullptr && os::NumberAt(*shards, "failed") > 0)
    return Error(Code::kUnavailable,
                 fmt::format("a part of {} does not answer, so its documents cannot be counted; "
                             "look at the health of the search server",
                             name));
  return os::NumberAt(answer, "count");
}

Result<RawIndexes::IdPage> RawIndexes::Ids(OpContext& op, std::string_view name,
                                           std::string_view after, std::size_t limit) {
  TRY_OK(CheckName(name));
  object body{{"size", limit},
              {"_source", false},
              {"track_total_hits", false},
              {"sort", array{object{{"_id", "asc"}}}}};
  if (!after.empty()) body["search_after"] = array{after};
  TRY(const object answer,
      Call(op, "POST", Path(name, "_search?allow_partial_search_results=false"), body));
  const auto* hits = HitsOf(answer);
  if (hits == nullptr) return os::Unreadable("POST /_search");
  IdPage page;
  for (const auto& hit : *hits) page.ids.push_back(os::TextAt(hit, "_id"));
  if (page.ids.size() == limit) page.next = page.ids.back();
  return page;
}

}  // namespace vams::search
