#include "objects/blob_format.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "objects/blob_files.h"

namespace vams::objects {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormatFile = "format";
constexpr std::string_view kWritersFile = "writers";  // pack_store.cc
constexpr std::string_view kName = "vams-blobs ";
constexpr std::string_view kFiles = "vams-blobs 1\n";
constexpr std::string_view kPacks = "vams-blobs 2\n";
constexpr std::string_view kSealed = "vams-blobs 3\n";
constexpr std::string_view kStackKey = "stack-key ";
constexpr std::string_view kPreviousKey = "previous-key ";
constexpr std::size_t kLimit = std::size_t{64} << 10;

// The text up to the line end, and behind it; nothing without one.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<BlobFormat> ParseSealed(std::string_view text) {
  BlobFormat format{.kind = BlobFormat::Kind::kSealed};
  text.remove_prefix(kSealed.size());
  const auto current = TakeLine(text);
  if (!current || !current->starts_with(kStackKey)) return std::nullopt;
  const auto id = KeyIdFromHex(current->substr(kStackKey.size()));
  if (!id) return std::nullopt;
  format.key = *id;
  while (!text.empty()) {
    const auto line = TakeLine(text);
    if (!line || !line->starts_with(kPreviousKey)) return std::nullopt;
    const auto fields = line->substr(kPreviousKey.size());
    const std::size_t space = std::min(fields.find(' '), fields.size());
    const auto previous = KeyIdFromHex(fields.substr(0, space));
    const auto wrapped = HexDecode(fields.substr(std::min(space + 1, fields.size())));
    if (!previous || !wrapped || wrapped->size() != kWrappedKeySize) return std::nullopt;
    format.previous.push_back({*previous, *wrapped});
  }
  return format;
}

SecretKey WrapsPrevious(const SecretKey& stack_key) {
  return stack_key.Derive("vams stack key: previous keys");
}

std::string PreviousContext(const KeyId& id) { return "previous key " + HexOf(id); }

Result<SecretKey> UnwrapPrevious(const files::Path& folder, const SecretKey& key,
                                 const BlobFormat::Previous& previous) {
  auto unwrapped = UnwrapKey(WrapsPrevious(key), previous.wrapped, PreviousContext(previous.id));
  if (unwrapped && IdOf(*unwrapped) == previous.id) return *std::move(unwrapped);
  return Error(Code::kCorrupt,
               fmt::format("{} is damaged: the earlier key {} in it cannot be opened; restore the "
                           "file from a backup",
                           (folder / kFormatFile).string(), HexOf(previous.id)));
}

Error NeedsKey(const files::Path& folder, const BlobFormat& format) {
  return Error(Code::kInvalid,
               fmt::format("the contents in {} are encrypted with the stack key {}, and the "
                           "configuration says that they are not; set "
                           "app.useKmsCmkEncryption.enabled to true again, or move to another "
                           "stack (docs/operations/encryption.md)",
                           folder.string(), HexOf(format.key)));
}

Status CheckKey(const files::Path& folder, const BlobFormat& format, const SecretKey& key) {
  if (IdOf(key) == format.key) return Ok();
  return Error(Code::kInvalid,
               fmt::format("the contents in {} are encrypted with the stack key {}, but the key "
                           "given is {}; give the right one",
                           folder.string(), HexOf(format.key), HexOf(IdOf(key))));
}

Status CheckEmpty(const files::Path& folder) {
  std::error_code ec;
  for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    // What a creation that was cut off leaves behind, and the lock of whoever clones an empty
    // stack.
    const std::string name = it->path().filename().native();
    if (name.starts_with(kFormatFile) || name == kWritersFile) continue;
    return Error(Code::kInvalid,
                 fmt::format("{} is not empty and no blob folder; choose an empty or a new folder",
                             folder.string()));
  }
  if (ec) return files::ErrnoError("read folder", folder, ec.value());
  return Ok();
}

Result<bool> HasContents(const files::Path& folder) {
  bool found = false;
  OpContext op;
  TRY_OK(VisitBlobFiles(op, folder, [&](const BlobFile&) {
    found = true;
    return Ok();
  }));
  std::error_code ec;
  for (fs::directory_iterator it(folder / "packs", ec), end; !ec && it != end; it.increment(ec)) {
    std::error_code gone;
    const auto size = it->file_size(gone);
    if (!gone && size > kPackHeaderSize) found = true;
  }
  if (ec && ec != std::errc::no_such_file_or_directory)
    return files::ErrnoError("read folder", folder / "packs", ec.value());
  return found;
}

