#include "lifecycle/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "base/fault_point.h"
#include "base/json.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/stacks/kept_config.h"
#include "lifecycle/stacks/outputs.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr std::int64_t kFormat = 1;

Result<json::object> ReadObject(const files::Path& path) {
  auto read = files::ReadAll(path);
  if (!read.ok() && read.error().code == Code::kNotFound)
    return Error(Code::kCorrupt,
                 fmt::format("{} is missing: the stack is damaged; restore it from a backup",
                             path.string()));
  TRY(const std::string text, std::move(read));
  boost::system::error_code ec;
  const json::value value = json::parse(text, ec);
  if (ec || !value.is_object())
    return Error(Code::kCorrupt,
                 fmt::format("{} is damaged: it holds no JSON object; restore it from a backup",
                             path.string()));
  const auto& object = value.as_object();
  const json::value* format = object.if_contains("format");
  if (format == nullptr || !format->is_int64())
    return Error(
        Code::kCorrupt,
        fmt::format("{} is damaged: it says no format; restore it from a backup", path.string()));
  if (format->as_int64() > kFormat)
    return Error(
        Code::kNotSupported,
        fmt::format("{} has format {}, this release reads up to {}; install the newer release "
                    "that made it",
                    path.string(), format->as_int64(), kFormat));
  return object;
}

std::string Number(std::uint64_t generation) { return fmt::format("{:04}", generation); }

Result<Generation> ReadGeneration(const files::Path& folder) {
  TRY(const auto object, ReadObject(folder / "generation.json"));
  Generation generation;
  generation.folder = folder;
  const json::value* number = object.if_contains("number");
  if (number == nullptr || !number->is_int64() || number->as_int64() < 1)
    return Error(
        Code::kCorrupt,
        fmt::format("{} is damaged: it says no number of the generation; restore it from a backup",
                    (folder / "generation.json").string()));
  generation.number = static_cast<std::uint64_t>(number->as_int64());
  const auto version = tables::DataVersion::Parse(TextOf(object, "dataVersion"));
  if (!version.ok())
    return Error(Code::kCorrupt,
                 fmt::format("{} is damaged: {}; restore it from a backup",
                             (folder / "generation.json").string(), version.error().message));
  generation.data_version = *version;
  generation.created_at = TextOf(object, "createdAt");
  generation.origin = ObjectOf(object, "origin");
  generation.tables = ObjectOf(object, "tables");
  return generation;
}

Status WriteJson(const files::Path& path, const json::object& object) {
  return files::WriteAtomically(path, json::serialize(object) + "\n");
}

Status PointCurrentTo(const files::Path& stack, std::uint64_t generation) {
  const files::Path fresh = stack / ".current";
  ::unlink(fresh.c_str());
  const std::string target = "generations/" + Number(generation);
  if (::symlink(target.c_str(), fresh.c_str()) != 0)
    return files::ErrnoError("create", fresh, errno);
  return files::RenameDurably(fresh, stack / "current");
}

Result<std::uint64_t> HighestGeneration(const files::Path& stack) {
  std::uint64_t highest = 0;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(stack / "generations", ec)) {
    const std::string name = entry.path().filename().string();
    if (!name.empty() &&
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      highest = std::max<std::uint64_t>(highest, std::strtoull(name.c_str(), nullptr, 10));
  }
  if (ec) return files::ErrnoError("list", stack / "generations", ec.value());
  return highest;
}

// What a crash left half-built.  The caller holds the lock that whoever builds there must hold.
void RemoveLeftovers(const files::Path& folder, std::string_view prefix) {
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ec))
    if (entry.path().filename().string().starts_with(prefix)) (void)files::RemoveTree(entry.path());
}

}  // namespace

