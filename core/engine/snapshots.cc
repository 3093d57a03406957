#include "core/engine/snapshots.h"

#include <algorithm>
#include <chrono>

#include "core/base/exhaustion.h"
#include "core/engine/engine.h"
#include "core/log/format.h"
#include "core/log/pins.h"
#include "core/platform/real.h"

namespace synap {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
// A snapshot works in short steps and rests twice as long as it worked, so that it takes at most a
// third of a core from the threads that serve. The rest is bounded: a wait for the disk is no work.
constexpr size_t kKeysPerStep = 250;
constexpr size_t kSlotsPerStep = 1'024;
constexpr uint64_t kRestMinUs = 50;
constexpr uint64_t kRestMaxUs = 5'000;
constexpr uint64_t kAgainAfterUs = 60'000'000;  // one that failed
constexpr uint64_t kWorthAtClose = 16ull << 20;
constexpr const char* kForeignText = "the keys are of another history than the files of the store";
constexpr const char* kStoppedText =
    "writes have stopped in the middle of one: no snapshot of that";

Error closed() { return Error{Code::kShutdown, "the store is closed"}; }

}  // namespace

Snapshots::Snapshots(Engine& engine, std::shared_ptr<Disk> disk)
    : engine_(engine), disk_(std::move(disk)) {}

Snapshots::~Snapshots() = default;

void Snapshots::adopt(const SnapshotInfo& loaded) {
    position_at_last_ = loaded.complete_at;  // growth counts across restarts
    const std::lock_guard<std::mutex> guard(state_mutex_);
    state_.last_keys = state_.loaded_keys = loaded.keys;
    state_.last_save_seconds = static_cast<int64_t>(loaded.commit_ms / 1000);
}

void Snapshots::start(bool own_thread) {
    due_from_us_ = engine_.clock().monotonic_us();
    own_thread_ = own_thread;
    if (own_thread_) thread_ = std::thread([this] { run(); });
}

