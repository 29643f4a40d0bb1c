// Writes to the target of a carry and keeps account of it, so that every row can be read again.
// Internal to carry.  One owner; blocks on the store.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/carry/carry.h"
#include "migrate/digest.h"

namespace vams::migrate::carry {

class Applier {
 public:
  Applier(items::ItemStore& target, CarryOutcome& outcome) : target_(target), outcome_(outcome) {}

  // The row is to be `after` (nothing: absent).  Rows that are so already are not written.  Written
  // with others when there are enough; a key may come again.
  Status Set(OpContext& op, const items::TableSpec& spec, const items::Item& key,
             std::optional<items::Item> after);
  Status Flush(OpContext& op);
  // Reads every row again that was set; kCorrupt for the first that is not as it was set.
  Status Verify(OpContext& op);

 private:
  struct Pending {
    items::Item key;
    std::optional<items::Item> after;
  };
  Status Write(OpContext& op, const std::string& table);
  Status EnsureTable(OpContext& op, const items::TableSpec& spec);
  void Count(const std::string& table, const std::optional<items::Item>& before,
             const std::optional<items::Item>& after);

  items::ItemStore& target_;
  CarryOutcome& outcome_;
  DigestBuilder digests_;
  std::map<std::string, items::TableSpec, std::less<>> specs_;  // of the target
  // By table, by encoded key.
  std::map<std::string, std::map<std::string, Pending>, std::less<>> pending_;
  std::size_t pending_rows_ = 0;
  // What each row was set to: its digest, or nothing where it is absent.
  std::map<std::string, std::map<std::string, std::optional<Digest>>, std::less<>> set_;
};

}  // namespace vams::migrate::carry
