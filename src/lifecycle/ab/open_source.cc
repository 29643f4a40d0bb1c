#include "lifecycle/ab/open_source.h"

#include "lifecycle/ab/http_source.h"
#include "lifecycle/ab/stack_source.h"

namespace vams::lifecycle::ab {

Result<config::Config> StoredConfig(const Stack& stack) {
  config::Sources sources;
  std::error_code ec;
  if (std::filesystem::exists(stack.config(), ec)) {
    sources.file_path = stack.config().string();
    TRY(sources.file_text, files::ReadAll(stack.config()));
  }
  return config::Load(sources);
}

objects::EncryptionChoice EncryptionOf(const config::Config& config) {
  return {.enabled = config.encryption.enabled, .key_file = config.encryption.key_file};
}

Result<std::unique_ptr<Source>> OpenSource(const State& standby, const Clock& clock) {
  const Peer& peer = standby.peer;
  if (peer.remote()) {
    TRY(auto source, HttpSource::Open(peer, standby.deployment));
    return std::unique_ptr<Source>(std::move(source));
  }
  const StackRegistry registry(peer.home, clock);
  TRY(const auto stack, registry.Get(peer.stack));
  TRY(const auto config, StoredConfig(stack));
  TRY(auto source, StackSource::Open(registry, peer.stack, EncryptionOf(config), clock));
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace vams::lifecycle::ab
