// The slots of the keys of a call or a record: gathered, then locked in ascending order, each once,
// which is the one order in which anything locks several.
//
// Thread safety: none, its owner's. Inside the gate, so that the keyspace stays.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/keyspace/keyspace.h"

namespace synap {

class SlotLocks {
public:
    void clear() noexcept {
        slots_.clear();
        is_one_ = false;
    }
    void add(uint32_t slot) { slots_.push_back(slot); }
    // What an idle session may hold on to, in slots.
    void shrink(size_t kept) noexcept {
        if (slots_.capacity() > kept) std::vector<uint32_t>().swap(slots_);
    }

    // Before lock(), unless they were added in order, each once.
    void sort() {
        std::sort(slots_.begin(), slots_.end());
        slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
    }
    // Before there is a keyspace there are no slots.
    void lock(Keyspace* keyspace) noexcept {
        for (const uint32_t slot : slots_) keyspace->slot(slot).lock.lock();
        locked_ = true;
    }
    void unlock(Keyspace* keyspace) noexcept {
        for (const uint32_t slot : slots()) keyspace->slot(slot).lock.unlock();
        locked_ = false;
    }
    // In place of what was gathered, which needs no memory; until clear().
    void lock_one(Keyspace& keyspace, uint32_t slot) noexcept {
        keyspace.slot(slot).lock.lock();
        one_ = slot;
        is_one_ = locked_ = true;
    }
    void unlock_one(Keyspace& keyspace) noexcept {
        keyspace.slot(one_).lock.unlock();
        locked_ = false;
    }
    bool locked() const noexcept { return locked_; }
    std::span<const uint32_t> slots() const noexcept {
        return is_one_ ? std::span<const uint32_t>(&one_, 1) : slots_;
    }

private:
    std::vector<uint32_t> slots_;
    uint32_t one_ = 0;
    bool is_one_ = false;
    bool locked_ = false;
};

}  // namespace synap
