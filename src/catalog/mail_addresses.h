// The addresses that the stack may write to.  An address gets mail only after its owner confirmed
// it by a link that was sent there, once for the whole stack; until then it is pending.
// Format: docs/formats/system-tables.md.  Spec: api-metadata.md sections 14.2 and 20 (R10).
//
// A confirmation link holds 256 random bits, which are stored as a digest, works once and for three
// days.  A link for unsubscribing is bound to the address and to what it unsubscribes from, and
// works as long as the address is known.
//
// Thread-safe.  What takes an OpContext blocks on the item store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

// What a link for confirming an address came to.
enum class LinkState : std::uint8_t {
  kUnknown,  // no link of ours, or one that a newer one replaced
  kExpired,
  kGood,
  kUsed,  // it has confirmed its address already
};

// What a link for unsubscribing stands for.
struct UnsubscribeLink {
  std::string address;
  std::string asset_id;  // kEveryAsset: all that the address follows
};
inline constexpr std::string_view kEveryAsset = "*";

class MailAddresses {
 public:
  // They must outlive this.
  MailAddresses(items::ItemStore& items, const Clock& clock, Random& random)
      : items_(items), clock_(clock), random_(random) {}

  // The name an address goes by: one mailbox, however its letters are written.
  static std::string NameOf(std::string_view address);

  // What belongs into the commit that subscribes these addresses (as they were given): unknown ones
  // become pending and are asked; with `again`, pending ones are asked again if that is a day ago.
  // The commit is kConflict if others did the same meanwhile.
  Result<std::vector<items::Write>> WritesToAsk(OpContext& op,
                                                const std::vector<std::string>& addresses,
                                                bool again = true);

  Result<bool> IsConfirmed(OpContext& op, std::string_view address);

  // The token of a new link, for the mail that asks; nothing if there is nothing to ask.  The two
  // before it stay good, because one of them may arrive.
  Result<std::optional<std::string>> NewConfirmation(OpContext& op, std::string_view address);
  Result<LinkState> LookAt(OpContext& op, std::string_view token);
  // kGood: the address is confirmed from now on.
  struct Confirmed {
    LinkState state = LinkState::kUnknown;
    std::string address;  // unless kUnknown
  };
  Result<Confirmed> Confirm(OpContext& op, std::string_view token);

  // kNotFound for an address that is not known.
  Result<std::string> UnsubscribeToken(OpContext& op, std::string_view address,
                                       std::string_view asset_id);
  // Nothing for a token that was not made here.
  Result<std::optional<UnsubscribeLink>> ReadUnsubscribeToken(OpContext& op,
                                                              std::string_view token);

 private:
  struct Record;
  Result<std::optional<Record>> Find(OpContext& op, std::string_view name);
  items::Write Put(Record& record);
  struct Place;
  Result<Place> Look(OpContext& op, std::string_view token);

  items::ItemStore& items_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace vams::catalog
