// Tags and tag types.  Spec: api-metadata.md section 13.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <span>
#include <string>
#include <vector>

#include "api/paging.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "model/tag.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::size_t kTagsPage = 3000;
constexpr std::size_t kMostItems = 30000;
constexpr std::string_view kTagList = "tags";
constexpr std::string_view kTypeList = "tag-types";

std::string_view Truth(bool value) { return value ? "True" : "False"; }

// ---- Lists.

struct PageOfNames {
  std::size_t size = 0;
  std::string behind;  // the last name of the page before
};

Parsed<PageOfNames> ReadPage(const Call& call, std::string_view list) {
  PageOfNames page;
  page.size = std::min(FindNumber(call.request, "pageSize").value_or(kTagsPage),
                       FindNumber(call.request, "maxItems").value_or(kMostItems));
  auto behind = AfterOf(call.request, list);
  if (!behind)
    return std::unexpected(
        RefuseGeneral("startingToken is not one that this list gave; start without it"));
  page.behind = *std::move(behind);
  return page;
}

// The part of what is there, sorted by `name_of`, that the page holds.
template <typename Listed, typename NameOf, typename ToJson>
http::Response AnswerPage(const std::vector<Listed>& all, const PageOfNames& page,
                          std::string_view list, const NameOf& name_of, const ToJson& to_json) {
  const auto begin =
      page.behind.empty() ? all.begin() : std::ranges::upper_bound(all, page.behind, {}, name_of);
  const auto count = std::min<std::size_t>(page.size, static_cast<std::size_t>(all.end() - begin));
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  json::array items;
  for (auto at = begin; at != end; ++at) items.push_back(to_json(*at));
  json::object message{{"Items", std::move(items)}};
  if (end != all.end()) message["NextToken"] = NextToken(list, name_of(*(end - 1)));
  return Answer(json::object{{"message", std::move(message)}});
}

// ---- Answers of writes.

// Clients take a success whose message says "error" for a failure, and a name may say it.
bool SaysError(std::string_view text) {
  constexpr std::string_view kWord = "error";
  return !std::ranges::search(text, kWord, [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) == b;
          }).empty();
}

http::Response Done(const Call& call, std::string_view kind, std::string_view shown_name,
                    std::string_view member, const std::string& name, std::string_view operation) {
  const std::string message =
      SaysError(name) ? fmt::format("{} {}d successfully", kind, operation)
                      : fmt::format("{} {} {}d successfully", kind, shown_name, operation);
  return Answer(json::object{{"success", true},
                             {"message", message},
                             {member, name},
                             {"operation", operation},
                             {"timestamp", Timestamp(call.s.clock.NowMillis())}});
}

http::Response TagDone(const Call& call, const std::string& name, std::string_view operation) {
  return Done(call, "Tag", name, "tagName", name, operation);
}

http::Response TypeDone(const Call& call, const std::string& name, std::string_view operation) {
  return Done(call, "Tag type", fmt::format("'{}'", name), "tagTypeName", name, operation);
}

// A list takes effect as a whole, which whoever is told of its first bad element cannot know.
std::string Reason(const Error& error, std::size_t elements) {
  if (elements < 2) return error.message;
  return error.message + "; nothing of the list was stored";
}

Result<http::Response> TagRefused(Call& call, const Error& error, std::size_t elements = 1) {
  if (error.code != Code::kNotFound && error.code != Code::kConflict &&
      error.code != Code::kInvalid)
    return error;
  call.Because(std::string(CodeName(error.code)));
  return RefuseGeneral(Reason(error, elements));
}

// Types tell what is unknown, and refusals have the prefix too.
Result<http::Response> TypeRefused(Call& call, const Error& error, std::string_view verb,
                                   std::size_t elements = 1) {
  if (error.code == Code::kConflict || error.code == Code::kInvalid)
    return TagRefused(call, error, elements);
  if (error.code != Code::kNotFound && error.code != Code::kDenied) return error;
  call.Because(std::string(CodeName(error.code)));
  http::Response refusal =
      RefuseGeneral(error.code == Code::kDenied ? fmt::format("Not authorized to {} tag type", verb)
                                                : Reason(error, elements));
  refusal.status = error.code == Code::kDenied ? 403 : 404;
  return refusal;
}

void AuditTags(Call& call, std::span<const model::Tag> tags, std::string_view operation) {
  for (const model::Tag& tag : tags)
    call.Audit(audit::Channel::kActions, operation == "create" ? "tagCreate" : "tagUpdate",
               {{"tagName", tag.name},
                {"operation", operation},
                {"description", tag.description},
                {"tagTypeName", tag.type}});
}

void AuditTypes(Call& call, std::span<const model::TagType> types, std::string_view operation) {
  for (const model::TagType& type : types)
    call.Audit(audit::Channel::kActions, operation == "create" ? "tagTypeCreate" : "tagTypeUpdate",
               {{"tagTypeName", type.name},
                {"operation", operation},
                {"description", type.description},
                {"required", Truth(type.required)}});
}

// ---- Tags.

