#include "core/replication/role.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/text.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/manifest.h"
#include "core/log/small_file.h"

namespace synap::replication {

namespace {

constexpr std::string_view kMagic = "SYNAPROL";

void put_string(std::string& out, std::string_view text) {
    put_varint(out, text.size());
    out.append(text);
}

bool take_string(ByteReader& in, std::string& text) {
    std::string_view bytes;
    if (!in.take_string(bytes) || bytes.size() > kRoleTextBytes) return false;
    text.assign(bytes);
    return true;
}

std::string described(NodeRole role, const std::string& master) {
    return role == NodeRole::kMaster ? "master" : "replica of " + master;
}

struct Said {
    NodeRole role;
    std::string master;
};

// What the settings say; nothing where they are empty.
Result<std::optional<Said>> read_settings(const RoleSettings& settings) {
    const auto wrong = [](std::string why) {
        return Error{Code::kInvalidArgument, std::move(why)};
    };
    if (settings.role.size() > kRoleTextBytes || settings.master.size() > kRoleTextBytes) {
        return wrong("server.role or the address of its master is longer than " +
                     std::to_string(kRoleTextBytes) + " bytes");
    }
    if (settings.role.empty() && settings.master.empty()) return std::optional<Said>();
    const std::string role = to_lower(settings.role);
    if (role == "master") return std::optional<Said>({NodeRole::kMaster, ""});
    if (!role.empty() && role != "replica") {
        return wrong("server.role is \"" + settings.role + "\"; it can be master or replica");
    }
    if (settings.master.empty()) {
        return wrong(
            "server.role is replica, and no master is named: set replication.master_host "
            "or SYNAP_MASTER");
    }
    return std::optional<Said>({NodeRole::kReplica, settings.master});
}

}  // namespace

// magic[8] level:u32 role:u8 fenced_term:u32 fenced_by:u64 master:string noted_role:string
// noted_master:string crc:u32 over everything before it.
std::string RoleFile::encode() const {
    std::string bytes(kMagic);
    put(bytes, format::kLevel);
    put(bytes, static_cast<uint8_t>(role));
    put(bytes, fenced_by.term);
    put(bytes, fenced_by.node);
    put_string(bytes, master);
    put_string(bytes, noted.role);
    put_string(bytes, noted.master);
    put(bytes, crc32c(bytes));
    return bytes;
}

Result<RoleFile> RoleFile::decode(std::string_view bytes, const std::string& file) {
    const Error damaged{Code::kCorrupt,
                        file + " is damaged: remove it, and the settings decide about the role"};
    uint8_t role = 0;
    RoleFile read;
    auto fields = fields_of_small_file(bytes, kMagic, file, damaged);
    if (!fields) return fields.take_error();
    ByteReader& in = *fields;
    if (!in.take(role) || !in.take(read.fenced_by.term) || !in.take(read.fenced_by.node) ||
        !take_string(in, read.master) || !take_string(in, read.noted.role) ||
        !take_string(in, read.noted.master) || !in.empty()) {
        return damaged;
    }
    read.role = static_cast<NodeRole>(role);
    const bool is_replica = read.role == NodeRole::kReplica;
    if ((!is_replica && read.role != NodeRole::kMaster) || is_replica == read.master.empty()) {
        return damaged;
    }
    return read;
}

Result<RoleFile> read_role_file(Disk& disk) {
    auto bytes = read_small_file(disk, kRoleName, 64 + 3 * (kRoleTextBytes + kVarintBytesMax));
    if (!bytes) return bytes.take_error();
    return RoleFile::decode(*bytes, disk.describe(kRoleName));
}

Status write_role_file(Disk& disk, const RoleFile& role) {
    return write_file_durably(disk, kRoleName, role.encode());
}

Result<RoleChoice> choose_role(const std::optional<RoleFile>& last, const RoleSettings& settings) {
    auto said = read_settings(settings);
    if (!said) return said.take_error();
    RoleChoice choice;
    if (last) choice.file = *last;
    choice.file.noted = settings;
    const bool is_removed = last && !*said;
    if (is_removed || (last && last->noted == settings)) {
        const std::string kept = described(last->role, last->master);
        if (!*said) return choice;
        const std::string wanted = described((*said)->role, (*said)->master);
        if (wanted == kept) return choice;
        choice.ignores_settings = true;
        choice.line = "this node is " + kept + ", as was decided while it ran; its settings say " +
                      wanted +
                      ", as they did at the last start, and do not count. Change them to " + kept +
                      ", or use REPLICAOF";
        return choice;
    }
    choice.by_settings = true;
    const Said now = said->value_or(Said{NodeRole::kMaster, ""});
    choice.file.role = now.role;
    choice.file.master = now.master;
    if (!last) {
        if (now.role == NodeRole::kReplica) {
            choice.line =
                "this node is " + described(now.role, now.master) + ", as its settings say";
        }
        return choice;
    }
    const std::string before = described(last->role, last->master);
    const std::string after = described(now.role, now.master);
    if (before != after) {
        choice.line = "this node was " + before + " and is " + after +
                      " now: its settings have changed since the last start";
    }
    return choice;
}

}  // namespace synap::replication
