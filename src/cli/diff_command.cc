// vams diff: what an update would do to the resources of a stack, or of one in AWS
#include <fmt/format.h>

#include "cli/cli.h"
#include "items/dynamodb/dynamodb_store.h"
#include "items/dynamodb/engine.h"
#include "lifecycle/diff/aws_changes.h"
#include "lifecycle/diff/change_set.h"

namespace vams::cli {

namespace diff = lifecycle::diff;

namespace {

struct DiffOptions {
  std::string to, against;
  std::vector<std::string> change_sets;
  bool exit_code = false, rows = false;
  std::string aws_profile, region, endpoint;
};

Result<int> OfStack(Context& context, const DiffOptions& options) {
  TRY(const auto stack, context.Stack());
  diff::Side before{.config = {}, .data_version = stack.current.data_version, .stack = stack.name};
  diff::Side after = before;
  Context stored = context;
  stored.config_file.clear();
  stored.sets.clear();
  TRY(const auto sources, stored.ConfigSources(&stack));
  TRY(before.config, config::Load(sources));
  TRY(const auto new_sources, context.ConfigSources(&stack));
  TRY(after.config, config::Load(new_sources));
  after.data_version = tables::kNewest;
  if (!options.to.empty()) {
    TRY(after.data_version, tables::DataVersion::ParseKnown(options.to));
  }
  OpContext op;
  TRY(const auto usage, diff::Measure(op, stack));
  TRY(const auto set, diff::Compare(before, after, usage));
  auto refusals = diff::Refusals(set, {}, false);
  for (auto& refusal : diff::NotInPlace(set)) refusals.push_back(std::move(refusal));
  if (context.json) {
    auto object = diff::ToJson(set);
    boost::json::array list;
    for (const auto& refusal : refusals)
      list.push_back({{"resource", refusal.resource}, {"reason", refusal.reason}});
    object["refused"] = std::move(list);
    PrintJson(object);
  } else {
    fmt::print("{}", diff::ToText(set));
    for (const auto& refusal : refusals)
      fmt::print("\"vams update\" would refuse: {}\n", refusal.reason);
  }
  return options.exit_code && !set.empty() ? kDifferent : kDone;
}

Result<diff::NamedText> Read(const std::string& file) {
  TRY(auto text, files::ReadAll(file));
  return diff::NamedText{file, std::move(text)};
}

// As AWS's own tools find account and region.
Result<std::unique_ptr<items::DynamoStore>> Connect(const Context& context,
                                                    const DiffOptions& options) {
  items::DynamoOptions dynamo{.region = options.region, .endpoint = options.endpoint};
  dynamo.environment = [env = context.environment,
                        profile = options.aws_profile](std::string_view name) {
    if (name == "AWS_PROFILE" && !profile.empty()) return std::optional<std::string>(profile);
    const auto found = env.find(std::string(name));
    return found == env.end() || found->second.empty() ? std::optional<std::string>()
                                                       : std::optional<std::string>(found->second);
  };
  return items::OpenDynamoStore(std::move(dynamo));
}

Result<int> OfAws(Context& context, const DiffOptions& options) {
  std::vector<diff::NamedText> texts;
  for (const auto& file : options.change_sets) {
    TRY(texts.emplace_back(), Read(file));
  }
  std::optional<diff::NamedText> against;
  if (!options.against.empty()) {
    TRY(against, Read(options.against));
  }
  TRY(auto changes, diff::ReadAwsChanges(texts, against));
  if (options.rows || !options.endpoint.empty()) {
    TRY(const auto store, Connect(context, options));
    OpContext op;
    diff::AddRows(changes, [&](const std::string& table) -> Result<std::uint64_t> {
      TRY(const auto description, store->engine().Describe(op, table));
      return description.approximate_items;
    });
  }
  if (context.json)
    PrintJson(diff::ToJson(changes));
  else
    fmt::print("{}", diff::ToText(changes));
  if (changes.stops()) return kDifferent;
  // Who cannot tell must not let a pipeline go on.
  if (!changes.whole) return kRefused;
  return options.exit_code && !changes.changes.empty() ? kDifferent : kDone;
}

Result<int> Diff(Context& context, const DiffOptions& options) {
  if (!options.change_sets.empty()) {
    if (!options.to.empty() || !context.config_file.empty())
      return Error(Code::kInvalid,
                   "--changeset is about a stack in AWS, --config and --to about one of this home; "
                   "nothing was looked at; leave one of them out");
    return OfAws(context, options);
  }
  if (!options.against.empty())
    return Error(Code::kInvalid,
                 "--against names the new template beside the deployed one; nothing was looked at; "
                 "add --changeset DEPLOYED");
  return OfStack(context, options);
}

}  // namespace

void AddDiffCommand(CLI::App& app, Context& context) {
  static DiffOptions options;
  CLI::App* command =
      AddCommand(app, context, "diff", "What an update would do to a stack's resources and data",
                 [&context] { return Diff(context, options); });
  AddConfigOptions(*command, context);
  command->add_option("--to", options.to, "Data version to compare with (default: the newest)")
      ->type_name("VERSION");
  command->add_flag("--exit-code", options.exit_code, "Exit status 6 when there are differences");
  command
      ->add_option("--changeset", options.change_sets,
                   "Of AWS: a change set, the text of a CDK diff, or with --against the deployed "
                   "template; repeatable for nested change sets")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_option("--against", options.against, "The new template")->type_name("FILE");
  command->add_flag("--rows", options.rows, "Ask AWS how many items tables at stake have");
  command->add_option("--aws-profile", options.aws_profile, "Credentials for --rows")
      ->type_name("NAME");
  command->add_option("--region", options.region, "Region for --rows")->type_name("REGION");
  command->add_option("--endpoint", options.endpoint, "DynamoDB endpoint for --rows")
      ->type_name("URL");
}

}  // namespace vams::cli
