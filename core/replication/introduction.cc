#include "core/replication/introduction.h"

namespace synap::replication {

Answer answer_to(const Identity& identity, const NodeFacts& self, uint64_t secret,
                 const std::optional<Decision>& instead, uint32_t retry_ms) {
    Answer answer;
    answer.facts = self;
    answer.retry_ms = retry_ms;
    if (identity.purpose == Purpose::kAsk) {
        answer.decision.course = Course::kTold;
        return answer;
    }
    answer.decision = instead ? *instead : decide(self, identity.facts);
    const Course course = answer.decision.course;
    if (course == Course::kContinue || course == Course::kFull) answer.secret = secret;
    return answer;
}

Result<Outcome> outcome_of(const Identity& self, const Answer& answer) {
    const bool asks = self.purpose == Purpose::kAsk;
    if (asks != (answer.decision.course == Course::kTold)) {
        return Error{Code::kCorrupt, "an answer to another question than was asked"};
    }
    Outcome outcome;
    outcome.decision =
        asks ? answer.decision : settle(decide(answer.facts, self.facts), answer.decision);
    outcome.learned = fence(self.facts, answer.facts);
    return outcome;
}

}  // namespace synap::replication
