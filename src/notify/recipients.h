// Who is told of changes of an asset, as things are now: its subscribers with their addresses,
// without those who may not see it.  Spec: api-metadata.md sections 14.1 and 15, R9 and R10.
//
// Belongs to one thread; what it looked up it remembers until Forget.  Blocks on the item store.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/mail_addresses.h"
#include "catalog/permissions.h"
#include "items/store.h"

namespace vams::notify {

struct Recipient {
  std::string address;  // as MailAddresses names it
  std::string to;       // as it was given
  bool confirmed = false;
};

struct FollowedAsset {
  std::optional<catalog::Asset> asset;  // nothing: it is gone
  std::vector<Recipient> recipients;    // each address once

  const Recipient* Find(std::string_view address) const;
};

class Recipients {
 public:
  // Whether a user can sign in; empty: everybody can.
  using Active = std::function<Result<bool>(OpContext& op, const std::string& user)>;

  // They must outlive this.
  Recipients(items::ItemStore& items, catalog::Permissions& permissions,
             catalog::MailAddresses& addresses, Active active)
      : items_(items),
        permissions_(permissions),
        addresses_(addresses),
        active_(std::move(active)) {}

  // `asset` is "db:asset".  Valid until Forget.
  Result<const FollowedAsset*> Of(OpContext& op, const std::string& asset);
  void Forget() { known_.clear(); }

 private:
  Result<FollowedAsset> Look(OpContext& op, const std::string& asset);
  Result<bool> MaySee(OpContext& op, const std::string& subscriber, const catalog::Asset& asset);

  items::ItemStore& items_;
  catalog::Permissions& permissions_;
  catalog::MailAddresses& addresses_;
  const Active active_;
  std::map<std::string, FollowedAsset> known_;
};

}  // namespace vams::notify