// Nobody writes to the folder while this is held.
class NoWriters {
 public:
  static Result<NoWriters> Begin(const files::Path& folder) {
    const auto path = folder / "writers";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return files::ErrnoError("open lock", path, errno);
    NoWriters held(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return held;
    if (errno != EWOULDBLOCK) return files::ErrnoError("lock", path, errno);
    return Error(Code::kConflict,
                 fmt::format("another process writes blobs into {}, so that it cannot become an "
                             "encrypted folder now; stop that first",
                             folder.string()));
  }
  ~NoWriters() {
    if (fd_ >= 0) ::close(fd_);
  }
  NoWriters(NoWriters&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  NoWriters& operator=(NoWriters&&) = delete;

 private:
  explicit NoWriters(int fd) : fd_(fd) {}
  int fd_;
};

Status WriteFormat(const files::Path& folder, const BlobFormat& format) {
  VAMS_POINT("objects.format.before_write");
  return files::WriteAtomically(folder / kFormatFile, format.Text());
}

// A plain folder without contents becomes one whose contents are sealed.
Status SealEmptyFolder(const files::Path& folder, const KeyId& key) {
  TRY(const auto alone, NoWriters::Begin(folder));
  TRY(const auto format, ReadBlobFormat(folder));
  TRY_OK(CheckCanSeal(folder, format));
  // Uploads that were cut off, in the clear.
  TRY_OK(files::RemoveTree(folder / "incoming"));
  return WriteFormat(folder, {.kind = BlobFormat::Kind::kSealed, .key = key});
}

}  // namespace

std::string BlobFormat::Text() const {
  if (kind == Kind::kFiles) return std::string(kFiles);
  if (kind != Kind::kSealed) return std::string(kPacks);
  std::string text = fmt::format("{}{}{}\n", kSealed, kStackKey, HexOf(key));
  for (const auto& [id, wrapped] : previous)
    text += fmt::format("{}{} {}\n", kPreviousKey, HexOf(id), HexEncode(wrapped));
  return text;
}

Result<BlobFormat> ReadBlobFormat(const files::Path& folder) {
  const auto path = folder / kFormatFile;
  const auto text = files::ReadAll(path, kLimit);
  if (!text.ok() && text.error().code == Code::kNotFound) return BlobFormat{};
  if (text.ok() && *text == kFiles) return BlobFormat{.kind = BlobFormat::Kind::kFiles};
  if (text.ok() && *text == kPacks) return BlobFormat{.kind = BlobFormat::Kind::kPacks};
  if (text.ok() && text->starts_with(kSealed)) {
    auto format = ParseSealed(*text);
    if (format) return *std::move(format);
    return Error(Code::kCorrupt,
                 fmt::format("{} is damaged: it does not say which key its contents are encrypted "
                             "with; restore it from a backup",
                             path.string()));
  }
  if (text.ok() && text->starts_with(kName))
    return Error(Code::kNotSupported,
                 fmt::format("the blobs in {} are kept in a form that this release does not know; "
                             "use the release that wrote them, or a newer one",
                             folder.string()));
  return Error(Code::kInvalid,
               fmt::format("{} is not the format file of a blob folder; choose another folder",
                           path.string()));
}

Status CheckCanSeal(const files::Path& folder, const BlobFormat& format) {
  if (format.sealed() || format.kind == BlobFormat::Kind::kNone) return Ok();
  TRY(const bool some, HasContents(folder));
  if (!some) return Ok();
  return Error(Code::kConflict,
               fmt::format("the contents in {} are not encrypted, and cannot become so in place; "
                           "set app.useKmsCmkEncryption.enabled to false again, or move to an "
                           "encrypted stack (docs/operations/encryption.md)",
                           folder.string()));
}

Result<std::unique_ptr<const SealKeys>> OpenBlobFormat(const files::Path& folder,
                                                       const std::optional<SecretKey>& key) {
  TRY(auto format, ReadBlobFormat(folder));
  if (format.kind == BlobFormat::Kind::kNone) {
    // What is in it may be of somebody who has just begun the folder.
    if (const Status empty = CheckEmpty(folder); !empty.ok()) {
      TRY(format, ReadBlobFormat(folder));
      if (format.kind == BlobFormat::Kind::kNone) return empty.error();
    }
  }
  if (format.kind == BlobFormat::Kind::kNone) {
    format.kind = key ? BlobFormat::Kind::kSealed : BlobFormat::Kind::kPacks;
    if (key) format.key = IdOf(*key);
    TRY_OK(WriteFormat(folder, format));
  }
  if (!key && format.sealed()) return NeedsKey(folder, format);
  if (!key) return std::unique_ptr<const SealKeys>();
  if (!format.sealed()) {
    TRY_OK(SealEmptyFolder(folder, IdOf(*key)));
    TRY(format, ReadBlobFormat(folder));
  }
  TRY_OK(CheckKey(folder, format, *key));
  auto keys = std::make_unique<SealKeys>(*key);
  for (const auto& previous : format.previous) {
    TRY(const auto before, UnwrapPrevious(folder, *key, previous));
    keys->AddPrevious(before);
  }
  return std::unique_ptr<const SealKeys>(std::move(keys));
}

Status AllowPacks(const files::Path& folder) {
  TRY(const auto format, ReadBlobFormat(folder));
  if (format.kind != BlobFormat::Kind::kFiles) return Ok();
  return WriteFormat(folder, {.kind = BlobFormat::Kind::kPacks});
}

Status CheckSameFormat(const files::Path& folder, const SealKeys* keys) {
  TRY(const auto format, ReadBlobFormat(folder));
  const bool same =
      keys == nullptr ? !format.sealed() : format.sealed() && format.key == keys->id();
  if (same) return Ok();
  return Error(Code::kConflict,
               fmt::format("the encryption of {} was changed by another process; nothing was "
                           "stored; start again",
                           folder.string()));
}

Status ReplaceSealKey(const files::Path& folder, const SecretKey& from, const SecretKey& to,
                      Random& random) {
  TRY(const auto format, ReadBlobFormat(folder));
  if (!format.sealed())
    return Error(Code::kConflict,
                 fmt::format("the contents in {} are not encrypted, so there is no key to replace",
                             folder.string()));
  if (format.key == IdOf(to)) return Ok();  // an earlier attempt came so far
  TRY_OK(CheckKey(folder, format, from));
  TRY(const auto alone, NoWriters::Begin(folder));
  BlobFormat next{.kind = BlobFormat::Kind::kSealed, .key = IdOf(to)};
  const auto keep = [&](const SecretKey& key) {
    const KeyId id = IdOf(key);
    if (id != next.key)
      next.previous.push_back({id, WrapKey(WrapsPrevious(to), key, PreviousContext(id), random)});
  };
  keep(from);
  for (const auto& previous : format.previous) {
    TRY(const auto key, UnwrapPrevious(folder, from, previous));
    keep(key);
  }
  return WriteFormat(folder, next);
}

}  // namespace vams::objects
