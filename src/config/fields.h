// The table of every configuration field: upstream's config.json of 2.0 to 2.5 and our own
// sections, with type, default and, where a field only steers AWS infrastructure, why it has no
// meaning here.  For the reader, the report and `vams config show`.  Spec: config.md.
//
// Immutable after first use; thread-safe; no I/O.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vams::config {

enum class Type : std::uint8_t {
  kBool,
  kInt,     // a whole number between Field::min and Field::max
  kNumber,  // any number
  kText,
  kChoice,           // one of Field::choices
  kUrl,              // http:// or https://, without credentials
  kFile,             // a path, or file: and a path; relative to the configuration file's folder
  kFileReference,    // counts only if it begins with file:, as upstream puts an ARN there
  kSecretReference,  // file: and a path, or env: and a variable's name; never the secret
  kTextList,
  kListen,    // ADDR:PORT or a list of them
  kCommand,   // a program's path, or a list of the program and its arguments
  kTextMap,   // an object of texts
  kBuckets,   // app.assetBuckets.externalAssetBuckets
  kIpRanges,  // app.authProvider.authorizerOptions.allowedIpRanges
  kObject,    // whatever else an object holds (a row that ends in `*`)
  kAny,       // not looked at: a field without meaning here
};

struct Field {
  std::string path;
  Type type = Type::kAny;
  boost::json::value default_value = nullptr;
  std::string default_note = {};  // what a default of null comes to
  std::string no_meaning = {};    // why the field does nothing here; empty: it does
  std::string same_as = {};       // an older name: the path it has today
  std::vector<std::string> choices = {};
  double min = 0;
  double max = 0;
  // The field counts only while the field `only_with` has one of these values.
  std::string only_with = {};
  std::vector<std::string> only_values = {};

  bool has_meaning() const { return no_meaning.empty() && same_as.empty(); }
};

// A built-in pipeline of `app.pipelines`, by its path below there.
struct PipelineShape {
  std::string_view name;
  bool enabled;                     // default
  bool native;                      // runs here without help; the others take a command template
  int auto_trigger = -1;            // default of autoRegisterAutoTriggerOnFileUpload; -1: has none
  bool trigger_extensions = false;  // has autoTriggerOnFileExtensionsUpload
  bool container_image = false;     // has ecrContainerImageURI
  bool eula = false;                // has acceptNvidiaEula
  std::string_view group_switch = {};  // field that must be true as well
};

// In the order of the configuration file; every path once.
std::span<const Field> Fields();
std::span<const PipelineShape> Pipelines();

// The row of exactly this path (not of a `*` row), or null.
const Field* FindField(std::string_view path);
// The `*` row for other members of this object, or null.
const Field* FindOpenObject(std::string_view parent);
// True if some field lies below this path.
bool IsSection(std::string_view path);

// VAMS_APP_BASE_STACK_NAME for app.baseStackName.
std::string EnvironmentName(std::string_view path);

// The known path that an unknown one was most likely meant to be; empty if none is near.
std::string Nearest(std::string_view unknown_path);
std::string NearestEnvironmentName(std::string_view unknown_name);

// What a value of this field has to be, to follow the word "expected".
std::string Expected(const Field& field);

}  // namespace vams::config
