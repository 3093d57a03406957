#include "core/replication/common_point.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/replication/decision_text.h"

namespace synap::replication {

namespace {

// The epochs of a node by their ids.
class EpochIndex {
public:
    explicit EpochIndex(const NodeFacts& node) : node_(node) {
        by_id_.reserve(node.epochs.size());
        for (size_t i = 0; i < node.epochs.size(); ++i) by_id_.push_back({node.epochs[i].id, i});
        std::sort(by_id_.begin(), by_id_.end());
    }

    std::optional<size_t> find(uint64_t id, uint32_t number) const {
        const auto at = std::lower_bound(by_id_.begin(), by_id_.end(), std::pair{id, size_t{0}});
        if (at == by_id_.end() || at->first != id) return {};
        if (node_.epochs[at->second].number != number) return {};
        return at->second;
    }

    // The entry that this number is merged into, with later ones.
    std::optional<size_t> merged(uint32_t number) const {
        const auto& all = node_.epochs;
        const auto at = std::lower_bound(
            all.begin(), all.end(), number,
            [](const Epoch& epoch, uint32_t wanted) { return epoch.number < wanted; });
        if (at == all.end() || at->first > number || at->number == number) return {};
        return static_cast<size_t>(at - all.begin());
    }

    // An entry that has merged this epoch, as far as that can be told.
    std::optional<size_t> merged(const Epoch& epoch) const {
        const auto at = merged(epoch.number);
        if (!at) return {};
        const Epoch& entry = node_.epochs[*at];
        if (entry.term != epoch.term || entry.writer != epoch.writer) return {};
        return at;
    }

    uint64_t end_of(size_t i) const noexcept {
        return i + 1 < node_.epochs.size() ? node_.epochs[i + 1].start : node_.end;
    }

private:
    const NodeFacts& node_;
    std::vector<std::pair<uint64_t, size_t>> by_id_;
};

// Both know the newest term of `newer`'s, and no epoch of it is the same.
bool two_terms(const NodeFacts& older, const EpochIndex& older_index, const NodeFacts& newer,
               const EpochIndex& newer_index) {
    const uint32_t term = newer.term();
    bool present = false;
    for (const Epoch& epoch : older.epochs) {
        if (epoch.term != term) continue;
        present = true;
        if (newer_index.find(epoch.id, epoch.number) || newer_index.merged(epoch)) return false;
    }
    if (!present) return false;
    for (const Epoch& epoch : newer.epochs) {
        if (epoch.term == term && older_index.merged(epoch)) return false;
    }
    return true;
}

class Decider {
public:
    Decider(const NodeFacts& sender, const NodeFacts& follower)
        : sender_(sender), follower_(follower), sends_(sender), follows_(follower) {
        facts_.sender = &sender;
        facts_.follower = &follower;
    }

    Decision run() {
        Decision decision = decide();
        explain(decision, facts_);
        return decision;
    }

private:
    using Maybe = std::optional<Decision>;

    Decision decide();
    Decision other_history() const;
    void find_common();
    Maybe by_terms();
    Maybe by_marks();
    const HeardMark* lost_mark() const;
    const Epoch* lost_epoch() const;
    bool is_merely_behind() const;
    Decision without_common_epoch() const;
    Decision at_common_epoch();
    Decision from_point(uint64_t point, bool gives_up) const;
    Decision replace(Why why, uint64_t from, bool gives_up) const;
    bool can_restart_before(uint64_t point) const;

    static Decision refuse(Why why) {
        Decision decision;
        decision.course = Course::kRefuse;
        decision.why = why;
        return decision;
    }
    static Decision later(Why why) {
        Decision decision = refuse(why);
        decision.course = Course::kLater;
        return decision;
    }

