// API keys.  Spec: api-auth.md section 9.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/routes.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::size_t kExpiryLength = 30;

// Business errors of keys carry no prefix on the wire.
http::Response RefuseKey(const Error& error) {
  switch (error.code) {
    case Code::kNotFound:
    case Code::kConflict:
    case Code::kInvalid:
      return Refuse(400, error.message);
    default:
      return RefuseError(error);
  }
}

Parsed<std::string> KeyId(const Call& call) {
  const std::string& id = call.request.Parameter("apiKeyId");
  if (auto fine = Check(model::CheckUuid("apiKeyId", id)); !fine)
    return std::unexpected(std::move(fine).error());
  return id;
}

void CheckExpiry(model::Problems& problems, const std::string& text) {
  if (text.empty()) return;
  if (text.size() > kExpiryLength || !identity::ParseExpiry(text))
    problems.Add("__root__", fmt::format("Invalid date format: '{}'. Use ISO 8601 format (e.g. "
                                         "2026-12-31 or 2026-12-31T23:59:59Z)",
                                         text));
}

Result<http::Response> ListKeys(Call& call) {
  TRY(const auto keys, call.s.api_keys.List(call.op));
  json::array items;
  for (const auto& key : keys) items.push_back(identity::ApiKeyJson(key));
  return Answer(json::object{{"Items", std::move(items)}});
}

Result<http::Response> Get(Call& call) {
  PARSE(const auto id, KeyId(call));
  const auto key = call.s.api_keys.Get(call.op, id);
  if (!key.ok()) return RefuseKey(key.error());
  return Answer(identity::ApiKeyJson(*key));
}

Result<http::Response> CreateKey(Call& call) {
  PARSE(const auto body, Body(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  identity::ApiKeys::NewKey key;
  key.name = reader.Text("apiKeyName", {.min = 1, .max = 256});
  key.user = reader.Text("userId", {.min = 3, .max = 256});
  key.description = reader.Text("description", {.min = 1, .max = 256});
  key.expires_at = reader.OptionalText("expiresAt", {.required = false}).value_or("");
  key.created_by = call.user();
  if (problems.empty()) problems.Add(model::CheckUserId("userId", key.user));
  if (problems.empty()) CheckExpiry(problems, key.expires_at);
  PARSE_OK(Check(problems, "CreateApiKeyRequestModel"));
  const auto created = call.s.api_keys.Create(call.op, key);
  if (!created.ok()) return RefuseKey(created.error());
  call.Audit(audit::Channel::kAuthChanges, "apiKeyCreate",
             {{"apiKeyId", created->key.id},
              {"apiKeyName", key.name},
              {"userId", key.user},
              {"expiresAt", key.expires_at},
              {"operation", "create"}});
  json::object answer = identity::ApiKeyJson(created->key);
  answer["apiKey"] = created->secret;
  return Answer(answer);
}

Result<http::Response> UpdateKey(Call& call) {
  PARSE(const auto id, KeyId(call));
  PARSE(const auto body, Body(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  identity::ApiKeys::Change change;
  json::array fields;
  change.description = reader.OptionalText("description", {.required = false, .max = 256});
  change.expires_at = reader.OptionalText("expiresAt", {.required = false});
  if (change.description) fields.push_back("description");
  if (change.expires_at) {
    fields.push_back("expiresAt");
    CheckExpiry(problems, *change.expires_at);
  }
  if (const json::value* active = body.if_contains("isActive");
      active != nullptr && !active->is_null()) {
    fields.push_back("isActive");
    if (active->is_bool())
      change.active = active->get_bool();
    else if (active->is_string() &&
             (active->get_string() == "true" || active->get_string() == "false"))
      change.active = active->get_string() == "true";
    else
      problems.Add("isActive", "isActive must be true or false");
  }
  if (problems.empty() && fields.empty())
    problems.Add("__root__",
                 "At least one of 'description', 'expiresAt', or 'isActive' must be provided");
  PARSE_OK(Check(problems, "UpdateApiKeyRequestModel"));
  const auto key = call.s.api_keys.Update(call.op, id, change);
  if (!key.ok()) return RefuseKey(key.error());
  call.Audit(audit::Channel::kAuthChanges, "apiKeyUpdate",
             {{"apiKeyId", id}, {"updatedFields", std::move(fields)}, {"operation", "update"}});
  return Answer(identity::ApiKeyJson(*key));
}

Result<http::Response> DeleteKey(Call& call) {
  PARSE(const auto id, KeyId(call));
  const auto key = call.s.api_keys.Remove(call.op, id);
  if (!key.ok()) return RefuseKey(key.error());
  call.Audit(audit::Channel::kAuthChanges, "apiKeyDelete",
             {{"apiKeyId", id},
              {"apiKeyName", key->name},
              {"userId", key->user},
              {"operation", "delete"}});
  return Answer(json::object{{"message", fmt::format("API key '{}' deleted successfully", id)}});
}

}  // namespace

void AddApiKeyRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup keys(gate, {.tag = "api keys"});
  const std::string all = "/auth/api-keys";
  const std::string one = "/auth/api-keys/{apiKeyId}";
  keys.Add(Verb::kGet, all, "listApiKeys", "All API keys", ListKeys);
  keys.Add(Verb::kGet, one, "getApiKey", "One API key", Get);
  keys.Add(Verb::kPost, all, "createApiKey", "Create an API key; its secret is shown once",
           CreateKey);
  keys.Add(Verb::kPut, one, "updateApiKey", "Change description, expiry or whether a key is active",
           UpdateKey);
  keys.Add(Verb::kDelete, one, "deleteApiKey", "Delete an API key", DeleteKey);
}

}  // namespace vams::api
