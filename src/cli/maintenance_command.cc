// vams maintenance on|off|show
#include <fmt/format.h>

#include "app/maintenance.h"
#include "cli/cli.h"
#include "lifecycle/operation.h"
#include "lifecycle/served_stack.h"

namespace vams::cli {

namespace {

// Has the server look at the file; whether one serves.  What was written counts at its next start
// in any case.
Result<bool> Tell(const lifecycle::Stack& stack) {
  TRY(auto served, lifecycle::ServedStack::Find(stack));
  if (!served) return false;
  TRY([[maybe_unused]] const auto state, served->Refresh());
  return true;
}

Result<int> Report(const Context& context, const lifecycle::Stack& stack) {
  const auto told = Tell(stack);
  if (!told.ok())
    return Error(told.error().code,
                 fmt::format("it counts from the next start of the server, which could not be told "
                             "now: {}",
                             told.error().message));
  const auto maintenance = app::ReadMaintenance(stack);
  const std::string message = maintenance ? app::MessageOf(*maintenance) : std::string();
  if (context.json) {
    boost::json::object object{
        {"stack", stack.name}, {"maintenance", maintenance.has_value()}, {"served", *told}};
    if (maintenance) {
      object["message"] = message;
      object["since"] = maintenance->since;
      object["by"] = maintenance->by;
    }
    PrintJson(object);
    return kDone;
  }
  if (maintenance)
    fmt::print("stack \"{}\" is in maintenance{}: {}\n", stack.name,
               *told ? "" : " and nobody serves it", message);
  else
    fmt::print("stack \"{}\" is not in maintenance{}\n", stack.name,
               *told ? "" : "; nobody serves it");
  return kDone;
}

Status Record(const Context& context, const lifecycle::Stack& stack, boost::json::object entry) {
  entry["result"] = "done";
  entry["by"] = lifecycle::ProcessUser();
  return lifecycle::AppendHistory(stack, std::move(entry), context.clock);
}

Result<int> On(Context& context, const std::string& message) {
  TRY(const auto stack, context.Stack());
  TRY_OK(app::WriteMaintenance(stack, {.message = message,
                                       .since = IsoMillis(context.clock.NowMillis()),
                                       .by = lifecycle::ProcessUser()}));
  TRY_OK(Record(context, stack, {{"operation", "maintenance on"}, {"message", message}}));
  return Report(context, stack);
}

Result<int> Off(Context& context) {
  TRY(const auto stack, context.Stack());
  if (app::ReadMaintenance(stack)) {
    TRY_OK(app::RemoveMaintenance(stack));
    TRY_OK(Record(context, stack, {{"operation", "maintenance off"}}));
  }
  return Report(context, stack);
}

Result<int> Show(Context& context) {
  TRY(const auto stack, context.Stack());
  return Report(context, stack);
}

}  // namespace

void AddMaintenanceCommands(CLI::App& app, Context& context) {
  static std::string message;
  CLI::App* group = app.add_subcommand(
      "maintenance", "Answer everybody but administrators that the stack is not available now");
  group->require_subcommand(1);
  CLI::App* on = AddCommand(*group, context, "on", "Begin; lasts until \"off\"",
                            [&context] { return On(context, message); });
  on->add_option("--message", message, "What people read")->type_name("TEXT");
  AddCommand(*group, context, "off", "End", [&context] { return Off(context); });
  AddCommand(*group, context, "show", "Say whether there is maintenance",
             [&context] { return Show(context); });
}

}  // namespace vams::cli
