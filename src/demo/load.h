// Puts the demonstration library into a stack, as its own administrator would through the API:
// every asset with files, pictures, versions, metadata, tags and links.  What is there already
// stays as it is, so loading twice changes nothing, and an interrupted load goes on with the next
// one.
//
// Belongs to one thread.  Blocks on the item store and the object store.
#pragma once

#include <cstddef>
#include <string>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/stores.h"
#include "demo/library.h"

namespace vams::demo {

struct Loaded {
  std::size_t databases = 0, assets = 0, files = 0, versions = 0, links = 0;  // that are new
};

// `user` is who made it all, by the records; the files go to `bucket`.  kNotFound if there is no
// such bucket.
Result<Loaded> Load(OpContext& op, const catalog::Stores& stores, const std::string& user,
                    const std::string& bucket, const Library& library);

// Whether nobody has made a database yet.
Result<bool> IsEmpty(OpContext& op, const catalog::Stores& stores);

}  // namespace vams::demo
