// vams up, vams serve
#include <fmt/format.h>

#include <cstdio>

#include "app/serve.h"
#include "cli/cli.h"
#include "config/absolute_paths.h"

namespace vams::cli {

namespace {

struct ServeOptions {
  std::string listen;
  bool take_over = false;
  bool demo = false;
};

Result<int> ServeStack(Context& context, const std::string& name, const ServeOptions& options) {
  TRY(const auto registry, context.Registry());
  const auto ready = [&](const lifecycle::Stack& stack, const std::string& url,
                         const app::Prepared& prepared) {
    const std::string version = stack.current.data_version.ToString();
    if (context.json) {
      boost::json::object object{{"url", url}, {"stack", stack.name}, {"dataVersion", version}};
      app::AddPrepared(object, prepared);
      PrintJson(object);
    } else if (url.empty()) {
      fmt::print("{}stack \"{}\" (data version {}) stands by; stop with Ctrl-C\n",
                 app::PreparedText(prepared), stack.name, version);
    } else {
      fmt::print("{}stack \"{}\" (data version {}) answers at {}; stop with Ctrl-C\n",
                 app::PreparedText(prepared), stack.name, version, url);
    }
    std::fflush(stdout);
  };
  TRY_OK(app::Serve({.registry = registry,
                     .stack = name,
                     .load_config = [&](const lifecycle::Stack& stack) -> Result<config::Config> {
                       TRY(const auto sources, context.ConfigSources(&stack));
                       return config::Load(sources);
                     },
                     .options = {.listen = options.listen,
                                 .take_over = options.take_over,
                                 .demo = options.demo,
                                 .environment = context.environment,
                                 .on_ready = ready},
                     .clock = context.clock}));
  return kDone;
}

// The stack that `up` means: --stack, the only one, or what the configuration names.
Result<std::string> UpName(const Context& context) {
  if (!context.stack.empty()) return context.stack;
  TRY(const auto registry, context.Registry());
  TRY(const auto stacks, registry.List());
  if (context.config_file.empty() && !stacks.empty()) return context.StackName();
  TRY(const auto sources, context.ConfigSources(nullptr));
  TRY(const auto config, config::Load(sources));
  return config.stack_name;
}

Result<int> Up(Context& context, const ServeOptions& options) {
  app::BlockStopSignals();
  TRY(const auto registry, context.Registry());
  if (const auto served = app::ReloadedStack(context.environment)) {
    // An update may have changed the configuration since.
    context.config_file.clear();
    return ServeStack(context, *served, options);
  }
  TRY(const auto name, UpName(context));
  if (!registry.Exists(name)) {
    TRY(const auto sources, context.ConfigSources(nullptr));
    TRY(const auto config, config::Load(sources));
    TRY_OK(app::CheckBeforeCreate(config, context.environment, context.clock));
    TRY(const auto text, config::TextToKeep(sources));
    TRY(const auto stack, registry.Create(name, text));
    TRY_OK(lifecycle::AppendHistory(stack, {{"operation", "create"}, {"result", "done"}},
                                    context.clock));
    if (!context.json)
      fmt::print("created stack \"{}\" in {} (data version {})\n", stack.name,
                 stack.folder.string(), stack.current.data_version.ToString());
  } else if (!context.config_file.empty()) {
    TRY(const auto sources, context.ConfigSources(nullptr));
    TRY(const auto given, config::TextToKeep(sources));
    TRY(const auto stack, registry.Get(name));
    const auto stored = files::ReadAll(stack.config());
    if (!stored.ok() || (*stored != given && *stored != sources.file_text))
      return Error(
          Code::kConflict,
          fmt::format(
              "stack \"{0}\" exists and has another configuration; nothing was changed; leave "
              "--config out, edit {1} and start again, or move the stack to it with \"vams update "
              "--stack {0} --config {2}\"",
              name, stack.config().string(), context.config_file));
  }
  return ServeStack(context, name, options);
}

Result<int> ServeExisting(Context& context, const ServeOptions& options) {
  app::BlockStopSignals();
  if (const auto served = app::ReloadedStack(context.environment))
    return ServeStack(context, *served, options);
  TRY(const auto name, context.StackName());
  return ServeStack(context, name, options);
}

}  // namespace

void AddServeCommands(CLI::App& app, Context& context) {
  static ServeOptions options;
  CLI::App* up = AddCommand(app, context, "up", "Create the stack if it is missing, then serve it",
                            [&context] { return Up(context, options); });
  CLI::App* serve = AddCommand(app, context, "serve", "Serve a stack in the foreground",
                               [&context] { return ServeExisting(context, options); });
  for (CLI::App* command : {up, serve}) {
    command
        ->add_option("--listen", options.listen,
                     "Address to listen at (default: the configuration's)")
        ->type_name("ADDR:PORT");
    AddConfigOptions(*command, context);
  }
  up->add_flag("--demo", options.demo,
               "Put the demonstration library into a stack that has no database yet");
  serve->add_flag("--take-over", options.take_over,
                  "Take the place of the process that serves the stack, refusing nobody");
}

}  // namespace vams::cli
