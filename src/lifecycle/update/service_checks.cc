#include "lifecycle/update/service_checks.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <set>

#include "base/encoding.h"
#include "net/retry.h"

namespace vams::lifecycle {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t kContentBytes = 4096;
constexpr std::size_t kErrorsShown = 10;
constexpr std::chrono::milliseconds kLogPatience{5000};

// A member at a path of names, null if it is not there.
const json::value& At(const json::value& value, std::initializer_list<std::string_view> path) {
  static const json::value kNull;
  const json::value* at = &value;
  for (const auto name : path) {
    const auto* object = at->if_object();
    at = object != nullptr ? object->if_contains(name) : nullptr;
    if (at == nullptr) return kNull;
  }
  return *at;
}

std::string Text(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : std::string();
}

const json::array& List(const json::value& value) {
  static const json::array kNone;
  return value.is_array() ? value.as_array() : kNone;
}

bool Flag(const json::value& value) { return value.is_bool() && value.as_bool(); }

class Looker {
 public:
  Looker(OpContext& op, net::Transport& transport, Random& random, const ServiceTarget& target,
         const std::function<void(const Check&)>& done)
      : op_(op), transport_(transport), random_(random), target_(target), done_(done) {}

  Result<std::vector<Check>> Run() {
    std::error_code ec;
    if (!target_.access_log.empty()) log_from_ = std::filesystem::file_size(target_.access_log, ec);
    if (ec) log_from_ = 0;
    TRY_OK(Do("health", [&](Check& check) { return Health(check); }));
    TRY_OK(Do("web page", [&](Check& check) { return WebPage(check); }));
    TRY_OK(Do("sign-in", [&](Check& check) { return SignIn(check); }));
    TRY_OK(Do("databases", [&](Check& check) { return Databases(check); }));
    TRY_OK(Do("round trip", [&](Check& check) { return RoundTrip(check); }));
    TRY_OK(Do("search", [&](Check& check) { return Search(check); }));
    TRY_OK(Do("left behind", [&](Check& check) { return CleanUp(check); }));
    TRY_OK(Do("error log", [&](Check& check) { return ErrorLog(check); }));
    return std::move(checks_);
  }

 private:
  Status Do(std::string_view name, const std::function<Status(Check&)>& look) {
    TRY_OK(op_.Check());
    const auto start = Steady::now();
    Check check;
    check.name = name;
    if (auto looked = look(check); !looked.ok()) {
      if (looked.error().code == Code::kCancelled) return looked;
      check.result = CheckResult::kRefused;
      check.summary = looked.error().message;
      check.way_out = "the log of the server says more about it";
    }
    check.millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count();
    if (done_) done_(check);
    checks_.push_back(std::move(check));
    return Ok();
  }

  Result<net::HttpResponse> Send(std::string_view method, std::string_view path, std::string body,
                                 bool signed_in) {
    net::HttpRequest request;
    request.method = method;
    request.url = target_.url + std::string(path);
    request.direct = true;
    if (signed_in) request.headers.push_back({"Authorization", "Bearer " + target_.token});
    if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    request.body = std::move(body);
    return transport_.Send(op_, request);
  }

  // Expects 200 with JSON.
  Result<json::value> Call(std::string_view method, std::string_view path,
                           const json::value& body = {}) {
    TRY(const auto answer,
        Send(method, path, body.is_null() ? std::string() : json::serialize(body), true));
    if (answer.status != 200)
      return Error(Code::kUnavailable, fmt::format("{} {} answered {}: {}", method, path,
                                                   answer.status, answer.body.substr(0, 300)));
    boost::system::error_code ec;
    auto value = json::parse(answer.body, ec);
    if (ec) return Error(Code::kCorrupt, fmt::format("{} {} answered no JSON", method, path));
    return value;
  }

  Status Health(Check& check) {
    TRY(const auto health, Call("GET", "/healthz"));
    TRY(const auto version, Call("GET", "/api/version"));
    if (Text(At(health, {"status"})) != "ok")
      return Error(Code::kUnavailable, "GET /healthz answers, but not \"ok\"");
    check.evidence = {{"version", version}};
    check.summary = fmt::format("the server answers: release {}, data version {}",
                                Text(At(version, {"release"})), Text(At(version, {"dataVersion"})));
    return Ok();
  }

