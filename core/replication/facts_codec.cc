#include "core/replication/facts_codec.h"

#include <algorithm>

#include "core/base/limits.h"
#include "core/replication/wire.h"

namespace synap::replication {

namespace {

constexpr size_t kEpochBytes = 36;
constexpr size_t kMarkBytes = 20;

enum FactFlag : uint32_t {
    kIsMaster = 1,
    kHasDirectory = 2,
    kWasRestored = 4,
    kForces = 8,
    kAsksFullSync = 16,
};

bool is_shown(char c) noexcept { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; }

// A count that the bytes behind it can hold.
bool take_count(ByteReader& in, size_t most, size_t element_bytes, uint32_t& count) {
    return in.take(count) && count <= most && count <= in.remaining() / element_bytes;
}

}  // namespace

void put_text(std::string& out, std::string_view text, size_t most) {
    text = text.substr(0, most);
    put_varint(out, text.size());
    for (const char c : text) out.push_back(is_shown(c) ? c : '?');
}

bool take_text(ByteReader& in, std::string& text, size_t most) {
    std::string_view bytes;
    if (!in.take_string(bytes) || bytes.size() > most) return false;
    if (!std::all_of(bytes.begin(), bytes.end(), is_shown)) return false;
    text.assign(bytes);
    return true;
}

void put_epoch(std::string& out, const Epoch& epoch) {
    put(out, epoch.term);
    put(out, epoch.number);
    put(out, epoch.first);
    put(out, epoch.start);
    put(out, epoch.id);
    put(out, epoch.writer);
}

bool take_epoch(ByteReader& in, Epoch& epoch) noexcept {
    return in.take(epoch.term) && in.take(epoch.number) && in.take(epoch.first) &&
           in.take(epoch.start) && in.take(epoch.id) && in.take(epoch.writer) && epoch.first > 0 &&
           epoch.first <= epoch.number;
}

void put_facts(std::string& out, const NodeFacts& facts) {
    uint32_t flags = 0;
    if (facts.is_master) flags |= kIsMaster;
    if (facts.has_directory) flags |= kHasDirectory;
    if (facts.was_restored) flags |= kWasRestored;
    if (facts.forces) flags |= kForces;
    if (facts.asks_full_sync) flags |= kAsksFullSync;
    put(out, facts.node);
    put(out, facts.level);
    put(out, facts.level_min);
    put(out, facts.level_max);
    put(out, flags);
    put(out, facts.history.high);
    put(out, facts.history.low);
    put(out, facts.end);
    put(out, facts.oldest);
    put_text(out, facts.name, kNameBytes);
    put_text(out, facts.address, kNameBytes);
    put_text(out, facts.clients, kNameBytes);
    // The newest of each, should there be more than can be told.
    const size_t epochs = std::min(facts.epochs.size(), limits::kManifestEpochs);
    put(out, static_cast<uint32_t>(epochs));
    for (size_t i = facts.epochs.size() - epochs; i < facts.epochs.size(); ++i) {
        put_epoch(out, facts.epochs[i]);
    }
    const size_t snapshots = std::min(facts.snapshots.size(), kSnapshotsTold);
    put(out, static_cast<uint32_t>(snapshots));
    for (size_t i = facts.snapshots.size() - snapshots; i < facts.snapshots.size(); ++i) {
        put(out, facts.snapshots[i]);
    }
    const size_t marks = std::min(facts.marks.size(), kMarksTold);
    put(out, static_cast<uint32_t>(marks));
    for (size_t i = facts.marks.size() - marks; i < facts.marks.size(); ++i) {
        put(out, facts.marks[i].id);
        put(out, facts.marks[i].number);
        put(out, facts.marks[i].synced);
    }
}

bool take_facts(ByteReader& in, NodeFacts& facts) {
    uint32_t flags = 0;
    if (!in.take(facts.node) || !in.take(facts.level) || !in.take(facts.level_min) ||
        !in.take(facts.level_max) || !in.take(flags) || !in.take(facts.history.high) ||
        !in.take(facts.history.low) || !in.take(facts.end) || !in.take(facts.oldest) ||
        !take_text(in, facts.name, kNameBytes) || !take_text(in, facts.address, kNameBytes) ||
        !take_text(in, facts.clients, kNameBytes)) {
        return false;
    }
    facts.is_master = (flags & kIsMaster) != 0;
    facts.has_directory = (flags & kHasDirectory) != 0;
    facts.was_restored = (flags & kWasRestored) != 0;
    facts.forces = (flags & kForces) != 0;
    facts.asks_full_sync = (flags & kAsksFullSync) != 0;
    uint32_t count = 0;
    if (!take_count(in, limits::kManifestEpochs, kEpochBytes, count)) return false;
    facts.epochs.resize(count);
    for (Epoch& epoch : facts.epochs) {
        if (!take_epoch(in, epoch)) return false;
    }
    if (!take_count(in, kSnapshotsTold, sizeof(uint64_t), count)) return false;
    facts.snapshots.resize(count);
    for (uint64_t& at : facts.snapshots) {
        if (!in.take(at)) return false;
    }
    if (!take_count(in, kMarksTold, kMarkBytes, count)) return false;
    facts.marks.resize(count);
    for (HeardMark& mark : facts.marks) {
        if (!in.take(mark.id) || !in.take(mark.number) || !in.take(mark.synced)) return false;
    }
    return are_sound(facts);
}

bool are_sound(const NodeFacts& facts) noexcept {
    if (facts.level_min > facts.level_max || facts.oldest > facts.end) return false;
    if (facts.epochs.empty()) return facts.end == 0;
    Epoch before;
    for (const Epoch& epoch : facts.epochs) {
        if (epoch.first <= before.number || epoch.number < epoch.first ||
            epoch.term < before.term || epoch.start < before.start) {
            return false;
        }
        before = epoch;
    }
    return before.start <= facts.end;
}

}  // namespace synap::replication
