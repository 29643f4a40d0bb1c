// What the server and the endpoints take from the configuration.  Pure; thread-safe.
#pragma once

#include <string>

#include "api/services.h"
#include "config/config.h"
#include "http/server.h"
#include "lifecycle/stack.h"
#include "objects/encryption_keys.h"

namespace vams::app {

// "https://assets.plant.example" if the configuration names a public host; else empty.
std::string PublicUrl(const config::Config& config);

api::Settings SettingsOf(const config::Config& config, const lifecycle::Stack& stack);

// How the stack's blobs are kept.
objects::EncryptionChoice EncryptionOf(const config::Config& config);

// Addresses, TLS, limits, CORS and security headers.  kInvalid for an address that is none.
Result<http::ServerOptions> ServerOptionsOf(const config::Config& config,
                                            const std::string& listen);

}  // namespace vams::app
