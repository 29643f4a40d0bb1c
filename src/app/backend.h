// Everything that answers requests of one stack, wired from its configuration: stores of accounts
// and permissions, keys, audit log, metrics, and the routes over them.
//
// Thread-safe once open.  Open and the destructor block on disk.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "app/prepare.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/stores.h"
#include "config/config.h"
#include "http/access_record.h"
#include "http/routes.h"
#include "items/gated_store.h"
#include "items/store.h"
#include "lifecycle/served_stack.h"
#include "lifecycle/stack.h"

namespace vams::app {

// Of a process that serves; all of it outlives the backend.
struct ServingSetup {
  const items::WriteGate& gate;
  // The store again, for work in the background: it waits while the gate is closed.
  items::ItemStore& patient;
  // Nothing but accounts, sign-in and the lifecycle is of any use (older_data.h).
  bool older_data = false;
  files::Path program;  // what runs operations
  std::function<lifecycle::ServedState()> state;
};

class Backend {
 public:
  // `issuer`: of tokens, unless the configuration names a public host.  The store, the clock and
  // the random source must outlive the backend; the caller holds the stack's lock.  Starts a thread
  // for what has to be done now and then.  Without `serving` there are no lifecycle endpoints.
  static Result<std::unique_ptr<Backend>> Open(const lifecycle::Stack& stack,
                                               const config::Config& config,
                                               const std::string& issuer, items::ItemStore& store,
                                               const Clock& clock, Random& random,
                                               const ServingSetup* serving = nullptr);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // Sends mail from now on, if the configuration names a mail server; without one mails wait.
  // `url`: where links lead, unless the configuration says.  kInvalid for settings that cannot be
  // used.  Once only.
  Status StartMail(const config::Config& config, const std::string& url);

  // Keeps the search index true from now on, and builds it if there is none.  Once only.
  Status StartSearch();

  // The server that serves them must be gone before the backend.
  const http::Routes& routes() const;
  // What assets are kept in, for work beside the server's.
  catalog::Stores stores() const;
  // lifecycle::ServedStack::AdminToken: a credential for the gate, and whether one is such.
  Result<std::string> AdminToken(OpContext& op);
  bool IsAdminToken(std::string_view credential) const;

  // For the server: counts the request and writes it to the access log.  Never blocks.
  void OnAccess(const http::AccessRecord& record);

 private:
  struct Impl;
  explicit Backend(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::app
