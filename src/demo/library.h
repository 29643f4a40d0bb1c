// The demonstration library: what is in it, made by the program itself, the same bytes every time.
// For `vams demo load` and `vams up --demo`.  Pure; thread-safe.  Takes about a second to make.
#pragma once

#include <string>
#include <vector>

namespace vams::demo {

struct DemoFile {
  std::string path;  // "model/gantry.glb"
  std::string content;
  std::string primary_type;  // "primary", "lod1"; empty: none
};

// A version of an asset: the files that are new or changed in it.
struct DemoVersion {
  std::vector<DemoFile> files;
  std::string comment;
  std::string alias;  // empty: none
};

struct DemoField {
  std::string key, value, type;
};

struct DemoAsset {
  std::string database, id, name, description;
  std::vector<std::string> tags;
  std::string preview_png;
  std::vector<DemoVersion> versions;
  std::vector<DemoField> metadata;
};

struct DemoLink {
  std::string from_database, from, to_database, to;
  bool parent_child = false;  // else related
  std::string alias;
};

struct DemoTagType {
  std::string name, description;
  std::vector<std::pair<std::string, std::string>> tags;  // name, description
};

struct DemoDatabase {
  std::string id, description;
};

struct Library {
  std::vector<DemoDatabase> databases;
  std::vector<DemoTagType> tag_types;
  std::vector<DemoAsset> assets;
  std::vector<DemoLink> links;
};

Library MakeLibrary();

}  // namespace vams::demo
