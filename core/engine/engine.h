// The engine: one store's keyspace, log, snapshots and clocks. Its smaller jobs are parts of their
// own, in the files included here.
//
// Thread safety: from any thread once opened. Ownership: shared; sessions keep the engine alive.
// Threads: one for the log, one for maintenance (expiry, eviction, clocks), one for snapshots, one
// for waits with a time limit once there is one, one while it loads without being waited for. With
// `threads` false there are none, and whoever owns the engine calls maintain(): that is how
// simulations run it.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/commands/context.h"
#include "core/engine/clock_watch.h"
#include "core/engine/companion.h"
#include "core/engine/eviction_rule.h"
#include "core/engine/following.h"
#include "core/engine/guard.h"
#include "core/engine/host_facts.h"
#include "core/engine/load_directory.h"
#include "core/engine/log_lines.h"
#include "core/engine/options.h"
#include "core/engine/rate.h"
#include "core/engine/session_registry.h"
#include "core/engine/shadow.h"
#include "core/engine/slow_log.h"
#include "core/engine/snapshots.h"
#include "core/engine/stats.h"
#include "core/engine/terms.h"
#include "core/engine/waits.h"
#include "core/keyspace/gate.h"
#include "core/keyspace/keyspace.h"
#include "core/keyspace/walk.h"
#include "core/log/log.h"
#include "core/log/manifest.h"
#include "core/log/node_file.h"
#include "core/platform/clock.h"
#include "core/platform/disk.h"
#include "core/platform/entropy.h"

namespace synap {

class Session;

struct EnginePlatform {
    std::shared_ptr<Disk> disk;  // null: memory only, no log
    Clock* clock = nullptr;
    Entropy* entropy = nullptr;
    bool threads = true;
    // Opened to follow: it refuses writes from the first moment, and begins no epoch.
    bool follows = false;
};

inline constexpr std::string_view kReadOnlyText = "READONLY the store was opened for reading only";
inline constexpr std::string_view kFollowsText =
    "READONLY You can't write against a read only replica.";

enum class EngineState : uint8_t { kLoading = 1, kReady = 2, kFailed = 3, kClosed = 4 };

class Engine : public std::enable_shared_from_this<Engine> {
public:
    // Locks the directory and loads it (in the background when open.wait is false). With
    // open.read_only it is locked for reading, and nothing in it is touched.
    static Result<std::shared_ptr<Engine>> open(const EnginePlatform& platform,
                                                const Options& options);
    ~Engine();

    // Refuses new work, makes the log durable, ends the threads. Ends a load under way at its next
    // read. Idempotent. Blocking: disk.
    Status close();                     // after bad_alloc: again
    void close_in_any_case() noexcept;  // waits for memory where there is none

    bool closing() const noexcept { return closing_.load(); }
    // What keeps calls out now.
    uint32_t guard() const noexcept { return guard_.load(); }
    EngineState state() const noexcept {
        const uint32_t bits = guard();
        if ((bits & GuardWord::kClosed) != 0) return EngineState::kClosed;
        if ((bits & GuardWord::kFailed) != 0) return EngineState::kFailed;
        return (bits & GuardWord::kLoading) != 0 ? EngineState::kLoading : EngineState::kReady;
    }
    // Why the state is kFailed, or why writes are refused.
    Status failure() const;
    // Writes are refused and will be taken again by themselves: for want of room, descriptors or
    // memory, or while the directory cannot be written. Reads are served.
    bool waits_to_write() const noexcept {
        const Log* log = this->log();
        return log != nullptr && !log->failed() && !log->takes_records() && !writes_stopped();
    }
    uint64_t loaded_bytes() const noexcept { return progress_.loaded.load(); }
    uint64_t total_bytes() const noexcept { return progress_.total.load(); }

