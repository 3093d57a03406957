// Positions of followers in order, and who waits until so many of them have come so far.
//
// "Reached by at least n" is the n-th highest of the positions. A follower that advances changes
// that for those n alone whose follower it passes, and of these only n that somebody waits for are
// looked at: a position costs O(log followers + followers passed + n looked at), and each waiter
// woken O(log waiters). A waiter that is not woken costs nothing. Thread safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace synap::replication {

class Reached {
public:
    // The waiters that are woken are appended to `woken`, in the order of their positions for each
    // n. They are gone then. A follower that leaves or goes back takes back nobody's waking.
    void add(uint64_t position, std::vector<uint64_t>& woken);
    void remove(uint64_t position);
    void move(uint64_t from, uint64_t to, std::vector<uint64_t>& woken);

    size_t followers() const noexcept { return positions_.size(); }
    // How many are at `position` or beyond it. O(log followers)
    size_t count(uint64_t position) const noexcept;
    // Up to where at least n of them have come; 0 where there are fewer. n > 0.
    uint64_t by_at_least(size_t n) const noexcept;

    // False when that is reached already (or n is 0): nothing is kept. A waiter's number is its
    // own.
    bool wait(size_t n, uint64_t position, uint64_t waiter);
    // It timed out or went away. False when it does not wait any more.
    bool cancel(size_t n, uint64_t position, uint64_t waiter);
    size_t waiting() const noexcept { return waiting_; }

private:
    void wake(size_t first_n, size_t last_n, std::vector<uint64_t>& woken);

    std::vector<uint64_t> positions_;                                  // ascending
    std::map<size_t, std::set<std::pair<uint64_t, uint64_t>>> waits_;  // by n: position, waiter
    size_t waiting_ = 0;
};

}  // namespace synap::replication
