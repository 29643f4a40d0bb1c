#include "lifecycle/changelog/upstream_notes.h"

#include <fmt/format.h>

namespace vams::lifecycle::internal {

namespace {

using Reason = std::optional<std::string>;

std::uint64_t RowsOf(const StackFacts& facts, std::string_view table) {
  const auto found = facts.usage.tables.find(table);
  return found == facts.usage.tables.end() ? 0 : found->second.rows;
}

std::string Counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

bool OlderThan(const StackFacts& facts, std::uint8_t minor) {
  return facts.data_version < tables::DataVersion{2, minor};
}

// About deployments in AWS alone: how they are built, and with what.
Reason Never(const StackFacts&) { return std::nullopt; }

Reason Data21(const StackFacts& facts) {
  if (!OlderThan(facts, 2)) return std::nullopt;
  return fmt::format("the data has the shape of {}, with {}", facts.data_version.ToString(),
                     Counted(RowsOf(facts, "AssetStorageTable"), "asset", "assets"));
}

Reason Data22(const StackFacts& facts) {
  if (!OlderThan(facts, 3)) return std::nullopt;
  return fmt::format("the data has the shape of {}", facts.data_version.ToString());
}

Reason Data23(const StackFacts& facts) {
  if (!OlderThan(facts, 4)) return std::nullopt;
  return fmt::format(
      "the data has the shape of {}, with {}, {} and {}", facts.data_version.ToString(),
      Counted(RowsOf(facts, "MetadataStorageTable"), "row of metadata", "rows of metadata"),
      Counted(RowsOf(facts, "MetadataSchemaStorageTable"), "schema field", "schema fields"),
      Counted(RowsOf(facts, "AuthEntitiesTable"), "row of permissions", "rows of permissions"));
}

Reason Data24(const StackFacts& facts) {
  if (!OlderThan(facts, 5)) return std::nullopt;
  return fmt::format(
      "the data has the shape of {}, with {} and {}", facts.data_version.ToString(),
      Counted(RowsOf(facts, "AssetVersionsStorageTable"), "asset version", "asset versions"),
      Counted(RowsOf(facts, "AssetFileVersionsStorageTable"), "file version", "file versions"));
}

Reason Pipelines(const StackFacts& facts) {
  const auto rows = RowsOf(facts, "PipelineStorageTable");
  if (rows == 0 || !OlderThan(facts, 2)) return std::nullopt;
  return fmt::format("{} registered", Counted(rows, "pipeline is", "pipelines are"));
}

Reason Executions(const StackFacts& facts) {
  const auto rows =
      RowsOf(facts, "WorkflowExecutionStorageTable") + RowsOf(facts, "JobStorageTable");
  if (rows == 0 || !OlderThan(facts, 2)) return std::nullopt;
  return fmt::format("there are {} of old executions and jobs", Counted(rows, "row", "rows"));
}

Reason Accounts22(const StackFacts& facts) {
  if (!OlderThan(facts, 2) || !facts.config.auth.builtin_accounts) return std::nullopt;
  return "the stack has accounts of its own";
}

Reason Links(const StackFacts& facts) {
  const auto rows = RowsOf(facts, "AssetLinksStorageTable");
  if (rows == 0 || !OlderThan(facts, 2)) return std::nullopt;
  return fmt::format("there are {}", Counted(rows, "link", "links"));
}

Reason OldFields(const StackFacts& facts) {
  if (facts.ignored_fields.empty()) return std::nullopt;
  return fmt::format("the configuration sets {} that have no meaning here, such as {}",
                     Counted(facts.ignored_fields.size(), "field", "fields"),
                     facts.ignored_fields.front());
}

Reason Metadata(const StackFacts& facts) {
  const auto rows = RowsOf(facts, "MetadataStorageTable");
  if (rows == 0 || !OlderThan(facts, 4)) return std::nullopt;
  return fmt::format("there are {}", Counted(rows, "row of metadata", "rows of metadata"));
}

Reason WrongPaths(const StackFacts& facts) {
  const auto rows = RowsOf(facts, "AssetFileMetadataStorageTableV2");
  if (rows == 0 || OlderThan(facts, 4)) return std::nullopt;
  return fmt::format("there are {}, which upstream's script may have written",
                     Counted(rows, "row of file metadata", "rows of file metadata"));
}

Reason Constraints(const StackFacts& facts) {
  const auto rows = RowsOf(facts, "AuthEntitiesTable");
  if (rows == 0 || !OlderThan(facts, 4)) return std::nullopt;
  return fmt::format("there are {}", Counted(rows, "row of permissions", "rows of permissions"));
}

Reason Versions(const StackFacts& facts) {
  const auto rows = RowsOf(facts, "AssetVersionsStorageTable");
  if (rows == 0 || !OlderThan(facts, 5)) return std::nullopt;
  return fmt::format("there are {}", Counted(rows, "asset version", "asset versions"));
}

Reason SearchIsOn(const StackFacts& facts) {
  if (facts.config.engines.search.kind == config::SearchKind::kNone) return std::nullopt;
  return "search is on";
}

constexpr std::string_view kUpstream = "upstream";
constexpr auto kBreaking = NoteKind::kBreaking;
constexpr auto kRequired = NoteKind::kRequired;
constexpr auto kKnownIssue = NoteKind::kKnownIssue;
constexpr auto kChange = NoteKind::kChange;

constexpr ReleaseNote kNotes[] = {
    // ---- 2.0
    {"2.0.0/nested-stacks",
     kUpstream,
     {2, 0, 0},
     kBreaking,
     "The deployment is made of nested stacks, and an older one cannot be updated in place.",
     "Deploy a second stack and move to it.",
     "Data is imported from exports of its tables, whatever deployed them.",
     Never},
    {"2.0.0/permissions",
     kUpstream,
     {2, 0, 0},
     kBreaking,
     "Roles and constraints take the place of permissions by group.",
     "Define roles and constraints anew.",
     "",
     Never},
    {"2.0.0/pipelines",
     kUpstream,
     {2, 0, 0},
     kRequired,
     "Pipelines that were made from the sample function, and workflows without a callback, do not "
     "run any more.",
     "Create such pipelines again and save such workflows again.",
     "",
     Never},
    {"2.0.0/list-answers",
     kUpstream,
     {2, 0, 0},
     kBreaking,
     "Lists in answers are wrapped: items and the token of the next page lie in \"message\".",
     "Clients of 1.x need an update.",
     "",
     Never},
    // ---- 2.1
    {"2.1.0/pipeline-type",
     kUpstream,
     {2, 1, 0},
     kRequired,
     "What was pipelineType is pipelineExecutionType, pipelineType means something else, and the "
     "names of a pipeline's inputs are others. No script changes what is registered.",
     "Look at every registered pipeline, and register again those of before 2.1.",
     "",
     Pipelines},
    {"2.1.0/auxiliary-bucket",
     kUpstream,
     {2, 1, 0},
     kChange,
     "The bucket of the visualizer is the auxiliary bucket.",
     "",
     "What lies in it is made again when it is missing.",
     Never},
    {"2.1.0/access-logs",
     kUpstream,
     {2, 1, 0},
     kChange,
     "Access logs are removed after 90 days.",
     "",
     "logs/access.jsonl is removed by nobody but the operator.",
     Never},
    {"2.1.1/dependencies",
     kUpstream,
     {2, 1, 1},
     kChange,
     "Dependencies are newer, nothing else.",
     "",
     "",
     Never},
    // ---- 2.2
    {"2.2.0/data",
     kUpstream,
     {2, 2, 0},
     kRequired,
     "Assets keep their versions in a table, name their bucket, and links name the databases of "
     "both "
     "ends.",
     "Run the step 2.1 to 2.2.",
     "\"vams update\" runs it.",
     Data21},
    {"2.2.0/version-history",
     kUpstream,
     {2, 2, 0},
     kKnownIssue,
     "Upstream's script keeps one version of each asset and drops the others; a second run of it "
     "sets every asset to version 0.",
     "",
     "Every stored version is kept, and a second run changes nothing.",
     Data21},
    {"2.2.0/links",
     kUpstream,
     {2, 2, 0},
     kKnownIssue,
     "Upstream's script gives the end of a link to whichever database has an asset of that id and "
     "is "
     "found first.",
     "",
     "Links whose ends cannot be told apart stop the update, until owners are named.",
     Links},
    {"2.2.0/executions",
     kUpstream,
     {2, 2, 0},
     kBreaking,
     "Executions of workflows are not carried over, and the deployment deletes their table, "
     "although "
     "its notes promise to keep it.",
     "Export the table first.",
     "Their rows are kept as residue, and come back on the way back.",
     Executions},
    {"2.2.0/config",
     kUpstream,
     {2, 2, 0},
     kRequired,
     "The configuration has new mandatory fields: buckets of assets, life times of tokens and "
     "links, "
     "the external identity provider, the administrator's id, rates.",
     "Add them.",
     "Each has a default; \"vams config check\" lists which counts.",
     Data21},
    {"2.2.0/user-pool",
     kUpstream,
     {2, 2, 0},
     kBreaking,
     "The user pool may be replaced, and users are not moved.",
     "Move them by hand; they choose new passwords.",
     "Accounts stay, with passwords and second factors; users of a pool are imported from the "
     "output "
     "of list-users.",
     Accounts22},
    {"2.2.0/routes",
     kUpstream,
     {2, 2, 0},
     kBreaking,
     "Routes of uploads, metadata and executions are others, and the upload routes of before are "
     "gone.",
     "Clients need the version of the server.",
     "",
     Data21},
    {"2.2.0/subnets",
     kUpstream,
     {2, 2, 0},
     kBreaking,
     "The split of subnets may force a second stack instead of an update.",
     "Plan for it.",
     "",
     Never},
    // ---- 2.3
    {"2.3.0/search-indexes",
     kUpstream,
     {2, 3, 0},
     kRequired,
     "Two search indexes, of assets and of files, take the place of one.",
     "Run the step 2.2 to 2.3, which fills them.",
     "The index is built by itself; \"vams reindex\" builds it anew.",
     Data22},
    {"2.3.0/metadata-overwritten",
     kUpstream,
     {2, 3, 0},
     kKnownIssue,
     "Upstream's reindexer writes into the metadata: a read that fails lets it replace up to a "
     "thousand rows by empty ones, and edits made meanwhile are lost.",
     "",
     "Filling the index writes nothing into the metadata.",
     Data22},
    {"2.3.0/authorizer",
     kUpstream,
     {2, 3, 0},
     kRequired,
     "One authorizer of its own takes the place of those of the gateway.",
     "Reset the cache of the authorizer.",
     "",
     Never},
    {"2.3.0/batch-pipelines",
     kUpstream,
     {2, 3, 0},
     kRequired,
     "Constructs of batch pipelines have other names.",
     "Deploy once without batch pipelines and once with them, then register their functions again.",
     "",
     Never},
    {"2.3.0/mfa-roles",
     kUpstream,
     {2, 3, 0},
     kKnownIssue,
     "Roles that ask for a second factor cannot be used when all functions are in a VPC or search "
     "is "
     "provisioned.",
     "",
     "They can.",
     Never},
    {"2.3.1/cli",
     kUpstream,
     {2, 3, 1},
     kChange,
     "The command line needs Python 3.12 or newer.",
     "Update Python where it is used.",
     "\"vams\" has the same commands and needs no Python.",
     Never},
    {"2.3.2/dependencies",
     kUpstream,
     {2, 3, 2},
     kChange,
     "Dependencies and documentation are newer, nothing else.",
     "",
     "",
     Never},
    // ---- 2.4
    {"2.4.0/data",
     kUpstream,
     {2, 4, 0},
     kRequired,
     "Constraints, metadata and metadata schemas lie in new tables. Until the step has run, "
     "metadata, "
     "schemas and custom permissions are missing.",
     "Run the step 2.3 to 2.4.",
     "\"vams update\" runs it before the new release serves.",
     Data23},
    {"2.4.0/typed-values",
     kUpstream,
     {2, 4, 0},
     kKnownIssue,
     "Upstream's script drops every metadata value that is no text, makes all others strings, "
     "loses "
     "the order of schema fields, and writes paths of files in a form that nobody reads.",
     "",
     "Values keep their types, schemas their order, and files are found.",
     Metadata},
    {"2.4.0/file-paths",
     kUpstream,
     {2, 4, 0},
     kKnownIssue,
     "Where upstream's script has run, metadata of files may lie under paths that nobody reads.",
     "Look with \"vams migrate repair --dry-run\".",
     "\"vams migrate repair\" mends it.",
     WrongPaths},
    {"2.4.0/constraint-meaning",
     kUpstream,
     {2, 4, 0},
     kBreaking,
     "A constraint that names several groups or users counts for all of them, where 2.3 looked at "
     "the "
     "first; criteria on \"field\" have no effect.",
     "Check what the constraints of several groups allow.",
     "The report of the update lists every constraint whose meaning changes.",
     Constraints},
    {"2.4.0/default-constraints",
     kUpstream,
     {2, 4, 0},
     kKnownIssue,
     "Upstream's script writes the default constraints of 2.3 over those of 2.4, and drops others.",
     "",
     "Defaults stay those of the release; one that was edited is migrated beside it.",
     Constraints},
    {"2.4.0/permission-fields",
     kUpstream,
     {2, 4, 0},
     kBreaking,
     "Criteria on metadataSchemaName, metadataSchemaEntityType and field are not used any more.",
     "Write such constraints anew.",
     "\"vams verify\" names criteria on unknown fields.",
     Constraints},
    {"2.4.0/create-database",
     kUpstream,
     {2, 4, 0},
     kBreaking,
     "POST /database does not update a database that is there.",
     "Clients that update use PUT /database/{databaseId}.",
     "",
     Data23},
    {"2.4.0/search-schema",
     kUpstream,
     {2, 4, 0},
     kRequired,
     "The search indexes have new names and fields.",
     "Fill them anew.",
     "The index is built anew by itself.",
     SearchIsOn},
    {"2.4.0/default-schemas",
     kUpstream,
     {2, 4, 0},
     kChange,
     "Default metadata schemas are loaded, each by a field of app.metadataSchema.",
     "Switch off those that are not wanted.",
     "",
     Data23},
    {"2.4.1/fixes",
     kUpstream,
     {2, 4, 1},
     kChange,
     "Deployments in other partitions work, and the guide of the step 2.3 to 2.4 is right.",
     "",
     "",
     Never},
    // ---- 2.5
    {"2.5.0/data",
     kUpstream,
     {2, 5, 0},
     kRequired,
     "Versions of assets and of files are keyed by database, in new tables. Until the step has "
     "run, "
     "versions are missing.",
     "Run the step 2.4 to 2.5.",
     "\"vams update\" runs it before the new release serves.",
     Data24},
    {"2.5.0/shared-ids",
     kUpstream,
     {2, 5, 0},
     kKnownIssue,
     "Where two databases have an asset of the same id, upstream's script gives all versions to "
     "one "
     "of them; versions of archived assets go where nobody reads them.",
     "Name owners with --owners where the data does not tell.",
     "Owners are told from the data; what stays ambiguous stops the update.",
     Versions},
    {"2.5.0/second-run",
     kUpstream,
     {2, 5, 0},
     kKnownIssue,
     "A second run of upstream's script takes back what was edited in 2.5 since the first.",
     "",
     "A second run changes nothing.",
     Versions},
    {"2.5.0/constraints-announced",
     kUpstream,
     {2, 5, 0},
     kKnownIssue,
     "The notes announce a migration of constraints; there is none.",
     "",
     "",
     Never},
    {"2.5.0/preview-fields",
     kUpstream,
     {2, 5, 0},
     kChange,
     "Two fields of preview files and places come into the search index.",
     "Reindex if they are wanted.",
     "They are there from the first index on.",
     SearchIsOn},
    {"2.5.0/web-build",
     kUpstream,
     {2, 5, 0},
     kRequired,
     "The web application is built with other tools.",
     "Install its packages again.",
     "",
     Never},
    {"2.5.1/fixes",
     kUpstream,
     {2, 5, 1},
     kChange,
     "Deleting a file for good removes its version rows, however many there are.",
     "",
     "",
     Never},
    {"2.5.1/config",
     kUpstream,
     {2, 5, 1},
     kChange,
     "Fields of the configuration that steer AWS resources have no meaning outside AWS.",
     "",
     "\"vams config check\" says of each why.",
     OldFields},
};

}  // namespace

std::span<const ReleaseNote> UpstreamNotes() { return kNotes; }

}  // namespace vams::lifecycle::internal
