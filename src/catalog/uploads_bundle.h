// Small files of an upload whose parts come in bundles (docs/formats/part-bundle.md), as the
// upload's record keeps them: they have no multipart upload of their own, so that one record stands
// for all of them until they are files.  Internal to catalog.
//
// Plain functions, thread-safe; what takes an OpContext blocks on the item store.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "objects/store.h"

namespace vams::catalog {

struct BundledFile {
  std::string key;                                // of the object that it will be
  std::optional<objects::StagedContent> content;  // when it has come
};
using BundledFiles = std::map<std::string, BundledFile, std::less<>>;  // by uploadIdS3

// How many bytes the keys of one upload's bundled files may have together: the record has to fit
// into an item.
inline constexpr std::size_t kBundledKeyBytes = std::size_t{64} << 10;

// Of the record of an upload; what cannot be read there is left out.
BundledFiles BundledOf(const items::Item& upload);
// Nothing happens where there are none.
void SetBundled(items::Item& upload, const BundledFiles& files);

// The changes that make `files` those of the record, and the conditions under which that loses
// nothing: nobody changed them since `upload` was read.  Both are empty for a record that never had
// any.
struct BundledChange {
  std::vector<items::Mutation> mutations;
  std::vector<items::Condition> conditions;
};
BundledChange ChangeBundled(const items::Item& upload, const BundledFiles& files);

// Notes the contents in the record, which was read as `upload`.  kNotFound when it is gone.
Status AddBundled(OpContext& op, items::ItemStore& store, items::Item upload,
                  const std::vector<std::pair<std::string, objects::StagedContent>>& contents);

}  // namespace vams::catalog
