#include "http/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace vams::http {

namespace json = boost::json;

namespace {

struct Segment {
  std::string name;  // of the parameter, or the fixed text
  bool parameter = false;
  bool greedy = false;
};

std::vector<Segment> Split(std::string_view path) {
  std::vector<Segment> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view text = path.substr(0, path.find('/'));
    path.remove_prefix(text.size());
    if (!text.starts_with('{')) {
      segments.push_back({.name = std::string(text)});
      continue;
    }
    const bool greedy = text.ends_with("+}");
    segments.push_back({.name = std::string(text.substr(1, text.size() - (greedy ? 3 : 2))),
                        .parameter = true,
                        .greedy = greedy});
  }
  return segments;
}

// What two routes must share to be one path item: OpenAPI compares templates without the names.
std::string ShapeOf(const std::vector<Segment>& segments) {
  std::string shape;
  for (const Segment& segment : segments)
    shape.append("/").append(segment.greedy ? "{}+" : segment.parameter ? "{}" : segment.name);
  return shape;
}

std::string TemplateOf(const std::vector<Segment>& segments) {
  std::string text;
  for (const Segment& segment : segments)
    text.append("/").append(segment.parameter ? "{" + segment.name + "}" : segment.name);
  return text;
}

json::array ParametersOf(const std::vector<Segment>& segments) {
  json::array parameters;
  for (const Segment& segment : segments) {
    if (!segment.parameter) continue;
    json::object parameter = {
        {"name", segment.name},
        {"in", "path"},
        {"required", true},
        {"schema", json::object{{"type", "string"}, {"minLength", 1}}},
    };
    if (segment.greedy)
      parameter["description"] = "The rest of the path; its slashes are sent as they are.";
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

// An error answer that many operations have.
struct CommonAnswer {
  std::string_view status;
  std::string_view name;
  std::string_view description;
};
constexpr std::array kCommonAnswers = {
    CommonAnswer{"400", "BadRequest", "The request is malformed or a value is not allowed."},
    CommonAnswer{"401", "Unauthenticated", "Credentials are missing, wrong or expired."},
    CommonAnswer{"403", "Forbidden", "The caller has no right to do this."},
    CommonAnswer{"404", "NotFound", "There is no such thing, or no such path."},
    CommonAnswer{"429", "TooManyRequests", "Wait as many seconds as Retry-After says."},
    CommonAnswer{"500", "InternalError", "The server failed; its log has the request's id."},
    CommonAnswer{"503", "Unavailable", "The server cannot answer now; try again shortly."},
};

bool Applies(const CommonAnswer& answer, std::string_view security) {
  if (answer.status == "401") return security != "none";
  if (answer.status == "403") return security == "role";
  return true;
}

json::object Reference(std::string_view group, std::string_view name) {
  return {{"$ref", fmt::format("#/components/{}/{}", group, name)}};
}

json::object OperationOf(const Route& route, json::array parameters) {
  json::object operation;
  operation["operationId"] = route.id;
  if (!route.summary.empty()) operation["summary"] = route.summary;
  if (!route.tag.empty()) operation["tags"] = json::array{route.tag};
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  json::object answers;
  answers["2XX"] = json::object{{"description", "Done."}};
  for (const CommonAnswer& answer : kCommonAnswers)
    if (Applies(answer, route.security))
      answers[answer.status] = Reference("responses", answer.name);
  operation["responses"] = std::move(answers);
  json::array security;
  if (route.security != "none") security.push_back(json::object{{"token", json::array()}});
  operation["security"] = std::move(security);
  operation["x-access"] = route.security;
  return operation;
}

json::object Components() {
  const json::object error_schema = {
      {"type", "object"},
      {"required", json::array{"message"}},
      {"properties", json::object{{"message", json::object{{"type", "string"}}}}},
  };
  const json::object error_content = {
      {"application/json", json::object{{"schema", Reference("schemas", "Error")}}}};
  json::object responses;
  for (const CommonAnswer& answer : kCommonAnswers)
    responses[answer.name] =
        json::object{{"description", answer.description}, {"content", error_content}};
  return {
      {"schemas", json::object{{"Error", error_schema}}},
      {"responses", std::move(responses)},
      {"securitySchemes",
       json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}},
  };
}

std::string LowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// A greedy tail beside an ordinary parameter at the same place ("/f/{p}" and "/f/{p+}") needs
// another name.  The shape of the greedy one sorts behind, so only that one ever finds its template
// taken.
void MakeUnique(const json::object& paths, std::vector<Segment>& names) {
  if (!paths.contains(TemplateOf(names))) return;
  for (Segment& segment : names)
    if (segment.greedy) segment.name += '+';
}

json::object PathsOf(const Routes& routes) {
  std::map<std::string, std::vector<const Route*>> by_shape;
  for (const Route& route : routes.all()) by_shape[ShapeOf(Split(route.path))].push_back(&route);
  json::object paths;
  for (auto& [shape, same] : by_shape) {
    std::ranges::sort(same, {}, [](const Route* route) { return route->verb; });
    // Routes may name a parameter differently; the first one's names stand for all.
    std::vector<Segment> names = Split(same.front()->path);
    MakeUnique(paths, names);
    json::object item;
    for (const Route* route : same)
      item[LowerCase(VerbName(route->verb))] = OperationOf(*route, ParametersOf(names));
    paths[TemplateOf(names)] = std::move(item);
  }
  return paths;
}

}  // namespace

json::object OpenApiDocument(const Routes& routes, const OpenApiInfo& info) {
  json::object about = {{"title", info.title}, {"version", info.version}};
  if (!info.description.empty()) about["description"] = info.description;
  std::set<std::string> tags;
  for (const Route& route : routes.all())
    if (!route.tag.empty()) tags.insert(route.tag);
  json::array tag_list;
  for (const std::string& tag : tags) tag_list.push_back(json::object{{"name", tag}});
  json::object document;
  document["openapi"] = "3.1.0";
  document["info"] = std::move(about);
  document["tags"] = std::move(tag_list);
  document["paths"] = PathsOf(routes);
  document["components"] = Components();
  return document;
}

}  // namespace vams::http