  Status WebPage(Check& check) {
    TRY(const auto page, Send("GET", "/", {}, false));
    const bool html = page.body.find("<html") != std::string::npos ||
                      page.body.find("<!doctype html") != std::string::npos ||
                      page.body.find("<!DOCTYPE html") != std::string::npos;
    if (page.status != 200 || !html)
      return Error(Code::kUnavailable,
                   fmt::format("GET / answered {} and {} bytes that are no web page", page.status,
                               page.body.size()));
    check.evidence = {{"bytes", page.body.size()}};
    check.summary = "the web application is served";
    return Ok();
  }

  Status SignIn(Check& check) {
    TRY(const auto stranger, Send("GET", "/secure-config", {}, false));
    if (stranger.status != 401 && stranger.status != 403)
      return Error(Code::kDenied,
                   fmt::format("GET /secure-config without credentials answered {}; it must refuse",
                               stranger.status));
    TRY(const auto config, Call("GET", "/secure-config"));
    features_ = Text(At(config, {"featuresEnabled"}));
    check.evidence = {{"features", features_}};
    check.summary = "an administrator is let in, and who has no credentials is not";
    return Ok();
  }

  Status Databases(Check& check) {
    TRY(const auto databases, Call("GET", "/database"));
    const auto& items = At(databases, {"Items"});
    if (!items.is_array())
      return Error(Code::kCorrupt, "GET /database answered no list of databases");
    TRY(const auto assets, Call("GET", "/assets"));
    check.evidence = {{"databases", items.as_array().size()},
                      {"firstPageOfAssets", List(At(assets, {"Items"})).size()}};
    check.summary = fmt::format("{} databases are listed", items.as_array().size());
    return Ok();
  }

  // The bucket for the scratch files: the stack's own, else the first one that is taken.
  Status MakeDatabase() {
    TRY(const auto buckets, Call("GET", "/buckets"));
    std::vector<std::string> ids;
    for (const auto& bucket : List(At(buckets, {"Items"}))) {
      const bool own = Text(At(bucket, {"bucketName"})) == target_.own_bucket;
      ids.insert(own ? ids.begin() : ids.end(), Text(At(bucket, {"bucketId"})));
    }
    Status made = Error(Code::kNotFound, "there is no bucket that files could be put into");
    for (const auto& id : ids) {
      made = Ok();
      if (auto answer = Call("POST", "/database",
                             {{"databaseId", kScratchDatabase},
                              {"description", "Made by a check of the service, and removed by it"},
                              {"defaultBucketId", id}});
          !answer.ok())
        made = std::move(answer).error();
      else
        break;
    }
    return made;
  }

  // One tag of every type that assets must have; notes the type of which there is none.
  Result<json::array> RequiredTags() {
    json::array tags;
    TRY(const auto types, Call("GET", "/tag-types"));
    for (const auto& type : List(At(types, {"message", "Items"}))) {
      if (Text(At(type, {"required"})) != "True") continue;
      const auto& of_type = List(At(type, {"tags"}));
      if (of_type.empty())
        tagless_type_ = Text(At(type, {"tagTypeName"}));
      else
        tags.push_back(of_type.front());
    }
    return tags;
  }

  std::string AssetPath() const {
    return fmt::format("/database/{}/assets/{}", kScratchDatabase, asset_);
  }

  Status RoundTrip(Check& check) {
    // What a check that was cut off has left.
    TRY(const auto before, Send("GET", fmt::format("/database/{}", kScratchDatabase), {}, true));
    if (before.status == 200) (void)RemoveScratch();
    TRY_OK(MakeDatabase());
    std::string bytes(kContentBytes, '\0');
    random_.Fill(bytes.data(), bytes.size());
    asset_ = "check-" + HexEncode(bytes.substr(0, 6));
    const std::string word = "verify" + HexEncode(bytes.substr(6, 6));
    TRY(auto tags, RequiredTags());
    if (!tagless_type_.empty()) {  // so it was before, whatever was updated
      check.result = CheckResult::kWarning;
      check.summary = fmt::format(
          "every asset must have a tag of the type \"{}\", and there is none, so nobody can make "
          "an asset and no file was sent",
          tagless_type_);
      check.way_out = "make a tag of that type, or do not require it";
      return Ok();
    }
    TRY_OK(Call("POST", "/assets",
                {{"databaseId", kScratchDatabase},
                 {"assetId", asset_},
                 {"assetName", asset_},
                 {"description", word},
                 {"isDistributable", true},
                 {"tags", std::move(tags)}}));
    word_ = word;
    TRY_OK(Upload(bytes));
    TRY_OK(Download(bytes));
    check.evidence = {{"database", kScratchDatabase}, {"asset", asset_}, {"bytes", bytes.size()}};
    check.summary = fmt::format(
        "an asset was made, a file of {} bytes uploaded and downloaded as it was", bytes.size());
    return Ok();
  }

