// Comments as requests describe them: where they stand and what they say.
// Spec: api-metadata.md section 16.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "model/body.h"
#include "model/names.h"

namespace vams::model {

// Bytes of a body as it is stored, which leaves an item of any engine room for the rest.
inline constexpr std::size_t kMostOfComment = 384'000;

// Nothing if the text is "{assetVersionId}:{commentId}" with one colon: the version may be any
// text, the comment's id is chosen by the client and follows the rule of ids.
Complaint CheckCommentKey(std::string_view key);

// The member commentBody, sanitised (html.h).  Upstream stores what it is sent, and every reader is
// exposed to it.
std::string ReadCommentBody(const boost::json::object& body, Problems& problems);

}  // namespace vams::model