Result<http::Response> ListTags(Call& call) {
  PARSE(const auto page, ReadPage(call, kTagList));
  TRY(const auto tags, call.s.asset.tags.List(call.op, call.caller()));
  return AnswerPage(
      tags, page, kTagList,
      [](const catalog::ListedTag& listed) -> const std::string& { return listed.tag.name; },
      [](const catalog::ListedTag& listed) {
        return json::object{{"tagName", listed.tag.name},
                            {"description", listed.tag.description},
                            {"tagTypeName", listed.tag.type + (listed.type_required ? " [R]" : "")},
                            {"required", "False"}};
      });
}

Result<http::Response> CreateTag(Call& call) {
  PARSE(const auto tags, ReadBody(call, "CreateTagRequestModel", model::ReadTags));
  if (const auto done = call.s.asset.tags.Create(call.op, call.caller(), tags); !done.ok())
    return TagRefused(call, done.error(), tags.size());
  AuditTags(call, tags, "create");
  return TagDone(call, tags.back().name, "create");
}

Result<http::Response> UpdateTag(Call& call) {
  PARSE(const auto tags, ReadBody(call, "UpdateTagRequestModel", model::ReadTags));
  if (const auto done = call.s.asset.tags.Update(call.op, call.caller(), tags); !done.ok())
    return TagRefused(call, done.error(), tags.size());
  AuditTags(call, tags, "update");
  return TagDone(call, tags.back().name, "update");
}

Result<http::Response> DeleteTag(Call& call) {
  const std::string& name = call.request.Parameter("tagId");
  if (const auto complaint = model::CheckObjectName("tagId", name))
    return RefuseGeneral(*complaint);
  if (const auto done = call.s.asset.tags.Delete(call.op, call.caller(), name); !done.ok())
    return TagRefused(call, done.error());
  call.Audit(audit::Channel::kActions, "tagDelete", {{"tagName", name}, {"operation", "delete"}});
  return TagDone(call, name, "delete");
}

// ---- Tag types.

Result<http::Response> ListTypes(Call& call) {
  PARSE(const auto page, ReadPage(call, kTypeList));
  TRY(const auto types, call.s.asset.tags.ListTypes(call.op, call.caller()));
  return AnswerPage(
      types, page, kTypeList,
      [](const catalog::ListedTagType& listed) -> const std::string& { return listed.type.name; },
      [](const catalog::ListedTagType& listed) {
        return json::object{{"tagTypeName", listed.type.name},
                            {"description", listed.type.description},
                            {"required", Truth(listed.type.required)},
                            {"tags", json::array(listed.tags.begin(), listed.tags.end())}};
      });
}

Result<http::Response> CreateType(Call& call) {
  PARSE(const auto types, ReadBody(call, "CreateTagTypeRequestModel", model::ReadTagTypes));
  if (const auto done = call.s.asset.tags.CreateTypes(call.op, call.caller(), types); !done.ok())
    return TypeRefused(call, done.error(), "create", types.size());
  AuditTypes(call, types, "create");
  return TypeDone(call, types.back().name, "create");
}

Result<http::Response> UpdateType(Call& call) {
  PARSE(const auto types, ReadBody(call, "UpdateTagTypeRequestModel", model::ReadTagTypes));
  if (const auto done = call.s.asset.tags.UpdateTypes(call.op, call.caller(), types); !done.ok())
    return TypeRefused(call, done.error(), "update", types.size());
  AuditTypes(call, types, "update");
  return TypeDone(call, types.back().name, "update");
}

Result<http::Response> DeleteType(Call& call) {
  const std::string& name = call.request.Parameter("tagTypeId");
  PARSE_OK(Check(model::CheckObjectName("tagTypeId", name)));
  if (const auto done = call.s.asset.tags.DeleteType(call.op, call.caller(), name); !done.ok())
    return TypeRefused(call, done.error(), "delete");
  call.Audit(audit::Channel::kActions, "tagTypeDelete",
             {{"tagTypeName", name}, {"operation", "delete"}});
  return TypeDone(call, name, "delete");
}

}  // namespace

void AddTagRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup tags(gate, {.tag = "tags"});
  tags.Add(Verb::kGet, "/tags", "listTags", "Tags", ListTags);
  tags.Add(Verb::kPost, "/tags", "createTag", "Create a tag, or all of a list", CreateTag);
  tags.Add(Verb::kPut, "/tags", "updateTag", "Change a tag, or all of a list", UpdateTag);
  tags.Add(Verb::kDelete, "/tags/{tagId}", "deleteTag", "Remove a tag; assets keep its name",
           DeleteTag);
  tags.Add(Verb::kGet, "/tag-types", "listTagTypes", "Tag types with their tags", ListTypes);
  tags.Add(Verb::kPost, "/tag-types", "createTagType", "Create a tag type, or all of a list",
           CreateType);
  tags.Add(Verb::kPut, "/tag-types", "updateTagType", "Change a tag type, or all of a list",
           UpdateType);
  tags.Add(Verb::kDelete, "/tag-types/{tagTypeId}", "deleteTagType",
           "Remove a tag type that no tag has", DeleteType);
}

}  // namespace vams::api