    const NodeFacts& sender_;
    const NodeFacts& follower_;
    const EpochIndex sends_;
    const EpochIndex follows_;
    std::optional<std::pair<size_t, size_t>> common_;  // index with the sender, with the follower
    uint32_t begin_term_above_ = 0;
    DecisionFacts facts_;
};

Decision Decider::decide() {
    if (sender_.node == follower_.node) return refuse(Why::kItself);
    if (sender_.level < follower_.level_min || sender_.level > follower_.level_max) {
        return refuse(Why::kFormat);
    }
    const bool emptied = sender_.is_blank() && sender_.is_master && !follower_.is_blank();
    if (emptied || !(sender_.history == follower_.history)) return other_history();
    find_common();
    if (Maybe decided = by_terms()) return *decided;
    if (Maybe decided = by_marks()) return *decided;
    return common_ ? at_common_epoch() : without_common_epoch();
}

Decision Decider::other_history() const {
    if (follower_.is_blank()) return from_point(0, false);
    if (follower_.forces) return replace(Why::kForced, 0, true);
    return refuse(sender_.is_blank() ? Why::kEmptied : Why::kForeignHistory);
}

void Decider::find_common() {
    for (size_t j = follower_.epochs.size(); j-- > 0;) {
        const Epoch& epoch = follower_.epochs[j];
        if (const auto i = sends_.find(epoch.id, epoch.number)) {
            common_ = {*i, j};
            return;
        }
    }
}

Decider::Maybe Decider::by_terms() {
    const bool is_later = follower_.term() > sender_.term();
    if (!is_later && !two_terms(sender_, sends_, follower_, follows_)) return {};
    if (!follower_.forces) {
        if (!is_later) return refuse(Why::kTwoTerms);
        if (!sender_.is_master) return later(Why::kSenderCatchesUp);
        Decision decision = refuse(Why::kLaterTerm);
        decision.fences_sender = true;
        return decision;
    }
    if (follower_.term() < sender_.term()) return {};
    // Else nobody could tell later which of the terms of this number is the one that was kept.
    if (!sender_.is_master) return refuse(Why::kNotMaster);
    begin_term_above_ = follower_.term();
    return {};
}

const HeardMark* Decider::lost_mark() const {
    for (const HeardMark& mark : follower_.marks) {
        auto at = sends_.find(mark.id, mark.number);
        if (!at) {
            // Which epoch it is, or which the follower has merged it into.
            auto own = follows_.find(mark.id, mark.number);
            if (!own) own = follows_.merged(mark.number);
            if (own) {
                const Epoch& epoch = follower_.epochs[*own];
                at = sends_.find(epoch.id, epoch.number);
                if (!at) at = sends_.merged(epoch);
            }
        }
        if (!at || sends_.end_of(*at) < mark.synced) return &mark;
    }
    return nullptr;
}

// An epoch of the newest term of both that the sender has not: an epoch is durable with who wrote
// it before it is heard of, and in a term one node writes.
const Epoch* Decider::lost_epoch() const {
    if (follower_.term() != sender_.term()) return nullptr;
    for (size_t j = common_ ? common_->second + 1 : 0; j < follower_.epochs.size(); ++j) {
        const Epoch& epoch = follower_.epochs[j];
        if (epoch.term == sender_.term() && !sends_.merged(epoch)) return &epoch;
    }
    return nullptr;
}

// What the sender has is a part of what the follower has, and it will get the rest.
bool Decider::is_merely_behind() const {
    if (sender_.is_master) return false;
    if (!common_) return sender_.epochs.empty();
    return common_->first + 1 == sender_.epochs.size();
}

Decider::Maybe Decider::by_marks() {
    const HeardMark* mark = lost_mark();
    const Epoch* epoch = lost_epoch();
    if (mark == nullptr && epoch == nullptr) return {};
    if (is_merely_behind()) return later(Why::kSenderCatchesUp);
    if (follower_.forces) return {};
    facts_.lost = mark != nullptr ? mark->synced : epoch->start;
    facts_.lost_epoch = mark != nullptr ? mark->number : epoch->number;
    if (sender_.was_restored) return refuse(Why::kRestored);
    uint32_t term = sender_.term();
    if (mark != nullptr) {
        auto own = follows_.find(mark->id, mark->number);
        if (!own) own = follows_.merged(mark->number);
        if (own) term = follower_.epochs[*own].term;
    }
    return refuse(term < sender_.term() ? Why::kPromotedBehind : Why::kRolledBack);
}

Decision Decider::without_common_epoch() const {
    if (follower_.is_blank()) return from_point(0, false);
    if (!sender_.is_master && sender_.end < follower_.end) return later(Why::kSenderCatchesUp);
    if (follower_.forces) return replace(Why::kForced, 0, true);
    if (sender_.end < follower_.end) return refuse(Why::kShorter);
    for (const Epoch& epoch : follower_.epochs) {
        if (sends_.merged(epoch)) return replace(Why::kMergedEpoch, 0, false);
    }
    return replace(Why::kNoCommonEpoch, 0, true);
}

Decision Decider::at_common_epoch() {
    const auto [i, j] = *common_;
    const bool sender_last = i + 1 == sender_.epochs.size();
    const bool follower_last = j + 1 == follower_.epochs.size();
    const uint64_t sender_end = sends_.end_of(i);
    const uint64_t follower_end = follows_.end_of(j);
    if (!follower_last && sends_.merged(follower_.epochs[j + 1])) {
        if (sender_.end >= follower_.end || follower_.forces) {
            return replace(Why::kMergedEpoch, 0, false);
        }
        return sender_.is_master ? refuse(Why::kShorter) : later(Why::kSenderCatchesUp);
    }
    if (sender_last && !sender_.is_master && (!follower_last || follower_end > sender_end)) {
        return later(Why::kSenderCatchesUp);
    }
    const uint64_t point = std::min(sender_end, follower_end);
    const bool gives_up = !follower_last || follower_end > sender_end;
    if (gives_up && !follower_.forces) {
        if (sender_.was_restored) return refuse(Why::kRestored);
        if (sender_last && follower_last) return later(Why::kAhead);
    }
    return from_point(point, gives_up);
}

bool Decider::can_restart_before(uint64_t point) const {
    if (follower_.oldest == 0) return true;
    return std::any_of(
        follower_.snapshots.begin(), follower_.snapshots.end(),
        [&](uint64_t complete) { return complete <= point && complete >= follower_.oldest; });
}

Decision Decider::from_point(uint64_t point, bool gives_up) const {
    if (follower_.asks_full_sync) return replace(Why::kAsked, point, gives_up);
    if (follower_.end > point) {
        if (!follower_.has_directory) return replace(Why::kNoDirectory, point, gives_up);
        if (!can_restart_before(point)) return replace(Why::kNoSnapshotBefore, point, gives_up);
    }
    if (sender_.oldest > point) {
        return replace(follower_.is_blank() ? Why::kBlank : Why::kLogGone, point, gives_up);
    }
    Decision decision;
    decision.course = Course::kContinue;
    decision.why = Why::kNothing;
    decision.from = point;
    decision.gives_up = gives_up;
    decision.begin_term_above = begin_term_above_;
    return decision;
}

Decision Decider::replace(Why why, uint64_t from, bool gives_up) const {
    Decision decision;
    decision.course = Course::kFull;
    decision.why = why;
    decision.from = from;
    decision.gives_up = gives_up;
    decision.begin_term_above = begin_term_above_;
    return decision;
}

}  // namespace

Decision decide(const NodeFacts& sender, const NodeFacts& follower) {
    return Decider(sender, follower).run();
}

Decision settle(const Decision& own, const Decision& told) {
    if (told.course == Course::kLater || told.course == Course::kRefuse) return told;
    if (own.course == Course::kLater || own.course == Course::kRefuse) return own;
    const bool same =
        own.course == told.course && own.from == told.from && own.gives_up == told.gives_up;
    const bool replaces = own.course == Course::kContinue && !own.gives_up &&
                          told.course == Course::kFull && !told.gives_up;
    if (same || replaces) return told;
    Decision refused;
    refused.course = Course::kRefuse;
    refused.why = Why::kDisagreement;
    const auto said = [](const Decision& decision) {
        return std::string(to_string(decision.course)) + " from " + std::to_string(decision.from) +
               (decision.gives_up ? ", giving up what is beyond" : "");
    };
    refused.reason = "the two ends come to different decisions: " + said(told) + " there, " +
                     said(own) + " here";
    refused.remedy =
        "Run the same version of Synap on both, and report this where they are the same";
    return refused;
}

Fence fence(const NodeFacts& self, const NodeFacts& other) {
    if (other.forces || !(self.history == other.history)) return Fence::kNone;
    if (other.term() > self.term()) return Fence::kLaterTerm;
    if (other.term() < self.term()) return Fence::kNone;
    const bool two = two_terms(self, EpochIndex(self), other, EpochIndex(other));
    return two ? Fence::kTwoTerms : Fence::kNone;
}

}  // namespace synap::replication
