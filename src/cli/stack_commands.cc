// vams stack create|list|show
#include <fmt/format.h>

#include "app/prepare.h"
#include "cli/cli.h"
#include "tables/tables.h"

namespace vams::cli {

namespace {

boost::json::object StackJson(const lifecycle::Stack& stack) {
  return {{"name", stack.name},
          {"createdAt", stack.created_at},
          {"folder", stack.folder.string()},
          {"dataVersion", stack.current.data_version.ToString()},
          {"generation", stack.current.number},
          {"generationCreatedAt", stack.current.created_at},
          {"origin", stack.current.origin}};
}

std::string OriginText(const lifecycle::Generation& generation) {
  const auto* kind = generation.origin.if_contains("kind");
  return kind != nullptr && kind->is_string() ? std::string(kind->as_string()) : "unknown";
}

Result<int> Create(Context& context, const std::string& name) {
  TRY(const auto registry, context.Registry());
  TRY(const auto sources, context.ConfigSources(nullptr));
  TRY(const auto config, config::Load(sources));
  TRY_OK(app::CheckBeforeCreate(config, context.environment, context.clock));
  TRY(const auto stack,
      registry.Create(name.empty() ? config.stack_name : name, sources.file_text));
  TRY_OK(lifecycle::AppendHistory(stack, {{"operation", "create"}, {"result", "done"}},
                                  context.clock));
  TRY(const auto prepared,
      app::PrepareStack(stack, config, context.environment, context.clock, SystemRandom()));
  if (context.json) {
    boost::json::object object = StackJson(stack);
    app::AddPrepared(object, prepared);
    PrintJson(object);
  } else {
    fmt::print("created stack \"{}\" in {} (data version {})\n{}", stack.name,
               stack.folder.string(), stack.current.data_version.ToString(),
               app::PreparedText(prepared));
  }
  return kDone;
}

Result<int> List(Context& context) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stacks, registry.List());
  if (context.json) {
    boost::json::array list;
    for (const auto& stack : stacks) list.push_back(StackJson(stack));
    PrintJson({{"home", registry.home().string()}, {"stacks", list}});
    return kDone;
  }
  if (stacks.empty()) {
    fmt::print("no stacks in {}; create one with \"vams stack create NAME\"\n",
               registry.home().string());
    return kDone;
  }
  std::vector<std::vector<std::string>> rows{
      {"NAME", "DATA VERSION", "GENERATION", "FROM", "CREATED"}};
  for (const auto& stack : stacks)
    rows.push_back({stack.name, stack.current.data_version.ToString(),
                    std::to_string(stack.current.number), OriginText(stack.current),
                    stack.created_at});
  fmt::print("{}", Columns(rows));
  return kDone;
}

Result<int> Show(Context& context, const std::string& name) {
  if (!name.empty()) context.stack = name;
  TRY(const auto stack, context.Stack());
  if (context.json) {
    auto object = StackJson(stack);
    object["tables"] = stack.current.tables;
    PrintJson(object);
    return kDone;
  }
  fmt::print(
      "{}",
      Columns({{"stack", stack.name},
               {"folder", stack.folder.string()},
               {"created", stack.created_at},
               {"data version", stack.current.data_version.ToString()},
               {"generation", fmt::format("{} (from {}, {})", stack.current.number,
                                          OriginText(stack.current), stack.current.created_at)}}));
  return kDone;
}

}  // namespace

void AddStackCommands(CLI::App& app, Context& context) {
  CLI::App* stack = app.add_subcommand("stack", "Create, list and show stacks");
  stack->require_subcommand(1);
  static std::string name;
  CLI::App* create =
      AddCommand(*stack, context, "create", "Create an empty stack of the newest data version",
                 [&context] { return Create(context, name.empty() ? context.stack : name); });
  create->add_option("name", name, "Its name (default: app.baseStackName)");
  AddConfigOptions(*create, context);
  AddCommand(*stack, context, "list", "List the stacks of this home",
             [&context] { return List(context); });
  CLI::App* show = AddCommand(*stack, context, "show", "Show one stack",
                              [&context] { return Show(context, name); });
  show->add_option("name", name, "Its name (default: the only one)");
}

}  // namespace vams::cli