Status CheckStackName(std::string_view name) {
  const bool ok = !name.empty() && name.size() <= 63 &&
                  std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
                  std::all_of(name.begin(), name.end(),
                              [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
  if (ok) return Ok();
  return Error(
      Code::kInvalid,
      fmt::format(
          "\"{}\" cannot be a stack's name: it begins with a letter, continues with letters, "
          "digits and '-', and has at most 63 characters",
          name));
}

std::vector<items::TableSpec> TablesOfGeneration(tables::DataVersion version) {
  std::vector<items::TableSpec> specs;
  for (const auto& table : tables::TablesOf(version)) specs.push_back(tables::SpecOf(table));
  for (const auto& spec : tables::SystemTables()) specs.push_back(spec);
  return specs;
}

bool StackRegistry::Exists(std::string_view name) const {
  std::error_code ec;
  return CheckStackName(name).ok() && std::filesystem::exists(StackFolder(name) / "stack.json", ec);
}

Result<Stack> StackRegistry::Get(std::string_view name) const {
  TRY_OK(CheckStackName(name));
  if (!Exists(name)) {
    // By their folders alone: a damaged stack must not stand in the way of this answer.
    TRY(const auto names, Names());
    return Error(
        Code::kNotFound,
        fmt::format(
            "there is no stack \"{}\" in {}; {}", name, home_.string(),
            names.empty()
                ? fmt::format("create it with \"vams stack create {}\"", name)
                : fmt::format("there {} {}; name one of them with --stack, or create it with "
                              "\"vams stack create {}\"",
                              names.size() == 1 ? "is" : "are", fmt::join(names, ", "), name)));
  }
  Stack stack;
  stack.folder = StackFolder(name);
  TRY(const auto object, ReadObject(stack.folder / "stack.json"));
  stack.name = TextOf(object, "name");
  if (stack.name != name)
    return Error(
        Code::kCorrupt,
        fmt::format(
            "{} is of a stack \"{}\", not of \"{}\"; give the folder its name back, or restore "
            "it from a backup",
            (stack.folder / "stack.json").string(), stack.name, name));
  stack.created_at = TextOf(object, "createdAt");
  std::error_code ec;
  const auto target = std::filesystem::read_symlink(stack.folder / "current", ec);
  if (ec == std::errc::no_such_file_or_directory || ec == std::errc::invalid_argument)
    return Error(
        Code::kCorrupt,
        fmt::format("{} does not say which generation is the current one: the stack is damaged; "
                    "restore it from a backup",
                    (stack.folder / "current").string()));
  if (ec) return files::ErrnoError("read", stack.folder / "current", ec.value());
  TRY(stack.current, ReadGeneration(stack.folder / target));
  return stack;
}

Result<Generation> StackRegistry::GenerationOf(const Stack& stack, std::uint64_t number) const {
  const files::Path folder = stack.folder / "generations" / Number(number);
  std::error_code ec;
  if (!std::filesystem::exists(folder, ec))
    return Error(Code::kNotFound,
                 fmt::format("stack \"{}\" has no generation {} any more", stack.name, number));
  return ReadGeneration(folder);
}

Result<std::vector<Generation>> StackRegistry::Generations(const Stack& stack) const {
  std::vector<Generation> generations;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(stack.folder / "generations", ec)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    if (auto generation = ReadGeneration(entry.path()); generation.ok())
      generations.push_back(*std::move(generation));
  }
  if (ec) return files::ErrnoError("list", stack.folder / "generations", ec.value());
  std::sort(generations.begin(), generations.end(),
            [](const Generation& a, const Generation& b) { return a.number < b.number; });
  return generations;
}

Result<Stack> StackRegistry::SwitchTo(const Stack& stack, std::uint64_t generation) const {
  TRY_OK(GenerationOf(stack, generation));
  TRY_OK(PointCurrentTo(stack.folder, generation));
  return Get(stack.name);
}

Result<std::vector<std::string>> StackRegistry::Names() const {
  std::vector<std::string> names;
  std::error_code ec;
  if (!std::filesystem::exists(home_ / "stacks", ec)) {
    if (ec && ec.value() != ENOENT) return files::ErrnoError("read", home_ / "stacks", ec.value());
    return names;
  }
  for (const auto& entry : std::filesystem::directory_iterator(home_ / "stacks", ec)) {
    std::string name = entry.path().filename().string();
    if (Exists(name)) names.push_back(std::move(name));
  }
  if (ec) return files::ErrnoError("list", home_ / "stacks", ec.value());
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<Stack>> StackRegistry::List() const {
  TRY(const auto names, Names());
  std::vector<Stack> stacks;
  for (const auto& name : names) {
    TRY(auto stack, Get(name));
    stacks.push_back(std::move(stack));
  }
  return stacks;
}

Result<Stack> StackRegistry::Create(std::string_view name,
                                    const std::optional<std::string>& config) const {
  TRY(auto builder, GenerationBuilder::ForNewStack(*this, name, config));
  {
    OpContext op;
    TRY(const auto store, items::OpenSqliteStore(builder.items()));
    const auto specs = TablesOfGeneration(tables::kNewest);
    TRY_OK(store->CreateTables(op, specs));
  }
  return builder.Publish(tables::kNewest, {{"kind", "create"}}, {});
}

Result<files::FileLock> LockStack(const Stack& stack, std::string_view doing, const Clock& clock) {
  auto lock = files::FileLock::Acquire(
      stack.folder / "lock", fmt::format("\"{}\" (process {}, since {})", doing, ::getpid(),
                                         IsoMillis(clock.NowMillis())));
  if (lock.ok() || lock.error().code != Code::kConflict) return lock;
  return Error(
      Code::kConflict,
      fmt::format("stack \"{}\" is in use by {}; nothing was changed; stop that first, or wait for "
                  "it to end",
                  stack.name, lock.error().message));
}

Result<GenerationBuilder> GenerationBuilder::ForNewStack(const StackRegistry& registry,
                                                         std::string_view name,
                                                         const std::optional<std::string>& config) {
  TRY_OK(CheckStackName(name));
  if (registry.Exists(name))
    return Error(
        Code::kConflict,
        fmt::format("there is a stack \"{}\" already; nothing was changed; choose another name",
                    name));
  const files::Path stacks = registry.home() / "stacks";
  TRY_OK(files::MakeFolders(stacks));
  auto lock = files::FileLock::Acquire(stacks / fmt::format(".lock-{}", name),
                                       fmt::format("process {}", ::getpid()));
  if (!lock.ok()) {
    if (lock.error().code != Code::kConflict) return std::move(lock).error();
    return Error(
        Code::kConflict,
        fmt::format(
            "stack \"{}\" is being created by {}; nothing was changed; wait for that to end", name,
            lock.error().message));
  }
  const std::string prefix = fmt::format(".new-{}", name);
  RemoveLeftovers(stacks, prefix + ".");
  TRY(auto staging, files::TempFolder::Create(stacks, prefix));
  GenerationBuilder builder(registry, std::string(name), std::move(staging));
  const files::Path& stack = builder.staging_.path();
  builder.lock_ = *std::move(lock);
  builder.new_stack_ = true;
  builder.folder_ = stack / "generations" / Number(1);
  builder.blobs_ = stack / "blobs";
  TRY_OK(files::MakeFolders(builder.folder_));
  if (config) TRY_OK(files::WriteAtomically(stack / "config.json", *config));
  return builder;
}

Result<GenerationBuilder> GenerationBuilder::ForStack(const StackRegistry& registry,
                                                      const Stack& stack) {
  const files::Path generations = stack.folder / "generations";
  RemoveLeftovers(generations, ".new.");
  TRY(const auto highest, HighestGeneration(stack.folder));
  TRY(auto staging, files::TempFolder::Create(generations, ".new"));
  GenerationBuilder builder(registry, stack.name, std::move(staging));
  builder.number_ = highest + 1;
  builder.folder_ = builder.staging_.path();
  builder.blobs_ = stack.blobs();
  return builder;
}

Result<Stack> GenerationBuilder::Publish(tables::DataVersion version, json::object origin,
                                         json::object row_counts) {
  const std::string now = IsoMillis(registry_->clock_.NowMillis());
  TRY_OK(WriteJson(folder_ / "generation.json", {{"format", kFormat},
                                                 {"number", number_},
                                                 {"dataVersion", version.ToString()},
                                                 {"createdAt", now},
                                                 {"origin", std::move(origin)},
                                                 {"tables", std::move(row_counts)}}));
  // mkdtemp makes private folders; a stack is readable as its home is.
  std::error_code ec;
  std::filesystem::permissions(staging_.path(), std::filesystem::perms(0755), ec);
  VAMS_POINT("lifecycle.publish.before_rename");
  const files::Path stack = registry_->StackFolder(name_);
  if (new_stack_) {
    const files::Path& built = staging_.path();
    TRY_OK(WriteJson(built / "stack.json",
                     {{"format", kFormat}, {"name", name_}, {"createdAt", now}}));
    TRY_OK(PointCurrentTo(built, number_));
    // rename(2) replaces an empty folder only, so a stack made meanwhile is safe.
    if (auto renamed = files::RenameDurably(built, stack); !renamed.ok()) {
      if (registry_->Exists(name_))
        return Error(
            Code::kConflict,
            fmt::format("somebody made a stack \"{}\" meanwhile; nothing was changed", name_));
      return std::move(renamed).error();
    }
    (void)staging_.Release();
  } else {
    TRY_OK(InheritConfig(stack, folder_));
    TRY_OK(files::RenameDurably(staging_.path(), stack / "generations" / Number(number_)));
    (void)staging_.Release();
    VAMS_POINT("lifecycle.publish.before_switch");
    TRY_OK(PointCurrentTo(stack, number_));
  }
  TRY(auto published, registry_->Get(name_));
  // A record; a configuration that cannot be read is no reason to fail here.
  (void)SaveOutputs(published);
  return published;
}

Status AppendHistory(const Stack& stack, json::object entry, const Clock& clock) {
  json::object line{{"at", IsoMillis(clock.NowMillis())}};
  for (auto& member : entry) line[member.key()] = std::move(member.value());
  const std::string text = json::serialize(line) + "\n";
  const files::Path path = stack.folder / "history.jsonl";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  // One write of one line: concurrent appends do not mix.
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  return written ? Ok() : Status(files::ErrnoError("write", path, error));
}

}  // namespace vams::lifecycle
