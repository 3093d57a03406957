// The words of a decision: what was found, with its numbers, and what a person can do.
#pragma once

#include <string_view>

#include "core/replication/common_point.h"

namespace synap::replication {

struct DecisionFacts {
    const NodeFacts* sender = nullptr;
    const NodeFacts* follower = nullptr;
    uint64_t lost = 0;  // a position that the sender should hold
    uint32_t lost_epoch = 0;
};

// Fills in reason and remedy.
void explain(Decision& decision, const DecisionFacts& facts);

// "later_term": for metrics, logs and health. "unknown" for a number of a newer version.
std::string_view to_string(Why why) noexcept;
std::string_view to_string(Course course) noexcept;

}  // namespace synap::replication
