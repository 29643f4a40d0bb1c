// A search server in this process: indexes as maps, over HTTP, with the faults that a test wants.
// That real ones do the same is tested against a real node (tests/servers/migrate_opensearch.py).
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "search/opensearch/raw_indexes.h"
#include "testing/fake_aws_server.h"

namespace vams::migrate::index::test {

class FakeOpenSearch {
 public:
  using Object = boost::json::object;
  struct Index {
    Object mappings, settings;
    std::map<std::string, Object> documents;
  };
  // The answer in place of the true one; nothing: the true one.  The server is idle when tests
  // change these.
  std::function<std::optional<testing::FakeAnswer>(const testing::FakeRequest&)> fault;
  // For one document of a bulk call: its error's status, type and reason.
  struct Refusal {
    int status = 400;
    std::string type, reason;
  };
  std::function<std::optional<Refusal>(const std::string& id)> refuse;
  std::map<std::string, Index> indexes;

  FakeOpenSearch()
      : server_([this](const testing::FakeRequest& request) { return Answer(request); }) {}

  std::string url() const { return server_.endpoint(); }
  std::size_t Calls(std::string_view part) const {
    std::size_t calls = 0;
    for (const auto& request : server_.requests())
      if ((request.method + " " + request.path).find(part) != std::string::npos) ++calls;
    return calls;
  }
  std::vector<testing::FakeRequest> requests() const { return server_.requests(); }

  // A client that gives up soon.
  std::unique_ptr<search::RawIndexes> Open(search::OpenSearchOptions options = {}) const {
    options.url = url();
    options.retry = {.base = std::chrono::milliseconds(1),
                     .longest = std::chrono::milliseconds(1),
                     .budget = std::chrono::minutes(5),
                     .max_attempts = 4};
    auto opened = search::RawIndexes::Open(std::move(options));
    if (!opened.ok()) throw std::runtime_error(opened.error().message);
    return *std::move(opened);
  }

 private:
  static testing::FakeAnswer Json(const boost::json::value& body, int status = 200) {
    return {.status = status, .body = boost::json::serialize(body), .headers = {}};
  }
  static testing::FakeAnswer Missing(const std::string& name) {
    return Json(Object{{"error", {{"type", "index_not_found_exception"}, {"reason", name}}}}, 404);
  }

  testing::FakeAnswer Answer(const testing::FakeRequest& request) {
    if (fault)
      if (auto answer = fault(request)) return *std::move(answer);
    std::string path = request.path.substr(1, request.path.find('?') - 1);
    const auto slash = path.find('/');
    const std::string name = path.substr(0, slash);
    const std::string call = slash == std::string::npos ? "" : path.substr(slash + 1);
    if (call.empty() && request.method == "PUT") return Create(name, request.body);
    const auto index = indexes.find(name);
    if (index == indexes.end()) return Missing(name);
    if (call.empty())
      return Json(Object{
          {name, {{"mappings", index->second.mappings}, {"settings", index->second.settings}}}});
    if (call == "_refresh") return Json(Object());
    if (call == "_count") return Json(Object{{"count", index->second.documents.size()}});
    if (call == "_bulk") return Bulk(index->second, request.body);
    const auto body = boost::json::parse(request.body).as_object();
    return call == "_mget" ? Get(index->second, body) : Search(index->second, body);
  }

  testing::FakeAnswer Create(const std::string& name, const std::string& text) {
    if (indexes.contains(name))
      return Json(Object{{"error", {{"type", "resource_already_exists_exception"}}}}, 400);
    auto body = boost::json::parse(text).as_object();
    indexes[name] = {.mappings = body.at("mappings").as_object(),
                     .settings = body.at("settings").as_object(),
                     .documents = {}};
    return Json(Object{{"acknowledged", true}});
  }

  testing::FakeAnswer Bulk(Index& index, std::string_view text) {
    boost::json::array items;
    while (!text.empty()) {
      const auto line = [&] {
        const auto end = text.find('\n');
        const auto one = text.substr(0, end);
        text.remove_prefix(end + 1);
        return boost::json::parse(one).as_object();
      };
      const auto action = line();
      const std::string verb = action.begin()->key();
      const std::string id(action.begin()->value().at("_id").as_string());
      std::optional<Object> source;
      if (verb == "index") source = line();
      Object result{{"status", 200}};
      if (const auto refusal = refuse ? refuse(id) : std::nullopt)
        result = {{"status", refusal->status},
                  {"error", {{"type", refusal->type}, {"reason", refusal->reason}}}};
      else if (source)
        index.documents[id] = *source;
      else
        index.documents.erase(id);
      items.push_back(Object{{verb, std::move(result)}});
    }
    return Json(Object{{"items", std::move(items)}});
  }

  static testing::FakeAnswer Get(const Index& index, const Object& body) {
    boost::json::array documents;
    for (const auto& id : body.at("ids").as_array()) {
      const auto found = index.documents.find(std::string(id.as_string()));
      Object document{{"_id", id}, {"found", found != index.documents.end()}};
      if (found != index.documents.end()) document["_source"] = found->second;
      documents.push_back(std::move(document));
    }
    return Json(Object{{"docs", std::move(documents)}});
  }

  static testing::FakeAnswer Search(const Index& index, const Object& body) {
    const auto size = body.at("size").to_number<std::size_t>();
    auto at = index.documents.begin();
    if (const auto* after = body.if_contains("search_after"))
      at = index.documents.upper_bound(std::string(after->as_array().front().as_string()));
    boost::json::array hits;
    for (; at != index.documents.end() && hits.size() < size; ++at)
      hits.push_back(Object{{"_id", at->first}, {"_source", at->second}});
    return Json(Object{{"hits", {{"hits", std::move(hits)}}}});
  }

  testing::FakeAwsServer server_;  // the last, so that it ends before what it answers from
};

}  // namespace vams::migrate::index::test
