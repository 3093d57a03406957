// INFO replication and ROLE: what Redis' tools and clients look for, told of this node's place
// among masters and followers.
#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/text.h"
#include "core/commands/generated/handlers.h"
#include "core/engine/engine.h"
#include "core/replication/decision_text.h"
#include "core/replication/node.h"
#include "core/session/info.h"
#include "core/session/session.h"

namespace synap {
namespace {

using replication::FollowerEntry;
using replication::FollowerState;
using replication::NodeStatus;
using replication::UpstreamState;
using replication::UpstreamStatus;

uint64_t seconds(uint64_t us) noexcept { return us / 1'000'000; }

// Where a node is: host and port of "host:port"; a port of 0 where it said none.
struct Place {
    std::string host;
    uint64_t port = 0;
};

Place place_of(std::string_view text) {
    auto endpoint = replication::parse_endpoint(text);
    if (!endpoint) return {std::string(text), 0};
    return {endpoint->host, endpoint->port};
}

// Where tools and clients find it.
const std::string& served_at(const FollowerEntry& follower) noexcept {
    return follower.clients.empty() ? follower.address : follower.clients;
}

// 40 digits, as tools expect: the history, and which term of it.
std::string replication_id(Engine& engine, uint32_t term) {
    if (engine.log() == nullptr) return engine.run_id();
    const auto manifest = engine.manifest();
    std::string id = hexadecimal(manifest->history.high) + hexadecimal(manifest->history.low);
    return id + hexadecimal(term).substr(8);
}

std::string_view state_name(const FollowerEntry& follower) noexcept {
    switch (follower.state) {
        case FollowerState::kFollows:
            return "online";
        case FollowerState::kReceivesSnapshot:
            return "send_bulk";
        case FollowerState::kLoads:
            break;
    }
    return "wait_bgsave";
}

void add_followers(const NodeStatus& status, InfoFields& fields) {
    size_t number = 0;
    for (const FollowerEntry& follower : status.followers) {
        if (!follower.is_connected()) continue;
        const Place place = place_of(served_at(follower));
        const auto stale_us = follower.freshness.stale_us(status.now_us);
        const uint64_t heard_us = status.now_us - std::min(status.now_us, follower.last_heard_us);
        std::string text = "ip=" + place.host + ",port=" + std::to_string(place.port);
        text += ",state=" + std::string(state_name(follower));
        text += ",offset=" + std::to_string(follower.applied);
        text += ",lag=" + std::to_string(seconds(heard_us));
        text += ",name=" + follower.name + ",id=" + hexadecimal(follower.node);
        text += ",fsynced=" + std::to_string(follower.fsynced);
        text += ",lag_bytes=" + std::to_string(follower.freshness.behind_bytes());
        text += ",lag_ms=" + (stale_us ? std::to_string(*stale_us / 1000) : std::string("-1"));
        fields.add("slave" + std::to_string(number++), text);
    }
}

void add_master(const UpstreamStatus& upstream, uint64_t applied, InfoFields& fields) {
    const Place place = place_of(upstream.master);
    const uint64_t now_us = upstream.now_us;
    const bool receives = upstream.state == UpstreamState::kReceives ||
                          upstream.state == UpstreamState::kLoads ||
                          upstream.state == UpstreamState::kGoesBack;
    const bool is_up = upstream.state == UpstreamState::kFollows;
    fields.add("master_host", place.host);
    fields.number("master_port", place.port);
    fields.add("master_link_status", is_up ? "up" : "down");
    fields.add("master_last_io_seconds_ago",
               upstream.heard_us == 0
                   ? std::string("-1")
                   : std::to_string(seconds(now_us - std::min(now_us, upstream.heard_us))));
    fields.flag("master_sync_in_progress", receives);
    fields.number("slave_read_repl_offset", applied);
    fields.number("slave_repl_offset", applied);
    if (receives) {
        const uint64_t total = upstream.full_size;
        const uint64_t read = std::min(upstream.full_received, total);
        fields.number("master_sync_total_bytes", total);
        fields.number("master_sync_read_bytes", read);
        fields.number("master_sync_left_bytes", total - read);
        fields.real("master_sync_perc",
                    total == 0 ? 0 : 100 * static_cast<double>(read) / static_cast<double>(total),
                    2);
        fields.number("master_sync_last_io_seconds_ago",
                      seconds(now_us - std::min(now_us, upstream.heard_us)));
    }
    if (!is_up) {
        fields.number("master_link_down_since_seconds",
                      seconds(now_us - std::min(now_us, upstream.down_since_us)));
    }
    fields.number("slave_priority", 100);
    fields.flag("slave_read_only", true);
    fields.flag("replica_announced", true);
}

void add_own(Engine& engine, const NodeStatus& status, InfoFields& fields) {
    const UpstreamStatus& upstream = status.upstream;
    fields.number("synap_term", status.term);
    fields.number("synap_epoch", status.epoch);
    fields.flag("synap_fenced", status.is_fenced());
    if (status.is_fenced()) fields.number("synap_fenced_by_term", status.role.fenced_by.term);
    fields.add("synap_node", hexadecimal(engine.node_id()));
    fields.number("synap_replication_port", status.port);
    fields.number("synap_full_syncs_sent", status.full_syncs);
    fields.number("synap_partial_syncs_sent", status.partial_syncs);
    if (status.is_master()) return;
    fields.add("synap_replication_state", std::string(to_string(upstream.state)));
    fields.add("synap_master_name", upstream.master_name);
    fields.number("synap_lag_bytes", upstream.behind_bytes);
    fields.add("synap_lag_ms",
               upstream.stale_us ? std::to_string(*upstream.stale_us / 1000) : std::string("-1"));
    fields.flag("synap_whole", upstream.is_whole);
    fields.number("synap_full_syncs_taken", upstream.full_syncs);
    fields.number("synap_reconnects", upstream.reconnects);
    if (!upstream.why.empty()) fields.add("synap_last_disconnect", upstream.why);
}

NodeStatus status_of(Engine& engine) {
    replication::Node* node = replication::node_of(engine);
    return node == nullptr ? NodeStatus() : node->status();
}

}  // namespace

uint64_t data_position(Engine& engine) {
    if (engine.following().is_on()) return engine.following().applied();
    return engine.log() != nullptr ? engine.log()->appended() : 0;
}

void fill_replication(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const NodeStatus status = status_of(engine);
    const uint64_t position = data_position(engine);
    fields.add("role", status.is_master() ? "master" : "slave");
    if (!status.is_master()) add_master(status.upstream, position, fields);
    const auto connected = [](const FollowerEntry& entry) { return entry.is_connected(); };
    fields.number("connected_slaves",
                  static_cast<uint64_t>(
                      std::count_if(status.followers.begin(), status.followers.end(), connected)));
    add_followers(status, fields);
    fields.add("master_failover_state", "no-failover");
    fields.add("master_replid", replication_id(engine, status.term));
    fields.add("master_replid2", std::string(40, '0'));
    fields.number("master_repl_offset", position);
    fields.add("second_repl_offset", "-1");
    const Log* log = engine.log();
    const uint64_t oldest = log != nullptr ? log->oldest_position() : position;
    fields.flag("repl_backlog_active", log != nullptr && status.port != 0);
    fields.number("repl_backlog_size", position - std::min(position, oldest));
    fields.number("repl_backlog_first_byte_offset", oldest);
    fields.number("repl_backlog_histlen", position - std::min(position, oldest));
    if (replication::node_of(engine) != nullptr) add_own(engine, status, fields);
}

namespace commands {
namespace {

std::string_view link_state(const UpstreamStatus& upstream) noexcept {
    switch (upstream.state) {
        case UpstreamState::kFollows:
            return "connected";
        case UpstreamState::kReceives:
        case UpstreamState::kLoads:
        case UpstreamState::kGoesBack:
            return "sync";
        case UpstreamState::kIntroduces:
            return "connecting";
        default:
            break;
    }
    return "connect";
}

}  // namespace

void cmd_role(CommandContext& ctx) {
    const NodeStatus status = status_of(ctx.engine());
    Reply& reply = ctx.reply();
    const auto position = static_cast<int64_t>(data_position(ctx.engine()));
    if (!status.is_master()) {
        const Place place = place_of(status.upstream.master);
        reply.begin_array(5);
        reply.text("slave");
        reply.text(place.host);
        reply.integer(static_cast<int64_t>(place.port));
        reply.text(link_state(status.upstream));
        return reply.integer(position);
    }
    std::vector<const FollowerEntry*> online;
    for (const FollowerEntry& follower : status.followers) {
        if (follower.counts()) online.push_back(&follower);
    }
    reply.begin_array(3);
    reply.text("master");
    reply.integer(position);
    reply.begin_array(online.size());
    for (const FollowerEntry* follower : online) {
        const Place place = place_of(served_at(*follower));
        reply.begin_array(3);
        reply.text(place.host);
        reply.text(std::to_string(place.port));
        reply.text(std::to_string(follower->applied));
    }
}

}  // namespace commands
}  // namespace synap
