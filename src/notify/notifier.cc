#include "notify/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/log.h"
#include "net/http.h"
#include "notify/digest.h"

namespace vams::notify {

using catalog::Mail;
using catalog::MailLine;
using catalog::Notice;
using items::Write;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kNoticesAtOnce = 1000;
constexpr milliseconds kShortestPoll{200};
constexpr milliseconds kLongestPoll{5'000};
constexpr std::chrono::minutes kRoundLimit{30};
// Who gets mail is looked up again in a round that takes long.
constexpr milliseconds kLookAnew{5'000};
// Sixteen doublings of anything are longer than the longest wait.
constexpr std::int64_t kMostDoublings = 16;

constexpr std::string_view kSentHelp = "Mails that the mail server took";
constexpr std::string_view kFailedHelp = "Mails that were not sent, by what became of them";

// "o…@plant.example": enough to find the mail, not enough to write to somebody.
std::string Masked(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == address.npos || at == 0) return "…";
  std::size_t first = 1;
  while (first < at && (static_cast<unsigned char>(address[first]) & 0xC0) == 0x80) ++first;
  return std::string(address.substr(0, first)) + "…" + std::string(address.substr(at));
}

// Servers repeat the address when they refuse it.
std::string WithoutAddress(std::string reason, const std::string& address) {
  if (address.empty()) return reason;
  const std::string masked = Masked(address);
  for (std::size_t at = reason.find(address); at != reason.npos;
       at = reason.find(address, at + masked.size()))
    reason.replace(at, address.size(), masked);
  return reason;
}

std::string LinkOf(const std::string& base, std::string_view page, const std::string& token) {
  return fmt::format("{}/subscriptions/{}?token={}", base, page, token);
}

}  // namespace

Notifier::Notifier(items::ItemStore& items, catalog::Permissions& permissions, const Clock& clock,
                   Random& random, net::MailTransport* transport, NotifierOptions options,
                   Metrics& metrics)
    : items_(items),
      clock_(clock),
      random_(random),
      transport_(transport),
      options_(std::move(options)),
      addresses_(items, clock, random),
      recipients_(items, permissions, addresses_, options_.active),
      sent_(metrics.GetCounter("vams_mail_sent_total", kSentHelp, {{"kind", "notification"}})),
      confirmations_(
          metrics.GetCounter("vams_mail_sent_total", kSentHelp, {{"kind", "confirmation"}})),
      postponed_(metrics.GetCounter("vams_mail_failed_total", kFailedHelp, {{"then", "later"}})),
      refused_(metrics.GetCounter("vams_mail_failed_total", kFailedHelp, {{"then", "refused"}})),
      given_up_(metrics.GetCounter("vams_mail_failed_total", kFailedHelp, {{"then", "given_up"}})),
      server_failures_(metrics.GetCounter("vams_mail_server_failures_total",
                                          "Times that the mail server could not be used")),
      waiting_(metrics.GetGauge("vams_mail_waiting", "Mails that wait to be sent")) {}

Notifier::~Notifier() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (running_ != nullptr) running_->Cancel();
  }
  stop_asked_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Notifier::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Notifier::Loop() {
  const milliseconds poll = std::clamp(options_.digest / 4, kShortestPoll, kLongestPoll);
  bool failed = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    OpContext op(OpContext::SteadyClock::now() + kRoundLimit);
    running_ = &op;
    lock.unlock();
    const Status done = RunOnce(op);
    if (!done.ok() && done.error().code != Code::kCancelled && !std::exchange(failed, true))
      LogWarning(fmt::format("mails could not be looked after; tried again until it works: {}",
                             done.error().message));
    if (done.ok()) failed = false;
    lock.lock();
    running_ = nullptr;
    stop_asked_.wait_for(lock, poll, [this] { return stopping_; });
  }
}

Status Notifier::RunOnce(OpContext& op) {
  const std::lock_guard lock(work_);
  LookAnew();
  TRY_OK(TakeNotices(op));
  return SendDue(op);
}

