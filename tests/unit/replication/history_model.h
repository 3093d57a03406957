// Nodes as they truly are, beside what they say: a record of a history is a random number, and
// takes one position. What decide() answers is carried out on them, after it was held against the
// truth.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/platform/entropy.h"
#include "core/replication/common_point.h"
#include "core/replication/heard_marks.h"

namespace synap::replication {

struct ModelNode {
    uint64_t id = 0;
    HistoryId history;
    std::vector<Epoch> epochs;
    std::vector<uint64_t> records;
    uint64_t synced = 0;    // as it knows by itself
    uint64_t promised = 0;  // that its heartbeats say: as the writer of the epoch knows
    uint64_t oldest = 0;    // of its log
    bool is_master = false;
    bool was_restored = false;
    bool has_begun = false;  // an epoch, since it was opened
    HeardMarks marks;

    NodeFacts facts(bool forces = false) const {
        NodeFacts facts;
        facts.node = id;
        facts.name = "n" + std::to_string(id);
        facts.level = facts.level_min = facts.level_max = 1;
        facts.history = history;
        facts.epochs = epochs;
        facts.end = records.size();
        facts.oldest = oldest;
        if (oldest > 0) facts.snapshots = {oldest, records.size() / 2};
        facts.marks = marks.all();
        facts.is_master = is_master;
        facts.has_directory = true;
        facts.was_restored = was_restored;
        facts.forces = forces;
        return facts;
    }

    // Through where it has what it heard to be durable.
    uint64_t holds_of_promises() const {
        uint64_t held = 0;
        for (const HeardMark& mark : marks.all()) {
            for (size_t i = 0; i < epochs.size(); ++i) {
                if (epochs[i].id != mark.id) continue;
                const uint64_t end = i + 1 < epochs.size() ? epochs[i + 1].start : records.size();
                held = std::max(held, std::min(mark.synced, end));
            }
        }
        return held;
    }

    uint32_t term() const { return epochs.empty() ? 0 : epochs.back().term; }

    void begin_epoch(uint32_t in_term, SmallRandom& random) {
        const uint32_t number = epochs.empty() ? 1 : epochs.back().number + 1;
        epochs.push_back({in_term, number, number, records.size(), random.next(), id});
        synced = promised = records.size();  // an epoch begins on what is durable
        has_begun = true;
    }
    void write(SmallRandom& random) {
        if (!has_begun) begin_epoch(std::max(1u, term()), random);
        records.push_back(random.next());
    }
    void promote(uint32_t above, SmallRandom& random) {
        is_master = true;
        begin_epoch(above + 1, random);
    }
    void sync() {
        synced = records.size();
        if (is_master) promised = synced;
    }
    // As Manifest::add() does where there are many, here with few.
    void merge(SmallRandom& random) {
        for (size_t i = 0; i + 2 < epochs.size(); ++i) {
            if (epochs[i].term != epochs[i + 1].term || epochs[i].writer != epochs[i + 1].writer ||
                random.below(3) == 0) {
                continue;
            }
            epochs[i + 1].first = epochs[i].first;
            epochs[i + 1].start = epochs[i].start;
            epochs.erase(epochs.begin() + static_cast<ptrdiff_t>(i));
            return;
        }
    }
    // The power is cut, and the node opened again; as a master it loses what was not synced.
    void restart(SmallRandom& random) {
        const uint64_t kept = synced + random.below(records.size() - synced + 1);
        cut(kept);
        synced = kept;
        if (is_master) promised = kept;
        has_begun = false;
    }
    void cut(uint64_t end) {
        records.resize(end);
        synced = std::min(synced, end);
        promised = std::min(promised, end);
    }
};

inline bool same_records(const ModelNode& a, const ModelNode& b, uint64_t until) {
    if (until > a.records.size() || until > b.records.size()) return false;
    return std::equal(a.records.begin(), a.records.begin() + static_cast<ptrdiff_t>(until),
                      b.records.begin());
}

// The follower does what was decided, and takes at most `most` records.
inline void carry_out(const Decision& decision, const ModelNode& sender, ModelNode& follower,
                      uint64_t most) {
    const bool full = decision.course == Course::kFull;
    const uint64_t from = full ? 0 : decision.from;
    const uint64_t more = sender.records.size() - from;
    const uint64_t to = full ? sender.records.size() : from + std::min(more, most);
    if (!(follower.history == sender.history) || full) follower.marks.clear();
    follower.marks.give_up(from);
    follower.history = sender.history;
    follower.records.assign(sender.records.begin(),
                            sender.records.begin() + static_cast<ptrdiff_t>(to));
    follower.epochs.clear();
    for (const Epoch& epoch : sender.epochs) {
        if (epoch.start <= to) follower.epochs.push_back(epoch);
    }
    follower.oldest = full ? to : std::min(follower.oldest, from);
    follower.synced = full ? to : std::min<uint64_t>(follower.synced, from);
    // An epoch enters MANIFEST behind what it begins on.
    if (!follower.epochs.empty()) {
        follower.synced = std::max(follower.synced, follower.epochs.back().start);
    }
    follower.is_master = false;
    follower.has_begun = false;
    follower.was_restored = false;
    if (!sender.epochs.empty()) {
        follower.marks.heard(sender.epochs.back(), sender.promised);
        follower.promised = sender.promised;
    }
}

}  // namespace synap::replication
