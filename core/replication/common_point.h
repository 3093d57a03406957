// Whether, and from where, one node may follow another: a pure function of what both are.
//
// The common point of two histories is in the last epoch that both know by its id, at the smaller
// end of it; only a later epoch ends an epoch. What lies below a position that a follower heard
// called durable is never given up unasked. Both ends decide by themselves, and go on only when
// they agree: decide() gives the same for the same facts wherever it runs.
//
// One thing cannot be told: an epoch that the sender has merged with later ones. It is believed to
// hold the follower's epoch of that number, term and writer, but never continued from: the
// follower's data is replaced.
//
// Cost: O((epochs of both) log, + marks log). Thread safety: none needed.
#pragma once

#include <cstdint>
#include <string>

#include "core/replication/facts.h"

namespace synap::replication {

enum class Course : uint8_t {
    kContinue = 1,  // `from` on; what the follower has beyond goes back first
    kFull = 2,      // the follower's data is replaced
    kLater = 3,     // the sender is behind: nothing is lost by asking again
    kRefuse = 4,    // until a person decides
    kTold = 5,      // the other end only asked for facts
};

// On the wire and in metrics: add, never renumber.
enum class Why : uint16_t {
    kNothing = 0,
    // of kFull
    kBlank = 1,  // the follower has nothing, and the log does not reach back to its begin
    kLogGone = 2,
    kMergedEpoch = 3,
    kNoCommonEpoch = 4,
    kNoSnapshotBefore = 5,
    kNoDirectory = 6,
    kAsked = 7,
    kForced = 8,
    // of kLater
    kAhead = 20,
    kSenderCatchesUp = 21,
    kSenderLoads = 22,
    // of kRefuse
    kItself = 40,
    kFormat = 41,
    kForeignHistory = 42,
    kEmptied = 43,
    kShorter = 44,
    kRolledBack = 45,      // the sender lost what it, or the same term's writer, called durable
    kPromotedBehind = 46,  // a later term began without what an earlier one called durable
    kRestored = 47,
    kLaterTerm = 48,
    kTwoTerms = 49,  // of one number
    kNotMaster = 50,
    kDisagreement = 51,
    // of ends of connections; see protocol
    kProtocol = 60,
    kNoSecretHere = 61,
    kNoSecretThere = 62,
    kWrongSecret = 63,
    kProtectedMode = 64,
    kConnectedTwice = 65,
    kShutdown = 66,
    kDemoted = 67,
    kTooSlow = 68,
    kSilent = 69,
    kBadMessage = 70,
    kDiskFull = 71,
    kSecretRemoved = 72,
    kInternal = 73,
};

struct Decision {
    Course course = Course::kRefuse;
    Why why = Why::kNothing;
    // The common point. Of kFull, where there is one: 0 otherwise.
    uint64_t from = 0;
    // The follower holds records, or epochs, that the sender's history has not: saved, then given
    // up.
    bool gives_up = false;
    // Not 0: the follower gives up a term that the sender never heard of. Before it sends anything
    // the sender makes a term above this one durable, and decides anew.
    uint32_t begin_term_above = 0;
    // The sender learned that its term is over: it refuses writes. See fence().
    bool fences_sender = false;
    // For people: what was found, and what to do. Empty for a kContinue that loses nothing.
    std::string reason;
    std::string remedy;
};

// `sender` is asked by `follower`; positions of the facts are of one moment each.
Decision decide(const NodeFacts& sender, const NodeFacts& follower);

// What a follower does that decided `own` and was told `told`. To wait or to stay away never costs
// anything, whatever the sender's reason; neither does a full sync instead of going on without
// giving up. All else is done only as both decided it: otherwise kRefuse, for kDisagreement, where
// the own refusal does not say it better.
Decision settle(const Decision& own, const Decision& told);

// What one node learns from the proven facts of another about its own term.
enum class Fence : uint8_t {
    kNone,
    kLaterTerm,  // of the same history: who is master here is so no longer
    kTwoTerms,   // two of the same number: nobody yields, both say so
};
Fence fence(const NodeFacts& self, const NodeFacts& other);

}  // namespace synap::replication
