// Everything that can be configured. The initialisers here and in settings.h are the defaults of
// the options that the server owns: the table reads them, so that a default is written once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
    uint16_t listen_port = 15501;
    std::string master_host;
    uint16_t master_port = 15501;
    bool auto_reconnect = true;
    std::string secret;
    std::string secret_file;
    std::string former_secret;
    std::string node_name;
    std::string announce;
};

struct SecurityConfig {
    std::optional<bool> protected_mode;  // empty: where no host was configured
};

struct ServerConfig {
    // What run() takes. data_dir, engine_options and config_file are filled in when a
    // configuration is loaded.
    Settings settings;

    std::string role = "master";
    std::optional<size_t> client_memory_bytes;  // empty: a share of the memory
    SecurityConfig security;
    TlsConfig tls;
    PersistenceConfig persistence;
    ReplicationConfig replication;
    log::LogConfig logging;
};

}  // namespace synap::server::config
