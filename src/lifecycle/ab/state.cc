#include "lifecycle/ab/state.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "migrate/plan_json.h"

namespace vams::lifecycle::ab {

namespace json = boost::json;

namespace {

constexpr std::int64_t kFormat = 1;
constexpr const char* kStateFile = "ab.json";
constexpr const char* kFolder = "ab";

files::Path StateFile(const Stack& stack) { return stack.folder / kStateFile; }
files::Path FileOf(const Stack& stack, const char* name) { return stack.folder / kFolder / name; }

std::int64_t SignedOf(const json::object& object, std::string_view name,
                      std::int64_t otherwise = 0) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return otherwise;
  if (value->is_int64()) return value->as_int64();
  if (value->is_uint64()) return static_cast<std::int64_t>(value->as_uint64());
  return otherwise;
}

std::uint64_t CountOf(const json::object& object, std::string_view name) {
  return static_cast<std::uint64_t>(SignedOf(object, name));
}

// Nothing where there is no such file; kCorrupt for what is no JSON object.
Result<std::optional<json::object>> ReadObject(const files::Path& path) {
  auto text = files::ReadAll(path);
  if (!text.ok()) {
    if (text.error().code == Code::kNotFound) return std::optional<json::object>();
    return std::move(text).error();
  }
  boost::system::error_code ec;
  json::value value = json::parse(*text, ec);
  if (ec || !value.is_object())
    return Error(Code::kCorrupt, fmt::format("{} holds no JSON object", path.string()));
  return std::optional<json::object>(std::move(value.as_object()));
}

// For what need not survive a power failure, but must never be seen by halves.
Status WriteVolatile(const Stack& stack, const char* name, const json::object& object) {
  TRY_OK(files::MakeFolders(stack.folder / kFolder));
  const files::Path fresh = FileOf(stack, fmt::format(".{}.{}", name, ::getpid()).c_str());
  const std::string text = json::serialize(object) + "\n";
  std::FILE* file = std::fopen(fresh.c_str(), "we");
  if (file == nullptr) return files::ErrnoError("write", fresh, errno);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) return files::ErrnoError("write", fresh, errno);
  if (::rename(fresh.c_str(), FileOf(stack, name).c_str()) != 0)
    return files::ErrnoError("write", FileOf(stack, name), errno);
  return Ok();
}

constexpr const char* kRequestFile = "request.json";

Code CodeFrom(std::string_view name) {
  for (const Code code : {Code::kNotFound, Code::kConflict, Code::kInvalid, Code::kUnauthenticated,
                          Code::kDenied, Code::kTooLarge, Code::kNotSupported, Code::kTimeout,
                          Code::kUnavailable, Code::kCancelled, Code::kCorrupt})
    if (CodeName(code) == name) return code;
  return Code::kInternal;
}

}  // namespace

std::string_view NameOf(Role role) { return role == Role::kServing ? "serving" : "standby"; }

json::object ToJson(const State& state) {
  json::object peer;
  if (!state.finished()) peer["stack"] = state.peer.stack;
  if (!state.peer.home.empty()) peer["home"] = state.peer.home.string();
  if (!state.peer.url.empty()) peer["url"] = state.peer.url;
  if (!state.peer.key_file.empty()) peer["keyFile"] = state.peer.key_file.string();
  json::object object{{"format", kFormat},
                      {"role", NameOf(state.role)},
                      {"epoch", state.epoch},
                      {"deployment", state.deployment},
                      {"peer", std::move(peer)},
                      {"dataName", state.data_name},
                      {"issuer", state.issuer},
                      {"addresses", json::array(state.addresses.begin(), state.addresses.end())},
                      {"switches", state.switches},
                      {"startedAt", state.started_at}};
  if (state.from_generation != 0)
    object["from"] =
        json::object{{"generation", state.from_generation}, {"position", state.from_position}};
  if (!state.switched_at.empty()) object["switchedAt"] = state.switched_at;
  if (state.pause_millis >= 0) object["pauseMillis"] = state.pause_millis;
  if (state.migration) object["migration"] = migrate::ToJson(*state.migration);
  return object;
}

