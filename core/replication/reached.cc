#include "core/replication/reached.h"

#include <algorithm>

#include "core/base/assert.h"

namespace synap::replication {

void Reached::add(uint64_t position, std::vector<uint64_t>& woken) {
    const auto at = std::upper_bound(positions_.begin(), positions_.end(), position);
    const auto n = static_cast<size_t>(positions_.end() - at) + 1;
    positions_.insert(at, position);
    wake(n, positions_.size(), woken);
}

void Reached::remove(uint64_t position) {
    const auto at = std::lower_bound(positions_.begin(), positions_.end(), position);
    SYNAP_ASSERT(at != positions_.end() && *at == position);
    positions_.erase(at);
}

void Reached::move(uint64_t from, uint64_t to, std::vector<uint64_t>& woken) {
    if (to == from) return;
    if (to < from) {
        remove(from);
        positions_.insert(std::upper_bound(positions_.begin(), positions_.end(), to), to);
        return;
    }
    const auto end = positions_.end();
    // Of those at the same place the last one: it passes the fewest.
    const auto behind = std::upper_bound(positions_.begin(), end, from);
    SYNAP_ASSERT(behind != positions_.begin() && *(behind - 1) == from);
    const auto target = std::upper_bound(behind, end, to);
    std::copy(behind, target, behind - 1);
    *(target - 1) = to;
    wake(static_cast<size_t>(end - target) + 1, static_cast<size_t>(end - behind) + 1, woken);
}

size_t Reached::count(uint64_t position) const noexcept {
    return static_cast<size_t>(positions_.end() -
                               std::lower_bound(positions_.begin(), positions_.end(), position));
}

uint64_t Reached::by_at_least(size_t n) const noexcept {
    if (n == 0 || n > positions_.size()) return 0;
    return positions_[positions_.size() - n];
}

bool Reached::wait(size_t n, uint64_t position, uint64_t waiter) {
    if (n == 0 || (n <= positions_.size() && by_at_least(n) >= position)) return false;
    waiting_ += waits_[n].emplace(position, waiter).second;
    return true;
}

bool Reached::cancel(size_t n, uint64_t position, uint64_t waiter) {
    const auto of_n = waits_.find(n);
    if (of_n == waits_.end() || of_n->second.erase({position, waiter}) == 0) return false;
    if (of_n->second.empty()) waits_.erase(of_n);
    --waiting_;
    return true;
}

void Reached::wake(size_t first_n, size_t last_n, std::vector<uint64_t>& woken) {
    auto of_n = waits_.lower_bound(first_n);
    while (of_n != waits_.end() && of_n->first <= last_n) {
        auto& waits = of_n->second;
        const uint64_t reached = by_at_least(of_n->first);
        while (!waits.empty() && waits.begin()->first <= reached) {
            woken.push_back(waits.begin()->second);
            waits.erase(waits.begin());
            --waiting_;
        }
        of_n = waits.empty() ? waits_.erase(of_n) : std::next(of_n);
    }
}

}  // namespace synap::replication
