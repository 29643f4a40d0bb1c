// Comments on versions of assets: everybody who may read an asset reads them, only who wrote one
// changes or removes it.  Spec: api-metadata.md section 16, data-model.md section 4.18.
//
// They name their asset by its id alone, in the records as on the wire, so that assets of one id in
// several databases share theirs.  Whoever asks for them has to have the right to every such asset,
// archived ones among them: else a namesake in a database of one's own would open the comments of
// an asset that one may not see.  Where there is no asset of the id, one with empty fields is asked
// for, as clients know it.
//
// Bodies are HTML and come sanitised (model/html.h), whatever is stored: other programs, and
// releases that stored what they were sent, have left records behind.  Looking whether a body needs
// it costs a pass over its text; only such a body is parsed again, and its record stays as it is.
//
// Messages of errors are the texts of the wire.
//
// Thread-safe.  Calls block on the item store.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/vocabulary.h"
#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/caller.h"
#include "catalog/stores.h"

namespace vams::catalog {

inline const std::string kCommentsTable = "CommentStorageTable";

struct Comment {
  std::string asset_id;
  std::string key;  // "{assetVersionId}:{commentId}"
  std::string body;
  std::string owner;       // commentOwnerID
  std::string owner_name;  // commentOwnerUsername
  std::string created;
  std::optional<std::string> edited;
};

class Comments {
 public:
  // What the stores refer to must outlive this.
  explicit Comments(const Stores& stores) : stores_(stores) {}

  // kDenied "Action not allowed", as by all calls below.
  Status Require(OpContext& op, Caller& caller, std::string_view asset_id, access::Action action);

  // Needs GET.  The last key first, at most `most`; with a version those of that version only.
  Result<std::vector<Comment>> List(OpContext& op, Caller& caller, std::string_view asset_id,
                                    const std::optional<std::string>& version, std::size_t most);
  // Needs GET.
  Result<std::optional<Comment>> Get(OpContext& op, Caller& caller, std::string_view asset_id,
                                     std::string_view key);

  // In all of these the body is sanitised already, the key well-formed.
  // Needs POST.  In place of one of the caller's own with this key; kNotFound "Record not found"
  // without an asset; kDenied for a key of somebody else's comment.
  Status Create(OpContext& op, Caller& caller, std::string_view asset_id, std::string_view key,
                const std::string& body);
  // Needs POST.  kNotFound "Record not found"; kDenied for somebody else's.
  Status Edit(OpContext& op, Caller& caller, std::string_view asset_id, std::string_view key,
              const std::string& body);
  // Needs DELETE.  The same.  The record is kept where no request sees it.
  Status Delete(OpContext& op, Caller& caller, std::string_view asset_id, std::string_view key);

 private:
  Result<std::vector<Asset>> Open(OpContext& op, Caller& caller, std::string_view asset_id,
                                  access::Action action);

  const Stores stores_;
};

// Of all comments of the id, for the permanent deletion of the last asset that has it; those too
// that were deleted before.
Result<std::vector<items::Write>> DeletionsOfComments(OpContext& op, items::ItemSource& source,
                                                      std::string_view asset_id);

}  // namespace vams::catalog
