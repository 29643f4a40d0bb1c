#include "identity/accounts_record.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace vams::identity {

namespace {

using items::Item;
using items::Kind;
using items::Value;

constexpr std::array kStatuses = {AccountStatus::kForceChangePassword, AccountStatus::kConfirmed,
                                  AccountStatus::kResetRequired};

void SetText(Item& item, std::string_view name, const std::string& text) {
  if (!text.empty()) item.Set(name, Value::S(text));
}
void SetBytes(Item& item, std::string_view name, const std::string& bytes) {
  if (!bytes.empty()) item.Set(name, Value::B(bytes));
}

}  // namespace

std::string_view Name(AccountStatus status) {
  switch (status) {
    case AccountStatus::kForceChangePassword:
      return "FORCE_CHANGE_PASSWORD";
    case AccountStatus::kConfirmed:
      return "CONFIRMED";
    case AccountStatus::kResetRequired:
      return "RESET_REQUIRED";
  }
  return "UNKNOWN";
}

// ---- Reading records ---------------------------------------------------------------------------

RecordReader::RecordReader(const Item& item, std::string what)
    : item_(item), what_(std::move(what)) {}

const Value* RecordReader::Find(std::string_view name, Kind kind, bool required) {
  const Value* value = item_.Find(name);
  if (value == nullptr) {
    if (required) Fail(name, "is missing");
    return nullptr;
  }
  if (!value->is(kind)) {
    Fail(name, fmt::format("is of type {} instead of {}", items::KindName(value->kind()),
                           items::KindName(kind)));
    return nullptr;
  }
  return value;
}

std::string RecordReader::Text(std::string_view name, bool required) {
  const Value* value = Find(name, Kind::kS, required);
  return value == nullptr ? std::string() : value->text();
}

std::string RecordReader::Bytes(std::string_view name) {
  const Value* value = Find(name, Kind::kB, false);
  return value == nullptr ? std::string() : value->text();
}

bool RecordReader::Flag(std::string_view name, bool required) {
  const Value* value = Find(name, Kind::kBool, required);
  return value != nullptr && value->boolean();
}

std::int64_t RecordReader::Number(std::string_view name, bool required) {
  const Value* value = Find(name, Kind::kN, required);
  if (value == nullptr) return 0;
  const std::string& text = value->text();
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size())
    Fail(name, fmt::format("is {} instead of a whole number", text));
  return number;
}

void RecordReader::Fail(std::string_view name, std::string_view what) {
  if (problem_.empty()) problem_ = fmt::format("its attribute \"{}\" {}", name, what);
}

Status RecordReader::status() const {
  if (problem_.empty()) return Ok();
  return Error(Code::kCorrupt,
               fmt::format("the record of the {} cannot be used: {}; restore it from a backup, or "
                           "remove it",
                           what_, problem_));
}

// ---- Accounts ----------------------------------------------------------------------------------

Item AccountKey(std::string_view user) { return {{"userId", Value::S(std::string(user))}}; }

Item AccountItem(const AccountRecord& record) {
  const Account& account = record.account;
  Item item = AccountKey(account.user);
  item.Set("subject", Value::S(account.subject));
  SetText(item, "email", account.email);
  SetText(item, "phone", account.phone);
  item.Set("status", Value::S(std::string(Name(account.status))));
  item.Set("enabled", Value::Bool(account.enabled));
  item.Set("passwordHash", Value::S(record.password_hash));
  if (record.temporary_until) item.Set("temporaryUntil", Value::N(*record.temporary_until));
  SetBytes(item, "totpSecret", record.totp_secret);
  SetBytes(item, "totpPending", record.totp_pending);
  if (record.totp_last_step > 0) item.Set("totpLastStep", Value::N(record.totp_last_step));
  if (!record.recovery_codes.empty()) item.Set("recoveryCodes", Value::SS(record.recovery_codes));
  item.Set("credentials", Value::N(account.credentials));
  item.Set("revision", Value::N(record.revision));
  item.Set("created", Value::N(account.created_millis));
  item.Set("modified", Value::N(account.modified_millis));
  return item;
}

Result<AccountRecord> AccountFromItem(const Item& item) {
  RecordReader reader(item, fmt::format("account \"{}\"", item.Text("userId")));
  AccountRecord record;
  Account& account = record.account;
  account.user = reader.Text("userId");
  account.subject = reader.Text("subject");
  account.email = reader.Text("email", false);
  account.phone = reader.Text("phone", false);
  const std::string status = reader.Text("status");
  bool known = false;
  for (const AccountStatus one : kStatuses) {
    if (Name(one) != status) continue;
    account.status = one;
    known = true;
  }
  if (!known) reader.Fail("status", fmt::format("is \"{}\", which is no status", status));
  account.enabled = reader.Flag("enabled");
  record.password_hash = reader.Text("passwordHash");
  if (item.Has("temporaryUntil")) record.temporary_until = reader.Number("temporaryUntil");
  record.totp_secret = reader.Bytes("totpSecret");
  record.totp_pending = reader.Bytes("totpPending");
  record.totp_last_step = reader.Number("totpLastStep", false);
  if (const Value* codes = item.Find("recoveryCodes"); codes != nullptr) {
    if (codes->is(Kind::kSS))
      record.recovery_codes = codes->set();
    else
      reader.Fail("recoveryCodes", "is no set of texts");
  }
  account.totp = !record.totp_secret.empty();
  account.credentials = reader.Number("credentials");
  record.revision = reader.Number("revision");
  account.created_millis = reader.Number("created");
  account.modified_millis = reader.Number("modified");
  TRY_OK(reader.status());
  return record;
}

}  // namespace vams::identity