void Snapshots::stop() noexcept {
    {
        const std::lock_guard<std::mutex> guard(wake_mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    const std::lock_guard<std::mutex> guard(mutex_);
    if (writer_ == nullptr) return;
    stop_capturing();
    writer_->abandon();
    writer_.reset();
}

void Snapshots::run() noexcept {
    lower_thread_priority();  // gives way to those who serve
    for (;;) {
        {
            std::unique_lock<std::mutex> guard(wake_mutex_);
            wake_.wait_for(guard, kTick, [this] { return stopping_ || requested_.load(); });
            if (stopping_) return;
        }
        attempt([this] { maintain(); });  // or what is due comes with the next tick
    }
}

bool Snapshots::due() {
    const Options& options = engine_.options();
    const Log& log = *engine_.log();
    const uint64_t records =
        log.counters().records.load(std::memory_order_relaxed) - records_at_last_.load();
    const uint64_t grown = log.appended() - position_at_last_.load();
    const uint64_t interval = options.get(OptionId::kSnapshotInterval);
    const uint64_t growth = options.get(OptionId::kSnapshotLogGrowth);
    const uint64_t passed_us = engine_.clock().monotonic_us() - due_from_us_.load();
    const bool by_time = interval != 0 &&
                         records >= options.get(OptionId::kSnapshotMinOperations) &&
                         passed_us / 1000 >= interval;
    const uint64_t again_at_us = again_at_us_.load();
    const bool again = again_at_us != 0 && engine_.clock().monotonic_us() >= again_at_us;
    return by_time || again || (growth != 0 && grown >= growth);
}

void Snapshots::maintain() {
    if (engine_.log() == nullptr) return;
    const bool asked = requested_.load();
    if (engine_.keeps_files() && (asked || due())) {
        if (own_thread_) {
            take().ignore();  // reported in the state and in the log
        } else if (!running_) {
            begin().ignore();
        }
    }
    if (asked) requested_ = false;
    if (engine_.keeps_files() && tidy_.exchange(false)) remove_what_is_no_longer_kept();
}

bool Snapshots::request() noexcept {
    if (running_ || requested_.exchange(true)) return false;
    wake_.notify_all();
    return true;
}

// Running out of memory ends the snapshot under way, and hinders none that follows.
template <typename Body>
auto Snapshots::or_drop(Body&& body) {
    Rollback dropped([this]() noexcept { drop(); });
    auto result = body();
    dropped.done();
    return result;
}

// Nobody captures behind our back any more.
void Snapshots::stop_capturing() noexcept {
    if (!capturing_) return;
    Gate& gate = engine_.gate();
    gate.enter_exclusive();
    capturing_ = false;
    gate.leave_exclusive();
}

void Snapshots::drop() noexcept {
    stop_capturing();
    if (writer_ != nullptr) writer_->abandon();
    writer_.reset();
    {
        const std::lock_guard<std::mutex> guard(state_mutex_);
        state_.last_ok = false;
        state_.last_error.clear();
    }
    running_ = false;
    engine_.log_line(LogLine::Level::kError, "a snapshot failed: memory is exhausted");
}

std::unique_lock<std::mutex> Snapshots::pause() {
    std::unique_lock<std::mutex> guard(mutex_);
    if (writer_ != nullptr) {
        finish(Error{Code::kUnsupported, "the data is being replaced"}).ignore();
    }
    return guard;
}

Status Snapshots::begin() {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (stopping_) return closed();
    if (engine_.read_only()) return Error{Code::kReadonly, std::string(kReadOnlyText)};
    if (engine_.writes_stopped()) return Error{Code::kInternal, kStoppedText};
    Log* log = engine_.log();
    if (log == nullptr) {
        return Error{Code::kUnsupported, "a store in memory has no snapshots"};
    }
    if (!log->started()) {
        if (Status refused = log->refusal(); !refused) return refused;
    }
    if (writer_ != nullptr) return Error{Code::kBackpressure, "a snapshot is under way"};
    running_ = true;
    log->begin_segment_for_snapshot();
    began_us_ = engine_.clock().monotonic_us();
    due_from_us_ = began_us_.load();
    again_at_us_ = began_us_.load() + kAgainAfterUs;  // unless it ends well
    records_at_last_ = log->counters().records.load();
    position_at_last_ = log->appended();
    return or_drop([&]() -> Status {
        bool is_foreign = false;
        {
            const ExclusiveGate alone(engine_.gate());
            generation_ = engine_.generation();
            // Its slots would be found wrong by whoever loads the snapshot.
            const std::shared_ptr<const Manifest> manifest = engine_.manifest();
            is_foreign = engine_.keyspace().hash_seed() != manifest->secret;
            if (!is_foreign) {
                writer_ = std::make_unique<SnapshotWriter>(engine_.keyspace(), *log, *disk_,
                                                           manifest->log_history(),
                                                           &engine_.following().in_memory());
            }
            capturing_ = writer_ != nullptr;
        }
        if (is_foreign) return finish(Error{Code::kUnsupported, kForeignText});
        if (Status status = writer_->begin(); !status) return finish(status.take_error());
        return {};
    });
}

Result<bool> Snapshots::step(size_t slots, size_t keys) {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (writer_ == nullptr) {
        if (stopping_) return closed();
        return true;
    }
    return or_drop([&]() -> Result<bool> {
        Result<bool> done = step_writer(slots, keys);
        if (done && !*done) return false;
        // Memory may hold part of a record that the log will never have.
        if (done && engine_.writes_stopped()) done = Error{Code::kInternal, kStoppedText};
        SYNAP_TRY(done ? finish(writer_->publish()) : finish(done.take_failure()));
        return true;
    });
}

// True once the file is checked.
Result<bool> Snapshots::step_writer(size_t slots, size_t keys) {
    if (writer_->sealed()) return writer_->check_next();
    bool all = false;
    {
        const SharedGate inside(engine_.gate(), engine_.stripe_owners().mine());
        if (generation_ != engine_.generation()) {
            return Error{Code::kUnsupported, "the data was replaced while it was being written"};
        }
        all = writer_->capture_next(slots, keys);
    }
    SYNAP_TRY(writer_->write_captured());
    if (all) SYNAP_TRY(writer_->seal(engine_.now_ms()));
    return false;
}

Status Snapshots::finish(Result<SnapshotInfo> outcome) {
    stop_capturing();
    Status status;
    if (outcome) {
        status = remove_old_files(&*outcome);
        if (!status && status.error().may_pass()) {
            tidy_ = true;  // then
            status = Status{};
        }
    } else {
        status = outcome.error();
        if (writer_ != nullptr) writer_->abandon();
    }
    note(outcome, status);
    writer_.reset();
    running_ = false;
    return status;
}

void Snapshots::note(Result<SnapshotInfo>& outcome, const Status& status) {
    const uint64_t elapsed = engine_.clock().monotonic_us() - began_us_;
    {
        const std::lock_guard<std::mutex> guard(state_mutex_);
        state_.last_ok = static_cast<bool>(status);
        state_.last_error = status ? std::string() : status.error().message;
        if (outcome) {
            again_at_us_ = 0;
            ++state_.taken;
            state_.last_save_seconds = engine_.now_ms() / 1000;
            state_.last_keys = outcome->keys;
            state_.last_bytes = outcome->bytes;
            state_.last_duration_us = elapsed;
        }
    }
    if (status) {
        engine_.log_line(LogLine::Level::kInfo, "snapshot of " + std::to_string(outcome->keys) +
                                                    " keys, " + std::to_string(outcome->bytes) +
                                                    " bytes, in " + std::to_string(elapsed / 1000) +
                                                    " ms");
    } else {
        engine_.log_line(LogLine::Level::kError, "a snapshot failed: " + status.error().message);
    }
}

// As many sound ones as are to be kept, from the newest on: what lies beyond them is removed, and
// segments that none of them needs, but for what pins keep. Whatever is not sound covers nothing
// and takes no place. `taken`, if any, was checked already.
Status Snapshots::remove_old_files(const SnapshotInfo* taken) {
    auto snapshots = list_snapshots(*disk_);
    if (!snapshots) return snapshots.take_failure();
    Log& log = *engine_.log();
    const size_t keep = engine_.options().get(OptionId::kSnapshotKeep);
    size_t kept = taken != nullptr ? 1 : 0;
    uint64_t needed_from = taken != nullptr ? taken->from : UINT64_MAX;
    std::vector<std::string> beyond;
    for (const uint64_t position : *snapshots) {
        if (taken != nullptr && position == taken->name_position) continue;
        const bool is_older = taken == nullptr || position < taken->name_position;
        if (kept >= keep && is_older) {
            // One that is kept for somebody keeps no segments: that is its pin's position's.
            if (log.pins().take_snapshot(position, log.appended())) {
                beyond.push_back(format::file_name(format::kSnapshotPrefix, position));
            }
            continue;
        }
        auto info = verify_snapshot(*disk_, position, engine_.manifest()->history);
        if (info) {
            ++kept;
            needed_from = std::min(needed_from, info->from);
        } else if (info.error().code == Code::kCorrupt) {
            engine_.log_line(LogLine::Level::kWarn,
                             "a snapshot is of no use: " + info.error().message);
        } else {
            return info.take_failure();  // it may well be sound
        }
    }
    if (kept == 0) return {};
    for (const std::string& name : beyond) SYNAP_TRY(disk_->remove(name));
    if (!beyond.empty()) SYNAP_TRY(disk_->sync_names());
    const uint64_t retain = engine_.options().get(OptionId::kRetainBytes);
    const uint64_t retained_from = log.appended() - std::min(log.appended(), retain);
    return log.remove_segments_before(std::min(needed_from, retained_from));
}

void Snapshots::remove_what_is_no_longer_kept() {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (writer_ != nullptr || stopping_) return;  // the end of a snapshot does it too
    const Status status = remove_old_files(nullptr);
    if (!status && status.error().may_pass()) {
        tidy_ = true;
    } else if (!status) {
        engine_.log_line(LogLine::Level::kWarn,
                         "old files could not be removed: " + status.error().message);
    }
}

void Snapshots::take_at_close() noexcept {
    const Log* log = engine_.log();
    const uint64_t growth = engine_.options().get(OptionId::kSnapshotLogGrowth);
    if (log == nullptr || growth == 0 || !engine_.keeps_files()) return;
    const uint64_t grown = log->appended() - position_at_last_.load();
    if (grown < std::min(growth, std::max(kWorthAtClose, 2 * engine_.used_memory()))) return;
    attempt([this] {                         // or the next process comes to it
        if (begin()) go_on(false).ignore();  // reported in the state and in the log
    });
}

Status Snapshots::take() {
    SYNAP_TRY(begin());
    return go_on(own_thread_);  // in a simulation nobody is to be spared
}

Status Snapshots::go_on(bool rests) {
    for (;;) {
        const uint64_t began = engine_.clock().monotonic_us();
        auto done = step(kSlotsPerStep, kKeysPerStep);
        if (!done) return done.take_error();
        if (*done) return {};
        if (!rests) continue;
        const uint64_t worked = engine_.clock().monotonic_us() - began;
        std::unique_lock<std::mutex> guard(wake_mutex_);
        const std::chrono::microseconds rest(std::clamp(2 * worked, kRestMinUs, kRestMaxUs));
        if (wake_.wait_for(guard, rest, [this] { return stopping_.load(); })) {
            guard.unlock();
            const std::lock_guard<std::mutex> snapshot_guard(mutex_);
            if (writer_ == nullptr) return closed();  // stop() was faster
            return finish(Error{Code::kShutdown, "the store is closing"});
        }
    }
}

void Snapshots::capture_before(const uint32_t* slots, size_t count) {
    // Both or neither: once one of them was captured the others must be, before values move.
    const bool could = attempt([&] {
        for (size_t i = 0; i < count; ++i) {
            if (!writer_->captured(slots[i])) writer_->capture(slots[i]);
        }
    });
    if (!could) writer_->spoil();
}

Snapshots::State Snapshots::state() {
    const std::lock_guard<std::mutex> guard(state_mutex_);
    State state = state_;
    if (running_) {
        const uint64_t now_us = engine_.clock().monotonic_us();
        state.running_us = now_us - std::min(now_us, began_us_.load());
    }
    if (const Log* log = engine_.log()) {
        state.records_since = log->counters().records.load() - records_at_last_.load();
    }
    return state;
}

}  // namespace synap
