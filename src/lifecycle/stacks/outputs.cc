#include "lifecycle/stacks/outputs.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "items/sqlite/sqlite_store.h"
#include "lifecycle/stacks/names.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr char kBucketsTable[] = "S3AssetBucketsStorageTable";
// One page is all of them: a stack has a handful.
constexpr std::size_t kMostBuckets = 1000;

std::string StackId(const Stack& stack) { return fmt::format("vams:stack/{}", stack.name); }

void AddSearch(const config::Config& config, std::vector<Output>& outputs) {
  if (config.engines.search.kind != config::SearchKind::kOpensearch) return;
  outputs.push_back(
      {"OpenSearchProvisionedDomainEndpointOutput", config.engines.search.url, "Search server"});
  outputs.push_back({"OpenSearchIndexAssetsOutput", "vams-assets-v2", "Search index of assets"});
  outputs.push_back({"OpenSearchIndexFilesOutput", "vams-files-v2", "Search index of files"});
}

void AddAccounts(const Stack& stack, const config::Config& config, std::vector<Output>& outputs) {
  if (!config.auth.builtin_accounts) return;
  // As amplify-config has them: the form <region>_<id> is what clients want.
  outputs.push_back({"AuthCognito_UserPoolId", fmt::format("{}_{}", config.region, stack.name),
                     "Accounts of this stack"});
  outputs.push_back({"AuthCognito_WebClientId", "vams", "Client id of the web application"});
}

}  // namespace

std::vector<Output> OutputsOf(const Stack& stack, const config::Config& config,
                              const std::vector<std::string>& buckets) {
  const std::string url = WebUrlOf(config);
  std::vector<Output> outputs{
      {"WebsiteEndpointURLOutput", url, "Web application"},
      {"APIGatewayEndpointOutput", url, "API"},
  };
  if (config.alb.enabled && !config.alb.domain_host.empty())
    outputs.push_back({"AlbEndpointOutput", config.alb.domain_host, "Public host"});
  for (std::size_t i = 0; i < buckets.size(); ++i)
    outputs.push_back(
        {fmt::format("AssetS3BucketNameOutput{}", i), buckets[i], "Bucket of assets"});
  outputs.push_back({"AssetAuxiliaryS3BucketNameOutput", AuxiliaryBucketOf(config, stack.name),
                     "Bucket of derived data"});
  if (config.encryption.enabled)
    outputs.push_back({"KMSEncryptionKeyARNOutput",
                       config.encryption.key_file.empty() ? (stack.folder / "stack.key").string()
                                                          : config.encryption.key_file,
                       "File of the stack key"});
  AddAccounts(stack, config, outputs);
  AddSearch(config, outputs);
  outputs.push_back({"VamsStackFolderOutput", stack.folder.string(), "Folder of the stack"});
  outputs.push_back(
      {"VamsDataVersionOutput", stack.current.data_version.ToString(), "Shape of the data"});
  outputs.push_back(
      {"VamsGenerationOutput", std::to_string(stack.current.number), "Current generation"});
  return outputs;
}

Result<std::vector<std::string>> BucketNamesOf(const files::Path& items) {
  std::vector<std::string> names;
  OpContext op;
  TRY(const auto store, items::OpenSqliteStore(items, {.read_only = true, .readers = 1}));
  auto page = store->Scan(op, kBucketsTable, {}, {}, kMostBuckets);
  if (!page.ok() && page.error().code == Code::kNotFound) return names;
  if (!page.ok()) return std::move(page).error();
  for (const auto& item : page->items) {
    std::string name(item.Text("bucketName"));
    if (!name.empty()) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);
  names.erase(twice.begin(), twice.end());
  return names;
}

json::object DescribeStacks(const Stack& stack, const std::vector<Output>& outputs) {
  json::array list;
  for (const auto& output : outputs)
    list.push_back({{"OutputKey", output.key},
                    {"OutputValue", output.value},
                    {"Description", output.description}});
  json::object one{
      {"StackId", StackId(stack)},
      {"StackName", stack.name},
      {"CreationTime", stack.created_at},
      {"LastUpdatedTime", stack.current.created_at},
      {"StackStatus", stack.current.number > 1 ? "UPDATE_COMPLETE" : "CREATE_COMPLETE"},
      {"Parameters", json::array()},
      {"Tags", json::array()},
      {"Outputs", std::move(list)}};
  return {{"Stacks", json::array{std::move(one)}}};
}

Result<json::object> ReadOutputs(const Stack& stack) {
  config::Sources sources{
      .file_text = {}, .file_path = stack.config().string(), .environment = {}, .sets = {}};
  auto text = files::ReadAll(stack.config());
  if (text.ok())
    sources.file_text = *std::move(text);
  else if (text.error().code != Code::kNotFound)
    return std::move(text).error();
  TRY(const auto config, config::Load(sources));
  TRY(auto buckets, BucketNamesOf(stack.current.items()));
  // Its record is made when the stack is prepared for its first start.
  if (buckets.empty() && config.asset_buckets.create_new)
    buckets.push_back(OwnBucketOf(config, stack.name));
  return DescribeStacks(stack, OutputsOf(stack, config, buckets));
}

files::Path OutputsFileOf(const Generation& generation) {
  return generation.folder / "outputs.json";
}

Status SaveOutputs(const Stack& stack) {
  TRY(const auto outputs, ReadOutputs(stack));
  const std::string text = json::serialize(outputs) + "\n";
  const auto path = OutputsFileOf(stack.current);
  if (const auto there = files::ReadAll(path); there.ok() && *there == text) return Ok();
  return files::WriteAtomically(path, text);
}

}  // namespace vams::lifecycle
