// Signed object URLs: whoever holds one may read one object, store one part of an upload, or store
// parts of the files of one upload, without an account and until it expires.  For the endpoints
// that hand such URLs out and for the one that honours them.  Spec: api-assets.md
// sections 1.11, 5.3, 8.  Format: docs/formats/signed-urls.md.
//
// Thread-safe.  Signing and verifying take microseconds; once a minute, and for a key that is not
// known, they read the item store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::objects {

class UrlKeys;

// The path of every signed URL is this and one segment.
inline constexpr std::string_view kSignedUrlPath = "/objects/";
// No signed URL's target is as long as this.
inline constexpr std::size_t kMaxSignedUrlBytes = 8192;

// kPost: many small parts in one body (docs/formats/part-bundle.md).
enum class UrlMethod : std::uint8_t { kGet, kHead, kPut, kPost };

// Both ends belong to it.
struct ByteBounds {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const ByteBounds&, const ByteBounds&) = default;
};

// What a URL allows.
struct UrlGrant {
  UrlMethod method = UrlMethod::kGet;  // kGet, which allows HEAD as well, kPut or kPost
  std::string bucket;
  std::string key;

  // kGet only; what is empty is not asked for.
  std::string version_id;           // empty: the newest when the URL is used
  std::optional<ByteBounds> range;  // the bytes of the object that may be sent
  std::string content_type;         // of the answer, instead of the object's
  std::string content_disposition;  // of the answer; ASCII, other names as filename* (RFC 6266)

  // kPut: the part that is stored.  kPost: the upload of an asset whose files the parts are of,
  // without a number; the key is the asset's id.
  std::string upload_id;
  int part_number = 0;                       // 1 to 10000
  std::optional<ByteBounds> content_length;  // how many bytes the body may have

  friend bool operator==(const UrlGrant&, const UrlGrant&) = default;
};

struct VerifiedUrl {
  UrlGrant grant;
  std::int64_t expires_seconds = 0;  // since 1970
};

class SignedUrls {
 public:
  // Makes the first key where the store has none.  `store` has the system tables; it, clock and
  // random (a cryptographic one) must outlive this.
  static Result<std::unique_ptr<SignedUrls>> Open(OpContext& op, items::ItemStore& store,
                                                  const Clock& clock, Random& random);
  ~SignedUrls();

  // Path and query, "/objects/…?…", to be put behind the server's address.  Valid from now, to the
  // second, for 1 to kMaxUrlSeconds (7 days); kInvalid for a grant that cannot be.
  Result<std::string> Sign(OpContext& op, const UrlGrant& grant, std::int64_t seconds);

  // `target` is path and query exactly as sent.  kDenied for whatever is not to be honoured, with
  // the reason in the details; the error has no part of the URL in it.  The caller then holds the
  // request to the rest of the grant: CheckLength before it stores, CheckRange before it sends.
  Result<VerifiedUrl> Verify(OpContext& op, UrlMethod used, std::string_view target);

  // A new key signs from now on; URLs signed with earlier ones stay valid until they expire.
  Status RotateKeys(OpContext& op);
  // What has to be done now and then, once a day at least: an old key makes room for a new one,
  // keys that can have no valid URL any more are removed.
  Status Maintain(OpContext& op);

 private:
  SignedUrls(std::unique_ptr<UrlKeys> keys, const Clock& clock);

  const std::unique_ptr<UrlKeys> keys_;
  const Clock& clock_;
};

// kDenied if a body of this many bytes may not be stored.  A body that does not say its length has
// to be checked when it is complete, and must not be read beyond content_length->high.
Status CheckLength(const UrlGrant& grant, std::uint64_t bytes);
// kDenied if the bytes `first` to `last` of the object may not be sent.  Without a Range these are
// all; an empty object has none and may be sent.
Status CheckRange(const UrlGrant& grant, std::uint64_t first, std::uint64_t last);

}  // namespace vams::objects
