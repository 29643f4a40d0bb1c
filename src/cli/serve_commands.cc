// vams up, vams serve
#include <fmt/format.h>

#include <cstdio>

#include "app/serve.h"
#include "cli/cli.h"

namespace vams::cli {

namespace {

struct Options {
  std::string listen;
  bool take_over = false;
  bool demo = false;
};

Result<int> ServeStack(Context& context, const lifecycle::Stack& stack, const Options& options) {
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  const auto ready = [&](const std::string& url, const app::Prepared& prepared) {
    if (context.json) {
      boost::json::object object{{"url", url},
                                 {"stack", stack.name},
                                 {"dataVersion", stack.current.data_version.ToString()}};
      app::AddPrepared(object, prepared);
      PrintJson(object);
    } else {
      fmt::print("{}stack \"{}\" (data version {}) answers at {}; stop with Ctrl-C\n",
                 app::PreparedText(prepared), stack.name, stack.current.data_version.ToString(),
                 url);
    }
    std::fflush(stdout);
  };
  TRY_OK(app::Serve(stack, config,
                    {.listen = options.listen,
                     .take_over = options.take_over,
                     .demo = options.demo,
                     .environment = context.environment,
                     .on_ready = ready},
                    context.clock));
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

Result<int> Up(Context& context, const Options& options) {
  app::BlockStopSignals();
  TRY(const auto registry, context.Registry());
  TRY(const auto name, UpName(context));
  if (!registry.Exists(name)) {
    TRY(const auto sources, context.ConfigSources(nullptr));
    TRY(const auto config, config::Load(sources));
    TRY_OK(app::CheckBeforeCreate(config, context.environment, context.clock));
    TRY(const auto stack, registry.Create(name, sources.file_text));
    TRY_OK(lifecycle::AppendHistory(stack, {{"operation", "create"}, {"result", "done"}},
                                    context.clock));
    if (!context.json)
      fmt::print("created stack \"{}\" in {} (data version {})\n", stack.name,
                 stack.folder.string(), stack.current.data_version.ToString());
  } else if (!context.config_file.empty()) {
    TRY(const auto given, context.ConfigText());
    TRY(const auto stack, registry.Get(name));
    const auto stored = files::ReadAll(stack.config());
    if (!stored.ok() || *stored != *given)
      return Error(
          Code::kConflict,
          fmt::format(
              "stack \"{}\" exists and has another configuration; nothing was changed; leave "
              "--config out, or edit {} and start again",
              name, stack.config().string()));
  }
  TRY(const auto stack, registry.Get(name));
  return ServeStack(context, stack, options);
}

Result<int> ServeExisting(Context& context, const Options& options) {
  app::BlockStopSignals();
  TRY(const auto stack, context.Stack());
  return ServeStack(context, stack, options);
}

}  // namespace

void AddServeCommands(CLI::App& app, Context& context) {
  static Options options;
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
