// Records of tags and tag types, and what assets are asked to have of them.  Internal to catalog
// and to what loads data.  Spec: api-metadata.md sections 13.4 and 18.1, data-model.md
// section 4.19.
//
// Whoever adds a tag or gives it another type commits TouchTags() and a check that the type is
// there along with it: the removal of a type looks for tags of it, and notices in that way that
// there is one more.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_marks.h"
#include "items/store.h"
#include "model/tag.h"

namespace vams::catalog {

inline const std::string kTagsTable = "TagStorageTable";
inline const std::string kTagTypesTable = "TagTypeStorageTable";

items::Item TagKey(std::string_view name);
items::Item TagTypeKey(std::string_view name);
// Of a type only the text "True" says that it is required, as everywhere upstream.
model::Tag TagOf(const items::Item& item);
model::TagType TagTypeOf(const items::Item& item);

// All of them, by name.
Result<std::vector<model::Tag>> AllTags(OpContext& op, items::ItemSource& source);
Result<std::vector<model::TagType>> AllTagTypes(OpContext& op, items::ItemSource& source);

// kConflict where there is one of this name.
items::Write PutNewTag(const model::Tag& tag);
items::Write PutNewTagType(const model::TagType& type);
items::Write CheckTagType(std::string_view name);

Result<AssetMarks> ReadTagMarks(OpContext& op, items::ItemSource& source);
items::Write TouchTags();

// What a new asset needs: kInvalid unless every tag is there and each required type that has tags
// is among theirs; the message is the text of the wire, without a prefix.
Status CheckTagsOfNewAsset(OpContext& op, items::ItemSource& source,
                           const std::vector<std::string>& tags);

}  // namespace vams::catalog
