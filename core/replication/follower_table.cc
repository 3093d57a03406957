#include "core/replication/follower_table.h"

#include <algorithm>

#include "core/base/text.h"

namespace synap::replication {

void FollowerTable::uncount(const FollowerEntry& entry) {
    if (!entry.counts()) return;
    applied_.remove(entry.applied);
    if (entry.has_directory) fsynced_.remove(entry.fsynced);
}

void FollowerTable::leave(FollowerEntry& entry, uint64_t now_us) {
    uncount(entry);
    by_connection_.erase(entry.connection);
    entry.connection = 0;
    entry.since_us = now_us;
}

FollowerTable::Admitted FollowerTable::connect(const NodeFacts& facts, uint64_t connection,
                                               uint64_t now_us, uint64_t silent_us) {
    Admitted admitted;
    auto known = followers_.find(facts.node);
    if (known != followers_.end() && known->second.is_connected()) {
        if (now_us - known->second.last_heard_us < silent_us) {
            return {Admission::kConnectedTwice, 0};
        }
        admitted = {Admission::kReplaces, known->second.connection};
        leave(known->second, now_us);
    }
    if (by_connection_.size() >= kFollowersMost) return {Admission::kTooMany, 0};
    FollowerEntry entry;
    entry.node = facts.node;
    entry.connection = connection;
    entry.name = facts.name;
    entry.address = facts.address;
    entry.clients = facts.clients;
    entry.has_directory = facts.has_directory;
    // It is counted from its first acknowledgement on: what it says it has may be given up first.
    entry.state = FollowerState::kLoads;
    entry.last_heard_us = entry.since_us = now_us;
    followers_[facts.node] = std::move(entry);
    by_connection_[connection] = facts.node;
    return admitted;
}

void FollowerTable::disconnect(uint64_t connection, uint64_t now_us) {
    const auto at = by_connection_.find(connection);
    if (at == by_connection_.end()) return;
    leave(followers_.at(at->second), now_us);
    if (followers_.size() - by_connection_.size() <= kFollowersRemembered) return;
    auto oldest = followers_.end();
    for (auto it = followers_.begin(); it != followers_.end(); ++it) {
        if (it->second.is_connected()) continue;
        if (oldest == followers_.end() || it->second.since_us < oldest->second.since_us) {
            oldest = it;
        }
    }
    followers_.erase(oldest);
}

void FollowerTable::note_written(uint64_t position, uint64_t now_us) {
    for (const auto& [connection, node] : by_connection_) {
        followers_.at(node).freshness.note(position, now_us);
    }
}

void FollowerTable::acknowledged(uint64_t connection, const Ack& ack, uint64_t now_us,
                                 std::vector<uint64_t>& woken) {
    const auto at = by_connection_.find(connection);
    if (at == by_connection_.end()) return;
    FollowerEntry& entry = followers_.at(at->second);
    const bool counted = entry.counts();
    const uint64_t applied = entry.applied;
    const uint64_t fsynced = entry.fsynced;
    const bool counts = ack.state == FollowerState::kFollows;
    if (counted && !counts) uncount(entry);
    entry.state = ack.state;
    entry.applied = ack.applied;
    entry.fsynced = entry.has_directory ? ack.fsynced : 0;
    entry.received = ack.received;
    entry.last_heard_us = now_us;
    entry.freshness.reached(counts ? ack.applied : 0);
    if (!counts) return;
    if (counted) {
        applied_.move(applied, entry.applied, woken);
        if (entry.has_directory) fsynced_.move(fsynced, entry.fsynced, woken);
    } else {
        applied_.add(entry.applied, woken);
        if (entry.has_directory) fsynced_.add(entry.fsynced, woken);
    }
}

const FollowerEntry* FollowerTable::find(uint64_t node) const {
    const auto at = followers_.find(node);
    return at == followers_.end() ? nullptr : &at->second;
}

size_t FollowerTable::fresh(uint64_t now_us, uint64_t max_stale_us) const {
    size_t fresh = 0;
    for (const auto& [connection, node] : by_connection_) {
        const FollowerEntry& entry = followers_.at(node);
        const auto stale = entry.freshness.stale_us(now_us);
        fresh += entry.counts() && stale && *stale <= max_stale_us;
    }
    return fresh;
}

std::optional<uint64_t> FollowerTable::lowest_applied() const {
    if (applied_.followers() == 0) return {};
    return applied_.by_at_least(applied_.followers());
}

FollowerTable::Resolved FollowerTable::resolve(std::string_view text) const {
    constexpr std::string_view kScheme = "synap://";
    if (text.substr(0, kScheme.size()) == kScheme) text.remove_prefix(kScheme.size());
    Resolved resolved;
    if (text.empty()) return resolved;
    for (const auto& [node, entry] : followers_) {
        if (entry.name == text || entry.address == text || entry.clients == text ||
            hexadecimal(node) == to_lower(text)) {
            resolved.nodes.push_back(node);
        }
    }
    if (resolved.nodes.empty()) return resolved;
    resolved.match = resolved.nodes.size() == 1 ? Match::kOne : Match::kAmbiguous;
    if (resolved.match == Match::kOne) resolved.node = resolved.nodes.front();
    return resolved;
}

size_t FollowerTable::prune(uint64_t left_before_us) {
    return std::erase_if(followers_, [&](const auto& item) {
        return !item.second.is_connected() && item.second.since_us < left_before_us;
    });
}

}  // namespace synap::replication