  // Signed addresses name the public host; their path is what is signed.
  static std::string PathOf(const std::string& url) {
    const auto scheme = url.find("://");
    const auto slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
    return slash == std::string::npos ? "/" : url.substr(slash);
  }

  Status Upload(const std::string& bytes) {
    const json::object about{
        {"assetId", asset_}, {"databaseId", kScratchDatabase}, {"uploadType", "assetFile"}};
    json::object begin = about;
    begin["files"] =
        json::array{json::object{{"relativeKey", "/check.bin"}, {"file_size", bytes.size()}}};
    TRY(const auto begun, Call("POST", "/uploads", begin));
    const auto& files = List(At(begun, {"files"}));
    const auto& parts = files.empty() ? List({}) : List(At(files.front(), {"partUploadUrls"}));
    if (parts.empty()) return Error(Code::kCorrupt, "POST /uploads names no place for the bytes");
    TRY(const auto put, Send("PUT", PathOf(Text(At(parts.front(), {"UploadUrl"}))), bytes, false));
    const auto* etag = net::FindHeader(put.headers, "ETag");
    if (put.status != 200 || etag == nullptr)
      return Error(Code::kUnavailable, fmt::format("the upload of a part answered {}", put.status));
    json::object complete = about;
    json::array sent{
        json::object{{"PartNumber", At(parts.front(), {"PartNumber"})}, {"ETag", *etag}}};
    complete["files"] = json::array{json::object{{"relativeKey", "/check.bin"},
                                                 {"uploadIdS3", At(files.front(), {"uploadIdS3"})},
                                                 {"parts", std::move(sent)}}};
    TRY(const auto completed,
        Call("POST", fmt::format("/uploads/{}/complete", Text(At(begun, {"uploadId"}))), complete));
    if (!Flag(At(completed, {"overallSuccess"})))
      return Error(Code::kUnavailable,
                   "the upload did not complete: " + json::serialize(completed));
    return Ok();
  }

  Status Download(const std::string& bytes) {
    TRY(const auto link, Call("POST", AssetPath() + "/download",
                              {{"downloadType", "assetFile"}, {"key", "/check.bin"}}));
    TRY(const auto got, Send("GET", PathOf(Text(At(link, {"downloadUrl"}))), {}, false));
    if (got.status != 200 || got.body != bytes)
      return Error(Code::kCorrupt,
                   fmt::format("the file that was uploaded comes back with status {} and {} bytes "
                               "that are not the {} that were sent",
                               got.status, got.body.size(), bytes.size()));
    return Ok();
  }

  bool HasSearch() const { return features_.find("NOOPENSEARCH") == std::string::npos; }

  Status Search(Check& check) {
    if (!HasSearch()) {
      check.summary = "this stack has no search engine";
      return Ok();
    }
    if (!tagless_type_.empty()) {
      check.summary = "no asset could be made that it could find";
      return Ok();
    }
    if (word_.empty()) return Error(Code::kNotFound, "no asset was made that it could find");
    const auto start = Steady::now();
    for (;;) {
      TRY(const auto found,
          Call("POST", "/search", {{"query", word_}, {"entityTypes", json::array{"asset"}}}));
      if (!List(At(found, {"hits", "hits"})).empty()) {
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count();
        check.evidence = {{"foundAfterMillis", took}};
        check.summary = "the asset that was made is found";
        return Ok();
      }
      if (Steady::now() - start > target_.search_patience) break;
      TRY_OK(net::SystemTimer().Sleep(op_, target_.poll));
    }
    auto state = Call("GET", "/admin/search");
    if (state.ok() && Flag(At(*state, {"reindex", "running"}))) {
      check.result = CheckResult::kWarning;
      check.evidence = {{"search", *state}};
      check.summary = "the index is still being built, so the asset that was made is not found yet";
      check.way_out = "\"vams search status\" shows how far it is";
      return Ok();
    }
    return Error(Code::kUnavailable,
                 fmt::format("the search does not find the asset that was made within {} s",
                             target_.search_patience.count() / 1000));
  }