    // The gate around every keyspace that this store will have.
    Gate& gate() noexcept { return gate_; }
    // Inside the gate: the present keyspace, an empty one until the data is loaded.
    Keyspace& keyspace() noexcept { return *current_.load(std::memory_order_relaxed); }
    // Grows whenever another keyspace takes the place of the present one: what was looked up or
    // hashed before that is void. Certain only inside the gate.
    uint64_t generation() const noexcept { return generation_.load(std::memory_order_relaxed); }
    // The present keyspace, to be held on to: by whoever is outside of the gate now and then.
    std::shared_ptr<Keyspace> shared_keyspace();
    std::shared_ptr<Keyspace> shared_keyspace(uint64_t& generation) noexcept;
    // Puts another keyspace in the place of the present one, whatever its history, secret and slot
    // count. Waits for the gate alone; the old keys are freed in steps by the maintenance thread. A
    // snapshot under way ends as failed, watched keys have changed, a shadow is made again. Until
    // it returns nobody else changes `next`. Throws std::bad_alloc, having changed nothing.
    void replace_keyspace(std::shared_ptr<Keyspace> next);
    const std::shared_ptr<Heap>& heap() const noexcept { return heap_; }
    // Null while loading, and for a store in memory.
    Log* log() const noexcept { return is_loading() ? nullptr : log_.get(); }
    Options& options() noexcept { return options_; }
    StripeOwners& stripe_owners() noexcept { return stripe_owners_; }
    Stats& stats() noexcept { return stats_; }
    const OpsSampler& ops_sampler() const noexcept { return ops_sampler_; }
    Clock& clock() noexcept { return *platform_.clock; }
    TimedWaits& waits() noexcept { return waits_; }
    // What this store is now, with the epoch that the first write of this open begins. Others take
    // its place (terms.h): whoever holds it keeps what it said.
    std::shared_ptr<const Manifest> manifest() const noexcept { return terms_.manifest(); }
    // As MANIFEST says.
    std::shared_ptr<const Manifest> durable_manifest() const noexcept { return terms_.durable(); }
    // The epochs of that; none while loading.
    std::vector<Epoch> durable_epochs() const;
    // Promotion: a term above `above` and the present one, written by this node from the end of the
    // log on, durable when it returns. Following goes on until it is ended; to be called before
    // that. Where it fails the term before goes on. Waits for the gate alone. Blocking: disk.
    Status begin_term(uint32_t above);
    // Of a follower: the next epoch of its master begins where its log ends, which becomes durable
    // first. kCorrupt where it does not follow the newest one. Of whoever calls Following::take().
    // Blocking: disk.
    Status enter_epoch(const Epoch& epoch);

    // Of an engine that follows, by the one who applies: see change_directory.cc. Readers see the
    // old state until the new one takes its place; memory holds both meanwhile. Where it fails all
    // is as it was, or the store has failed, and the next open finishes the change. Readers of the
    // log and pins have no place any more in any case. Blocking: disk, for O(everything).
    //
    // Back to `point`, the end of a record; what is behind it is saved in a file. kNeedSnapshot
    // where it cannot be loaded as of then.
    Status go_back(uint64_t point);
    // Another history in place of what is here: see adopt() in directory_change.h. kCorrupt where
    // what was received is not whole.
    Status adopt_history(const Manifest& next, uint64_t end);
    uint64_t random() noexcept { return platform_.entropy->next(); }

    // Changes a mutable option and everything that depends on it.
    Status set_option(std::string_view name, std::string_view value);
    void apply_log_options() noexcept;
    void apply_limits();

    // Engine time, by which deadlines are judged: the wall clock as it is now, whatever it was when
    // something was written. It may step in either direction; order is position, never time.
    int64_t now_ms() noexcept;
    // Times that the wall clock was seen to jump against the monotonic one.
    uint64_t clock_jumps() const noexcept { return clock_watch_.jumps(); }
    // What a token of the newest epoch says of it; 0 for a store in memory. See token_word().
    uint64_t epoch_word() const noexcept { return log() == nullptr ? 0 : terms_.word(); }
    // What the token of a reply that depends on this position says of its epoch: the newest, or the
    // one that wrote what stood there before. 0 for a store in memory.
    uint64_t epoch_word_at(uint64_t position) const noexcept;
    // Whether a token is one of this history and of a write that it still holds: kInvalidArgument
    // when not. Position 0 is of no write, and always right.
    Status check_token(uint64_t epoch_word, uint64_t position) const;
    Durability default_level() noexcept;

    // The directory is only read: there is no log, and stays as it is. For the engine's life.
    bool read_only() const noexcept { return options_.get(OptionId::kReadOnly) != 0; }

    // Writes are refused from now on: memory was exhausted in the middle of one, so that memory and
    // log no longer agree.
    void stop_writes() noexcept;
    bool writes_stopped() const noexcept {
        return (guard() & (GuardWord::kStopped | GuardWord::kReadOnly)) != 0;
    }
    bool accepts_writes() const noexcept { return !following_.is_on() && keeps_files(); }
    // What there is may be written to files: by a follower, too.
    bool keeps_files() const noexcept {
        const Log* log = this->log();
        return !writes_stopped() && (log == nullptr || log->takes_records());
    }
    Following& following() noexcept { return following_; }
    Terms& terms() noexcept { return terms_; }
    // What works beside this engine; null for most. Attached once, before others look for it, and
    // stopped by close().
    void attach(std::shared_ptr<Companion> companion) noexcept;
    Companion* companion() const noexcept { return companion_at_.load(std::memory_order_acquire); }
    // Null for a store in memory.
    Disk* disk() const noexcept { return platform_.disk.get(); }
    // Which node writes here; see node_file.h. 0 while loading.
    uint64_t node_id() const noexcept { return is_loading() ? 0 : node_.id; }
    void set_guard(uint32_t bits) noexcept { guard_.set(bits); }
    void clear_guard(uint32_t bits) noexcept { guard_.clear(bits); }

