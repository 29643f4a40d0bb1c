#include "lifecycle/backup/vault.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "lifecycle/backup/backup.h"

namespace vams::lifecycle::backup {

namespace {

constexpr std::string_view kFormat = "format";
constexpr std::string_view kKind = "vams-backup ";
constexpr std::string_view kFirstLine = "vams-backup 1";
constexpr std::string_view kSuffix = ".backup";

std::string ContextOf(std::string_view stack) { return fmt::format("backup repository {}", stack); }

std::string FormatText(std::string_view stack, std::string_view key_lines) {
  return fmt::format("{}\nstack {}\n{}", kFirstLine, stack, key_lines);
}

std::string KeyLines(const objects::SealKeys& keys, const objects::SecretKey& key,
                     std::string_view stack, Random& random) {
  const std::string wrapped = objects::WrapKey(keys.current(), key, ContextOf(stack), random);
  return fmt::format("stack-key {}\nkey {}\n", objects::HexOf(keys.id()), HexEncode(wrapped));
}

// Name to value of the lines behind the first.
Result<std::map<std::string, std::string, std::less<>>> LinesOf(std::string_view text,
                                                                const std::string& where) {
  const auto first = text.substr(0, text.find('\n'));
  if (!first.starts_with(kKind))
    return Error(Code::kInvalid,
                 fmt::format("{} says that this is no folder of backups; name another", where));
  if (first != kFirstLine)
    return Error(
        Code::kNotSupported,
        fmt::format("{} says \"{}\", which a newer release wrote; use that one", where, first));
  std::map<std::string, std::string, std::less<>> lines;
  text.remove_prefix(std::min(text.size(), first.size() + 1));
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    const auto space = line.find(' ');
    if (space == std::string_view::npos)
      return Error(Code::kCorrupt, fmt::format("{} is damaged: a line of it says nothing", where));
    lines.emplace(line.substr(0, space), line.substr(space + 1));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return lines;
}

}  // namespace

Result<std::unique_ptr<Vault>> Vault::Open(const Location& location, const objects::SealKeys* keys,
                                           Repository::Purpose purpose, std::string_view doing,
                                           Random& random) {
  TRY_OK(CheckStackName(location.stack));
  std::unique_ptr<Vault> vault(new Vault());
  vault->stack_ = location.stack;
  const bool bucket = location.folder.contains("://");
  TRY(vault->repository_,
      OpenRepository(bucket ? location.folder
                            : (files::Path(location.folder) / location.stack).string()));
  const bool create = purpose == Repository::Purpose::kWrite;
  if (!create) {
    const auto there = vault->repository_->Size(kFormat);
    if (!there.ok() && there.error().code == Code::kNotFound)
      return Error(Code::kNotFound,
                   fmt::format("there are no backups of stack \"{}\" in {}; make one with \"vams "
                               "backup create\", or name their folder with --repository",
                               location.stack, location.folder));
  }
  TRY(vault->hold_, vault->repository_->Take(purpose, doing));
  TRY_OK(vault->OpenFormat(keys, create, random));
  return vault;
}

Status Vault::OpenFormat(const objects::SealKeys* keys, bool create, Random& random) {
  const std::string where = repository_->Where(kFormat);
  auto text = repository_->Read(kFormat, 0, 4096);
  if (!text.ok() && text.error().code == Code::kNotFound && create) {
    TRY(const auto packs, repository_->List("packs"));
    TRY(const auto backups, repository_->List("backups"));
    if (!packs.empty() || !backups.empty())
      return Error(Code::kCorrupt,
                   fmt::format("{} is missing, and there are backups beside it; put the file back, "
                               "or name another folder",
                               where));
    if (keys == nullptr) return repository_->Replace(kFormat, FormatText(stack_, ""));
    const auto key = objects::SecretKey::Generate(random);
    TRY_OK(repository_->Replace(kFormat, FormatText(stack_, KeyLines(*keys, key, stack_, random))));
    keys_ = std::make_unique<Keys>(key);
    return Ok();
  }
  if (!text.ok()) return std::move(text).error();
  TRY(const auto lines, LinesOf(*text, where));
  const auto value = [&](std::string_view name) {
    const auto found = lines.find(name);
    return found == lines.end() ? std::string() : found->second;
  };
  if (value("stack") != stack_)
    return Error(Code::kConflict,
                 fmt::format("{} holds the backups of stack \"{}\", not of \"{}\"; nothing was "
                             "done; name another folder, or that stack",
                             repository_->Where(), value("stack"), stack_));
  const std::string id = value("stack-key");
  if (id.empty() && keys == nullptr) return Ok();
  if (id.empty())
    return Error(
        Code::kConflict,
        fmt::format("the backups in {} are not encrypted, and stack \"{}\" is; nothing was "
                    "done; name another folder with --repository or backup.repository",
                    repository_->Where(), stack_));
  if (keys == nullptr)
    return Error(Code::kInvalid,
                 fmt::format("the backups in {} are encrypted with the stack key {}; nothing was "
                             "done; give its file with --key-file",
                             repository_->Where(), id));
  return OpenKey(id, value("key"), *keys, create, random);
}

Status Vault::OpenKey(std::string_view id, std::string_view wrapped, const objects::SealKeys& keys,
                      bool may_write, Random& random) {
  const auto key_id = objects::KeyIdFromHex(id);
  const auto bytes = HexDecode(wrapped);
  if (!key_id || !bytes)
    return Error(Code::kCorrupt, fmt::format("{} is damaged: its lines hold no key; put a copy of "
                                             "the file back",
                                             repository_->Where(kFormat)));
  const auto* wrapping = keys.Find(*key_id);
  if (wrapping == nullptr)
    return Error(Code::kInvalid,
                 fmt::format("the backups in {} are encrypted with the stack key {}, but the key "
                             "given is {}; nothing was done; give the right one with --key-file",
                             repository_->Where(), id, objects::HexOf(keys.id())));
  const auto key = objects::UnwrapKey(*wrapping, *bytes, ContextOf(stack_));
  if (!key)
    return Error(Code::kCorrupt,
                 fmt::format("{} is damaged: the key in it does not open; put a copy of the file "
                             "back",
                             repository_->Where(kFormat)));
  keys_ = std::make_unique<Keys>(*key);
  // The stack got another key since.
  if (may_write && *key_id != keys.id())
    return repository_->Replace(kFormat, FormatText(stack_, KeyLines(keys, *key, stack_, random)));
  return Ok();
}

Result<std::vector<std::string>> Vault::Ids() const {
  TRY(const auto files, repository_->List("backups"));
  std::vector<std::string> ids;
  for (const auto& file : files)
    if (file.name.ends_with(kSuffix) && file.name.size() > kSuffix.size())
      ids.push_back(file.name.substr(0, file.name.size() - kSuffix.size()));
  return ids;
}

Result<Manifest> Vault::Get(const std::string& id) const {
  const std::string name = ManifestName(id);
  const auto size = id.contains('/') ? Result<std::uint64_t>(Error(Code::kNotFound, ""))
                                     : repository_->Size(name);
  if (!size.ok() && size.error().code == Code::kNotFound) {
    TRY(const auto ids, Ids());
    return Error(Code::kNotFound,
                 fmt::format("there is no backup \"{}\" of stack \"{}\" in {}; {}", id, stack_,
                             repository_->Where(),
                             ids.empty() ? std::string("there is none at all")
                                         : fmt::format("the newest is {}; \"vams backup list\" "
                                                       "shows all",
                                                       ids.back())));
  }
  if (!size.ok()) return size.error();
  TRY(const auto bytes, repository_->Read(name, 0, *size));
  auto manifest = ManifestFromBytes(id, bytes, keys_.get());
  if (manifest.ok()) return manifest;
  return Error(Code::kCorrupt, fmt::format("{} is damaged: {}; put a copy back, or remove it",
                                           repository_->Where(name), manifest.error().message));
}

Result<std::optional<Manifest>> Vault::FindNewest() const {
  TRY(auto ids, Ids());
  for (; !ids.empty(); ids.pop_back()) {
    auto manifest = Get(ids.back());
    if (manifest.ok()) return std::optional<Manifest>(*std::move(manifest));
    if (manifest.error().code != Code::kCorrupt) return std::move(manifest).error();
  }
  return std::optional<Manifest>();
}

Result<std::string> Vault::Resolve(const std::string& name) const {
  if (name != "latest") return name;
  TRY(const auto ids, Ids());
  if (!ids.empty()) return ids.back();
  return Error(Code::kNotFound,
               fmt::format("stack \"{}\" has no backup in {}; make one with \"vams backup create\"",
                           stack_, repository_->Where()));
}

Result<std::unique_ptr<const objects::SealKeys>> StackKeysOf(
    const Stack* stack, const objects::EncryptionChoice& encryption, const files::Path& key_file) {
  if (!key_file.empty()) {
    TRY(const auto key, objects::ReadStackKey(key_file));
    return std::unique_ptr<const objects::SealKeys>(std::make_unique<objects::SealKeys>(key));
  }
  if (stack == nullptr) return std::unique_ptr<const objects::SealKeys>();
  return objects::OpenStackKeys(stack->blobs(), encryption);
}

std::vector<std::string> StacksWithBackups(const std::string& folder) {
  std::vector<std::string> stacks;
  std::error_code ec;
  std::filesystem::directory_iterator it(folder, ec);
  for (const std::filesystem::directory_iterator end; !ec && it != end; it.increment(ec)) {
    std::error_code gone;
    if (std::filesystem::exists(it->path() / kFormat, gone))
      stacks.push_back(it->path().filename().string());
  }
  std::ranges::sort(stacks);
  return stacks;
}

}  // namespace vams::lifecycle::backup
