#include "lifecycle/backup/chunks.h"

#include <fmt/format.h>
#include <string.h>
#include <zlib.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/hash.h"

namespace vams::lifecycle::backup {

namespace {

constexpr std::string_view kPackMagic("vams-backup 1\n\0\0", 16);
constexpr std::string_view kTableMagic("vams-chunks 1\n\0\0", 16);
constexpr std::size_t kEntrySize = 64;
constexpr std::size_t kEndSize = 64;
constexpr std::size_t kPieceSize = 40;
// A pack's table is never larger than this: it guards against reading nonsense.
constexpr std::uint64_t kMostEntries = 1 << 22;
constexpr std::size_t kQueue = 2;

void AppendNumber(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}
std::uint64_t NumberAt(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

std::string TableOf(const std::vector<ChunkEntry>& entries) {
  std::string table;
  for (const auto& entry : entries) {
    table.append(entry.id.data(), entry.id.size());
    AppendNumber(table, entry.offset);
    AppendNumber(table, entry.stored);
    AppendNumber(table, entry.length);
    table += static_cast<char>(entry.kind);
    table += static_cast<char>(entry.method);
    table.append(6, '\0');
  }
  return table;
}

std::optional<ChunkEntry> EntryAt(std::string_view table, std::size_t at, std::uint64_t end) {
  ChunkEntry entry;
  memcpy(entry.id.data(), table.data() + at, entry.id.size());
  entry.offset = NumberAt(table, at + 32);
  entry.stored = NumberAt(table, at + 40);
  entry.length = NumberAt(table, at + 48);
  const auto kind = static_cast<unsigned char>(table[at + 56]);
  const auto method = static_cast<unsigned char>(table[at + 57]);
  if (kind > 1 || method > 1 || entry.offset > end || entry.stored > end - entry.offset)
    return std::nullopt;
  entry.kind = static_cast<ChunkEntry::Kind>(kind);
  entry.method = static_cast<ChunkEntry::Method>(method);
  return entry;
}

std::optional<std::string> Compressed(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 1) != Z_OK)
    return std::nullopt;
  out.resize(size);
  return out.size() < bytes.size() ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::string> Uncompressed(std::string_view bytes, std::uint64_t length) {
  std::string out(length, '\0');
  uLongf size = length;
  if (uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                 reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != Z_OK ||
      size != length)
    return std::nullopt;
  return out;
}

// The bytes of a chunk, if they are what the digest says.
std::optional<std::string> OpenChunk(const Keys* keys, const ChunkEntry& entry,
                                     const Digest& sha256, std::string_view stored) {
  std::optional<std::string> bytes;
  if (keys != nullptr)
    bytes = objects::Unseal(keys->seal(), sha256, stored);
  else
    bytes = std::string(stored);
  // The largest chunk is a list of a content of some terabytes.
  constexpr std::uint64_t kMost = std::uint64_t{1} << 30;
  if (bytes && entry.method == ChunkEntry::Method::kZlib)
    bytes = entry.length <= kMost ? Uncompressed(*bytes, entry.length) : std::nullopt;
  if (!bytes || bytes->size() != entry.length) return std::nullopt;
  if (entry.kind == ChunkEntry::Kind::kBytes)
    return objects::DigestOf(*bytes) == sha256 ? bytes : std::nullopt;
  if (bytes->size() < 32 || (bytes->size() - 32) % kPieceSize != 0) return std::nullopt;
  const auto list = std::string_view(*bytes).substr(0, bytes->size() - 32);
  return Sha256(list) == bytes->substr(list.size()) ? bytes : std::nullopt;
}

std::vector<Piece> PiecesIn(std::string_view list) {
  std::vector<Piece> pieces((list.size() - 32) / kPieceSize);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    memcpy(pieces[i].sha256.data(), list.data() + i * kPieceSize, 32);
    pieces[i].length = NumberAt(list, i * kPieceSize + 32);
  }
  return pieces;
}

}  // namespace

