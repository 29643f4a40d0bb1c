// Who is told of changes of an asset.  Spec: api-metadata.md section 14.
//
// Messages of errors are the texts of the wire; they carry no prefix there.  kNotFound, kConflict
// and kInvalid are 400.
//
// A subscription names its asset without a database: SubscribedAsset says which one it means.
// Addresses are not kept with it; they are looked up when mail is sent, so that a changed profile
// counts at once.  Every change is one commit in which the row, the asset and its topic are as they
// were read.
//
// Thread-safe.  Calls block on the item store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/caller.h"
#include "catalog/mail_addresses.h"
#include "catalog/stores.h"
#include "model/subscription.h"

namespace vams::catalog {

struct SubscriptionView {
  std::string event, entity, entity_id;
  std::vector<std::string> subscribers;
  // Nothing when the asset is gone.  The id as it is stored, with #deleted of an archived one.
  std::optional<std::string> asset_name, database_id;
};

struct SubscriptionPage {
  std::vector<SubscriptionView> subscriptions;
  std::string next;
};

class Subscriptions {
 public:
  // What the stores refer to must outlive this.
  explicit Subscriptions(const Stores& stores)
      : stores_(stores), addresses_(stores.items, stores.clock, stores.random) {}

  // Those whose asset the caller may GET.
  Result<SubscriptionPage> List(OpContext& op, Caller& caller, std::string_view after,
                                std::size_t limit);

  // These three need POST on the asset: kDenied.  Then, in this order: kInvalid for another entity,
  // kNotFound for an asset that is gone, and what each says.  Whoever is new on the list and has no
  // address makes it kInvalid, naming them.
  // kInvalid for an event that does not exist; kConflict "… already exists …" when one of the
  // subscribers is there already: then nobody is added.
  Status Add(OpContext& op, Caller& caller, const model::Subscription& subscription);
  // Exactly these from now on.  kNotFound without a row.  Who is taken off the list needs an
  // address as well.
  Status Replace(OpContext& op, Caller& caller, const model::Subscription& subscription);
  // Nobody from now on, whoever the request names; the asset has no topic any more.  kNotFound.
  Status Remove(OpContext& op, Caller& caller, const model::Subscription& subscription);

  // The first of the subscribers named is no longer told.  Needs POST on the asset; kNotFound.
  Status Unsubscribe(OpContext& op, Caller& caller, const model::Subscription& subscription);

  // Whether the list has exactly this text.  Needs GET on the asset.
  Result<bool> IsSubscribed(OpContext& op, Caller& caller,
                            const model::SubscriptionQuestion& question);

  // ---- Links in mails, which need no caller.

  Result<LinkState> LookAtConfirmation(OpContext& op, std::string_view token) {
    return addresses_.LookAt(op, token);
  }
  Result<MailAddresses::Confirmed> Confirm(OpContext& op, std::string_view token) {
    return addresses_.Confirm(op, token);
  }
  // Nothing for a token that is none of ours.
  Result<std::optional<UnsubscribeLink>> LookAtUnsubscribe(OpContext& op, std::string_view token) {
    return addresses_.ReadUnsubscribeToken(op, token);
  }
  // Takes everybody off the lists whose mail goes to the link's address; fine if there is nobody.
  Status UnsubscribeByLink(OpContext& op, const UnsubscribeLink& link);

 private:
  struct Opened;
  Result<Opened> Open(OpContext& op, Caller& caller, const model::Subscription& subscription);
  Result<std::vector<std::string>> AddressesOf(OpContext& op,
                                               const std::vector<std::string>& subscribers);
  Status TryAdd(OpContext& op, Caller& caller, const model::Subscription& subscription);
  Status TryReplace(OpContext& op, Caller& caller, const model::Subscription& subscription);
  Status TryRemove(OpContext& op, Caller& caller, const model::Subscription& subscription);
  Status TryUnsubscribe(OpContext& op, Caller& caller, const model::Subscription& subscription);
  Status TryTakeOff(OpContext& op, const items::Item& key, std::string_view address);
  Status Commit(OpContext& op, const std::vector<items::Write>& writes);

  const Stores stores_;
  MailAddresses addresses_;
};

}  // namespace vams::catalog