Result<State> StateFrom(const json::object& object, std::string_view where) {
  if (SignedOf(object, "format") > kFormat)
    return Error(Code::kNotSupported,
                 fmt::format("{} has format {}, this release reads up to {}; install the newer "
                             "release that made it",
                             where, SignedOf(object, "format"), kFormat));
  State state;
  const std::string role = TextOf(object, "role");
  if (role != "serving" && role != "standby")
    return Error(
        Code::kCorrupt,
        fmt::format("{} is damaged: it says no role, so nobody can know whether this stack "
                    "may take writes; look at the other side's with \"vams ab status\"",
                    where));
  state.role = role == "serving" ? Role::kServing : Role::kStandby;
  state.epoch = CountOf(object, "epoch");
  state.deployment = TextOf(object, "deployment");
  if (const json::value* peer = object.if_contains("peer"); peer != nullptr && peer->is_object()) {
    const json::object& other = peer->as_object();
    state.peer = {.stack = TextOf(other, "stack"),
                  .home = TextOf(other, "home"),
                  .url = TextOf(other, "url"),
                  .key_file = TextOf(other, "keyFile")};
  }
  state.data_name = TextOf(object, "dataName");
  state.issuer = TextOf(object, "issuer");
  if (const json::value* list = object.if_contains("addresses");
      list != nullptr && list->is_array())
    for (const json::value& address : list->as_array())
      if (address.is_string()) state.addresses.emplace_back(address.as_string());
  if (const json::value* from = object.if_contains("from"); from != nullptr && from->is_object()) {
    state.from_generation = CountOf(from->as_object(), "generation");
    state.from_position = CountOf(from->as_object(), "position");
  }
  state.switches = CountOf(object, "switches");
  state.started_at = TextOf(object, "startedAt");
  state.switched_at = TextOf(object, "switchedAt");
  state.pause_millis = SignedOf(object, "pauseMillis", -1);
  if (const json::value* told = object.if_contains("migration");
      told != nullptr && told->is_object())
    state.migration = migrate::SettingsFrom(told->as_object());
  return state;
}

Result<std::optional<State>> ReadState(const Stack& stack) {
  auto object = ReadObject(StateFile(stack));
  if (!object.ok())
    return Error(object.error().code,
                 fmt::format("{}; nobody can know whether this stack may take writes; look at the "
                             "other side's with \"vams ab status\", and restore the file",
                             object.error().message));
  if (!*object) return std::optional<State>();
  TRY(auto state, StateFrom(**object, StateFile(stack).string()));
  return std::optional<State>(std::move(state));
}

Status WriteState(const Stack& stack, const State& state) {
  return files::WriteAtomically(StateFile(stack), json::serialize(ToJson(state)) + "\n");
}

Status RemoveState(const Stack& stack) {
  TRY_OK(files::RemoveTree(stack.folder / kFolder));
  if (::unlink(StateFile(stack).c_str()) != 0 && errno != ENOENT)
    return files::ErrnoError("remove", StateFile(stack), errno);
  return files::SyncFolder(stack.folder);
}

Result<bool> IsStandby(const Stack& stack) {
  TRY(const auto state, ReadState(stack));
  return state && state->role == Role::kStandby;
}

Result<std::string> DataNameOf(const Stack& stack) {
  TRY(const auto state, ReadState(stack));
  return state && !state->data_name.empty() ? state->data_name : stack.name;
}

json::object ToJson(const Progress& progress) {
  return {{"phase", progress.phase},
          {"at", progress.at_millis},
          {"pid", progress.pid},
          {"rows", progress.rows},
          {"contents", progress.contents},
          {"contentBytes", progress.content_bytes},
          {"applied", progress.applied},
          {"perSecond", progress.per_second},
          {"position", progress.position},
          {"sourcePosition", progress.source_position},
          {"lagChanges", progress.lag_changes()},
          {"lagMillis", progress.lag_millis},
          {"absent", progress.absent},
          {"problem", progress.problem}};
}

