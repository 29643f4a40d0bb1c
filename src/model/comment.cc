#include "model/comment.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "model/html.h"

namespace vams::model {

Complaint CheckCommentKey(std::string_view key) {
  constexpr std::string_view kField = "assetVersionId:commentId";
  const std::size_t colon = key.find(':');
  if (colon == key.npos || key.find(':', colon + 1) != key.npos)
    return fmt::format(
        "{} is invalid. It has to be a version and a comment id with one ':' "
        "between them.",
        kField);
  return CheckId("commentId", key.substr(colon + 1));
}

std::string ReadCommentBody(const boost::json::object& body, Problems& problems) {
  constexpr std::string_view kField = "commentBody";
  const auto refuse = [&](std::string reason) {
    problems.Add(std::string(kField), std::move(reason));
    return std::string();
  };
  const boost::json::value* value = body.if_contains(kField);
  if (value == nullptr || value->is_null() || (value->is_string() && value->get_string().empty()))
    return refuse(fmt::format("{} is a required field.", kField));
  if (!value->is_string()) return refuse(fmt::format("{} is invalid. Must be a string.", kField));
  const std::string_view text = value->get_string();
  if (auto complaint = CheckNotGlobal(kField, text)) return refuse(*std::move(complaint));
  std::string too_long = fmt::format("{} is too long: at most {} bytes can be stored; shorten it",
                                     kField, kMostOfComment);
  if (text.size() > kMostOfComment) return refuse(std::move(too_long));
  std::string html = SanitizeHtml(text);
  if (html.size() > kMostOfComment) return refuse(std::move(too_long));
  if (!HasText(html))
    return refuse(
        fmt::format("{} has no text in it, once what is not allowed in comments is taken "
                    "away; write some",
                    kField));
  return html;
}

}  // namespace vams::model
