// Everything that can be configured. The initialisers here and in settings.h are the defaults of
// the options that the server owns: the table reads them, so that a default is written once.
#pragma once

#include <cstdint>
#include <string>

#include "server/config/settings.h"
#include "server/log/log.h"

namespace synap::server::config {

struct TlsConfig {
    bool enabled = false;
    std::string cert_path;
    std::string key_path;
};

struct PersistenceConfig {
    bool enabled = true;
    std::string data_dir = "./data";
};

struct ReplicationConfig {
    bool enabled = false;
    std::uint16_t listen_port = 15501;
    std::string master_host;
    std::uint16_t master_port = 15501;
    bool auto_reconnect = true;
};

struct ServerConfig {
    // What run() takes. data_dir, engine_options and config_file are filled in when a
    // configuration is loaded.
    Settings settings;

    std::string role = "master";
    TlsConfig tls;
    PersistenceConfig persistence;
    ReplicationConfig replication;
    log::LogConfig logging;
};

}  // namespace synap::server::config
