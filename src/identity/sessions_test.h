// What the tests of sessions share: a world with accounts, sessions, and what they reported.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "identity/accounts_test.h"
#include "identity/sessions.h"

namespace vams::identity::test {

inline constexpr std::string_view kAddress = "192.0.2.1";

// As if a server had made this key on this store before.
inline void GiveKey(World& world, std::size_t n) {
  using items::Value;
  const RsaKey& key = KeyNumber(n);
  const std::string table(tables::kSigningKeysTable);
  const std::vector<items::Write> writes = {
      items::Write::Put(table,
                        {{"keyId", Value::S("current")}, {"key", Value::S(key.Thumbprint())}},
                        {items::Condition::Absent()}),
      items::Write::Put(table, {{"keyId", Value::S(key.Thumbprint())},
                                {"privateKey", Value::S(key.PrivatePem())},
                                {"created", Value::N(world.clock.NowMillis())}})};
  const auto committed = world.store->Commit(world.op, writes);
  if (!committed.ok()) {
    EXPECT_EQ(committed.error().code, Code::kConflict);
  }
}

// A server process over a store, which others may share.
struct Server {
  explicit Server(World& w, items::ItemStore* over = nullptr, SessionOptions given = {})
      : world(w), accounts(w.MakeAccounts(over)), options(std::move(given)) {
    if (w.key) GiveKey(w, *w.key);
    options.issuer = "https://vams.example.org";
    auto opened = Sessions::Open(
        over == nullptr ? *w.store : *over, accounts, w.clock, w.random, options,
        [](OpContext&, std::string_view) -> Result<std::vector<std::string>> {
          return std::vector<std::string>{"admin", "\"odd\" role"};
        },
        [this](const LoginEvent& event) {
          const std::lock_guard lock(mutex);
          events.push_back(event);
        });
    sessions = Must(std::move(opened));
  }

  LoginEvent LastEvent() {
    const std::lock_guard lock(mutex);
    return events.empty() ? LoginEvent{} : events.back();
  }

  void Add(std::string user) {
    Must(accounts.Create(world.op, {.user = std::move(user),
                                    .email = "ada@example.org",
                                    .phone = "",
                                    .password = std::string(kPassword),
                                    .must_change = false}));
  }
  Result<LoginStep> TryLogin(std::string_view user, std::string_view password = kPassword,
                             std::string_view address = kAddress) {
    return sessions->Login(world.op, user, password, address);
  }
  // Of a user who has neither a second factor nor a password to change.
  Tokens Login(std::string_view user, std::string_view password = kPassword) {
    auto step = Must(TryLogin(user, password));
    EXPECT_TRUE(step.tokens.has_value());
    return step.tokens.value_or(Tokens{});
  }
  bool Verifies(std::string_view token) { return sessions->Verify(world.op, token).ok(); }
  Result<Tokens> Refresh(std::string_view token, bool rotate = true) {
    return sessions->Refresh(world.op, token, kAddress, rotate);
  }
  // The secret of the user's app, and recovery codes.
  std::pair<std::string, std::vector<std::string>> Enrol(std::string_view user) {
    const auto begun = Must(accounts.BeginTotp(world.op, user));
    auto recovery =
        Must(accounts.FinishTotp(world.op, user, CodeFor(begun.secret_base32, world.clock)));
    world.clock.Advance(60);
    return {begun.secret_base32, std::move(recovery)};
  }

  World& world;
  Accounts accounts;
  SessionOptions options;
  std::unique_ptr<Sessions> sessions;
  std::mutex mutex;
  std::vector<LoginEvent> events;  // guarded by mutex
};

}  // namespace vams::identity::test