    // Whether the data is beyond max_memory. What the host charges does not count: eviction cannot
    // free it, and whoever causes it is bounded by the host (see docs/decisions/memory-of-readers).
    bool over_memory(const Keyspace& keyspace) const noexcept {
        const uint64_t limit = options_.get(OptionId::kMaxMemory);
        return limit != 0 && keyspace.data_bytes_roughly() > limit;
    }
    // What can be in the store once everything else is evicted.
    uint64_t data_bytes_max(const Keyspace& keyspace) const noexcept {
        const uint64_t limit = options_.get(OptionId::kMaxMemory);
        return limit == 0 ? UINT64_MAX : limit - std::min<uint64_t>(limit, keyspace.slots_bytes());
    }
    // Evicts keys until the data is within max_memory, at most `most`, each delete logged. Inside
    // the gate, with no slot lock held.
    struct Evicted {
        size_t keys = 0;
        bool enough = true;  // within the limit, or on the way: there was more to evict
    };
    Evicted evict(SmallRandom& random, unsigned stripe, size_t most);
    bool make_room(Run& run);  // a step of that for a write; false: it must be refused
    uint64_t used_memory() noexcept;
    uint64_t peak_memory() const noexcept { return peak_memory_.load(); }
    // Memory that the embedding program uses for this store: shown in used_memory, and no more.
    void charge_host_memory(int64_t bytes) noexcept { host_memory_.fetch_add(bytes); }
    uint64_t host_memory() const noexcept {
        return static_cast<uint64_t>(std::max<int64_t>(host_memory_.load(), 0));
    }
    bool evicts_by_frequency() const noexcept {
        return (kPoliciesByFrequency >> options_.get(OptionId::kMaxMemoryPolicy) & 1) != 0;
    }
    EvictionRule eviction_rule() const noexcept {
        return rule_of(static_cast<MaxMemoryPolicy>(options_.get(OptionId::kMaxMemoryPolicy)),
                       static_cast<unsigned>(options_.get(OptionId::kMaxMemorySamples)));
    }

    // The position behind the last record that was written with the gate held alone.
    std::atomic<uint64_t>& alone_position() noexcept { return alone_position_; }

    Snapshots& snapshots() noexcept { return snapshots_; }

    // What the shadow of option debug.shadow differs in; empty where in nothing. Takes the gate
    // alone, for O(everything). Without a shadow (nor a log) the answer is that there is none.
    std::string difference_from_shadow();

    // One round of what the maintenance thread does. How much it found to be past its deadline.
    size_t maintain();
    // Evicts for about so long where the data is beyond max_memory: a limit that was lowered is met
    // although nobody writes. True when there is more to do.
    bool evict_some(uint64_t budget_us);
    // Frees some of what large values and replaced keyspaces have left. True when there is more.
    bool free_some();
    // Deletes keys and fields whose deadline has passed: at most `most`. Returns how many.
    size_t expire_some(size_t most);

    SessionRegistry& sessions() noexcept { return sessions_; }
    // Of the embedding program, for INFO and CONFIG GET.
    HostFacts& host_facts() noexcept { return host_facts_; }
    SlowLog& slow_log() noexcept { return slow_log_; }
    LogLines& lines() noexcept { return lines_; }
    // Left out, and counted as lost, where there is no memory for it.
    void log_line(LogLine::Level level, std::string_view text) noexcept { lines_.add(level, text); }

    // The time of day of the open, for people; uptime is by the monotonic clock.
    int64_t started_ms() const noexcept { return started_ms_; }
    uint64_t uptime_us() noexcept { return platform_.clock->monotonic_us() - started_us_; }
    const std::string& run_id() const noexcept { return run_id_; }

private:
    Engine(const EnginePlatform& platform, const Options& options);

    bool is_loading() const noexcept { return (guard() & GuardWord::kLoading) != 0; }

