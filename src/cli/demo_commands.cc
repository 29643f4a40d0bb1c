// vams demo load|update
#include <fmt/format.h>

#include <memory>
#include <string>

#include "app/serve.h"
#include "cli/cli.h"
#include "cli/demo_update.h"

namespace vams::cli {

namespace {

Result<int> LoadDemo(Context& context) {
  TRY(const auto stack, context.Stack());
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  TRY(const demo::Loaded loaded, app::LoadDemo(stack, config, context.clock));
  if (context.json) {
    PrintJson(boost::json::object{{"stack", stack.name},
                                  {"databases", loaded.databases},
                                  {"assets", loaded.assets},
                                  {"files", loaded.files},
                                  {"versions", loaded.versions},
                                  {"links", loaded.links}});
  } else if (loaded.versions == 0 && loaded.assets == 0 && loaded.links == 0) {
    fmt::print("the demonstration library is in stack \"{}\" already; nothing was changed\n",
               stack.name);
  } else {
    fmt::print(
        "loaded the demonstration library into stack \"{}\": {} databases, {} assets, {} versions "
        "with {} files, {} links\n",
        stack.name, loaded.databases, loaded.assets, loaded.versions, loaded.files, loaded.links);
  }
  return kDone;
}

}  // namespace

void AddDemoCommands(CLI::App& app, Context& context) {
  CLI::App* demo = app.add_subcommand("demo", "The demonstration library");
  demo->require_subcommand(1);
  CLI::App* load = AddCommand(*demo, context, "load",
                              "Put a small library of models into a stack that is not being served",
                              [&context] { return LoadDemo(context); });
  AddConfigOptions(*load, context);

  const auto keep = std::make_shared<std::string>();
  CLI::App* update = AddCommand(
      *demo, context, "update",
      "Show the lifecycle on a small library of version 2.4: rehearse, update, roll back",
      [&context, keep] { return DemonstrateUpdate(context, *keep); });
  update->add_option("--keep", *keep, "Work in this folder and leave it (VAMS_HOME of the stack)")
      ->type_name("DIR");
}

}  // namespace vams::cli
