// Which role a node has when it starts. A promotion or REPLICAOF outlives restarts: what settings
// and environment say counts for a directory that has no role yet, or when it differs from what
// they said at the last start.
//
// ROLE, beside NODE, keeps the role and what the settings said. Replaced as a whole, by rename; a
// crash leaves the old one or the new one. Thread safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/platform/disk.h"

namespace synap::replication {

enum class NodeRole : uint8_t { kMaster = 1, kReplica = 2 };

// As configured: server.role and its master, with SYNAP_ROLE and SYNAP_MASTER before them. Empty
// where nothing was said.
struct RoleSettings {
    std::string role;    // "master" or "replica", in any case
    std::string master;  // host:port
    bool operator==(const RoleSettings&) const = default;
};

// A term of this history that this node heard of, later than its own: it refuses writes until it
// follows, or is promoted above it.
struct HeardTerm {
    uint32_t term = 0;  // 0: none
    uint64_t node = 0;  // that told of it
    bool operator==(const HeardTerm&) const = default;
};

struct RoleFile {
    NodeRole role = NodeRole::kMaster;
    std::string master;  // of kReplica
    RoleSettings noted;  // at the last start
    HeardTerm fenced_by;

    std::string encode() const;
    static Result<RoleFile> decode(std::string_view bytes, const std::string& file);
};

inline constexpr std::string_view kRoleName = "ROLE";
inline constexpr size_t kRoleTextBytes = 512;

// kEmpty when there is none; kCorrupt when it is damaged.
Result<RoleFile> read_role_file(Disk& disk);
Status write_role_file(Disk& disk, const RoleFile& role);

struct RoleChoice {
    RoleFile file;             // to be written where it is not what was read
    bool by_settings = false;  // else by what was decided before
    bool ignores_settings = false;
    std::string line;  // for the log: which counted, and why; empty where nothing is to say
};

// kInvalidArgument for settings that mean nothing: another role, a replica of nobody, texts too
// long. A removed setting says nothing, and changes nothing.
Result<RoleChoice> choose_role(const std::optional<RoleFile>& last, const RoleSettings& settings);

}  // namespace synap::replication
