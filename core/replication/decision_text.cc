#include "core/replication/decision_text.h"

#include <string>

namespace synap::replication {

namespace {

std::string number(uint64_t value) { return std::to_string(value); }

std::string named(const NodeFacts& node) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string id(16, '0');
    for (size_t i = 0; i < id.size(); ++i) id[i] = kDigits[node.node >> (60 - 4 * i) & 15];
    return node.name.empty() ? "node " + id : node.name + " (node " + id + ")";
}

constexpr const char* kForce =
    "If what the follower has is to be given up, tell it to follow with FORCE (what only it has is "
    "saved in a file, where a common point is known); if it is the better copy, promote it instead";

std::string reason_for_full(Why why, const Decision& decision, const NodeFacts& sender,
                            const NodeFacts& follower) {
    const std::string from = number(decision.from);
    switch (why) {
        case Why::kBlank:
            return "the follower is empty, and the log here begins at " + number(sender.oldest);
        case Why::kLogGone:
            return "the follower is at " + from + ", and the log is held from " +
                   number(sender.oldest) + " on";
        case Why::kMergedEpoch:
            return "the follower was last here so long ago that its epochs are no longer told "
                   "apart";
        case Why::kNoCommonEpoch:
            return "the two histories have no epoch in common";
        case Why::kNoSnapshotBefore:
            return "the follower has to go back to " + from + ", and has no snapshot from before";
        case Why::kNoDirectory:
            return "the follower has to go back to " + from + ", and keeps no directory";
        case Why::kAsked:
            return "the follower asked for it";
        case Why::kForced:
            return "the follower was told to give up a history of its own (" +
                   number(follower.end) + " bytes)";
        default:
            return {};
    }
}

void explain_refusal(Decision& decision, const DecisionFacts& facts) {
    const NodeFacts& sender = *facts.sender;
    const NodeFacts& follower = *facts.follower;
    const std::string master = named(sender);
    const std::string term = number(sender.term());
    const std::string lost = "position " + number(facts.lost) + " of epoch " +
                             number(facts.lost_epoch) + ", which was durable";
    decision.remedy = kForce;
    switch (decision.why) {
        case Why::kItself:
            decision.reason = "this is " + master + " itself";
            decision.remedy =
                "Correct the address; if the directory was copied, start the copy where the "
                "original does not run";
            return;
        case Why::kFormat:
            decision.reason = "the data of " + master + " is of format level " +
                              number(sender.level) + ", and the follower takes levels " +
                              number(follower.level_min) + " to " + number(follower.level_max);
            decision.remedy = "Upgrade the follower first, then the master";
            return;
        case Why::kForeignHistory:
            decision.reason = master + " has another history than the follower";
            return;
        case Why::kEmptied:
            decision.reason = master + " is empty, and the follower holds " + number(follower.end) +
                              " bytes of history";
            decision.remedy =
                "If the master lost its data, promote the follower, or restore the master's "
                "directory; to empty the follower, too, tell it to follow with FORCE";
            return;
        case Why::kShorter:
            decision.reason = master + " ends at " + number(sender.end) + ", the follower at " +
                              number(follower.end) + ", and they have no epoch in common";
            return;
        case Why::kRolledBack:
            decision.reason = master + " no longer holds " + lost + ": it ends at " +
                              number(sender.end) + ", as an older copy of its directory would";
            return;
        case Why::kPromotedBehind:
            decision.reason =
                "term " + term + " of " + master + " began without " + lost + " before it began";
            return;
        case Why::kRestored:
            decision.reason = master + " was restored from a backup, and lacks what the follower " +
                              "has (" + number(follower.end) + " bytes of history)";
            return;
        case Why::kLaterTerm:
            decision.reason = "the follower is of term " + number(follower.term()) + ", " + master +
                              " of term " + term + ", which is over";
            decision.remedy =
                "Let the older master follow the newer one; or, to give the later term up, tell "
                "the follower to follow with FORCE";
            return;
        case Why::kTwoTerms:
            decision.reason = "there are two terms " + number(follower.term()) +
                              ": that of the follower did not begin at " + master +
                              ": two nodes were promoted";
            return;
        case Why::kNotMaster:
            decision.reason = master + " is a follower itself, and cannot begin a term above " +
                              number(follower.term());
            decision.remedy = "Use FORCE with the address of the master";
            return;
        default:
            return;
    }
}

}  // namespace

