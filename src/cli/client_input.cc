#include "cli/client_input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <iterator>

#include "cli/terminal.h"
#include "files/files.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostItems = 10'000;
constexpr int kPartial = 3;

Result<std::string> TextGiven(const std::string& given) {
  if (given == "-")
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  const auto begin = given.find_first_not_of(" \t\r\n");
  if (begin != given.npos && (given[begin] == '{' || given[begin] == '[')) return given;
  auto text = files::ReadAll(given.starts_with('@') ? given.substr(1) : given);
  if (text.ok()) return text;
  return Error(Code::kInvalid,
               fmt::format("--json-input is no JSON object, and no file either ({}); "
                           "nothing was done",
                           text.error().message));
}

}  // namespace

void JsonInput::AddOption(CLI::App& command) {
  command
      .add_option("--json-input", given_,
                  "A JSON document with the values: its text, a file (with or without @), or -")
      ->type_name("JSON");
}

Status JsonInput::Read() {
  if (given_.empty()) return Ok();
  TRY(const auto text, TextGiven(given_));
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object())
    return Error(Code::kInvalid,
                 "what --json-input names is no JSON object; nothing was done; give its text, the "
                 "name of a file, or - for standard input");
  object_ = std::move(value.get_object());
  return Ok();
}

void JsonInput::Fill(std::string& option, std::string_view key, bool wins) const {
  const json::value* value = object_.if_contains(key);
  if (value == nullptr || value->is_null() || (!wins && !option.empty())) return;
  option = value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

void JsonInput::Fill(std::vector<std::string>& option, std::string_view key) const {
  const json::value* value = object_.if_contains(key);
  if (value == nullptr || !value->is_array()) return;
  option.clear();
  for (const auto& one : value->get_array())
    option.push_back(one.is_string() ? std::string(one.get_string()) : json::serialize(one));
}

void JsonInput::Fill(bool& option, std::string_view key) const {
  const json::value* value = object_.if_contains(key);
  if (value != nullptr && value->is_bool()) option = value->get_bool();
}

void JsonInput::Fill(std::size_t& option, std::string_view key) const {
  const json::value* value = object_.if_contains(key);
  if (value == nullptr || !value->is_number()) return;
  boost::system::error_code error;
  if (const auto number = value->to_number<std::size_t>(error); !error) option = number;
}

void Require(CLI::App& command, std::vector<Required> required, const JsonInput* input) {
  command.parse_complete_callback([required = std::move(required), input] {
    if (input != nullptr && input->given()) return;
    for (const auto& one : required)
      if (one.value->empty()) throw CLI::RequiredError(one.option);
  });
}

void AddDatabaseOption(CLI::App& command, std::string& value) {
  command.add_option("-d,--database-id,--database", value, "The database")->type_name("ID");
}

void AddAssetOption(CLI::App& command, std::string& value) {
  command.add_option("-a,--asset-id,--asset", value, "The asset")->type_name("ID");
}

Status Need(const std::string& value, std::string_view option) {
  if (!value.empty()) return Ok();
  return Error(Code::kInvalid, fmt::format("{} is required; nothing was done; give it, or a "
                                           "document that has it with --json-input",
                                           option));
}

std::string Query(const Parameters& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters)
    if (!value.empty())
      query += (query.empty() ? "?" : "&") + name + "=" + net::PercentEncode(value);
  return query;
}

void Paging::AddOptions(CLI::App& command) {
  command.add_option("--page-size", page_size, "At most so many in a page")->type_name("N");
  command.add_option("--starting-token", starting_token, "Where the page before ended")
      ->type_name("TOKEN");
  command.add_flag("--auto-paginate", auto_paginate, "All pages, put together");
  command
      .add_option("--max-items", max_items,
                  fmt::format("End with so many, with --auto-paginate (default: {})", kMostItems))
      ->type_name("N");
}

Result<json::value> GetList(RestClient& client, const std::string& path, Parameters parameters,
                            const char* items, const Paging& paging) {
  if (paging.auto_paginate && !paging.starting_token.empty())
    return Error(Code::kInvalid,
                 "--auto-paginate begins with the first page, so there can be no --starting-token; "
                 "nothing was done; leave one of them out");
  const bool asked = !paging.page_size.empty() || !paging.starting_token.empty();
  const bool all = paging.auto_paginate || (!client.quiet() && !asked);
  if (paging.max_items > 0 && !all && !client.quiet())
    fmt::print(stderr, "warning: --max-items counts with --auto-paginate only\n");
  parameters.emplace_back("pageSize", paging.page_size);
  if (!all) {
    parameters.emplace_back("startingToken", paging.starting_token);
    return client.Call("GET", path + Query(parameters));
  }
  const std::size_t most = paging.max_items > 0 ? paging.max_items : kMostItems;
  json::array found;
  std::size_t pages = 0;
  std::string token;
  do {
    Parameters now = parameters;
    now.emplace_back("startingToken", token);
    TRY(const auto page, client.Call("GET", path + Query(now)));
    ++pages;
    for (const auto& item : ListOf(page, items))
      if (found.size() < most) found.push_back(item);
    token = TextOf(page, "NextToken");
  } while (!token.empty() && found.size() < most);
  json::object list{{items, std::move(found)}};
  list["totalItems"] = list.at(items).get_array().size();
  list["autoPaginated"] = true;
  list["pageCount"] = pages;
  if (!token.empty()) list["note"] = fmt::format("There are more than {}: see --max-items", most);
  return list;
}

void PrintMore(const json::value& list) {
  if (const auto token = TextOf(list, "NextToken"); !token.empty())
    fmt::print("more: --starting-token {}\n", Printable(token));
  if (const auto note = TextOf(list, "note"); !note.empty()) fmt::print("{}\n", note);
}

Result<int> Show(const RestClient& client, const json::value& answer,
                 const std::function<void(const json::value&)>& print) {
  if (client.quiet())
    PrintJson(answer);
  else
    print(answer);
  return kDone;
}

Result<int> ShowMessage(const RestClient& client, const json::value& answer) {
  return Show(client, answer, [](const json::value& said) {
    const auto message = TextOf(said, "message");
    fmt::print("{}\n", message.empty() ? "done" : Printable(message));
  });
}

void Confirmation::AddOptions(CLI::App& command, bool needs) {
  if (needs) command.add_flag("--confirm", flag, "Needed: this cannot be undone");
  command.add_flag("--yes", yes, "Ask no question");
}

Result<bool> Confirmed(const RestClient& client, const Confirmation& given, bool needed,
                       const std::string& question, const json::object& ids) {
  if (needed && !given.flag) {
    const char* message = "this cannot be undone; nothing was done; say it with --confirm";
    if (client.quiet()) {
      json::object object{{"error", "Confirmation required"}, {"message", message}};
      for (const auto& member : ids) object[member.key()] = member.value();
      PrintJson(object);
    } else {
      fmt::print(stderr, "vams: {}\n", message);
    }
    return false;
  }
  // A script has said what it wants; a person may have slipped.
  if (question.empty() || given.yes || client.quiet() || ::isatty(0) != 1) return true;
  fmt::print(stderr, "{} [y/N] ", question);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return true;
  fmt::print(stderr, "vams: nothing was done\n");
  return false;
}

int PartlyDone(const Context& context, bool some) {
  const auto found = context.environment.find("VAMS_CLI_COMPAT");
  const bool as_upstream = found != context.environment.end() && !found->second.empty();
  if (as_upstream) return kDone;
  return some ? kPartial : static_cast<int>(kFailed);
}

}  // namespace vams::cli
