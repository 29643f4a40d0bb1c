// Notifier sends the mails of a stack: requests to confirm addresses, and, collected for a while so
// that many changes make one mail, what happened to assets that people follow.
// docs/decisions/010-notices-outbox.md, docs/operations/mail.md.
//
// Everything it has to do stands in the item store: notices that operations wrote, and mails that
// wait.  It takes notices into the waiting mails of their recipients in one commit, and removes a
// mail when the server has taken it.  So nothing is lost by a crash, and several processes may do
// it at once: each mail is claimed before it is sent.  A crash between the server's "yes" and the
// removal sends one mail twice, with the same Message-ID.
//
// Thread-safe.  With Start it has a thread of its own; the destructor waits for what it is doing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/mail_addresses.h"
#include "catalog/mails.h"
#include "catalog/permissions.h"
#include "items/store.h"
#include "net/smtp.h"
#include "notify/recipients.h"

namespace vams::notify {

struct NotifierOptions {
  net::MailBox from;
  std::string stack;     // what the stack is called
  std::string link_url;  // where links lead: "https://assets.plant.example"
  std::string web_url;   // of the web application, for links to assets; empty: none
  // From the first change until its mail goes out.
  std::chrono::milliseconds digest{60'000};
  // After a failure that may pass; doubled for each further one.
  std::chrono::milliseconds first_retry{60'000};
  std::chrono::milliseconds longest_retry{3'600'000};
  Recipients::Active active = {};  // whether a user can sign in
};

class Notifier {
 public:
  // They must outlive this.  Without a transport nothing is sent: mails wait until there is one,
  // notifications for as long as kMostAge.
  Notifier(items::ItemStore& items, catalog::Permissions& permissions, const Clock& clock,
           Random& random, net::MailTransport* transport, NotifierOptions options,
           Metrics& metrics);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Works from now on.
  void Start();
  // All that is due now.  An error is the item store's; what failed is tried again next time.
  Status RunOnce(OpContext& op);

  // A mail that cannot be sent for so long is given up.
  static constexpr std::chrono::hours kMostAge{72};
  // A mail is another process's for so long; longer than sending one takes.
  static constexpr std::chrono::seconds kClaim{120};

 private:
  void Loop();
  void LookAnew();
  Status TakeNotices(OpContext& op);
  Result<bool> TakeNoticesOf(OpContext& op, const std::string& asset,
                             const std::vector<catalog::Notice>& notices);
  Status CommitTaken(OpContext& op, std::vector<items::Write> mails,
                     std::vector<items::Write> removals);
  Status SendDue(OpContext& op);
  // False: the server cannot be used now.
  Result<bool> SendOne(OpContext& op, catalog::Mail mail);
  // Nothing: it is not ours to send, or there is nothing left to say.
  Result<std::optional<net::MailMessage>> Compose(OpContext& op, const catalog::Mail& mail);
  Result<std::optional<net::MailMessage>> ComposeDigest(OpContext& op, const catalog::Mail& mail);
  Result<bool> Claim(OpContext& op, catalog::Mail& mail);
  Status Later(OpContext& op, catalog::Mail& mail, std::chrono::milliseconds wait);
  Status Remove(OpContext& op, const catalog::Mail& mail);
  Result<std::string> UnsubscribeLink(OpContext& op, std::string_view address,
                                      std::string_view asset_id);
  std::chrono::milliseconds RetryAfter(std::int64_t attempts) const;
  void ServerFailed(const Error& error);

  items::ItemStore& items_;
  const Clock& clock_;
  Random& random_;
  net::MailTransport* const transport_;
  const NotifierOptions options_;
  catalog::MailAddresses addresses_;
  Recipients recipients_;

  Counter &sent_, &confirmations_, &postponed_, &refused_, &given_up_, &server_failures_;
  Gauge& waiting_;

  std::mutex work_;                     // one round at a time; guards recipients_ and what follows
  std::int64_t server_failed_ = 0;      // times in a row
  std::int64_t not_before_millis_ = 0;  // the server is not asked earlier
  std::int64_t looked_up_millis_ = 0;   // when recipients_ was empty last

  std::mutex mutex_;  // guards what follows
  std::condition_variable stop_asked_;
  bool stopping_ = false;
  OpContext* running_ = nullptr;
  std::thread thread_;
};

}  // namespace vams::notify