// Rights and lists may have changed.
void Notifier::LookAnew() {
  recipients_.Forget();
  looked_up_millis_ = clock_.NowMillis();
}

// ---- From notices to waiting mails.

Status Notifier::TakeNotices(OpContext& op) {
  for (;;) {
    TRY(auto notices, catalog::WaitingNotices(op, items_, kNoticesAtOnce));
    std::map<std::string, std::vector<Notice>> by_asset;
    const bool all = notices.size() < kNoticesAtOnce;
    for (Notice& notice : notices) by_asset[notice.asset].push_back(std::move(notice));
    for (const auto& [asset, of_asset] : by_asset) {
      TRY_OK(op.Check());
      TRY(const bool taken, TakeNoticesOf(op, asset, of_asset));
      // Somebody else is at it.
      if (!taken) return Ok();
    }
    if (all) return Ok();
  }
}

Result<bool> Notifier::TakeNoticesOf(OpContext& op, const std::string& asset,
                                     const std::vector<Notice>& notices) {
  TRY(const FollowedAsset* const followed, recipients_.Of(op, asset));
  const std::int64_t now = clock_.NowMillis();
  std::int64_t first = notices.front().millis;
  for (const Notice& notice : notices) first = std::min(first, notice.millis);
  std::vector<Write> mails, removals;
  std::vector<std::string> unconfirmed;
  for (const Recipient& recipient : followed->recipients) {
    if (!recipient.confirmed) {
      unconfirmed.push_back(recipient.to);
      continue;
    }
    TRY(auto open, catalog::FindMail(op, items_, recipient.address, catalog::kOpenMail));
    const bool fresh = !open.has_value();
    if (fresh) {
      open.emplace();
      open->address = recipient.address;
      open->id = catalog::kOpenMail;
      open->due_millis = first + options_.digest.count();
      open->since_millis = now;
    }
    open->to = recipient.to;
    for (const Notice& notice : notices) catalog::AddToMail(notice, *open);
    mails.push_back(fresh ? catalog::PutNewMail(*open) : catalog::PutChangedMail(*open));
  }
  // Addresses that nobody asked so far: imported lists, profiles that changed.
  TRY(auto asking, addresses_.WritesToAsk(op, unconfirmed, /*again=*/false));
  std::ranges::move(asking, std::back_inserter(mails));
  for (const Notice& notice : notices) removals.push_back(catalog::DeleteNotice(notice));
  const Status done = CommitTaken(op, std::move(mails), std::move(removals));
  if (done.ok()) return true;
  if (done.error().code == Code::kConflict) return false;
  return done.error();
}

// In one commit where the engine takes that many writes; else the notices go last, so that nothing
// is lost by a crash in between, though something may be told twice.
Status Notifier::CommitTaken(OpContext& op, std::vector<Write> mails, std::vector<Write> removals) {
  const std::size_t most = items_.traits().max_commit_writes;
  if (most == 0 || mails.size() + removals.size() <= most) {
    std::ranges::move(removals, std::back_inserter(mails));
    TRY_OK(items_.Commit(op, mails));
    return Ok();
  }
  for (const auto* writes : {&mails, &removals})
    for (std::size_t at = 0; at < writes->size(); at += most)
      TRY_OK(
          items_.Commit(op, std::span(*writes).subspan(at, std::min(most, writes->size() - at))));
  return Ok();
}

// ---- Sending.

milliseconds Notifier::RetryAfter(std::int64_t attempts) const {
  const std::int64_t doublings = std::clamp<std::int64_t>(attempts - 1, 0, kMostDoublings);
  return std::min(options_.first_retry * (std::int64_t{1} << doublings), options_.longest_retry);
}

