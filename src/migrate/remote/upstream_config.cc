#include "migrate/remote/upstream_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <set>
#include <span>

#include "migrate/index/reader.h"
#include "migrate/steps.h"
#include "tables/physical_names.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate::remote {

namespace json = boost::json;

namespace {

enum class Form : std::uint8_t { kTable, kText, kFlag, kCount };

struct KeyDef {
  std::string_view key, argument;
  Form form = Form::kText;
  std::string_view canonical = {};  // of a table
  bool required = false;
  std::string_view left_out = {};  // of an optional table: what does not happen without it
};

struct FileDef {
  std::string_view from, to;
  std::span<const KeyDef> keys;
};

constexpr std::string_view kNoComments = "comments keep the keys that they have";
constexpr std::string_view kNoLinks = "asset links are not carried over";
constexpr std::string_view kNoSnapshots = "metadata snapshots do not get their asset attribute";

constexpr KeyDef kCommon[] = {
    {"aws_profile", "--profile"},
    {"aws_region", "--region"},
    {"log_level", "--log-level"},
    {"dry_run", "--dry-run", Form::kFlag},
};
constexpr KeyDef k21[] = {
    {"assets_table_name", "--assets-table", Form::kTable, "AssetStorageTable", true},
    {"asset_versions_table_name", "--asset-versions-table", Form::kTable,
     "AssetVersionsStorageTable", true},
    {"s3_asset_buckets_table_name", "--s3-asset-buckets-table", Form::kTable,
     "S3AssetBucketsStorageTable", true},
    {"databases_table_name", "--databases-table", Form::kTable, "DatabaseStorageTable", true},
    {"base_assets_prefix", "--base-assets-prefix", Form::kText, "", true},
    {"asset_bucket_name", "--asset-bucket-name", Form::kText, "", true},
    {"comment_storage_table_name", "--comments-table", Form::kTable, "CommentStorageTable", false,
     kNoComments},
    {"asset_links_table_name", "--asset-links-table", Form::kTable, "AssetLinksStorageTable", false,
     kNoLinks},
    {"asset_links_table_v2_name", "--asset-links-table-v2", Form::kTable,
     "AssetLinksStorageTableV2.2", false, kNoLinks},
    {"batch_size", "--batch-size", Form::kCount},
    {"limit", "--limit", Form::kCount},
};
constexpr KeyDef k22[] = {
    {"function_name", "--function-name", Form::kText, "", true},
    {"operation", "--operation"},
    {"clear_indexes", "--clear-indexes", Form::kFlag},
    {"limit", "--limit", Form::kCount},
};
constexpr KeyDef k23[] = {
    {"auth_entities_table_name", "", Form::kTable, "AuthEntitiesTable", true},
    {"constraints_table_name", "", Form::kTable, "ConstraintsStorageTable", true},
    {"old_metadata_table_name", "", Form::kTable, "MetadataStorageTable", true},
    {"new_metadata_table_name", "", Form::kTable, "AssetFileMetadataStorageTableV2", true},
    {"old_metadata_schema_table_name", "", Form::kTable, "MetadataSchemaStorageTable", true},
    {"new_metadata_schema_table_name", "", Form::kTable, "MetadataSchemaStorageTableV2", true},
    {"reindexer_function_name", ""},
    {"clear_indexes_before_reindex", "", Form::kFlag},
    {"delete_old_data", "--delete-old-data", Form::kFlag},
    {"limit", "--limit", Form::kCount},
};
constexpr KeyDef k24[] = {
    {"asset_storage_table_name", "", Form::kTable, "AssetStorageTable", true},
    {"asset_versions_storage_table_name_v1", "", Form::kTable, "AssetVersionsStorageTable", true},
    {"asset_versions_storage_table_name_v2", "", Form::kTable, "AssetVersionsStorageTableV2", true},
    {"asset_file_versions_storage_table_name_v1", "", Form::kTable, "AssetFileVersionsStorageTable",
     true},
    {"asset_file_versions_storage_table_name_v2", "", Form::kTable,
     "AssetFileVersionsStorageTableV2", true},
    {"asset_file_metadata_versions_storage_table_name", "", Form::kTable,
     "AssetFileMetadataVersionsStorageTable", false, kNoSnapshots},
    {"batch_size", "", Form::kCount},
    {"limit", "--limit", Form::kCount},
    {"clear_v2", "--clear-v2", Form::kFlag},
};
constexpr FileDef kFiles[] = {
    {"2.1", "2.2", k21}, {"2.2", "2.3", k22}, {"2.3", "2.4", k23}, {"2.4", "2.5", k24}};

// The tables that the steps look things up in without a phase reading them.
constexpr std::array<std::string_view, 3> kLookedUp = {"AssetStorageTable", "DatabaseStorageTable",
                                                       "S3AssetBucketsStorageTable"};

bool IsRemark(std::string_view key) { return key.starts_with('_') || key == "comments"; }

const KeyDef* FindKey(std::span<const KeyDef> keys, std::string_view key) {
  const auto at = std::ranges::find(keys, key, &KeyDef::key);
  return at == keys.end() ? nullptr : &*at;
}

std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string_view TypeName(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::string:
      return "a text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

// What the operator types to see the candidates for a missing name.
std::string HowToFind(const KeyDef& def) {
  if (def.form == Form::kTable) {
    std::string logical(def.canonical);
    std::erase(logical, '.');
    return fmt::format(
        "it is the physical name of {}: `aws dynamodb list-tables --query "
        "\"TableNames[?contains(@,'-{}')]\"` lists the candidates; the right one goes on with 8 "
        "hexadecimal digits, not with another word or V2",
        def.canonical, logical);
  }
  if (def.key.ends_with("function_name"))
    return "`aws lambda list-functions --query "
           "\"Functions[?contains(FunctionName,'eindexer')].FunctionName\"` lists the candidates";
  if (def.key == "asset_bucket_name")
    return "the rows of the table of asset buckets name it (bucketName), and `aws s3 ls` lists all";
  if (def.key == "base_assets_prefix")
    return "it is baseAssetsPrefix of the bucket's row, nearly always \"/\"";
  return "write null to let the AWS settings of the environment decide";
}

class Reader {
 public:
  Reader(std::string_view file, const Overrides& overrides) : overrides_(overrides) {
    config_.file = file;
  }

  Result<UpstreamConfig> Read(std::string_view text) {
    boost::system::error_code ec;
    const json::value parsed = json::parse(text, ec);
    if (ec)
      return Error(Code::kInvalid,
                   fmt::format("{} is not JSON: {}; nothing was done", config_.file, ec.message()));
    if (!parsed.is_object())
      return Error(Code::kInvalid,
                   fmt::format("{} must hold one JSON object, not {}; nothing was done",
                               config_.file, TypeName(parsed)));
    object_ = &parsed.get_object();
    TRY_OK(ChooseStep());
    CheckKeys();
    ReadTables();
    ReadRest();
    if (!problems_.empty()) return Problems();
    std::ranges::sort(config_.tables, {}, &NamedTable::canonical);
    return std::move(config_);
  }

 private:
  void Problem(std::string text) { problems_.push_back(std::move(text)); }

  Error Problems() const {
    std::string text =
        fmt::format("{} (for the step {} to {}) cannot be used, nothing was done:", config_.file,
                    file_->from, file_->to);
    for (const auto& problem : problems_) text += "\n  - " + problem;
    return Error(Code::kInvalid, std::move(text));
  }

  // The step that most keys belong to.
  Status ChooseStep() {
    std::size_t best = 0;
    for (const auto& file : kFiles) {
      std::size_t own = 0;
      for (const auto& member : *object_) {
        const bool elsewhere = std::ranges::any_of(kFiles, [&](const FileDef& other) {
          return &other != &file && FindKey(other.keys, member.key()) != nullptr;
        });
        if (FindKey(file.keys, member.key()) != nullptr) own += elsewhere ? 1 : 100;
      }
      if (own > best) {
        best = own;
        file_ = &file;
      }
    }
    if (best < 100)
      return Error(Code::kInvalid,
                   fmt::format("{} is no configuration of a migration: it names no table and no "
                               "function; a file for 2.4 to 2.5, for example, has {}",
                               config_.file, k24[1].key));
    TRY(config_.from, tables::DataVersion::Parse(file_->from));
    TRY(config_.to, tables::DataVersion::Parse(file_->to));
    return Ok();
  }

  const KeyDef* Def(std::string_view key) const {
    const KeyDef* def = FindKey(file_->keys, key);
    return def != nullptr ? def : FindKey(kCommon, key);
  }

  void CheckKeys() {
    for (const auto& member : *object_) {
      if (IsRemark(member.key())) continue;
      const KeyDef* def = Def(member.key());
      if (def != nullptr)
        CheckType(*def, member.value());
      else
        Unknown(member.key());
    }
    for (const auto& [key, value] : overrides_.texts)
      if (Def(key) == nullptr)
        Problem(fmt::format("the argument for {} is not known in this step", key));
  }

  void Unknown(std::string_view key) {
    for (const auto& file : kFiles)
      if (FindKey(file.keys, key) != nullptr) {
        Problem(fmt::format("{} belongs to a file for the step {} to {}; remove it", key, file.from,
                            file.to));
        return;
      }
    std::string_view nearest;
    std::size_t best = std::string_view::npos;
    for (const auto& keys : {file_->keys, std::span<const KeyDef>(kCommon)})
      for (const auto& def : keys)
        if (const auto distance = Distance(key, def.key); distance < best) {
          best = distance;
          nearest = def.key;
        }
    Problem(fmt::format("{} is not known; the nearest key is {}", key, nearest));
  }

  void CheckType(const KeyDef& def, const json::value& value) {
    if (value.is_null()) return;
    const bool right = def.form == Form::kFlag    ? value.is_bool()
                       : def.form == Form::kCount ? value.is_number()
                                                  : value.is_string();
    if (!right)
      Problem(fmt::format("{} must be {}, not {}", def.key,
                          def.form == Form::kFlag    ? "true or false"
                          : def.form == Form::kCount ? "a whole number"
                                                     : "a text",
                          TypeName(value)));
  }

  // "" for what is not there, or of the wrong type (which has been told).
  std::string Text(std::string_view key) const {
    if (const auto at = overrides_.texts.find(key); at != overrides_.texts.end()) return at->second;
    const json::value* value = object_->if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
  }
  bool Flag(std::string_view key, const std::optional<bool>& chosen) const {
    if (chosen) return *chosen;
    const json::value* value = object_->if_contains(key);
    return value != nullptr && value->is_bool() && value->as_bool();
  }
  std::optional<std::uint64_t> Count(std::string_view key,
                                     const std::optional<std::uint64_t>& chosen,
                                     std::uint64_t most) {
    std::optional<std::uint64_t> count = chosen;
    const json::value* value = object_->if_contains(key);
    if (!count && (value == nullptr || !value->is_number() || Def(key) == nullptr))
      return std::nullopt;
    if (!count && value->is_int64() && value->as_int64() > 0)
      count = static_cast<std::uint64_t>(value->as_int64());
    if (!count || *count == 0 || *count > most) {
      Problem(most == 25
                  ? fmt::format("{} must be a whole number from 1 to 25, which is what one call of "
                                "the service takes",
                                key)
                  : fmt::format("{} must be a whole number of at least 1, or null for all", key));
      return std::nullopt;
    }
    return count;
  }

  void Missing(const KeyDef& def, const std::string& value) {
    Problem(fmt::format("{} {}; {}", def.key,
                        value.empty() ? std::string("is missing")
                                      : fmt::format("still has the placeholder \"{}\"", value),
                        HowToFind(def)));
  }

  void ReadTables() {
    std::set<std::string_view> left_out;
    for (const auto& def : file_->keys) {
      if (def.form != Form::kTable) continue;
      const std::string value = Text(def.key);
      if (!IsPlaceholder(value)) {
        config_.tables.push_back({std::string(def.canonical), value, std::string(def.key)});
      } else if (def.required) {
        if (const auto* value_json = object_->if_contains(def.key);
            value_json == nullptr || value_json->is_string() || value_json->is_null())
          Missing(def, value);
      } else if (left_out.insert(def.left_out).second) {
        config_.notices.push_back(fmt::format("{} is not set, so {}", def.key, def.left_out));
      }
    }
    // Links need both of their tables.
    const auto* old_links = config_.Find("AssetLinksStorageTable");
    const auto* new_links = config_.Find("AssetLinksStorageTableV2.2");
    if ((old_links == nullptr) != (new_links == nullptr))
      std::erase_if(config_.tables, [](const NamedTable& table) {
        return table.canonical.starts_with("AssetLinksStorageTable");
      });
    for (const auto& [canonical, physical] : overrides_.tables) AddTable(canonical, physical);
    std::map<std::string, std::string> key_of;
    for (const auto& table : config_.tables)
      if (const auto [at, fresh] = key_of.emplace(table.physical, table.key); !fresh)
        Problem(
            fmt::format("{} and {} name the same table {}", at->second, table.key, table.physical));
  }

  void AddTable(const std::string& canonical, const std::string& physical) {
    if (tables::FindTableInAny(canonical) == nullptr) {
      Problem(fmt::format("\"{}\" is no table of any data version", canonical));
    } else if (auto at = std::ranges::find(config_.tables, canonical, &NamedTable::canonical);
               at != config_.tables.end()) {
      at->physical = physical;
    } else {
      config_.tables.push_back({canonical, physical, ""});
    }
  }

  // A text that may be absent but not a placeholder.
  std::string Optional(std::string_view key) {
    std::string value = Text(key);
    if (!value.empty() && IsPlaceholder(value)) Missing(*Def(key), value);
    return value;
  }

  void ReadRest() {
    config_.profile = Optional("aws_profile");
    config_.region = Optional("aws_region");
    if (const std::string level = Text("log_level"); !level.empty()) config_.log_level = level;
    constexpr std::array<std::string_view, 5> kLevels = {"DEBUG", "INFO", "WARNING", "ERROR",
                                                         "CRITICAL"};
    if (std::ranges::find(kLevels, config_.log_level) == kLevels.end())
      Problem(fmt::format("log_level \"{}\" is none of DEBUG, INFO, WARNING, ERROR, CRITICAL",
                          config_.log_level));
    config_.dry_run = Flag("dry_run", overrides_.dry_run);
    config_.limit = Count("limit", overrides_.limit, UINT64_MAX);
    config_.batch_size = Count("batch_size", overrides_.batch_size, 25).value_or(25);
    if (Flag("delete_old_data", overrides_.delete_old_data))
      config_.notices.emplace_back(
          "delete_old_data is put off: nothing is deleted by a migration; `vams prune` deletes old "
          "rows later, when the new ones have been proved");
    if (Flag("clear_v2", overrides_.clear_v2))
      config_.notices.emplace_back(
          "clear_v2 has no effect: rows of the new tables are compared and kept, and what a "
          "reversal does not need is removed by `vams prune`");
    ReadSearch();
    if (file_->keys.data() == k21) ReadBucket();
    if (file_->keys.data() == k22) ReadReindex("function_name", "clear_indexes", true);
    if (file_->keys.data() == k23)
      ReadReindex("reindexer_function_name", "clear_indexes_before_reindex", false);
  }

  void ReadBucket() {
    for (const std::string_view key : {"base_assets_prefix", "asset_bucket_name"})
      if (const std::string value = Text(key); IsPlaceholder(value)) Missing(*Def(key), value);
    config_.base_assets_prefix = Text("base_assets_prefix");
    config_.asset_bucket = Text("asset_bucket_name");
  }

  void ReadReindex(std::string_view function, std::string_view clear, bool required) {
    config_.reindex_function = Text(function);
    if (!config_.opensearch.url.empty()) {
      config_.reindex_function.clear();
    } else if (IsPlaceholder(config_.reindex_function)) {
      if (required || !config_.reindex_function.empty())
        Missing(*Def(function), config_.reindex_function);
      else
        config_.notices.push_back(fmt::format(
            "{} is not set, so search is not filled again; it finds nothing that is new until its "
            "indexes are rebuilt",
            function));
    }
    config_.clear_indexes = Flag(clear, overrides_.clear_indexes);
    if (!required) return;
    if (const std::string operation = Text("operation"); !operation.empty())
      config_.reindex_operation = operation;
    CheckOperation("operation");
    if (!overrides_.opensearch_documents.empty())
      config_.reindex_operation = overrides_.opensearch_documents;
  }

  void CheckOperation(std::string_view key) {
    constexpr std::array<std::string_view, 3> kOperations = {"assets", "files", "both"};
    if (std::ranges::find(kOperations, config_.reindex_operation) == kOperations.end())
      Problem(
          fmt::format("{} \"{}\" is none of assets, files, both", key, config_.reindex_operation));
  }

  void ReadSearch() {
    config_.opensearch = {.url = overrides_.opensearch_url,
                          .assets = overrides_.opensearch_assets,
                          .files = overrides_.opensearch_files};
    const std::string& documents = overrides_.opensearch_documents;
    if (config_.opensearch.url.empty()) {
      if (!config_.opensearch.assets.empty() || !config_.opensearch.files.empty() ||
          !documents.empty())
        Problem(
            "--opensearch-assets, --opensearch-files and --opensearch-documents need "
            "--opensearch-url");
      return;
    }
    if (documents.empty()) return;
    config_.reindex_operation = documents;
    CheckOperation("--opensearch-documents");
  }

  const Overrides& overrides_;
  const json::object* object_ = nullptr;
  const FileDef* file_ = nullptr;
  UpstreamConfig config_;
  std::vector<std::string> problems_;
};

}  // namespace

const NamedTable* UpstreamConfig::Find(std::string_view canonical) const {
  const auto at = std::ranges::find(tables, canonical, &NamedTable::canonical);
  return at == tables.end() ? nullptr : &*at;
}

std::map<std::string, std::string> UpstreamConfig::PhysicalNames() const {
  std::map<std::string, std::string> names;
  for (const auto& table : tables) names[table.canonical] = table.physical;
  return names;
}

bool IsPlaceholder(std::string_view value) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && blank(value.back())) value.remove_suffix(1);
  if (value.empty() || value.find("XXXX") != std::string_view::npos) return true;
  if (value.front() == '<' && value.back() == '>') return true;
  std::string lower(value);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower.starts_with("your_") || lower.starts_with("your-")) return true;
  // PROD_ASSETS_TABLE_NAME: no physical name is all capitals.
  return value.ends_with("_NAME") && std::ranges::all_of(value, [](char c) {
           return c == '_' || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

Result<UpstreamConfig> ParseUpstreamConfig(std::string_view json, std::string_view file,
                                           const Overrides& overrides) {
  return Reader(file, overrides).Read(json);
}

Result<UpstreamConfig> ReadUpstreamConfig(const files::Path& path, const Overrides& overrides) {
  TRY(const auto text, files::ReadAll(path, std::size_t{4} << 20));
  return ParseUpstreamConfig(text, path.filename().string(), overrides);
}

std::string_view KeyOfArgument(std::string_view argument) {
  if (argument.empty()) return {};
  for (const auto& keys :
       {std::span<const KeyDef>(kCommon), std::span<const KeyDef>(k21),
        std::span<const KeyDef>(k22), std::span<const KeyDef>(k23), std::span<const KeyDef>(k24)})
    for (const auto& def : keys)
      if (def.argument == argument) return def.key;
  return {};
}

std::vector<std::string> TablesNotNamed(const UpstreamConfig& config) {
  std::set<std::string> needed(kLookedUp.begin(), kLookedUp.end());
  const auto path = PathBetween(config.from, config.to);
  if (config.tables.empty() || !path.ok()) return {};
  if (!config.opensearch.url.empty())
    for (const auto version : {config.from, config.to})
      for (auto& table : index::TablesFor(version)) needed.insert(std::move(table));
  for (const auto& leg : *path)
    for (const Phase* phase : leg.step->Phases(Dialect::kCorrected))
      for (const auto direction : {Direction::kUp, Direction::kDown}) {
        for (const auto table : ReadsOf(phase->info(), direction)) needed.emplace(table);
        for (const auto table : WritesOf(phase->info(), direction)) needed.emplace(table);
        for (const auto& lookup : LookupsOf(phase->info(), direction)) needed.insert(lookup.table);
      }
  std::vector<std::string> missing;
  for (const auto& table : needed)
    if (!items::IsSystemTable(table) && config.Find(table) == nullptr) missing.push_back(table);
  return missing;
}

std::vector<std::string> AddSiblings(UpstreamConfig& config,
                                     const std::vector<std::string>& physical_names) {
  // What stands in front of a table's logical id is the name of its nested stack.
  const auto stack_of = [](const std::string& physical, std::string_view canonical) {
    std::string logical(canonical);
    std::erase(logical, '.');
    const auto at = physical.rfind("-" + logical);
    return at == std::string::npos ? std::string() : physical.substr(0, at);
  };
  std::set<std::string> stacks;
  for (const auto& table : config.tables)
    if (auto stack = stack_of(table.physical, table.canonical); !stack.empty())
      stacks.insert(std::move(stack));
  std::vector<std::string> added;
  // An optional phase that the file leaves out stays left out.
  for (const auto& canonical : TablesNotNamed(config)) {
    const auto* def = [&]() -> const KeyDef* {
      for (const auto& file : kFiles)
        if (file.from == config.from.ToString())
          for (const auto& key : file.keys)
            if (key.canonical == canonical) return &key;
      return nullptr;
    }();
    if (def != nullptr) continue;
    std::vector<std::string> candidates;
    for (const auto& physical : physical_names)
      if (tables::CanonicalOf(physical) == canonical &&
          stacks.contains(stack_of(physical, canonical)))
        candidates.push_back(physical);
    if (candidates.size() != 1) continue;
    config.notices.push_back(fmt::format("{} is not in {}; {} was found beside the tables that are",
                                         canonical, config.file, candidates.front()));
    config.tables.push_back({canonical, candidates.front(), ""});
    added.push_back(canonical);
  }
  std::ranges::sort(config.tables, {}, &NamedTable::canonical);
  return added;
}

}  // namespace vams::migrate::remote
