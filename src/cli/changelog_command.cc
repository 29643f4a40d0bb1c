// vams changelog: release notes between two releases, and which of them apply to a stack
#include <fmt/format.h>

#include "cli/cli.h"
#include "lifecycle/changelog/changelog.h"

namespace vams::cli {

namespace {

struct ChangelogOptions {
  std::string from, to;
};

Result<lifecycle::StackFacts> FactsOf(const Context& context, const lifecycle::Stack& stack) {
  TRY(const auto sources, context.ConfigSources(&stack));
  lifecycle::StackFacts facts;
  facts.data_version = stack.current.data_version;
  TRY(facts.config, config::Load(sources));
  for (const auto& field : config::Check(sources).fields)
    if (field.status == config::FieldStatus::kNoMeaning) facts.ignored_fields.push_back(field.path);
  OpContext op;
  TRY(facts.usage, lifecycle::diff::Measure(op, stack));
  return facts;
}

void Print(const lifecycle::AppliedNote& applied) {
  const auto& note = *applied.note;
  fmt::print("{} {} {} ({})\n    {}\n", note.product, note.release.ToString(),
             lifecycle::NameOf(note.kind), note.id, note.text);
  if (!note.action.empty()) fmt::print("    to do: {}\n", note.action);
  if (!note.here.empty()) fmt::print("    here: {}\n", note.here);
  if (!applied.reason.empty()) fmt::print("    applies: {}\n", applied.reason);
}

Result<int> Changelog(Context& context, const ChangelogOptions& options) {
  std::optional<lifecycle::Stack> stack;
  if (!context.stack.empty()) {
    TRY(stack, context.Stack());
  }
  const std::string from = !options.from.empty() ? options.from
                           : stack               ? stack->current.data_version.ToString()
                                                 : tables::kOldest.ToString();
  TRY(const auto first, lifecycle::ReleaseNumber::Parse(from));
  TRY(const auto last, lifecycle::ReleaseNumber::Parse(
                           options.to.empty() ? tables::kNewest.ToString() : options.to));
  std::optional<lifecycle::StackFacts> facts;
  if (stack) {
    TRY(facts, FactsOf(context, *stack));
  }
  TRY(const auto notes, lifecycle::Changelog(first, last, facts ? &*facts : nullptr));
  if (context.json) {
    boost::json::array list;
    for (const auto& note : notes) list.push_back(lifecycle::ToJson(note));
    boost::json::object object{{"from", first.ToString()}, {"to", last.ToString()}};
    if (stack) object["stack"] = stack->name;
    object["notes"] = std::move(list);
    PrintJson(object);
    return kDone;
  }
  for (const auto& note : notes) Print(note);
  if (notes.empty())
    fmt::print("nothing from {} to {}{}\n", first.ToString(), last.ToString(),
               stack ? fmt::format(" applies to stack \"{}\"", stack->name) : std::string());
  return kDone;
}

}  // namespace

void AddChangelogCommand(CLI::App& app, Context& context) {
  static ChangelogOptions options;
  CLI::App* command = AddCommand(
      app, context, "changelog",
      "Release notes between two releases; with --stack, those that apply to it, and why",
      [&context] { return Changelog(context, options); });
  AddConfigOptions(*command, context);
  command->add_option("--from", options.from, "The older release (default: of the stack's data)")
      ->type_name("RELEASE");
  command->add_option("--to", options.to, "The newer release (default: the newest)")
      ->type_name("RELEASE");
}

}  // namespace vams::cli
