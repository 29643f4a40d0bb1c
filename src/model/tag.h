// Tags and tag types as requests describe them: reading their bodies.
// Spec: api-metadata.md sections 13.1 to 13.3.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "model/body.h"

namespace vams::model {

struct TagType {
  std::string name;
  std::string description;
  bool required = false;  // new assets need a tag of it

  bool operator==(const TagType&) const = default;
};

struct Tag {
  std::string name;
  std::string description;
  std::string type;  // the name of its type

  bool operator==(const Tag&) const = default;
};

// One, or those of the list `tags` (`tagTypes`), which clients of the stock kind send: at least
// one, in the order of the list.  The value is worth nothing if `problems` is not empty afterwards.
std::vector<Tag> ReadTags(const boost::json::object& body, Problems& problems);
std::vector<TagType> ReadTagTypes(const boost::json::object& body, Problems& problems);

}  // namespace vams::model