Status Notifier::SendDue(OpContext& op) {
  TRY(auto mails, catalog::WaitingMails(op, items_));
  waiting_.Set(static_cast<double>(mails.size()));
  std::ranges::stable_sort(mails, {}, &Mail::due_millis);
  const std::int64_t now = clock_.NowMillis();
  for (Mail& mail : mails) {
    TRY_OK(op.Check());
    if (mail.since_millis && now - *mail.since_millis >= milliseconds(kMostAge).count()) {
      given_up_.Add();
      LogWarning(fmt::format("a mail to {} could not be sent for {} hours and is given up",
                             Masked(mail.to), kMostAge.count()));
      TRY_OK(Remove(op, mail));
      continue;
    }
    if (transport_ == nullptr || mail.due_millis > now || not_before_millis_ > now) continue;
    if (clock_.NowMillis() - looked_up_millis_ >= kLookAnew.count()) LookAnew();
    TRY(const bool go_on, SendOne(op, std::move(mail)));
    if (!go_on) return Ok();
  }
  return Ok();
}

// From here on nobody else sends it, until the claim is over.  The mail that changes are added to
// gets a name of its own.
Result<bool> Notifier::Claim(OpContext& op, Mail& mail) {
  std::vector<Write> writes;
  const Mail before = mail;
  const std::int64_t now = clock_.NowMillis();
  ++mail.attempts;
  mail.due_millis = now + milliseconds(kClaim).count();
  if (!mail.since_millis) mail.since_millis = now;
  if (mail.id == catalog::kOpenMail) {
    mail.id = "m" + NewUuid(random_);
    writes.push_back(catalog::DeleteMail(before));
    writes.push_back(catalog::PutNewMail(mail));
  } else {
    writes.push_back(catalog::PutChangedMail(mail));
  }
  const auto done = items_.Commit(op, writes);
  if (done.ok()) return true;
  if (done.error().code == Code::kConflict) return false;
  return done.error();
}

Status Notifier::Later(OpContext& op, Mail& mail, milliseconds wait) {
  mail.due_millis = clock_.NowMillis() + wait.count();
  const Write write = catalog::PutChangedMail(mail);
  const auto done = items_.Commit(op, {&write, 1});
  if (done.ok() || done.error().code == Code::kConflict) return Ok();
  return done.error();
}

Status Notifier::Remove(OpContext& op, const Mail& mail) {
  const Write write = catalog::DeleteMail(mail);
  const auto done = items_.Commit(op, {&write, 1});
  if (!done.ok() && done.error().code != Code::kConflict) return done.error();
  waiting_.Add(-1);
  return Ok();
}

