// Listings of the local engine, from the tables sys.objects and sys.object-versions.  Internal to
// objects.  Thread-safe as far as the item store is; blocks when it does.
#pragma once

#include "items/store.h"
#include "objects/store.h"

namespace vams::objects::local {

Result<ListPage> ListObjects(OpContext& op, items::ItemSource& source, const ListRequest& request);
Result<VersionPage> ListObjectVersions(OpContext& op, items::ItemSource& source,
                                       const ListVersionsRequest& request);

}  // namespace vams::objects::local