  Status RemoveScratch() {
    TRY(const auto assets,
        Call("GET", fmt::format("/database/{}/assets?showArchived=true", kScratchDatabase)));
    TRY(const auto active, Call("GET", fmt::format("/database/{}/assets", kScratchDatabase)));
    std::set<std::string> ids;
    for (const auto* list : {&assets, &active})
      for (const auto& asset : List(At(*list, {"Items"}))) ids.insert(Text(At(asset, {"assetId"})));
    for (const auto& id : ids)
      TRY_OK(Call("DELETE", fmt::format("/database/{}/assets/{}/deleteAsset", kScratchDatabase, id),
                  {{"confirmPermanentDelete", true}, {"reason", "the check is over"}}));
    TRY_OK(Call("DELETE", fmt::format("/database/{}", kScratchDatabase)));
    return Ok();
  }

  Status CleanUp(Check& check) {
    TRY_OK(RemoveScratch());
    TRY(const auto gone, Send("GET", fmt::format("/database/{}", kScratchDatabase), {}, true));
    if (gone.status != 404)
      return Error(Code::kConflict,
                   fmt::format("the database {} is still there", kScratchDatabase));
    check.summary = "what was made for the checks is removed";
    return Ok();
  }

  // The lines of the access log since the checks began, until there are some of these checks.
  std::string NewLines() {
    for (const auto start = Steady::now();;) {
      std::ifstream in(target_.access_log, std::ios::binary);
      in.seekg(0, std::ios::end);
      const auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(in.tellg(), 0));
      in.seekg(static_cast<std::streamoff>(size < log_from_ ? 0 : log_from_));
      std::string text(std::istreambuf_iterator<char>(in), {});
      // The last request of the checks was for the scratch database.
      if (text.rfind(kScratchDatabase) != std::string::npos &&
          text.find("\"status\":404", text.rfind(kScratchDatabase)) != std::string::npos)
        return text;
      if (Steady::now() - start > kLogPatience || !net::SystemTimer().Sleep(op_, target_.poll).ok())
        return text;
    }
  }

  Status ErrorLog(Check& check) {
    std::error_code ec;
    if (target_.access_log.empty() || !std::filesystem::exists(target_.access_log, ec)) {
      check.summary = "the stack keeps no access log; only the answers to these checks were seen";
      return Ok();
    }
    const std::string text = NewLines();
    std::uint64_t lines = 0, errors = 0;
    json::array shown;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      const auto line = json::parse(std::string_view(text).substr(at, end - at), ec);
      at = end + 1;
      if (ec || !line.is_object()) continue;
      ++lines;
      const auto& status = At(line, {"status"});
      // 503 is how a server says that it is busy or held, which is no defect of the release.
      if (!status.is_int64() || status.as_int64() < 500 || status.as_int64() == 503) continue;
      if (++errors <= kErrorsShown) shown.push_back(line);
    }
    check.evidence = {{"requests", lines}, {"errors", shown}};
    check.summary = fmt::format(
        "{} requests since the checks began, {} of them failed in the server", lines, errors);
    if (errors == 0) return Ok();
    check.result = CheckResult::kRefused;
    check.way_out = "the log of the server has the reasons under these request ids";
    return Ok();
  }

  OpContext& op_;
  net::Transport& transport_;
  Random& random_;
  const ServiceTarget& target_;
  const std::function<void(const Check&)>& done_;
  std::uint64_t log_from_ = 0;
  std::string features_, asset_, word_;
  std::string tagless_type_;  // that assets must have a tag of, while there is none
  std::vector<Check> checks_;
};

}  // namespace

Result<std::vector<Check>> CheckService(OpContext& op, net::Transport& transport, Random& random,
                                        const ServiceTarget& target,
                                        const std::function<void(const Check&)>& done) {
  return Looker(op, transport, random, target, done).Run();
}

}  // namespace vams::lifecycle