    Status load();
    std::shared_ptr<Keyspace> make_memory_only();
    Result<std::shared_ptr<Keyspace>> recover();
    Result<Manifest> read_or_make_manifest();
    Status read_node(const Manifest& manifest);
    Status note_node(uint64_t end);
    Status sync_all_files();
    Status begin_epoch();
    Status make_epoch_current(std::shared_ptr<const Manifest> next, bool is_own);
    DirectoryToLoad own_directory(const Manifest& manifest) noexcept;
    void tell_of(const LoadedDirectory& loaded);
    Status make_log(const LogReader& reader);
    template <typename Change>
    Status change_directory(Change&& change);
    Status restart_log(const Manifest& manifest, uint64_t end);
    Status put_in_place(LoadedDirectory loaded, const Manifest& manifest);
    Status start_log();
    Status start_log_or_wait();
    Status write_recovered();
    void start_log_later();
    void discard_new_store() noexcept;
    void note_shortage();
    Status remove_leftovers();
    uint32_t coarse_seconds() noexcept;
    void set_coarse_clock() noexcept;
    void watch_clock();
    std::unique_ptr<Shadow> make_shadow(Keyspace& of);
    void start_maintenance();
    void run_maintenance() noexcept;
    void stop_maintenance() noexcept;
    void remove_by_engine(const Effect& effect, unsigned stripe);
    size_t expire_in_slot(uint32_t index, int64_t now, size_t most, unsigned stripe);
    size_t remove_due(uint32_t index, uint16_t tag, int64_t now, size_t most, unsigned stripe);
    size_t remove_due_fields(const HashRef& hash, Effect& effect, int64_t now, size_t most,
                             unsigned stripe);

    // Set by close(): loading, and checks of snapshots, read no further.
    std::atomic<bool> closing_{false};

    // What recovery has read, and has still to write before the log may go on.
    struct Unwritten {
        std::unique_ptr<LogReader> reader;
        uint64_t proven = 0;  // durable by what stands outside of the log
        bool rewritten = false;
        bool named = false;  // the history of a new store, in MANIFEST
        uint64_t tried_at_us = 0;
    };

    const EnginePlatform platform_;
    Options options_;
    GuardWord guard_;
    mutable std::mutex failure_mutex_;
    std::unique_ptr<Error> failure_;
    std::unique_ptr<Error> spare_failure_;  // for when there is no memory to make one

    std::unique_ptr<DiskLock> lock_;
    std::mutex changing_terms_;  // before the gate
    Terms terms_;
    bool directory_is_new_ = false;  // and the log does not go on there yet; changing_terms_
    NodeFile node_;
    bool node_is_new_ = false;   // NODE does not say so yet
    bool is_copied_ = false;     // the files may be of a copy that was never synced
    bool is_new_store_ = false;  // the directory held none
    const std::shared_ptr<Heap> heap_ = std::make_shared<Heap>();
    Gate gate_;
    std::mutex replacing_;  // before the gate; the next one, inside it, for a moment
    std::mutex keyspace_mutex_;
    std::shared_ptr<Keyspace> keyspace_;               // guarded by keyspace_mutex_
    std::vector<std::shared_ptr<Keyspace>> replaced_;  // to be cleared; keyspace_mutex_
    std::atomic<Keyspace*> current_{nullptr};          // changes with the gate alone
    std::atomic<uint64_t> generation_{0};              // likewise
    std::unique_ptr<Shadow> shadow_;                   // null: none; changes with the gate alone
    std::unique_ptr<Log> log_;                         // assigned while loading: others ask log()
    std::unique_ptr<Unwritten> unwritten_;  // of the thread that loads, then of maintenance
    uint64_t shortages_told_ = 0;           // of the maintenance thread
    bool shortage_told_ = false;            // of the maintenance thread
    StripeOwners stripe_owners_;
    Stats stats_;
    OpsSampler ops_sampler_;
    TimedWaits waits_;
    LoadProgress progress_;
    std::atomic<uint64_t> alone_position_{0};
    std::atomic<int64_t> host_memory_{0};
    std::atomic<uint64_t> peak_memory_{0};

    Snapshots snapshots_;
    Following following_{*this};

    std::shared_ptr<Companion> companion_;
    std::atomic<Companion*> companion_at_{nullptr};

    SessionRegistry sessions_;
    HostFacts host_facts_;
    LogLines lines_;
    SlowLog slow_log_;

    std::mutex maintenance_mutex_;
    std::condition_variable maintenance_wake_;
    bool maintenance_stop_ = false;
    std::thread maintenance_;
    std::thread loader_;
    std::mutex close_mutex_;
    bool close_done_ = false;        // guarded by close_mutex_
    uint32_t expire_next_slot_ = 0;  // of the maintenance thread
    ClockWatch clock_watch_;         // of the maintenance thread
    SmallRandom evict_random_;       // of the maintenance thread
    int64_t started_ms_ = 0;
    uint64_t started_us_ = 0;
    std::string run_id_;
};

}  // namespace synap
