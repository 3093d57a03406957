// What two ends that have proven themselves say of themselves, and what comes of it: the messages
// IDENTITY and ANSWER. Pure; whoever owns the connection moves them.
#pragma once

#include <optional>

#include "core/base/result.h"
#include "core/replication/common_point.h"
#include "core/replication/messages.h"

namespace synap::replication {

// What a sender answers to `identity`.
//
// Where `begin_term_above` of the decision is not 0 the answer is not to be sent: such a term is
// made durable first, and then it is asked again for the answer, with what the sender is by then.
// `instead` is answered where the sender has a reason of its own to have the follower wait or stay
// away (kLater, kRefuse). `secret` is told only to who may follow.
Answer answer_to(const Identity& identity, const NodeFacts& self, uint64_t secret,
                 const std::optional<Decision>& instead = {}, uint32_t retry_ms = 0);

// What comes of an answer for the end that asked, which is what it said in `self`.
struct Outcome {
    // What it does, having decided itself: see settle(). kTold for one that only asked.
    Decision decision;
    // What the sender's facts say of its own term.
    Fence learned = Fence::kNone;
};
// kCorrupt for an answer to another question.
Result<Outcome> outcome_of(const Identity& self, const Answer& answer);

}  // namespace synap::replication
