// A source on another machine: its server's endpoints below /admin/ab, asked with the API key of an
// administrator there, which is read from a file and told to nobody else.
//
// Thread rule and blocking: as Source.
#pragma once

#include <memory>
#include <string>

#include "lifecycle/ab/source.h"
#include "lifecycle/ab/wire.h"
#include "net/http_client.h"

namespace vams::lifecycle::ab {

class HttpSource final : public Source {
 public:
  // kInvalid for a key file that cannot be read or holds nothing.
  static Result<std::unique_ptr<HttpSource>> Open(const Peer& peer, std::string deployment);

  std::string Where() const override { return peer_.url; }
  Result<SourceLook> Look(OpContext& op) override;
  Result<std::vector<items::TableSpec>> Tables(OpContext& op) override;
  Result<std::string> Rows(OpContext& op, std::string_view table, std::string_view after,
                           std::size_t limit,
                           const items::ItemSource::EncodedVisitor& visit) override;
  Result<std::vector<std::optional<items::Item>>> Now(OpContext& op, std::string_view table,
                                                      std::span<const items::Item> keys) override;
  Result<items::ChangePage> Changes(OpContext& op, items::Position after, std::size_t limit,
                                    std::chrono::milliseconds wait) override;
  Result<bool> Content(OpContext& op, const std::string& sha256, objects::BlobStore& to,
                       objects::BlobBatch& batch) override;
  Result<std::unique_ptr<items::Snapshot>> OpenView(OpContext& op) override;
  Status Clone(OpContext& op, const files::Path& to) override;
  Result<Inventory> TakeInventory(OpContext& op, std::span<const std::string> names) override;
  Status Keep(OpContext& op, items::Position position) override;
  Result<items::Position> Freeze(OpContext& op) override;
  Status Thaw(OpContext& op) override;
  Status HandOver(OpContext& op, const State& becomes) override;
  Status Retire(OpContext& op) override;

  // Makes it the serving side of a deployment with this one; `joining.key` is filled in here.
  Result<Joined> Join(OpContext& op, Joining joining);
  // Has it go on without this side, which is about to be removed.
  Status Leave(OpContext& op);

 private:
  HttpSource(Peer peer, std::string key, std::string deployment)
      : peer_(std::move(peer)), key_(std::move(key)), deployment_(std::move(deployment)) {}
  net::HttpRequest Ask(std::string_view method, std::string_view path) const;
  // The JSON of an answer of 200.
  Result<boost::json::value> Call(OpContext& op, std::string_view method, std::string_view path,
                                  const boost::json::object* body = nullptr);
  Error Refused(const net::HttpResponse& response) const;

  const Peer peer_;
  const std::string key_;
  const std::string deployment_;
  net::HttpClient http_;
  // Of the generation that is followed; 0: not looked yet.
  std::uint64_t generation_ = 0;
};

}  // namespace vams::lifecycle::ab
