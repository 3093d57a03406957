// What the maintenance thread does: deadlines, snapshots, timed waits, the coarse clock.
#include <algorithm>
#include <chrono>

#include "core/log/format.h"
#include "core/platform/real.h"
#include "core/session/engine.h"

namespace synap {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr size_t kExpirePerTick = 20'000;
// A snapshot works in short steps and rests twice as long as it worked, so that it takes at most a
// third of a core from the threads that serve. The rest is bounded: a wait for the disk is no work.
constexpr size_t kKeysPerStep = 250;
constexpr size_t kSlotsPerStep = 1'024;
constexpr uint64_t kRestMinUs = 50;
constexpr uint64_t kRestMaxUs = 5'000;
constexpr const char* kStoppedText =
    "writes have stopped in the middle of one: no snapshot of that";

// Inside the gate, however the block is left.
class SharedGate {
public:
    SharedGate(Gate& gate, unsigned stripe) noexcept : gate_(gate), stripe_(stripe) {
        gate_.enter_shared(stripe_);
    }
    ~SharedGate() { gate_.leave_shared(stripe_); }
    SharedGate(const SharedGate&) = delete;
    SharedGate& operator=(const SharedGate&) = delete;

private:
    Gate& gate_;
    const unsigned stripe_;
};

}  // namespace

size_t Engine::expire_some(size_t most) {
    Keyspace& keyspace = *keyspace_;
    const unsigned stripe = stripe_owners_.mine();
    const int64_t now = now_ms();
    size_t expired = 0;
    const SharedGate inside(keyspace.gate(), stripe);
    for (uint32_t looked = 0; looked < keyspace.slot_count() && expired < most; ++looked) {
        const uint32_t index = expire_next_slot_++ & (keyspace.slot_count() - 1);
        Deadlines& deadlines = keyspace.deadlines(index);
        if (!deadlines.due(now)) continue;
        Slot& slot = keyspace.slot(index);
        const std::lock_guard<WordLock> guard(slot.lock);
        while (deadlines.due(now) && expired < most) {
            const uint64_t entry = deadlines.pop();
            const auto tag = static_cast<uint16_t>(entry);
            try {
                expired += remove_expired(slot.table, tag, now, stripe);
            } catch (const std::bad_alloc&) {
                deadlines.push(tag, static_cast<int64_t>(entry >> 16));
                throw;
            }
        }
    }
    stats_.add(stripe, &StatsStripe::expired, expired);
    return expired;
}

// Deletes the nodes of one tag whose deadline has passed.
size_t Engine::remove_expired(const Table& table, uint16_t tag, int64_t now, unsigned stripe) {
    size_t expired = 0;
    for (;;) {
        const Cell* cell = table.find(
            tag, [&](Cell candidate) noexcept { return cell_node(candidate)->expired(now); });
        if (cell == nullptr) return expired;
        const Node* found = cell_node(*cell);
        const std::string key(found->key());
        Effect effect;
        effect.kind = EffectKind::kDelete;
        effect.reason = Reason::kExpired;
        effect.name_space = found->name_space();
        effect.key = key;
        effect.hash = keyspace_->key(effect.name_space, key).hash;
        remove_by_engine(effect, stripe);
        ++expired;
    }
}

void Engine::watch_clock() {
    const auto jump = clock_watch_.look(*platform_.clock);
    if (!jump) return;
    log_line(LogLine::Level::kWarn, "the wall clock jumped: it shows " + time_text(jump->found_ms) +
                                        " where " + time_text(jump->expected_ms) +
                                        " was due. Deadlines of keys follow it, durations do not");
}

void Engine::maintain() {
    watch_clock();
    set_coarse_clock();
    waits_.expire(platform_.clock->monotonic_us());
    ops_sampler_.sample(platform_.clock->monotonic_us(), stats_.commands_processed());
    if (accepts_writes()) {
        try {
            expire_some(kExpirePerTick);
        } catch (const std::bad_alloc&) {
            log_line(LogLine::Level::kWarn, "memory is short: expiry is put off");
        }
    }
    const uint64_t used = used_memory();
    if (used > peak_memory_.load()) peak_memory_ = used;
    if (log_ != nullptr && !platform_.threads) log_->maintain().ignore();
    if (log_ != nullptr) maybe_snapshot();
}

void Engine::run_maintenance() noexcept {
    lower_thread_priority();  // snapshots and expiry give way to those who serve
    for (;;) {
        {
            std::unique_lock<std::mutex> guard(maintenance_mutex_);
            maintenance_wake_.wait_for(
                guard, kTick, [this] { return maintenance_stop_ || snapshot_requested_.load(); });
            if (maintenance_stop_) return;
        }
        try {
            maintain();
        } catch (const std::bad_alloc&) {
            // Memory is short; what is due comes with the next tick.
        }
    }
}

