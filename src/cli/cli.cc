#include "cli/cli.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>

#include "lifecycle/home.h"

namespace vams::cli {

int ExitOf(Code code) {
  switch (code) {
    case Code::kInvalid:
    case Code::kNotFound:
      return kUsage;
    case Code::kConflict:
    case Code::kUnauthenticated:
      return kRefused;
    case Code::kCancelled:
      return kInterrupted;
    case Code::kDenied:
    case Code::kTooLarge:
    case Code::kNotSupported:
    case Code::kTimeout:
    case Code::kUnavailable:
    case Code::kCorrupt:
    case Code::kInternal:
      return kFailed;
  }
  return kFailed;
}

int ClientExitOf(Code code) {
  switch (code) {
    case Code::kUnauthenticated:
      return kNotSignedIn;
    case Code::kDenied:
      return kForbidden;
    case Code::kNotFound:
      return kNotThere;
    default:
      return kFailed;
  }
}

std::string Context::Variable(const std::string& name) const {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

Result<lifecycle::StackRegistry> Context::Registry() const {
  TRY(auto folder, lifecycle::ResolveHome(home, environment, ::geteuid() == 0));
  return lifecycle::StackRegistry(std::move(folder), clock);
}

Result<std::optional<std::string>> Context::ConfigText() const {
  if (config_file.empty()) return std::optional<std::string>();
  TRY(auto text, files::ReadAll(config_file));
  return std::optional<std::string>(std::move(text));
}

Result<config::Sources> Context::ConfigSources(const lifecycle::Stack* of) const {
  config::Sources sources;
  sources.environment = environment;
  sources.sets = sets;
  std::error_code ec;
  if (!config_file.empty()) {
    sources.file_path = config_file;
    TRY(sources.file_text, ConfigText());
  } else if (of != nullptr && std::filesystem::exists(of->config(), ec)) {
    sources.file_path = of->config().string();
    TRY(sources.file_text, files::ReadAll(of->config()));
  }
  return sources;
}

Result<std::string> Context::StackName() const {
  if (!stack.empty()) return stack;
  TRY(const auto registry, Registry());
  TRY(const auto stacks, registry.List());
  if (stacks.size() == 1) return stacks.front().name;
  if (!config_file.empty()) {
    TRY(const auto sources, ConfigSources(nullptr));
    TRY(const auto loaded, config::Load(sources));
    return loaded.stack_name;
  }
  if (stacks.empty())
    return Error(
        Code::kNotFound,
        fmt::format("there is no stack in {}; create one with \"vams stack create NAME\", or start "
                    "with \"vams up\"",
                    registry.home().string()));
  std::vector<std::string> names;
  for (const auto& s : stacks) names.push_back(s.name);
  return Error(Code::kInvalid,
               fmt::format("there are several stacks ({}); say which one with --stack NAME",
                           fmt::join(names, ", ")));
}

Result<lifecycle::Stack> Context::Stack() const {
  TRY(const auto name, StackName());
  TRY(const auto registry, Registry());
  return registry.Get(name);
}

CLI::App* AddCommand(CLI::App& parent, Context& context, const std::string& name,
                     const std::string& what, std::function<Result<int>()> run) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->add_option("--home", context.home, "Folder that holds the stacks (default: VAMS_HOME)")
      ->type_name("DIR");
  command->add_option("--stack", context.stack, "The stack (default: the only one)")
      ->type_name("NAME");
  command->add_flag("--json", context.json, "Print one JSON document");
  command->add_flag("--yes", context.yes, "Answer every question with yes");
  command->callback([&context, run = std::move(run)] { context.run = run; });
  return command;
}

void AddConfigOptions(CLI::App& command, Context& context) {
  command.add_option("--config", context.config_file, "Configuration file")->type_name("FILE");
  command
      .add_option("--set", context.sets, "Override a field, as app.baseStackName=dev; repeatable")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
}

ProgressLine::ProgressLine(const Context& context) : terminal_(::isatty(2) == 1 && !context.json) {}

ProgressLine::~ProgressLine() {
  if (terminal_ && shown_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::Show(std::string_view phase, std::uint64_t rows) {
  const std::int64_t now = SystemClock().NowMillis();
  if (!terminal_ || now - last_millis_ < 100) return;
  last_millis_ = now;
  shown_ = true;
  std::fputs(fmt::format("\r\033[K{}: {}", phase, Rows(rows)).c_str(), stderr);
}

std::string Columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

void PrintJson(const boost::json::value& value) {
  fmt::print("{}\n", boost::json::serialize(value));
}

std::string Counted(std::uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", Thousands(number), what, number == 1 ? "" : "s");
}

std::string Thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string Rows(std::uint64_t number) {
  return Thousands(number) + (number == 1 ? " row" : " rows");
}

}  // namespace vams::cli
