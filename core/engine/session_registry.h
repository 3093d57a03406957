// The sessions of a store that live, by their ids.
//
// Thread safety: from any thread. Ownership: none; a session takes itself out before it ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

namespace synap {

class Session;

class SessionRegistry {
public:
    uint64_t new_id() noexcept { return next_id_.fetch_add(1); }
    // Seen by others from then on. Throws std::bad_alloc.
    void add(uint64_t id, Session& session) {
        const std::lock_guard<std::mutex> guard(mutex_);
        sessions_.emplace(id, &session);
    }
    void remove(uint64_t id) noexcept {
        const std::lock_guard<std::mutex> guard(mutex_);
        sessions_.erase(id);
    }
    // Runs see(Session&) for each, oldest first, under the registry's lock.
    template <typename See>
    void each(See&& see) {
        const std::lock_guard<std::mutex> guard(mutex_);
        for (auto& [id, session] : sessions_) see(*session);
    }
    size_t count() {
        const std::lock_guard<std::mutex> guard(mutex_);
        return sessions_.size();
    }

private:
    std::mutex mutex_;
    std::map<uint64_t, Session*> sessions_;  // guarded by mutex_
    std::atomic<uint64_t> next_id_{1};
};

}  // namespace synap
