#include "cli/demo_update.h"

#include <errno.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/random.h"
#include "cli/demo_library.h"
#include "cli/update_commands_server.h"
#include "net/http_client.h"

namespace vams::cli {

namespace {

namespace json = boost::json;

constexpr std::string_view kStack = "survey";
constexpr std::chrono::milliseconds kBetweenRequests{20};
constexpr int kWrites = 20;

// People who look while the stack is updated: asks again and again, and counts the answers, a
// refusal for want of a token among them.
class Traffic {
 public:
  explicit Traffic(std::string url) : url_(std::move(url)), thread_([this] { Ask(); }) {}
  ~Traffic() { Stop(); }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::uint64_t answered() const { return answered_; }
  std::uint64_t held_off() const { return held_off_; }
  std::uint64_t lost() const { return lost_; }

 private:
  void Ask() {
    while (!stopping_) {
      OpContext op;
      net::HttpClient client;  // a connection of its own for each, as of new visitors
      net::HttpRequest request;
      request.url = url_ + "/database";
      request.direct = true;
      const auto answer = client.Send(op, request);
      if (!answer.ok() || (answer->status >= 500 && answer->status != 503))
        ++lost_;
      else
        ++(answer->status == 503 ? held_off_ : answered_);
      std::this_thread::sleep_for(kBetweenRequests);
    }
  }

  const std::string url_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> answered_ = 0, held_off_ = 0, lost_ = 0;
  std::thread thread_;  // last: it uses the others
};

class Demonstration {
 public:
  Demonstration(const Context& context, files::Path folder)
      : context_(context), folder_(std::move(folder)) {}

  Result<int> Run() {
    TRY_OK(files::MakeFolders(folder_ / "aws"));
    TRY_OK(WriteOldLibrary(folder_ / "aws"));
    char password[12];
    SystemRandom().Fill(password, sizeof password);
    password_ = "Demo-7-" + HexEncode(std::string_view(password, sizeof password));
    // For the servers that this demonstration starts.
    ::setenv("VAMS_ADMIN_PASSWORD", password_.c_str(), 1);
    ::setenv("VAMS_HOME", folder_.c_str(), 1);

    Say("A library of version 2.4 comes from AWS: \"pump\" is in two databases, \"barge\" in none, "
        "and one item is as large as items may be.");
    TRY_OK(Vams({"import", "--stack", std::string(kStack), "--data-version", "2.4", "--from",
                 (folder_ / "aws").string()}));
    Say("What an update would do, and what upstream's script would have done to the same data.");
    TRY_OK(Vams({"migrate", "plan"}));
    Say("The rehearsal: all of it, on a copy.");
    TRY_OK(Vams({"rehearse"}));
    TRY_OK(UpdateWhileServed());
    Say("The stack is served no longer.  What its history says.");
    TRY_OK(Vams({"history"}));
    return kDone;
  }

 private:
  Status UpdateWhileServed() {
    const lifecycle::StackRegistry registry(folder_, context_.clock);
    TRY(const auto stack, registry.Get(kStack));
    std::string notice;
    TRY(const auto server, ServeTemporarily(registry, stack, notice));
    url_ = server->url();
    Say("The stack is served from here on, and people keep looking.  The update:");
    Traffic traffic(url_);
    TRY_OK(Vams({"update", "--yes"}));
    Say(fmt::format("Now they work with it: {} tags are made, and the crane is described anew.",
                    kWrites));
    TRY_OK(WriteSome());
    TRY_OK(Vams({"verify"}));
    Say("They change their mind.  The way back takes what was written along:");
    TRY_OK(Vams({"rollback"}));
    TRY_OK(Vams({"items", "count", "TagStorageTable"}));
    Say("And the update once more:");
    TRY_OK(Vams({"update", "--yes"}));
    traffic.Stop();
    TRY_OK(ExpectWrites());
    fmt::print("All {} tags and the new description are there.\n", kWrites);
    fmt::print(
        "Of the requests meanwhile {} were answered and {} were asked to come again (503); {} were "
        "lost.\n",
        traffic.answered(), traffic.held_off(), traffic.lost());
    if (traffic.lost() > 0)
      return Error(Code::kInternal, "requests were lost while the stack was updated");
    return Ok();
  }

