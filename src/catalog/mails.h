// Mails that wait to be sent, one record each: a request to confirm an address, or what happened to
// the assets that somebody follows, collected until it is due.  Written by the commits from which
// they follow; read and removed by whoever sends mail.  Format: docs/formats/system-tables.md.
//
// Two who work on one mail do not meet: every write has the mail's revision as its condition.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/notices.h"
#include "items/store.h"

namespace vams::catalog {

// Changes of one kind that one user made to one asset.
struct MailLine {
  std::string asset;  // "db:asset"
  NoticeKind kind = NoticeKind::kAssetChanged;
  std::string by;  // empty: unknown
  std::int64_t first_millis = 0, last_millis = 0;
  std::uint64_t files = 0;         // 0: the change is not about files
  std::vector<std::string> paths;  // the first of them
};

struct Mail {
  std::string address;  // as MailAddresses names it
  std::string id;       // kConfirmationMail, kOpenMail or any other
  std::string to;       // as it was given
  std::int64_t due_millis = 0;
  // What its age counts from: when it was written, of a confirmation when it was first tried.
  std::optional<std::int64_t> since_millis;
  std::int64_t attempts = 0;
  std::int64_t revision = 0;
  std::vector<MailLine> lines;
  std::uint64_t more = 0;  // changes that found no room in `lines`

  bool confirmation() const;
};

// The mail that asks whether an address wants mail; at most one waits for each address.
inline constexpr std::string_view kConfirmationMail = "confirm";
// The one that changes are added to until it is due.
inline constexpr std::string_view kOpenMail = "open";

// Makes the notice a part of the mail: in a line of its own, or in the one that says the same.
void AddToMail(const Notice& notice, Mail& mail);
inline constexpr std::size_t kMostLines = 100;

Result<std::optional<Mail>> FindMail(OpContext& op, items::ItemSource& source,
                                     std::string_view address, std::string_view id);
// All that wait.
Result<std::vector<Mail>> WaitingMails(OpContext& op, items::ItemSource& source);

// Writes with conditions: kConflict when the mail is no longer what it was.
items::Write PutNewMail(const Mail& mail);  // there is none of that name
// In place of what was read; raises the revision.
items::Write PutChangedMail(Mail& mail);
items::Write DeleteMail(const Mail& mail);

}  // namespace vams::catalog