void Engine::maybe_snapshot() {
    const uint64_t now_us = platform_.clock->monotonic_us();
    if (snapshot_due_from_us_ == 0) snapshot_due_from_us_ = now_us;
    const uint64_t records =
        log_->counters().records.load(std::memory_order_relaxed) - records_at_snapshot_.load();
    const uint64_t grown = log_->appended() - position_at_snapshot_.load();
    const uint64_t interval = options_.get(OptionId::kSnapshotInterval);
    const uint64_t growth = options_.get(OptionId::kSnapshotLogGrowth);
    const bool by_time = interval != 0 &&
                         records >= options_.get(OptionId::kSnapshotMinOperations) &&
                         now_us - snapshot_due_from_us_.load() >= interval * 1000;
    const bool by_growth = growth != 0 && grown >= growth;
    const bool asked = snapshot_requested_.load();
    if (accepts_writes() && (by_time || by_growth || asked)) {
        if (platform_.threads) {
            take_snapshot().ignore();  // reported in the status and in the log
        } else if (!snapshot_running_) {
            begin_snapshot().ignore();
        }
    }
    if (asked) snapshot_requested_ = false;
}

bool Engine::request_snapshot() noexcept {
    if (snapshot_running_ || snapshot_requested_.exchange(true)) return false;
    maintenance_wake_.notify_all();
    return true;
}

// Running out of memory ends the snapshot under way, and hinders none that follows.
template <typename Body>
auto Engine::or_drop_snapshot(Body&& body) {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        drop_snapshot();
        throw;
    }
}

// Nobody captures behind our back any more.
void Engine::stop_capturing() noexcept {
    if (!capturing_) return;
    keyspace_->gate().enter_exclusive();
    capturing_ = false;
    keyspace_->gate().leave_exclusive();
}

void Engine::drop_snapshot() noexcept {
    stop_capturing();
    if (snapshot_ != nullptr) snapshot_->abandon();
    snapshot_.reset();
    {
        const std::lock_guard<std::mutex> guard(snapshot_status_mutex_);
        snapshot_status_.last_ok = false;
        snapshot_status_.last_error.clear();
    }
    snapshot_running_ = false;
    try {
        log_line(LogLine::Level::kError, "a snapshot failed: memory is exhausted");
    } catch (const std::bad_alloc&) {
        // The status says that it failed.
    }
}

Status Engine::begin_snapshot() {
    const std::lock_guard<std::mutex> guard(snapshot_mutex_);
    if (state() == EngineState::kClosed) return Error{Code::kShutdown, "the store is closed"};
    if (read_only()) return Error{Code::kReadonly, std::string(kReadOnlyText)};
    if (stopped_) return Error{Code::kInternal, kStoppedText};
    if (log_ == nullptr) {
        return Error{Code::kUnsupported, "a store in memory has no snapshots"};
    }
    if (snapshot_ != nullptr) return Error{Code::kBackpressure, "a snapshot is under way"};
    snapshot_running_ = true;
    snapshot_began_us_ = platform_.clock->monotonic_us();
    snapshot_due_from_us_ = snapshot_began_us_;
    records_at_snapshot_ = log_->counters().records.load();
    position_at_snapshot_ = log_->appended();
    {
        keyspace_->gate().enter_exclusive();
        try {
            snapshot_ = std::make_unique<SnapshotWriter>(*keyspace_, *log_, *platform_.disk,
                                                         manifest_.history);
        } catch (const std::bad_alloc&) {
        }
        capturing_ = snapshot_ != nullptr;
        keyspace_->gate().leave_exclusive();
    }
    return or_drop_snapshot([&]() -> Status {
        if (snapshot_ == nullptr) throw std::bad_alloc();
        if (Status status = snapshot_->begin(); !status) {
            return finish_snapshot(status.take_error());
        }
        return {};
    });
}

Result<bool> Engine::step_snapshot(size_t slots, size_t keys) {
    const std::lock_guard<std::mutex> guard(snapshot_mutex_);
    if (snapshot_ == nullptr) {
        if (state() == EngineState::kClosed) return Error{Code::kShutdown, "the store is closed"};
        return true;
    }
    return or_drop_snapshot([&]() -> Result<bool> {
        Result<bool> done = step_snapshot_writer(slots, keys);
        if (done && !*done) return false;
        // Memory may hold part of a record that the log will never have.
        if (done && stopped_) done = Error{Code::kInternal, kStoppedText};
        SYNAP_TRY(done ? finish_snapshot(snapshot_->publish())
                       : finish_snapshot(done.take_failure()));
        return true;
    });
}

// True once the file is checked.
Result<bool> Engine::step_snapshot_writer(size_t slots, size_t keys) {
    if (snapshot_->sealed()) return snapshot_->check_next();
    bool all = false;
    {
        const SharedGate inside(keyspace_->gate(), stripe_owners_.mine());
        all = snapshot_->capture_next(slots, keys);
    }
    SYNAP_TRY(snapshot_->write_captured());
    if (all) SYNAP_TRY(snapshot_->seal(now_ms()));
    return false;
}

