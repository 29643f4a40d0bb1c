#include "app/search_index.h"

#include <fmt/format.h>

#include <chrono>

#include "app/secret.h"
#include "base/log.h"
#include "lifecycle/stacks/search_copy.h"
#include "search/opensearch/opensearch_index.h"
#include "search/xapian/xapian_index.h"

namespace vams::app {

namespace {

// How long a search may wait for a server that is away or too busy.
constexpr std::chrono::seconds kRetry{10};

Result<std::unique_ptr<search::Index>> OpenOnServer(const config::Config& config,
                                                    const lifecycle::Stack& stack) {
  const config::SearchEngine& engine = config.engines.search;
  using Options = search::OpenSearchOptions;
  Options options{.url = engine.url};
  switch (engine.auth) {
    case config::SearchAuth::kNone:
      break;
    case config::SearchAuth::kBasic: {
      options.auth = Options::Auth::kBasic;
      options.username = engine.user;
      TRY(options.password, ReadSecret("engines.search.passwordRef", engine.password_ref));
      break;
    }
    case config::SearchAuth::kAws:
      options.auth = Options::Auth::kSigV4;
      options.region = engine.region;
      if (engine.url.find(".aoss.") != std::string::npos)
        return Error(Code::kNotSupported,
                     "engines.search.url leads to a serverless collection, which lacks calls that "
                     "this engine needs; the server does not start; use a domain of the service, "
                     "or another server");
      break;
  }
  options.ca_file = engine.ca_file;
  // Another generation has a change log of its own, whose positions mean something else.
  options.change_log =
      fmt::format("{}/{}/{}", stack.name, stack.current.number, stack.current.created_at);
  options.visible_at_once = true;
  options.retry.budget = kRetry;
  OpContext op;
  auto index = search::OpenOpenSearchIndex(op, std::move(options));
  if (index.ok()) return index;
  return Error(index.error().code,
               fmt::format("engines.search: {}; the server does not start without its search "
                           "engine, which \"engines.search.kind\": \"none\" switches off",
                           index.error().message),
               index.error().details);
}

}  // namespace

Result<std::unique_ptr<search::Index>> OpenSearchIndex(const config::Config& config,
                                                       const lifecycle::Stack& stack) {
  switch (config.engines.search.kind) {
    case config::SearchKind::kNone:
      return std::unique_ptr<search::Index>();
    case config::SearchKind::kOpensearch:
      return OpenOnServer(config, stack);
    case config::SearchKind::kXapian:
      break;
  }
  const files::Path folder = stack.current.folder / "search";
  lifecycle::ContinueSearchIndex(stack);
  auto index = search::OpenXapianIndex(folder);
  if (index.ok() || index.error().code != Code::kCorrupt) return index;
  LogWarning(
      fmt::format("the search index cannot be read and is built anew: {}", index.error().message));
  TRY_OK(search::RemoveXapianIndex(folder));
  return search::OpenXapianIndex(folder);
}

}  // namespace vams::app
