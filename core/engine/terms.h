// The epochs of an open store: what MANIFEST says of them, and of which one own records are.
//
// An open that may write plans an epoch, which the log has begun with its first own record. From
// then on a promotion begins one, and a follower enters those of its master. A manifest is never
// changed, but replaced: whoever holds one keeps what it said.
//
// Thread safety: from any thread; replace() and plan() one at a time. What tokens ask is answered
// from a few atomics as long as it concerns the newest epoch.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/result.h"
#include "core/log/manifest.h"
#include "core/platform/disk.h"

namespace synap {

class Terms {
public:
    using Shared = std::shared_ptr<const Manifest>;

    Terms() : manifest_(std::make_shared<const Manifest>()), durable_(manifest_) {}

    // With the planned epoch.
    Shared manifest() const noexcept;
    // As MANIFEST says.
    Shared durable() const noexcept;

    // `is_own`: own records may follow in the newest epoch.
    void replace(Shared durable, bool is_own) noexcept;
    // The next epoch, of own records; it begins with the first of them.
    Status plan(const Epoch& epoch);
    // Writes the planned one into MANIFEST, or again what stood there. kInternal where the newest
    // epoch is not for own records. Of whoever writes the log.
    Status begin(Disk& disk);
    // The planned one will not begin, unless it has records: the log ends at `end`, and another's
    // come.
    void forget_planned_at(uint64_t end) noexcept;
    // The last record is another's: own ones need an epoch of their own.
    void disown() noexcept {
        if (is_own_.load(std::memory_order_relaxed)) is_own_.store(false);
    }

    // Of the newest epoch; 0 where there is none.
    uint64_t word() const noexcept { return newest().word; }
    // Of the epoch that wrote what ends at `position`.
    uint64_t word_at(uint64_t position) const noexcept;
    // Whether this is the word of the newest epoch, and the position lies behind its start.
    bool is_of_newest(uint64_t word, uint64_t position) const noexcept;
    // Whether records of this number may follow: the newest epoch is, or contains, that one.
    bool takes(uint32_t number) const noexcept;

private:
    struct Newest {
        uint64_t word = 0;
        uint64_t start = 0;
        bool sure = true;  // false: it was changing
    };
    Newest newest() const noexcept;
    void publish() noexcept;

    mutable std::mutex mutex_;
    Shared manifest_;  // guarded by mutex_
    Shared durable_;   // guarded by mutex_
    std::atomic<bool> is_own_{false};
    // Of manifest_, for whoever reads without the mutex. Odd while they change.
    std::atomic<uint64_t> version_{0};
    std::atomic<uint64_t> word_{0};
    std::atomic<uint64_t> start_{0};
    std::atomic<uint32_t> first_{1};
    std::atomic<uint32_t> last_{0};
};

}  // namespace synap