Status WriteProgress(const Stack& stack, const Progress& progress) {
  return WriteVolatile(stack, "progress.json", ToJson(progress));
}

Result<std::optional<Progress>> ReadProgress(const Stack& stack) {
  const auto object = ReadObject(FileOf(stack, "progress.json"));
  // It is written anew all the time, and a crash may leave anything.
  if (!object.ok() || !*object) return std::optional<Progress>();
  const json::object& told = **object;
  Progress progress{.phase = TextOf(told, "phase"),
                    .at_millis = SignedOf(told, "at"),
                    .pid = SignedOf(told, "pid"),
                    .rows = CountOf(told, "rows"),
                    .contents = CountOf(told, "contents"),
                    .content_bytes = CountOf(told, "contentBytes"),
                    .applied = CountOf(told, "applied"),
                    .position = CountOf(told, "position"),
                    .source_position = CountOf(told, "sourcePosition"),
                    .lag_millis = SignedOf(told, "lagMillis"),
                    .absent = CountOf(told, "absent"),
                    .problem = TextOf(told, "problem")};
  if (const json::value* rate = told.if_contains("perSecond"); rate != nullptr && rate->is_number())
    progress.per_second = rate->to_number<double>();
  return std::optional<Progress>(std::move(progress));
}

Status PutRequest(const Stack& stack, const Request& request) {
  std::error_code ec;
  if (std::filesystem::exists(FileOf(stack, kRequestFile), ec))
    return Error(Code::kConflict,
                 fmt::format("stack \"{}\" has been asked for something else a moment ago; nothing "
                             "was done; wait for that to end",
                             stack.name));
  return WriteVolatile(stack, kRequestFile,
                       {{"id", request.id}, {"want", request.want}, {"options", request.options}});
}

Result<std::optional<Request>> TakeRequest(const Stack& stack) {
  const files::Path path = FileOf(stack, kRequestFile);
  if (::access(path.c_str(), F_OK) != 0) return std::optional<Request>();
  auto object = ReadObject(path);
  TRY_OK(DropRequest(stack));
  if (!object.ok() || !*object) return std::optional<Request>();
  Request request{.id = TextOf(**object, "id"), .want = TextOf(**object, "want"), .options = {}};
  if (const json::value* options = (*object)->if_contains("options");
      options != nullptr && options->is_object())
    request.options = options->as_object();
  return std::optional<Request>(std::move(request));
}

Status DropRequest(const Stack& stack) {
  const files::Path path = FileOf(stack, kRequestFile);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return files::ErrnoError("remove", path, errno);
  return Ok();
}

Status PutReply(const Stack& stack, const Reply& reply) {
  json::object object{{"id", reply.id}, {"result", reply.result}};
  if (!reply.status.ok())
    object["error"] = json::object{{"code", CodeName(reply.status.error().code)},
                                   {"message", reply.status.error().message}};
  return WriteVolatile(stack, "reply.json", object);
}

Result<std::optional<Reply>> FindReply(const Stack& stack, std::string_view id) {
  const auto object = ReadObject(FileOf(stack, "reply.json"));
  if (!object.ok() || !*object || TextOf(**object, "id") != id) return std::optional<Reply>();
  Reply reply{.id = std::string(id), .status = Ok(), .result = {}};
  if (const json::value* result = (*object)->if_contains("result");
      result != nullptr && result->is_object())
    reply.result = result->as_object();
  if (const json::value* error = (*object)->if_contains("error");
      error != nullptr && error->is_object())
    reply.status =
        Error(CodeFrom(TextOf(error->as_object(), "code")), TextOf(error->as_object(), "message"));
  return std::optional<Reply>(std::move(reply));
}

}  // namespace vams::lifecycle::ab