void Notifier::ServerFailed(const Error& error) {
  server_failures_.Add();
  ++server_failed_;
  const milliseconds wait = RetryAfter(server_failed_);
  not_before_millis_ = clock_.NowMillis() + wait.count();
  LogWarning(fmt::format("mails wait: {}; tried again in {} s", error.message,
                         std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

Result<bool> Notifier::SendOne(OpContext& op, Mail mail) {
  using Outcome = net::MailAnswer::Outcome;
  TRY(const bool ours, Claim(op, mail));
  if (!ours) return true;
  TRY(const auto message, Compose(op, mail));
  if (!message) {
    TRY_OK(Remove(op, mail));
    return true;
  }
  const auto answer = transport_->Send(op, *message);
  if (!answer.ok() && answer.error().code != Code::kInvalid) {
    // It is still to be sent, as if it had not been tried; behind the others, in case it is this
    // mail on which the server breaks.
    --mail.attempts;
    OpContext closing(OpContext::SteadyClock::now() + std::chrono::seconds(10));
    TRY_OK(Later(closing, mail, RetryAfter(server_failed_ + 1)));
    TRY_OK(op.Check());
    ServerFailed(answer.error());
    return false;
  }
  server_failed_ = 0;
  const Outcome outcome = answer.ok() ? answer->outcome : Outcome::kNever;
  const std::string reason =
      WithoutAddress(answer.ok() ? answer->reason : answer.error().message, mail.to);
  if (outcome == Outcome::kLater) {
    postponed_.Add();
    LogInfo(fmt::format("a mail to {} waits: {}", Masked(mail.to), reason));
    TRY_OK(Later(op, mail, RetryAfter(mail.attempts)));
    return true;
  }
  if (outcome == Outcome::kAccepted) {
    (mail.confirmation() ? confirmations_ : sent_).Add();
  } else {
    refused_.Add();
    LogWarning(fmt::format("a mail to {} was refused for good and is dropped: {}", Masked(mail.to),
                           reason));
  }
  // The operation may be over; the mail is out.
  OpContext closing(OpContext::SteadyClock::now() + std::chrono::seconds(10));
  TRY_OK(Remove(closing, mail));
  return true;
}

// ---- What a mail says.

Result<std::string> Notifier::UnsubscribeLink(OpContext& op, std::string_view address,
                                              std::string_view asset_id) {
  TRY(const auto token, addresses_.UnsubscribeToken(op, address, asset_id));
  return LinkOf(options_.link_url, "unsubscribe", token);
}

Result<std::optional<net::MailMessage>> Notifier::Compose(OpContext& op, const Mail& mail) {
  if (!mail.confirmation()) return ComposeDigest(op, mail);
  TRY(const auto token, addresses_.NewConfirmation(op, mail.address));
  if (!token) return std::optional<net::MailMessage>();
  const Text text = ConfirmationText(options_.stack, LinkOf(options_.link_url, "confirm", *token));
  return std::optional(net::MailMessage{.from = options_.from,
                                        .to = mail.to,
                                        .subject = text.subject,
                                        .text = text.body,
                                        .id = "c" + NewUuid(random_),
                                        .sent_millis = clock_.NowMillis(),
                                        .unsubscribe_url = {}});
}

// Only of what the recipient may still be told: subscriptions and rights change while a mail waits.
Result<std::optional<net::MailMessage>> Notifier::ComposeDigest(OpContext& op, const Mail& mail) {
  Digest digest{.stack = options_.stack,
                .to = mail.to,
                .assets = {},
                .more = mail.more,
                .unsubscribe_link = {}};
  std::map<std::string, std::size_t> places;
  for (const MailLine& line : mail.lines) {
    TRY(const FollowedAsset* const followed, recipients_.Of(op, line.asset));
    const Recipient* const recipient = followed->Find(mail.address);
    if (recipient == nullptr || !recipient->confirmed) continue;
    const auto [place, added] = places.emplace(line.asset, digest.assets.size());
    if (added) {
      const catalog::Asset& asset = *followed->asset;
      TRY(auto link, UnsubscribeLink(op, mail.address, asset.id));
      digest.assets.push_back({.database_id = asset.database_id,
                               .asset_id = asset.id,
                               .name = asset.name,
                               .current_version = asset.current_version,
                               .web_link = {},
                               .unsubscribe_link = std::move(link),
                               .lines = {}});
      if (!options_.web_url.empty())
        digest.assets.back().web_link =
            fmt::format("{}/#/databases/{}/assets/{}", options_.web_url,
                        net::PercentEncode(asset.database_id), net::PercentEncode(asset.id));
    }
    digest.assets[place->second].lines.push_back(line);
  }
  if (digest.assets.empty()) return std::optional<net::MailMessage>();
  const bool several = digest.assets.size() > 1;
  if (several) {
    TRY(digest.unsubscribe_link, UnsubscribeLink(op, mail.address, catalog::kEveryAsset));
  }
  const Text text = DigestText(digest);
  return std::optional(
      net::MailMessage{.from = options_.from,
                       .to = mail.to,
                       .subject = text.subject,
                       .text = text.body,
                       .id = mail.id,
                       .sent_millis = clock_.NowMillis(),
                       .unsubscribe_url = several ? digest.unsubscribe_link
                                                  : digest.assets.front().unsubscribe_link});
}

}  // namespace vams::notify
