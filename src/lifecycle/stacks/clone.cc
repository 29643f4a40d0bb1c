#include "lifecycle/stacks/clone.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/fault_point.h"
#include "config/config.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/backup/flock.h"
#include "tables/system_tables.h"

namespace vams::lifecycle {

namespace {

using Steady = std::chrono::steady_clock;

// What belongs to the original alone: who is signed in to it and with which keys it signs, and the
// mails that it has to send.
constexpr std::array kTransientTables = {
    tables::kSessionsTable, tables::kChallengesTable, tables::kSigningKeysTable,
    tables::kUrlKeysTable,  tables::kNoticesTable,    tables::kMailsTable,
};

Status ForgetTransient(OpContext& op, items::ItemStore& store) {
  TRY(const auto specs, store.Tables(op));
  for (const auto& spec : specs) {
    if (std::ranges::find(kTransientTables, std::string_view(spec.name)) == kTransientTables.end())
      continue;
    TRY_OK(store.DropTable(op, spec.name));
    TRY_OK(store.CreateTables(op, std::span(&spec, 1)));
  }
  return Ok();
}

// The stack key lies beside the blobs, and beside it for a moment the one that takes its place.
Status CopyKeys(const files::Path& from, const files::Path& to) {
  for (const char* name : {"stack.key", "stack.key.next"}) {
    auto key = files::ReadAll(from / name);
    if (!key.ok() && key.error().code == Code::kNotFound) continue;
    if (!key.ok()) return std::move(key).error();
    TRY_OK(files::WriteAtomically(to / name, *key, 0600));
  }
  return Ok();
}

Result<std::optional<std::string>> ConfigOf(const Stack& stack) {
  auto text = files::ReadAll(stack.config());
  if (text.ok()) return std::optional<std::string>(*std::move(text));
  if (text.error().code == Code::kNotFound) return std::optional<std::string>();
  return std::move(text).error();
}

// What lies in other places than the stack's folder cannot be cloned with it.
Status CheckEmbedded(const Stack& stack, const std::optional<std::string>& text) {
  TRY(const auto config, config::Load({.file_text = text,
                                       .file_path = stack.config().string(),
                                       .environment = {},
                                       .sets = {}}));
  const char* outside = config.engines.items.kind != config::ItemsKind::kSqlite      ? "items"
                        : config.engines.objects.kind != config::ObjectsKind::kLocal ? "objects"
                                                                                     : nullptr;
  if (outside == nullptr) return Ok();
  return Error(
      Code::kNotSupported,
      fmt::format("the {} of stack \"{}\" lie on another server, where a clone would have "
                  "to copy all of them; nothing was made; restore a backup of it as another "
                  "stack",
                  outside, stack.name));
}

}  // namespace

Result<CloneReport> CloneStack(const Stack& original, const StackRegistry& target,
                               const CloneRequest& request, const Clock& clock, OpContext& op,
                               const OnCloneProgress& progress) {
  const auto start = Steady::now();
  const auto tell = [&](std::string_view phase) {
    if (progress) progress(phase, 0);
  };
  CloneReport report;
  std::optional<std::string> config = request.config;
  TRY(const auto own, ConfigOf(original));
  TRY_OK(CheckEmbedded(original, own));
  if (!config) {
    TRY(auto quiet, QuietConfigOf(own, original.config().string(), request.name));
    config = std::move(quiet.text);
    report.switched_off = std::move(quiet.switched_off);
  }
  TRY(auto builder, GenerationBuilder::ForNewStack(target, request.name, config));
  // From before the items are copied until every content has its second name.
  tell("waiting for a collection to end");
  TRY_OK(files::MakeFolders(original.blobs()));  // an imported stack has none before its first use
  TRY(const auto lease,
      backup::Flock::Wait(op, original.blobs() / "writers", backup::Flock::Kind::kShared));
  tell("copying the items");
  report.generation = original.current.number;
  TRY(report.reflinked, CloneItems(op, original.current.items(), builder.items()));
  VAMS_POINT("lifecycle.clone.items");
  TRY(report.contents, CloneContents(op, original.blobs(), builder.blobs(), progress));
  TRY_OK(CopyKeys(original.folder, builder.blobs().parent_path()));
  {
    TRY(const auto store,
        items::OpenSqliteStore(builder.items(),
                               {.read_only = request.keep_transient, .clock = &clock}));
    TRY(report.position, store->LastChange(op));
    if (!request.keep_transient) TRY_OK(ForgetTransient(op, *store));
  }
  std::error_code ec;
  report.item_bytes = std::filesystem::file_size(builder.items(), ec);
  VAMS_POINT("lifecycle.clone.before_publish");
  TRY(report.stack, builder.Publish(original.current.data_version,
                                    {{"kind", "clone"},
                                     {"from", original.name},
                                     {"generation", original.current.number},
                                     {"position", report.position}},
                                    {}));
  report.millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count();
  return report;
}

}  // namespace vams::lifecycle