Digest Keys::IdOf(const Digest& sha256) const {
  const auto keyed = ids_.Derive({sha256.data(), sha256.size()});
  Digest id;
  memcpy(id.data(), keyed.bytes().data(), id.size());
  return id;
}

std::string PackName(std::string_view id) { return fmt::format("packs/{}.pack", id); }

Result<std::vector<ChunkEntry>> ReadPackTable(Repository& repository, std::string_view pack) {
  const auto damaged = [&](std::string_view why) {
    return Error(Code::kCorrupt,
                 fmt::format("{} is damaged: {}; remove it, and the next backup stores again what "
                             "of it the stack still has",
                             repository.Where(pack), why));
  };
  TRY(const std::uint64_t size, repository.Size(pack));
  if (size < kPackMagic.size() + kEndSize) return damaged("it is cut off");
  TRY(const auto magic, repository.Read(pack, 0, kPackMagic.size()));
  TRY(const auto end, repository.Read(pack, size - kEndSize, kEndSize));
  if (magic != kPackMagic) return damaged("it does not begin as a pack does");
  if (end.size() != kEndSize || !end.starts_with(kTableMagic))
    return damaged("it does not end as a pack does");
  const std::uint64_t at = NumberAt(end, 16), count = NumberAt(end, 24);
  if (count > kMostEntries || at > size || at + count * kEntrySize + kEndSize != size)
    return damaged("its end does not fit its length");
  TRY(const auto table, repository.Read(pack, at, count * kEntrySize));
  if (Sha256(table) != end.substr(32)) return damaged("the table of its chunks was changed");
  std::vector<ChunkEntry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry = EntryAt(table, i * kEntrySize, at);
    if (!entry) return damaged("the table of its chunks names places that it does not have");
    entries.push_back(*entry);
  }
  return entries;
}

// ---- ChunkIndex ----

Status ChunkIndex::Load(
    OpContext& op, Repository& repository,
    const std::function<void(const std::string& pack, const Error& error)>& damaged) {
  TRY(const auto files, repository.List("packs"));
  for (const auto& file : files) {
    TRY_OK(op.Check());
    const std::string name = "packs/" + file.name;
    const auto table = ReadPackTable(repository, name);
    if (!table.ok() && table.error().code != Code::kCorrupt) return table.error();
    if (!table.ok()) {
      damaged(name, table.error());
      continue;
    }
    const std::uint32_t number = AddPack(name);
    for (const auto& entry : *table) Add(number, entry);
  }
  return Ok();
}

const ChunkIndex::Place* ChunkIndex::FindId(const Digest& id) const {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &found->second;
}

std::uint32_t ChunkIndex::AddPack(std::string name) {
  packs_.push_back(std::move(name));
  return static_cast<std::uint32_t>(packs_.size() - 1);
}

// ---- ChunkReader ----

Result<const ChunkIndex::Place*> ChunkReader::Find(const Digest& sha256) const {
  if (const auto* place = index_.Find(sha256)) return place;
  return Error(Code::kNotFound, fmt::format("the chunk {} is in no pack of {}",
                                            objects::HexOf(sha256), repository_.Where()));
}

Error ChunkReader::Damaged(const ChunkIndex::Place& place, const Digest& sha256) const {
  return Error(
      Code::kCorrupt,
      fmt::format("the chunk {} in {} (bytes {} to {}) is not what was stored; remove that "
                  "pack, and the next backup stores again what of it the stack still has",
                  objects::HexOf(sha256), repository_.Where(index_.PackOf(place)),
                  place.entry.offset, place.entry.offset + place.entry.stored));
}

Result<std::string> ChunkReader::Open(const ChunkIndex::Place& place, const Digest& sha256) const {
  TRY(const auto stored,
      repository_.Read(index_.PackOf(place), place.entry.offset, place.entry.stored));
  auto bytes = OpenChunk(keys_, place.entry, sha256, stored);
  if (!bytes) return Damaged(place, sha256);
  return *std::move(bytes);
}

