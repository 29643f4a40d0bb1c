// The record of an account in sys.accounts.  For accounts.cc and its neighbours that read records.
// Format: docs/formats/system-tables.md.  Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "identity/accounts.h"
#include "items/value.h"

namespace vams::identity {

struct AccountRecord {
  Account account;
  std::string password_hash;
  std::optional<std::int64_t> temporary_until;  // milliseconds
  std::string totp_secret;                      // empty: no second factor
  std::string totp_pending;                     // empty: no enrolment was begun
  std::int64_t totp_last_step = 0;
  std::vector<std::string> recovery_codes;  // digests
  std::int64_t revision = 0;
};

items::Item AccountKey(std::string_view user);
items::Item AccountItem(const AccountRecord& record);
// kCorrupt, naming the account and the attribute.
Result<AccountRecord> AccountFromItem(const items::Item& item);

// Reads attributes of a record and remembers the first that is not as it must be.
class RecordReader {
 public:
  // `what` names the record in messages: "account \"ada\"".
  RecordReader(const items::Item& item, std::string what);

  // Absent or of another kind fails, unless `required` is false and it is absent: then the empty
  // value.
  std::string Text(std::string_view name, bool required = true);
  std::string Bytes(std::string_view name);  // never required
  bool Flag(std::string_view name, bool required = true);
  std::int64_t Number(std::string_view name, bool required = true);
  void Fail(std::string_view name, std::string_view what);

  const items::Item& item() const { return item_; }
  Status status() const;

 private:
  const items::Value* Find(std::string_view name, items::Kind kind, bool required);

  const items::Item& item_;
  const std::string what_;
  std::string problem_;
};

}  // namespace vams::identity