Status Engine::finish_snapshot(Result<SnapshotInfo> outcome) {
    stop_capturing();
    Status status;
    if (outcome) {
        status = remove_old_files(*outcome);
    } else {
        status = outcome.error();
        if (snapshot_ != nullptr) snapshot_->abandon();
    }
    note_snapshot(outcome, status);
    snapshot_.reset();
    snapshot_running_ = false;
    return status;
}

void Engine::note_snapshot(Result<SnapshotInfo>& outcome, const Status& status) {
    const uint64_t elapsed = platform_.clock->monotonic_us() - snapshot_began_us_;
    {
        const std::lock_guard<std::mutex> guard(snapshot_status_mutex_);
        snapshot_status_.last_ok = static_cast<bool>(status);
        snapshot_status_.last_error = status ? std::string() : status.error().message;
        if (outcome) {
            ++snapshot_status_.taken;
            snapshot_status_.last_save_seconds = platform_.clock->wall_ms() / 1000;
            snapshot_status_.last_keys = outcome->keys;
            snapshot_status_.last_bytes = outcome->bytes;
            snapshot_status_.last_duration_us = elapsed;
        }
    }
    if (status) {
        log_line(LogLine::Level::kInfo, "snapshot of " + std::to_string(outcome->keys) + " keys, " +
                                            std::to_string(outcome->bytes) + " bytes, in " +
                                            std::to_string(elapsed / 1000) + " ms");
    } else {
        log_line(LogLine::Level::kError, "a snapshot failed: " + status.error().message);
    }
}

// The newest and the sound ones before it count as kept: what lies beyond them is removed, and
// segments that none of them needs. Whatever is not sound covers nothing and takes no place.
Status Engine::remove_old_files(const SnapshotInfo& newest) {
    auto snapshots = list_snapshots(*platform_.disk);
    if (!snapshots) return snapshots.take_failure();
    const size_t keep = options_.get(OptionId::kSnapshotKeep);
    size_t kept = 1;
    uint64_t needed_from = newest.from;
    std::vector<std::string> beyond;
    for (const uint64_t position : *snapshots) {
        if (position == newest.name_position) continue;
        if (kept >= keep && position < newest.name_position) {
            beyond.push_back(format::file_name(format::kSnapshotPrefix, position));
            continue;
        }
        auto info = verify_snapshot(*platform_.disk, position, manifest_.history);
        if (info) {
            ++kept;
            needed_from = std::min(needed_from, info->from);
        } else if (info.error().code == Code::kCorrupt) {
            log_line(LogLine::Level::kWarn, "a snapshot is of no use: " + info.error().message);
        } else {
            return info.take_failure();
        }
    }
    for (const std::string& name : beyond) SYNAP_TRY(platform_.disk->remove(name));
    if (!beyond.empty()) SYNAP_TRY(platform_.disk->sync_names());
    const uint64_t retain = options_.get(OptionId::kRetainBytes);
    const uint64_t retained_from = log_->appended() - std::min(log_->appended(), retain);
    return log_->remove_segments_before(std::min(needed_from, retained_from));
}

Status Engine::take_snapshot() {
    SYNAP_TRY(begin_snapshot());
    for (;;) {
        const uint64_t began = platform_.clock->monotonic_us();
        auto done = step_snapshot(kSlotsPerStep, kKeysPerStep);
        if (!done) return done.take_error();
        if (*done) return {};
        if (!platform_.threads) continue;
        const uint64_t worked = platform_.clock->monotonic_us() - began;
        std::unique_lock<std::mutex> guard(maintenance_mutex_);
        const std::chrono::microseconds rest(std::clamp(2 * worked, kRestMinUs, kRestMaxUs));
        if (maintenance_wake_.wait_for(guard, rest, [this] { return maintenance_stop_; })) {
            guard.unlock();
            const std::lock_guard<std::mutex> snapshot_guard(snapshot_mutex_);
            return finish_snapshot(Error{Code::kShutdown, "the store is closing"});
        }
    }
}

void Engine::capture_before_move(const uint32_t* slots, size_t count) {
    // Both or neither: once one of them was captured the others must be, before values move.
    try {
        for (size_t i = 0; i < count; ++i) {
            if (!snapshot_->captured(slots[i])) snapshot_->capture(slots[i]);
        }
    } catch (const std::bad_alloc&) {
        snapshot_->spoil();
    }
}

Engine::SnapshotStatus Engine::snapshot_status() {
    const std::lock_guard<std::mutex> guard(snapshot_status_mutex_);
    SnapshotStatus status = snapshot_status_;
    if (const Log* log = this->log()) {
        status.records_since = log->counters().records.load() - records_at_snapshot_.load();
    }
    return status;
}

}  // namespace synap
