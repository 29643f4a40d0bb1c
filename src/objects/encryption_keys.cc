#include "objects/encryption_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault_point.h"
#include "objects/blob_format.h"
#include "objects/staged_file.h"

namespace vams::objects {

namespace {

constexpr mode_t kOfOthers = S_IROTH | S_IWOTH;
// Behind the name of a key that is about to take the place of the one before.
constexpr std::string_view kNext = ".next";

files::Path OwnKey(const files::Path& folder) { return folder.parent_path() / "stack.key"; }
files::Path NextKey(const files::Path& folder) { return files::Path(OwnKey(folder)).concat(kNext); }

// kNotFound without the file.
Result<SecretKey> ReadKey(const files::Path& path) {
  // Whoever reads a FIFO by mistake must not wait for it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return files::ErrnoError("read the stack key", path, errno);
  struct stat info {};
  char bytes[kKeySize + 1];
  const bool known = ::fstat(fd, &info) == 0;
  const ssize_t count = known && S_ISREG(info.st_mode) ? ::read(fd, bytes, sizeof bytes) : 0;
  const int error = errno;
  ::close(fd);
  if (!known || count < 0) return files::ErrnoError("read the stack key", path, error);
  if (!S_ISREG(info.st_mode))
    return Error(Code::kInvalid, fmt::format("the stack key {} is no regular file; name the file "
                                             "that holds it",
                                             path.string()));
  if (static_cast<std::size_t>(info.st_size) != kKeySize ||
      static_cast<std::size_t>(count) != kKeySize) {
    OPENSSL_cleanse(bytes, sizeof bytes);
    return Error(Code::kInvalid,
                 fmt::format("the stack key {} has {} bytes, but a key is exactly {} random bytes; "
                             "name the right file",
                             path.string(), info.st_size, kKeySize));
  }
  SecretKey key = SecretKey::Of({bytes, kKeySize});
  OPENSSL_cleanse(bytes, sizeof bytes);
  if ((info.st_mode & kOfOthers) != 0)
    return Error(Code::kInvalid, fmt::format("the stack key {0} is open to every user of this "
                                             "machine; run chmod o= {0}",
                                             path.string()));
  return key;
}

// A new key at `path`, unless somebody was faster: then theirs.
Result<SecretKey> MakeKey(const files::Path& path, Random& random) {
  const auto folder = path.parent_path();
  const SecretKey key = SecretKey::Generate(random);
  TRY(auto file, StagedFile::Create(folder));
  TRY_OK(file.Write(key.bytes()));
  TRY_OK(file.Sync());
  TRY_OK(file.Close(0600));
  VAMS_POINT("objects.stack_key.before_link");
  if (::link(file.path().c_str(), path.c_str()) != 0 && errno != EEXIST)
    return files::ErrnoError("create the stack key", path, errno);
  TRY_OK(files::SyncFolder(folder));
  return ReadKey(path);
}

// The stack key that lies beside the folder.
Result<SecretKey> OwnKeyOf(const files::Path& folder) {
  TRY(const auto format, ReadBlobFormat(folder));
  TRY_OK(CheckCanSeal(folder, format));
  const auto path = OwnKey(folder);
  if (!format.sealed()) {
    TRY_OK(files::MakeFolders(folder));
    return MakeKey(path, SystemRandom());
  }
  auto key = ReadKey(path);
  if (key.ok() && IdOf(*key) == format.key) return key;
  // A replacement was cut off between its two files.
  auto next = ReadKey(NextKey(folder));
  if (next.ok() && IdOf(*next) == format.key) {
    TRY_OK(files::RenameDurably(NextKey(folder), path));
    return next;
  }
  if (key.ok() || key.error().code != Code::kNotFound) return key;
  return Error(Code::kNotFound,
               fmt::format("the contents in {} are encrypted with the stack key {}, and its file "
                           "{} is missing; put it back from where it is kept: nothing else opens "
                           "them",
                           folder.string(), HexOf(format.key), path.string()));
}

Result<SecretKey> KeyOf(const files::Path& folder, const EncryptionChoice& encryption) {
  if (encryption.key_file.empty()) return OwnKeyOf(folder);
  // Absent: the configuration is wrong, rather than something that was asked for.
  auto key = ReadKey(encryption.key_file);
  if (!key.ok() && key.error().code == Code::kNotFound)
    return Error(Code::kInvalid, fmt::format("{}; put the key there, or correct "
                                             "app.useKmsCmkEncryption.optionalExternalCmkArn",
                                             key.error().message));
  return key;
}

}  // namespace

Result<std::unique_ptr<BlobStore>> OpenBlobs(const files::Path& folder,
                                             const EncryptionChoice& encryption,
                                             const BlobStoreOptions& options) {
  if (!encryption.enabled) return BlobStore::Open(folder, options);
  TRY(const auto key, KeyOf(folder, encryption));
  BlobStoreOptions with_key = options;
  with_key.key = key;
  return BlobStore::Open(folder, with_key);
}

Result<std::unique_ptr<const SealKeys>> OpenStackKeys(const files::Path& folder,
                                                      const EncryptionChoice& encryption) {
  if (!encryption.enabled) return std::unique_ptr<const SealKeys>();
  TRY_OK(files::MakeFolders(folder));
  TRY(const auto key, KeyOf(folder, encryption));
  return OpenBlobFormat(folder, key);
}

Result<SecretKey> ReadStackKey(const files::Path& path) { return ReadKey(path); }

Result<std::string> ReplaceStackKey(const files::Path& folder, const EncryptionChoice& encryption,
                                    const files::Path& old_key, Random& random) {
  if (!encryption.enabled)
    return Error(Code::kConflict,
                 fmt::format("the contents in {} are not encrypted, so there is no key to replace; "
                             "nothing was changed",
                             folder.string()));
  TRY(const auto format, ReadBlobFormat(folder));
  if (!format.sealed())
    return Error(Code::kConflict,
                 fmt::format("nothing was encrypted in {} so far, so there is no key to replace; "
                             "nothing was changed",
                             folder.string()));
  if (!old_key.empty()) {
    TRY(const auto from, ReadKey(old_key));
    TRY(const auto to, KeyOf(folder, encryption));
    TRY_OK(ReplaceSealKey(folder, from, to, random));
    return HexOf(IdOf(to));
  }
  if (!encryption.key_file.empty())
    return Error(Code::kInvalid,
                 "the stack key is a file that the configuration names; nothing was changed; name "
                 "the new file there, and the old one with --old-key");
  // Also ends a replacement that was cut off.
  TRY(const auto from, OwnKeyOf(folder));
  TRY(const auto to, MakeKey(NextKey(folder), random));
  TRY_OK(ReplaceSealKey(folder, from, to, random));
  VAMS_POINT("objects.stack_key.before_rename");
  TRY_OK(files::RenameDurably(NextKey(folder), OwnKey(folder)));
  return HexOf(IdOf(to));
}

}  // namespace vams::objects