Result<std::string> ChunkReader::Read(const Digest& sha256) const {
  TRY(const auto* place, Find(sha256));
  if (place->entry.kind != ChunkEntry::Kind::kBytes) return Damaged(*place, sha256);
  return Open(*place, sha256);
}

Result<std::vector<Piece>> ChunkReader::PiecesOf(const Digest& sha256) const {
  TRY(const auto* place, Find(sha256));
  if (place->entry.kind == ChunkEntry::Kind::kBytes)
    return std::vector<Piece>{{sha256, place->entry.length}};
  TRY(const auto list, Open(*place, sha256));
  return PiecesIn(list);
}

Status ChunkReader::ReadContent(const Digest& sha256, const Sink& sink) const {
  TRY(const auto* place, Find(sha256));
  if (place->entry.kind == ChunkEntry::Kind::kBytes) {
    TRY(const auto bytes, Open(*place, sha256));
    return sink(bytes);
  }
  TRY(const auto pieces, PiecesOf(sha256));
  Hasher hasher(HashKind::kSha256);
  for (const auto& piece : pieces) {
    TRY(const auto bytes, Read(piece.sha256));
    hasher.Update(bytes);
    TRY_OK(sink(bytes));
  }
  if (hasher.Finish() == std::string_view(sha256.data(), sha256.size())) return Ok();
  return Damaged(*place, sha256);
}

Status ChunkReader::Has(const Digest& sha256) const {
  TRY(const auto pieces, PiecesOf(sha256));
  for (const auto& piece : pieces) TRY_OK(Find(piece.sha256));
  return Ok();
}

// ---- ChunkWriter ----

ChunkWriter::ChunkWriter(Repository& repository, const Keys* keys, ChunkIndex& index,
                         Random& random)
    : repository_(repository), keys_(keys), index_(index), random_(random), worker_([this] {
        Work();
      }) {}

ChunkWriter::~ChunkWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

Result<Digest> ChunkWriter::Add(std::string_view bytes, bool compress) {
  const Digest sha256 = objects::DigestOf(bytes);
  if (!Has(sha256)) TRY_OK(AddBytes(sha256, bytes, ChunkEntry::Kind::kBytes, compress));
  return sha256;
}

Status ChunkWriter::AddContent(OpContext& op, const Digest& sha256, std::uint64_t length,
                               const Source& read) {
  if (Has(sha256)) return Ok();
  Hasher whole(HashKind::kSha256);
  std::string list, piece;
  for (std::uint64_t at = 0; at < length || at == 0;) {
    TRY_OK(op.Check());
    piece.resize(std::min<std::uint64_t>(kPieceBytes, length - at));
    TRY(const std::size_t count, read(piece.data(), piece.size()));
    piece.resize(count);
    whole.Update(piece);
    if (length > kPieceBytes) {
      TRY(const auto digest, Add(piece, false));
      list.append(digest.data(), digest.size());
      AppendNumber(list, piece.size());
    }
    at += count;
    if (count == 0) break;
  }
  if (whole.Finish() != std::string_view(sha256.data(), sha256.size()))
    return Error(Code::kCorrupt,
                 fmt::format("the content {} is damaged: what was read of it has another digest",
                             objects::HexOf(sha256)));
  if (length <= kPieceBytes) return AddBytes(sha256, piece, ChunkEntry::Kind::kBytes, false);
  list += Sha256(list);
  return AddBytes(sha256, list, ChunkEntry::Kind::kList, false);
}