  static void Say(std::string_view text) { fmt::print("\n# {}\n", text); }

  // This program again, as an operator would call it; what it says goes where this one's goes.
  Status Vams(std::vector<std::string> words) const {
    fmt::print("$ vams {}\n", fmt::join(words, " "));
    std::fflush(stdout);
    words.insert(words.begin(), "vams");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::execv("/proc/self/exe", arguments.data());
      ::_exit(127);
    }
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return Ok();
    return Error(
        Code::kInternal,
        fmt::format("\"vams {}\" did not end as it should; the demonstration ends here", words[1]));
  }

  Result<json::value> Call(std::string_view method, std::string_view path,
                           const json::value& body) {
    net::HttpRequest request;
    request.method = method;
    request.url = url_ + std::string(path);
    request.direct = true;
    request.headers.push_back({"Content-Type", "application/json"});
    if (!token_.empty()) request.headers.push_back({"Authorization", "Bearer " + token_});
    if (!body.is_null()) request.body = json::serialize(body);
    TRY(const auto answer, client_.Send(op_, request));
    boost::system::error_code ec;
    auto value = json::parse(answer.body, ec);
    if (answer.status != 200 || ec)
      return Error(Code::kInternal, fmt::format("{} {} answered {}: {}", method, path,
                                                answer.status, answer.body.substr(0, 300)));
    return value;
  }

  Status SignIn() {
    token_.clear();
    TRY(const auto signed_in,
        Call("POST", "/auth/login", {{"userId", "administrator"}, {"password", password_}}));
    token_ = std::string(signed_in.at("accessToken").as_string());
    return Ok();
  }

  Status WriteSome() {
    TRY_OK(SignIn());
    TRY_OK(Call("POST", "/tag-types",
                {{"tagTypeName", "Season"}, {"description", "When it was surveyed"}}));
    for (int i = 1; i <= kWrites; ++i)
      TRY_OK(Call("POST", "/tags",
                  {{"tagName", fmt::format("survey-{}", i)},
                   {"description", "Of the demonstration"},
                   {"tagTypeName", "Season"}}));
    TRY_OK(Call("PUT", "/database/north/assets/crane", {{"description", kDescription}}));
    return Ok();
  }

  Status ExpectWrites() {
    TRY_OK(SignIn());
    TRY(const auto tags, Call("GET", "/tags", {}));
    TRY(const auto crane, Call("GET", "/database/north/assets/crane", {}));
    const auto made = tags.at("message").at("Items").as_array().size();
    if (made != kWrites || crane.at("description").as_string() != kDescription)
      return Error(Code::kInternal,
                   fmt::format("{} tags of {} are there, and the crane is described as {}", made,
                               kWrites, json::serialize(crane.at("description"))));
    return Ok();
  }

  static constexpr std::string_view kDescription = "Repainted after the storm";

  const Context& context_;
  const files::Path folder_;
  OpContext op_;
  net::HttpClient client_;
  std::string url_, password_, token_;
};

}  // namespace

Result<int> DemonstrateUpdate(const Context& context, const std::string& keep) {
  if (!keep.empty()) {
    const files::Path folder = std::filesystem::absolute(keep);
    std::error_code ec;
    if (std::filesystem::exists(folder, ec) && !std::filesystem::is_empty(folder, ec))
      return Error(Code::kConflict,
                   fmt::format("{} is there and not empty; nothing was done; name a folder that "
                               "does not exist",
                               folder.string()));
    return Demonstration(context, folder).Run();
  }
  TRY(const auto folder,
      files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-demo"));
  return Demonstration(context, folder.path()).Run();
}

}  // namespace vams::cli
