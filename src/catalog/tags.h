// Tags and their types, which all databases share.  Spec: api-metadata.md section 13.
//
// Messages of errors are the texts of the wire without upstream's prefix "VAMS General Error: ".
// Whatever is written in one call takes effect together or not at all.  No tag ever has a type that
// is not there, however many change both at once.
//
// Thread-safe.  Calls block on the item store.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/caller.h"
#include "catalog/stores.h"
#include "model/tag.h"

namespace vams::catalog {

struct ListedTag {
  model::Tag tag;
  bool type_required = false;
};

struct ListedTagType {
  model::TagType type;
  std::vector<std::string> tags;  // names of all tags of it
};

class Tags {
 public:
  // What the stores refer to must outlive this.
  explicit Tags(const Stores& stores) : stores_(stores) {}

  // Those that the caller may see, by name.
  Result<std::vector<ListedTag>> List(OpContext& op, Caller& caller);
  // For each in turn: kDenied; kConflict "… already exists", of one that stands twice in the list
  // too; kInvalid for a type that is not there.
  Status Create(OpContext& op, Caller& caller, std::span<const model::Tag> tags);
  // For each in turn: kDenied; kNotFound; kInvalid for a type that is not there.  Of one that
  // stands twice in the list the last counts.
  Status Update(OpContext& op, Caller& caller, std::span<const model::Tag> tags);
  // kNotFound; kDenied.  Assets keep its name.
  Status Delete(OpContext& op, Caller& caller, std::string_view name);

  // Those that the caller may see, by name, with all of their tags.
  Result<std::vector<ListedTagType>> ListTypes(OpContext& op, Caller& caller);
  // For each in turn: kConflict "… already exists"; kDenied.
  Status CreateTypes(OpContext& op, Caller& caller, std::span<const model::TagType> types);
  // For each in turn: kNotFound; kDenied.
  Status UpdateTypes(OpContext& op, Caller& caller, std::span<const model::TagType> types);
  // kNotFound; kConflict if there is a tag of it; kDenied.
  Status DeleteType(OpContext& op, Caller& caller, std::string_view name);

 private:
  const Stores stores_;
};

}  // namespace vams::catalog