Status ChunkWriter::AddBytes(const Digest& sha256, std::string_view bytes, ChunkEntry::Kind kind,
                             bool compress) {
  ChunkEntry entry{.id = index_.IdOf(sha256), .length = bytes.size(), .kind = kind};
  std::optional<std::string> stored;
  if (compress) stored = Compressed(bytes);
  if (stored) entry.method = ChunkEntry::Method::kZlib;
  if (keys_ != nullptr)
    stored = objects::Seal(keys_->seal(), sha256, stored ? std::string_view(*stored) : bytes);
  return Append(entry, sha256, stored ? std::string_view(*stored) : bytes);
}

Status ChunkWriter::AddStored(const ChunkEntry& entry, const Digest& sha256,
                              std::string_view stored) {
  return Append(entry, sha256, stored);
}

Status ChunkWriter::Append(ChunkEntry entry, const Digest& sha256, std::string_view stored) {
  VAMS_POINT("backup.chunk");
  if (!open_) TRY_OK(Begin());
  entry.offset = open_->size;
  entry.stored = stored.size();
  TRY_OK(open_->file->Write(stored));
  open_->size += stored.size();
  open_->entries.push_back(entry);
  open_->digests.push_back(sha256);
  index_.Add(open_->number, entry);
  ++written_.chunks;
  written_.bytes += entry.length;
  written_.stored += stored.size();
  return open_->size >= kPackBytes ? Close() : Ok();
}

Status ChunkWriter::Begin() {
  std::string id(8, '\0');
  random_.Fill(id.data(), id.size());
  Pack pack;
  pack.name = PackName(HexEncode(id));
  pack.number = index_.AddPack(pack.name);
  TRY(auto file, repository_.Stage());
  TRY_OK(file.Write(kPackMagic));
  pack.file.emplace(std::move(file));
  pack.size = kPackMagic.size();
  open_.emplace(std::move(pack));
  return Ok();
}

Status ChunkWriter::Close() {
  const std::string table = TableOf(open_->entries);
  std::string end(kTableMagic);
  AppendNumber(end, open_->size);
  AppendNumber(end, open_->entries.size());
  end += Sha256(table);
  TRY_OK(open_->file->Write(table));
  TRY_OK(open_->file->Write(end));
  written_.stored += table.size() + end.size() + kPackMagic.size();
  ++written_.packs;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() < kQueue || !failed_.ok(); });
  if (!failed_.ok()) return failed_;
  queue_.push_back(*std::move(open_));
  open_.reset();
  changed_.notify_all();
  return Ok();
}

Status ChunkWriter::Finish() {
  if (open_) TRY_OK(Close());
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return (queue_.empty() && !busy_) || !failed_.ok(); });
  return failed_;
}

void ChunkWriter::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || (!queue_.empty() && failed_.ok()); });
    if (ending_) return;
    Pack pack = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    lock.unlock();
    Status settled = Settle(pack);
    lock.lock();
    busy_ = false;
    if (!settled.ok()) failed_ = std::move(settled);
    changed_.notify_all();
  }
}

Status ChunkWriter::Settle(Pack& pack) {
  TRY_OK(pack.file->Sync());
  TRY_OK(pack.file->Close(0400));
  TRY(const auto input, objects::InputStream::Open(pack.file->path()));
  std::string stored;
  for (std::size_t i = 0; i < pack.entries.size(); ++i) {
    const auto& entry = pack.entries[i];
    stored.resize(entry.stored);
    std::size_t have = 0;
    while (have < stored.size()) {
      TRY(const std::size_t count,
          input.ReadAt(entry.offset + have, stored.data() + have, stored.size() - have));
      if (count == 0) break;
      have += count;
    }
    if (have != stored.size() || !OpenChunk(keys_, entry, pack.digests[i], stored))
      return Error(Code::kCorrupt,
                   fmt::format("what was written to {} is not there when it is read again; the "
                               "backup was given up; check the disk",
                               repository_.Where(pack.name)));
  }
  VAMS_POINT("backup.before_pack");
  return repository_.Put(pack.name, *std::move(pack.file));
}

}  // namespace vams::lifecycle::backup
