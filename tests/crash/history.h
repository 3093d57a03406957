// Every state that a run has gone through since the last open, and how much of it a death must
// spare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/crash/model.h"

namespace synap::crash {

enum class Death : uint8_t { kKill, kPowerCut };

class History {
public:
    // The state after the last operation. All operations so far are in it.
    const State& last() const { return states_.back(); }

    // The operation is now part of history, whether or not it is ever acknowledged.
    void record(const Operation& operation, int64_t now);
    // The engine promised: everything so far survives `death`. A power cut includes a kill.
    void acknowledge(Death death);

    // The engine has deleted what is past its deadline; all was acknowledged.
    void expire(int64_t now) { states_.back() = last().live_at(now); }

    // Whatever was promised no longer counts.
    void release() { durable_ = written_ = 0; }

    // The disk was left as by `death`; until the next open, only that much is promised.
    void die(Death death);
    // Nothing when `found`, as read at `now`, is the state after a prefix that holds everything
    // promised; history then ends there. Otherwise what is wrong.
    std::optional<std::string> reopen(const State& found, int64_t now);
    // What was found is durable: history starts afresh from it.
    void restart();

private:
    std::vector<State> states_{State()};
    std::vector<std::string> operations_{"(open)"};  // that led to each state
    // Indices of states_: what is promised against a power cut and against a kill.
    size_t durable_ = 0;
    size_t written_ = 0;
};

}  // namespace synap::crash
