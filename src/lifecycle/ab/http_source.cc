#include "lifecycle/ab/http_source.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/encoding.h"
#include "base/hash.h"

namespace vams::lifecycle::ab {

namespace json = boost::json;

namespace {

constexpr std::chrono::minutes kInventoryLimit{30};
constexpr std::chrono::seconds kIdle{60};
constexpr std::size_t kLargestAnswer = std::size_t{1} << 30;

// Stages a content while it comes, and takes its digest.
class ContentSink final : public net::BodySink {
 public:
  explicit ContentSink(objects::BlobStore& to) : to_(to), hasher_(HashKind::kSha256) {}

  Result<bool> Begin(int status, const std::vector<net::Header>& /*headers*/) override {
    if (status != 200) return false;
    TRY(auto file, to_.Stage());
    file_.emplace(std::move(file));
    return true;
  }
  Status Write(std::string_view bytes) override {
    hasher_.Update(bytes);
    size_ += bytes.size();
    return file_->Write(bytes);
  }

  bool begun() const { return file_.has_value(); }
  std::string Digest() { return HexEncode(hasher_.Finish()); }
  std::uint64_t size() const { return size_; }
  objects::StagedFile Take() { return *std::move(file_); }

 private:
  objects::BlobStore& to_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
  std::optional<objects::StagedFile> file_;
};

}  // namespace

Result<std::unique_ptr<HttpSource>> HttpSource::Open(const Peer& peer, std::string deployment) {
  auto text = files::ReadAll(peer.key_file, 64 << 10);
  if (!text.ok())
    return Error(
        Code::kInvalid,
        fmt::format("the API key for {} cannot be read: {}; name a file that holds the key "
                    "of an administrator there",
                    peer.url, text.error().message));
  std::string key = *std::move(text);
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r' || key.back() == ' '))
    key.pop_back();
  if (key.empty())
    return Error(Code::kInvalid,
                 fmt::format("{} is empty; put the API key of an administrator of {} there",
                             peer.key_file.string(), peer.url));
  return std::unique_ptr<HttpSource>(new HttpSource(peer, std::move(key), std::move(deployment)));
}

net::HttpRequest HttpSource::Ask(std::string_view method, std::string_view path) const {
  net::HttpRequest request{.method = std::string(method),
                           .url = fmt::format("{}{}{}", peer_.url, kEndpoints, path)};
  request.headers.push_back({"Authorization", "Bearer " + key_});
  request.direct = true;
  request.max_response_bytes = kLargestAnswer;
  return request;
}

Error HttpSource::Refused(const net::HttpResponse& response) const {
  boost::system::error_code ec;
  const json::value body = json::parse(response.body, ec);
  std::string message = fmt::format("status {}", response.status);
  if (!ec && body.is_object())
    if (const json::value* text = body.as_object().if_contains("message");
        text != nullptr && text->is_string())
      message = text->as_string();
  switch (response.status) {
    case 401:
    case 403:
      return {Code::kDenied,
              fmt::format("{} does not let the API key in {} do this ({}); use one of an "
                          "administrator",
                          peer_.url, peer_.key_file.string(), message)};
    case 404:
      return {Code::kNotFound, fmt::format("{}: {}", peer_.url, message)};
    case 409:
      return {Code::kConflict, fmt::format("{}: {}", peer_.url, message)};
    default:
      return {Code::kUnavailable, fmt::format("{}: {}", peer_.url, message)};
  }
}

Result<json::value> HttpSource::Call(OpContext& op, std::string_view method, std::string_view path,
                                     const json::object* body) {
  auto request = Ask(method, path);
  if (path.starts_with("/inventory")) request.timeout = kInventoryLimit;
  if (body != nullptr) {
    request.body = json::serialize(*body);
    request.headers.push_back({"Content-Type", "application/json"});
  }
  TRY(const auto response, http_.Send(op, request));
  if (response.status != 200) return Refused(response);
  boost::system::error_code ec;
  json::value value = json::parse(response.body, ec);
  if (ec)
    return Error(Code::kUnavailable,
                 fmt::format("{} answered no JSON; is it a vams server?", peer_.url));
  return value;
}

Result<SourceLook> HttpSource::Look(OpContext& op) {
  TRY(const auto response, http_.Send(op, Ask("GET", "/look")));
  boost::system::error_code ec;
  const json::value value = json::parse(response.body, ec);
  if (!ec && response.status == 503)
    if (auto standby = StandbyLookFrom(value)) return *std::move(standby);
  if (ec || response.status != 200) return Refused(response);
  TRY(auto look, LookFrom(value));
  if (generation_ == 0) generation_ = look.generation;
  if (look.generation != generation_)
    return Error(Code::kConflict,
                 fmt::format("{} was updated or rolled back: it is at generation {} now, and {} is "
                             "followed; everything is copied anew",
                             peer_.url, look.generation, generation_));
  return look;
}

Result<std::vector<items::TableSpec>> HttpSource::Tables(OpContext& op) {
  TRY(const auto value, Call(op, "GET", "/tables"));
  return TablesFrom(value);
}

Result<std::string> HttpSource::Rows(OpContext& op, std::string_view table, std::string_view after,
                                     std::size_t limit,
                                     const items::ItemSource::EncodedVisitor& visit) {
  TRY(const auto value,
      Call(op, "GET",
           fmt::format("/rows?generation={}&table={}&limit={}&after={}", generation_,
                       net::PercentEncode(table), limit, net::PercentEncode(Base64Encode(after)))));
  TRY(auto page, RowsFrom(value));
  for (const std::string& encoded : page.encoded) TRY_OK(visit(encoded));
  return std::move(page.next);
}

Result<std::vector<std::optional<items::Item>>> HttpSource::Now(OpContext& op,
                                                                std::string_view table,
                                                                std::span<const items::Item> keys) {
  const json::object body = KeysJson(table, keys);
  TRY(const auto value, Call(op, "POST", "/items", &body));
  return ItemsFrom(value);
}

Result<items::ChangePage> HttpSource::Changes(OpContext& op, items::Position after,
                                              std::size_t limit, std::chrono::milliseconds wait) {
  TRY(const auto value, Call(op, "GET",
                             fmt::format("/changes?generation={}&after={}&limit={}&wait={}",
                                         generation_, after, limit, wait.count())));
  return ChangesFrom(value);
}

Result<bool> HttpSource::Content(OpContext& op, const std::string& sha256, objects::BlobStore& to,
                                 objects::BlobBatch& batch) {
  auto request = Ask("GET", fmt::format("/contents/{}", sha256));
  ContentSink sink(to);
  request.sink = &sink;
  request.timeout = std::chrono::hours(24);
  request.idle_timeout = kIdle;
  TRY(const auto response, http_.Send(op, request));
  if (response.status == 404) return false;
  if (response.status != 200) return Refused(response);
  if (!sink.begun() || sink.Digest() != sha256)
    return Error(Code::kUnavailable,
                 fmt::format("the content {} came damaged from {}; it is asked for again", sha256,
                             peer_.url));
  TRY_OK(batch.AddStaged(sink.Take(), {.sha256 = sha256, .md5 = {}, .size = sink.size()}));
  return true;
}

namespace {

Error OneMachineOnly() {
  return {
      Code::kNotSupported,
      "a stack with data of another version can be followed on the same machine only; update it "
      "first with \"vams update\""};
}

}  // namespace

Result<std::unique_ptr<items::Snapshot>> HttpSource::OpenView(OpContext& /*op*/) {
  return OneMachineOnly();
}

Status HttpSource::Clone(OpContext& /*op*/, const files::Path& /*to*/) { return OneMachineOnly(); }

Result<Inventory> HttpSource::TakeInventory(OpContext& op, std::span<const std::string> names) {
  const json::object body{{"tables", json::array(names.begin(), names.end())}};
  TRY(const auto value, Call(op, "POST", "/inventory", &body));
  TRY(auto inventory, InventoryFrom(value));
  if (inventory.tables.size() != names.size())
    return Error(Code::kUnavailable, fmt::format("{} did not look at every table", peer_.url));
  return inventory;
}

// The server registered the consumer when this side joined.
Status HttpSource::Keep(OpContext& /*op*/, items::Position /*position*/) { return Ok(); }

Result<items::Position> HttpSource::Freeze(OpContext& op) {
  const json::object body{{"deployment", deployment_}};
  TRY(const auto value, Call(op, "POST", "/freeze", &body));
  return PositionFrom(value);
}

Status HttpSource::Thaw(OpContext& op) {
  const json::object body{{"deployment", deployment_}};
  TRY([[maybe_unused]] const auto value, Call(op, "POST", "/thaw", &body));
  return Ok();
}

Status HttpSource::HandOver(OpContext& op, const State& becomes) {
  const json::object body{{"deployment", deployment_}, {"state", ToJson(becomes)}};
  TRY([[maybe_unused]] const auto value, Call(op, "POST", "/handover", &body));
  return Ok();
}

Status HttpSource::Retire(OpContext& op) {
  const json::object body{{"deployment", deployment_}};
  TRY([[maybe_unused]] const auto value, Call(op, "POST", "/retire", &body));
  return Ok();
}

Status HttpSource::Leave(OpContext& op) {
  const json::object body{{"deployment", deployment_}};
  TRY([[maybe_unused]] const auto value, Call(op, "POST", "/leave", &body));
  return Ok();
}

Result<Joined> HttpSource::Join(OpContext& op, Joining joining) {
  joining.key = key_;
  const json::object body = JoiningJson(joining);
  TRY(const auto value, Call(op, "POST", "/join", &body));
  return JoinedFrom(value);
}

}  // namespace vams::lifecycle::ab
