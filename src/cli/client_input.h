// What client commands are given besides options: a JSON document, pages of lists, a yes.
// cli.md sections 2.7 to 2.9.  One thread.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/rest_client.h"

namespace vams::cli {

// --json-input and the options that it can stand for.
class JsonInput {
 public:
  void AddOption(CLI::App& command);
  // Reads what was given: JSON text, a file with or without '@', or '-' for standard input.
  // kInvalid if that is no JSON object.
  Status Read();
  bool given() const { return !given_.empty(); }
  // What was given, unread; for Require.
  const std::string& text() const { return given_; }
  const boost::json::object& object() const { return object_; }
  bool Has(std::string_view key) const { return object_.contains(key); }

  // Sets what the document has a member for: always if `wins`, else where the option was not given.
  void Fill(std::string& option, std::string_view key, bool wins = false) const;
  void Fill(std::vector<std::string>& option, std::string_view key) const;
  void Fill(bool& option, std::string_view key) const;
  void Fill(std::size_t& option, std::string_view key) const;

 private:
  std::string given_;
  boost::json::object object_;
};

struct Required {
  const std::string* value;
  const char* option;
};
// A command line without one of these is a wrong one, unless --json-input may hold it.
void Require(CLI::App& command, std::vector<Required> required, const JsonInput* input = nullptr);
// kInvalid, naming the option, if neither the command line nor the document has a value.
Status Need(const std::string& value, std::string_view option);
// -d and -a, under both of the names that upstream's commands have for them.
void AddDatabaseOption(CLI::App& command, std::string& value);
void AddAssetOption(CLI::App& command, std::string& value);

// "?a=b&c=d" of what has a value, percent-encoded.
std::string Query(const std::vector<std::pair<std::string, std::string>>& parameters);

// --page-size, --starting-token, --auto-paginate and --max-items.
struct Paging {
  std::string page_size, starting_token;
  bool auto_paginate = false;
  std::size_t max_items = 0;

  void AddOptions(CLI::App& command);
};

using Parameters = std::vector<std::pair<std::string, std::string>>;
// The list at `path`: one page as the server gave it, or with --auto-paginate all of them put
// together (cli.md section 2.8).  A person who asks for no page gets all.
Result<boost::json::value> GetList(RestClient& client, const std::string& path,
                                   Parameters parameters, const char* items, const Paging& paging);
// "more: --starting-token TOKEN", if the list goes on.
void PrintMore(const boost::json::value& list);

// Prints the JSON of an answer, or calls `print` with it.
Result<int> Show(const RestClient& client, const boost::json::value& answer,
                 const std::function<void(const boost::json::value&)>& print);
// An answer whose text is its "message".
Result<int> ShowMessage(const RestClient& client, const boost::json::value& answer);

// What stands between a typed command and what cannot be undone.
struct Confirmation {
  bool flag = false;  // --confirm
  bool yes = false;   // --yes

  // --confirm, where the command `needs` it, and --yes.
  void AddOptions(CLI::App& command, bool needs);
};
// Whether to go on: not without --confirm where it is `needed`, and at a terminal not without a yes
// to `question`, if there is one.  What was missing has been said.
Result<bool> Confirmed(const RestClient& client, const Confirmation& given, bool needed,
                       const std::string& question, const boost::json::object& ids);

// What a transfer ends with that did not bring everything: 3, or 1 if it brought nothing; 0 where
// VAMS_CLI_COMPAT asks for the exit codes of upstream's client.
int PartlyDone(const Context& context, bool some);

}  // namespace vams::cli
