// The server as one call.
#pragma once

#include <functional>

#include "server/config/settings.h"

namespace synap::server {

// Opens the store, listens, and serves until SIGTERM, SIGINT or SHUTDOWN; then answers what is
// under way, makes the log durable and returns. Logs through spdlog's default logger. Returns the
// exit code of the process: 0 after an orderly stop, 1 when it could not start or the store could
// not be closed cleanly. SIGHUP calls `reload` and ends nothing. Call it once, from the main
// thread.
int run(const Settings& settings, const std::function<void()>& reload);

}  // namespace synap::server
