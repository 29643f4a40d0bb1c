// The API of a stack as far as the looks at a service go, without a server: for tests of what an
// update does with their outcome.  One thread.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <set>
#include <string>

#include "lifecycle/update/update_setting.h"

namespace vams::lifecycle::test {

class FakeService final : public net::Transport {
 public:
  // Requests that are answered 500, as "GET /database".
  std::set<std::string> broken;
  bool search_is_blind = false;
  std::map<std::string, std::string> databases, assets;  // ids
  std::map<std::string, std::string> objects;            // by address
  int requests = 0;

  Result<net::HttpResponse> Send(OpContext&, const net::HttpRequest& request,
                                 bool* arrived) override {
    ++requests;
    if (arrived != nullptr) *arrived = true;
    const std::string path = request.url.substr(request.url.find('/', 8));
    const std::string what = request.method + " " + path;
    if (broken.contains(what)) return Answer(500, R"({"message": "Internal Server Error"})");
    if (path == "/healthz") return Answer(200, R"({"status": "ok"})");
    if (path == "/api/version") return Answer(200, R"({"release": "x", "dataVersion": "2.5"})");
    if (path == "/") return Answer(200, "<!doctype html><html></html>");
    if (path.starts_with("/objects/")) return Object(request, path);
    const auto* token = net::FindHeader(request.headers, "Authorization");
    if (token == nullptr || *token != "Bearer of-an-administrator") return Answer(401, "{}");
    return SignedIn(request, what, path);
  }

 private:
  static net::HttpResponse Answer(int status, std::string body) {
    return {.status = status, .headers = {}, .body = std::move(body)};
  }

  net::HttpResponse Object(const net::HttpRequest& request, const std::string& path) {
    if (request.method == "PUT") objects[path] = request.body;
    auto answer = Answer(200, objects[path]);
    answer.headers.push_back({"ETag", "\"abc\""});
    return answer;
  }

  net::HttpResponse SignedIn(const net::HttpRequest& request, const std::string& what,
                             const std::string& path) {
    boost::system::error_code ec;
    const auto body = boost::json::parse(request.body, ec);
    const auto member = [&](const char* name) { return std::string(body.at(name).as_string()); };
    if (what == "GET /secure-config") return Answer(200, R"({"featuresEnabled": ""})");
    if (what == "GET /tag-types")
      return Answer(200, R"({"message": {"Items": [{"tagTypeName": "Use", "required": "True",
          "tags": ["7"]}, {"tagTypeName": "Zone", "required": "False", "tags": []}]}})");
    if (what == "GET /buckets") return Answer(200, R"({"Items": [{"bucketId": "b1"}]})");
    if (what == "GET /database" || what == "GET /assets") return Answer(200, R"({"Items": []})");
    if (what == "POST /database") {
      databases[member("databaseId")] = "";
      return Answer(200, "{}");
    }
    if (what == "POST /assets") {
      if (body.at("tags") != boost::json::array{"7"}) return Answer(400, "{}");
      assets[member("assetId")] = member("description");
      return Answer(200, "{}");
    }
    if (what == "POST /uploads")
      return Answer(200, R"({"uploadId": "u1", "files": [{"relativeKey": "/check.bin",
          "uploadIdS3": "s1", "partUploadUrls": [{"PartNumber": 1,
          "UploadUrl": "https://assets.plant.example/objects/one"}]}]})");
    if (what == "POST /uploads/u1/complete") return Answer(200, R"({"overallSuccess": true})");
    if (path.ends_with("/download"))
      return Answer(200, R"({"downloadUrl": "https://assets.plant.example/objects/one"})");
    if (what == "POST /search")
      return Answer(200, search_is_blind ? R"({"hits": {"hits": []}})"
                                         : R"({"hits": {"hits": [{"_id": "x"}]}})");
    if (what == "GET /admin/search") return Answer(200, R"({"reindex": {"running": false}})");
    return Scratch(request, path);
  }

  net::HttpResponse Scratch(const net::HttpRequest& request, const std::string& path) {
    if (path.ends_with("/deleteAsset")) {
      assets.clear();
      return Answer(200, "{}");
    }
    if (request.method == "DELETE") {
      databases.clear();
      return Answer(200, "{}");
    }
    if (path.ends_with("/assets") && !assets.empty())
      return Answer(200, R"({"Items": [{"assetId": ")" + assets.begin()->first + R"("}]})");
    if (path.contains("/assets")) return Answer(200, R"({"Items": []})");
    return Answer(databases.empty() ? 404 : 200, "{}");
  }
};

class FakeServer final : public TemporaryServer {
 public:
  const std::string& url() const override { return url_; }
  const std::string& token() const override { return token_; }

 private:
  std::string url_ = "http://127.0.0.1:1", token_ = "of-an-administrator";
};

}  // namespace vams::lifecycle::test
