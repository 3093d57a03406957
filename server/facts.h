// What the engine's INFO and CONFIG GET say about the server around it.
#pragma once

#include "server/net/services.h"

namespace synap::server {

/// Facts that do not change while the server runs. Once, after the port is known.
void publish_settings(const Shared& shared);
/// Connections and traffic. Several times a second.
void publish_counters(const Shared& shared);
/// Moves the lines of the engine's own log to the server's.
void drain_engine_log(const Shared& shared);

}  // namespace synap::server