void explain(Decision& decision, const DecisionFacts& facts) {
    const NodeFacts& sender = *facts.sender;
    const NodeFacts& follower = *facts.follower;
    switch (decision.course) {
        case Course::kRefuse:
            explain_refusal(decision, facts);
            return;
        case Course::kLater:
            decision.reason = "the follower is at " + number(follower.end) + " of term " +
                              number(follower.term()) + ", ahead of " + named(sender) + " at " +
                              number(sender.end) + " of term " + number(sender.term());
            decision.remedy = "It asks again by itself, and loses nothing";
            return;
        case Course::kFull:
            decision.reason = reason_for_full(decision.why, decision, sender, follower);
            return;
        case Course::kContinue:
            if (!decision.gives_up) return;
            decision.reason = "the histories part at " + number(decision.from) +
                              "; the follower went on to " + number(follower.end);
            return;
        case Course::kTold:
            return;
    }
}

std::string_view to_string(Course course) noexcept {
    switch (course) {
        case Course::kContinue:
            return "continue";
        case Course::kFull:
            return "full";
        case Course::kLater:
            return "later";
        case Course::kRefuse:
            return "refuse";
        case Course::kTold:
            return "told";
    }
    return "unknown";
}

namespace {

struct WhyName {
    Why why;
    std::string_view name;
};
constexpr WhyName kWhyNames[] = {
    {Why::kNothing, "none"},
    {Why::kBlank, "blank"},
    {Why::kLogGone, "log_gone"},
    {Why::kMergedEpoch, "merged_epoch"},
    {Why::kNoCommonEpoch, "no_common_epoch"},
    {Why::kNoSnapshotBefore, "no_snapshot_before"},
    {Why::kNoDirectory, "no_directory"},
    {Why::kAsked, "asked"},
    {Why::kForced, "forced"},
    {Why::kAhead, "ahead"},
    {Why::kSenderCatchesUp, "sender_catches_up"},
    {Why::kSenderLoads, "sender_loads"},
    {Why::kItself, "itself"},
    {Why::kFormat, "format"},
    {Why::kForeignHistory, "foreign_history"},
    {Why::kEmptied, "emptied"},
    {Why::kShorter, "shorter"},
    {Why::kRolledBack, "rolled_back"},
    {Why::kPromotedBehind, "promoted_behind"},
    {Why::kRestored, "restored"},
    {Why::kLaterTerm, "later_term"},
    {Why::kTwoTerms, "two_terms"},
    {Why::kNotMaster, "not_master"},
    {Why::kDisagreement, "disagreement"},
    {Why::kProtocol, "protocol"},
    {Why::kNoSecretHere, "no_secret_here"},
    {Why::kNoSecretThere, "no_secret_there"},
    {Why::kWrongSecret, "wrong_secret"},
    {Why::kProtectedMode, "protected_mode"},
    {Why::kConnectedTwice, "connected_twice"},
    {Why::kShutdown, "shutdown"},
    {Why::kDemoted, "demoted"},
    {Why::kTooSlow, "too_slow"},
    {Why::kSilent, "silent"},
    {Why::kBadMessage, "bad_message"},
    {Why::kDiskFull, "disk_full"},
    {Why::kSecretRemoved, "secret_removed"},
    {Why::kInternal, "internal"},
};

}  // namespace

std::string_view to_string(Why why) noexcept {
    for (const WhyName& known : kWhyNames) {
        if (known.why == why) return known.name;
    }
    return "unknown";
}

}  // namespace synap::replication
