// What kind of blob folder one is: its `format` file, and with which keys its contents are sealed.
// Internal to objects.  Format: docs/formats/blobs.md.
// Thread-safe (no shared state).  Blocks on disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "files/files.h"
#include "objects/encryption.h"

namespace vams::objects {

struct BlobFormat {
  enum class Kind : std::uint8_t { kNone, kFiles, kPacks, kSealed } kind = Kind::kNone;
  KeyId key{};  // of a sealed one
  // Stack keys it had before, each wrapped under the current one.
  struct Previous {
    KeyId id{};
    std::string wrapped;
  };
  std::vector<Previous> previous;

  bool sealed() const { return kind == Kind::kSealed; }
  std::string Text() const;
};

// kNone where there is no such file.  kNotSupported for a folder of a newer release, kInvalid for
// one that holds something else, kCorrupt for a damaged one.
Result<BlobFormat> ReadBlobFormat(const files::Path& folder);

// kConflict if it has contents that are not sealed: those cannot become so in place.
Status CheckCanSeal(const files::Path& folder, const BlobFormat& format);

// Makes the folder what is asked for if it is new or has no contents yet, and looks whether the key
// is the right one.  Nothing without a key: the folder is plain.  kInvalid, naming both, when the
// folder is sealed with another key or there is none; kConflict for one that is not sealed, or that
// another process writes to.
Result<std::unique_ptr<const SealKeys>> OpenBlobFormat(const files::Path& folder,
                                                       const std::optional<SecretKey>& key);

// From now on the folder has packs; releases that know none refuse it.
Status AllowPacks(const files::Path& folder);

// kConflict if the folder is no longer what it was when it was opened with these keys.
Status CheckSameFormat(const files::Path& folder, const SealKeys* keys);

// The folder's contents are sealed with the new key from now on, and those there are stay readable.
// The caller keeps writers and readers away.
Status ReplaceSealKey(const files::Path& folder, const SecretKey& from, const SecretKey& to,
                      Random& random);

}  // namespace vams::objects
