#include "tests/crash/history.h"

#include <algorithm>

namespace synap::crash {

void History::record(const Operation& operation, int64_t now) {
    State next = last();
    next.apply(operation, now);
    states_.push_back(std::move(next));
    operations_.push_back(operation.text());
}

void History::acknowledge(Death death) {
    written_ = states_.size() - 1;
    if (death == Death::kPowerCut) durable_ = written_;
}

void History::die(Death death) {
    if (death == Death::kPowerCut) written_ = durable_;
}

void History::restart() {
    states_ = {states_.back()};
    operations_ = {"(open)"};
    durable_ = written_ = 0;
}

std::optional<std::string> History::reopen(const State& found, int64_t now) {
    for (size_t i = states_.size(); i-- > written_;) {
        if (states_[i].live_at(now) == found) {
            states_.resize(i + 1);
            operations_.resize(i + 1);
            return std::nullopt;
        }
    }
    std::string problem = "the state is that of no prefix with what was acknowledged.";
    for (size_t i = 0; i < written_; ++i) {
        if (states_[i].live_at(now) == found) {
            problem = "acknowledged operations are lost: the state is that after operation " +
                      std::to_string(i) + ".";
        }
    }
    problem += " Of " + std::to_string(states_.size() - 1) + " operations, " +
               std::to_string(written_) + " must be there.";
    const size_t first = written_ > 3 ? written_ - 3 : 0;
    for (size_t i = first; i < std::min(states_.size(), written_ + 4); ++i) {
        problem += "\n  " + std::to_string(i) + ": " + operations_[i] +
                   "\n      against it: " + states_[i].live_at(now).difference(found);
    }
    return problem;
}

}  // namespace synap::crash
