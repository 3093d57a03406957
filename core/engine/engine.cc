#include "core/engine/engine.h"

#include <algorithm>
#include <system_error>

#include "core/base/exhaustion.h"
#include "core/log/format.h"
#include "core/platform/stoppable_disk.h"

namespace synap {
namespace {

std::string hex_id(Entropy& entropy) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string id;
    while (id.size() < 40) {
        uint64_t word = entropy.next();
        for (int i = 0; i < 16 && id.size() < 40; ++i, word >>= 4) id += kDigits[word & 15];
    }
    return id;
}

}  // namespace

int64_t CommandContext::read_clock() noexcept {
    run_.now_ms = engine_.now_ms();
    return run_.now_ms;
}

// Between a slot that was captured and one that was not, a value must not escape both. The slots
// are locked, or the gate is held alone.
void CommandContext::capture_before(const Effect& effect) {
    Snapshots& snapshots = engine_.snapshots();
    const bool names_keys = effect.kind != EffectKind::kFlush && effect.kind != EffectKind::kSwap;
    if (!names_keys || !snapshots.capturing()) return;
    const uint32_t slots[] = {keyspace_.slot_index(effect.hash),
                              keyspace_.slot_index(effect.other_hash)};
    snapshots.capture_before(slots, has_other_key(effect.kind) ? 2 : 1);
}

Engine::Engine(const EnginePlatform& platform, const Options& options)
    : platform_{stoppable(platform.disk, closing_), platform.clock, platform.entropy,
                platform.threads, platform.follows},
      options_(options),
      waits_(*platform.clock, platform.threads),
      snapshots_(*this, platform_.disk),
      evict_random_(platform.entropy->next()),
      run_id_(hex_id(*platform.entropy)) {
    started_ms_ = platform.clock->wall_ms();
    started_us_ = platform.clock->monotonic_us();
    if (read_only()) guard_.set(GuardWord::kReadOnly);
    if (platform.follows) following_.begin();
    keyspace_ = std::make_shared<Keyspace>(limits::kSlotBitsMin, 0, heap_);  // until one is loaded
    current_ = keyspace_.get();
    spare_failure_ = std::make_unique<Error>(
        Error{Code::kInternal, "memory was exhausted in the middle of a write"});
}

Result<std::shared_ptr<Engine>> Engine::open(const EnginePlatform& platform,
                                             const Options& options) {
    std::shared_ptr<Engine> engine(new Engine(platform, options));
    if (platform.disk == nullptr && engine->read_only()) {
        return Error{Code::kInvalidArgument, "open.read_only: a store in memory is empty"};
    }
    if (platform.disk != nullptr) {
        auto lock = engine->read_only() ? platform.disk->lock_shared() : platform.disk->lock();
        if (!lock) return lock.take_error();
        engine->lock_ = std::move(*lock);
    }
    if (options.get(OptionId::kOpenWait) == 0 && platform.threads && platform.disk != nullptr) {
        engine->loader_ = std::thread([raw = engine.get()] {
            attempt([&] { raw->load().ignore(); });  // the state has the answer
        });
        return engine;
    }
    if (Status status = engine->load(); !status) return status.take_error();
    return engine;
}

Engine::~Engine() {
    close_in_any_case();
    SYNAP_ASSERT(sessions_.count() == 0);
}

void Engine::close_in_any_case() noexcept {
    // Threads are running: there is no other way out.
    while (!attempt([this] { close().ignore(); })) std::this_thread::yield();
}

Status Engine::load() {
    Error failed{Code::kOk, {}};
    try {
        auto loaded = platform_.disk != nullptr ? recover() : make_memory_only();
        if (!loaded) failed = loaded.take_error();
        if (loaded) {
            replace_keyspace(std::move(*loaded));
            start_maintenance();
        }
    } catch (const std::bad_alloc&) {
        failed.code = Code::kNoMemory;
    } catch (const std::system_error&) {
        failed.code = Code::kNoMemory;  // for another thread
    }
    if (failed.code == Code::kOk) {
        guard_.clear(GuardWord::kLoading);
        apply_log_options();  // they may have been set while the log was made
        return {};
    }
    if (closing_ && failed.code == Code::kShutdown) {
        log_line(LogLine::Level::kInfo, "loading ended early: the store is closing");
        return failed;
    }
    {
        const std::lock_guard<std::mutex> guard(failure_mutex_);
        failure_ = std::move(spare_failure_);
        *failure_ = std::move(failed);
        guard_.set(GuardWord::kFailed);
        guard_.clear(GuardWord::kLoading);
    }
    Status status = failure();
    const std::string& why = status.error().message;
    log_line(LogLine::Level::kError, why.empty() ? "memory was exhausted while loading" : why);
    return status;
}

std::unique_ptr<Shadow> Engine::make_shadow(Keyspace& of) {
    if (options_.get(OptionId::kShadow) == 0 || log_ == nullptr) return nullptr;
    return std::make_unique<Shadow>(of, platform_.entropy->next());
}

std::string Engine::difference_from_shadow() {
    if (state() == EngineState::kLoading) return "there is no shadow";
    const ExclusiveGate alone(gate_);
    return shadow_ == nullptr ? "there is no shadow" : shadow_->difference(keyspace());
}

void Engine::start_maintenance() {
    watch_clock();
    set_coarse_clock();
    if (platform_.threads) maintenance_ = std::thread([this] { run_maintenance(); });
    snapshots_.start(platform_.threads && log_ != nullptr);
}

std::shared_ptr<Keyspace> Engine::shared_keyspace() {
    const std::lock_guard<std::mutex> guard(keyspace_mutex_);
    return keyspace_;
}

std::shared_ptr<Keyspace> Engine::shared_keyspace(uint64_t& generation) noexcept {
    const std::lock_guard<std::mutex> guard(keyspace_mutex_);
    generation = this->generation();
    return keyspace_;
}

void Engine::replace_keyspace(std::shared_ptr<Keyspace> next) {
    next->set_seconds(coarse_seconds());
    const std::lock_guard<std::mutex> one_at_a_time(replacing_);
    std::unique_ptr<Shadow> shadow = make_shadow(*next);
    {
        const std::lock_guard<std::mutex> guard(keyspace_mutex_);
        replaced_.reserve(replaced_.size() + 1);  // later there is nothing that may fail
    }
    gate_.enter_exclusive();
    keyspace_->release_watches();
    snapshots_.forget_keyspace();
    {
        const std::lock_guard<std::mutex> guard(keyspace_mutex_);
        replaced_.push_back(std::move(keyspace_));
        keyspace_ = std::move(next);
        current_.store(keyspace_.get(), std::memory_order_relaxed);
        generation_.fetch_add(1, std::memory_order_relaxed);
    }
    if (shadow != nullptr) log_->set_tap(*shadow);
    std::swap(shadow_, shadow);
    gate_.leave_exclusive();
}

bool Engine::free_some() {
    constexpr size_t kFreedPerTick = 65'536;  // keys, or elements of large values
    const bool more = shared_keyspace()->garbage().free_some(kFreedPerTick);
    std::shared_ptr<Keyspace> old;
    {
        const std::lock_guard<std::mutex> guard(keyspace_mutex_);
        if (replaced_.empty()) return more;
        old = replaced_.back();
    }
    if (old->clear_some(kFreedPerTick)) return true;
    const std::lock_guard<std::mutex> guard(keyspace_mutex_);
    std::erase(replaced_, old);
    return more || !replaced_.empty();
}

// Idle times are durations, so by the monotonic clock.
uint32_t Engine::coarse_seconds() noexcept {
    return static_cast<uint32_t>(platform_.clock->monotonic_us() / 1'000'000);
}

void Engine::set_coarse_clock() noexcept { shared_keyspace()->set_seconds(coarse_seconds()); }

std::shared_ptr<Keyspace> Engine::make_memory_only() {
    Manifest manifest;
    manifest.secret = platform_.entropy->next();
    node_.id = platform_.entropy->next();
    const unsigned bits = slot_bits_for(options_.get(OptionId::kSlots), 0);
    auto made = std::make_shared<Keyspace>(bits, manifest.secret, heap_);
    terms_.replace(std::make_shared<const Manifest>(std::move(manifest)), false);
    return made;
}

void Engine::attach(std::shared_ptr<Companion> companion) noexcept {
    companion_ = std::move(companion);
    companion_at_.store(companion_.get(), std::memory_order_release);
}

Status Engine::close() {
    if (Companion* companion = this->companion(); companion != nullptr) companion->stop();
    if (state() == EngineState::kReady) snapshots_.take_at_close();  // it reads what it wrote
    closing_ = true;
    const std::lock_guard<std::mutex> guard(close_mutex_);
    if (loader_.joinable()) loader_.join();
    if (close_done_) return {};
    guard_.set(GuardWord::kClosed);
    stop_maintenance();
    // Commands under way finish; later ones see the state.
    gate_.enter_exclusive();
    gate_.leave_exclusive();
    snapshots_.stop();
    waits_.close();
    Status status;
    if (log_ != nullptr) status = log_->stop();
    lock_.reset();
    close_done_ = true;
    return status;
}

Status Engine::failure() const {
    {
        const std::lock_guard<std::mutex> guard(failure_mutex_);
        if (failure_ != nullptr) return *failure_;
    }
    if (state() != EngineState::kLoading && log_ != nullptr) return log_->refusal();
    return {};
}

void Engine::stop_writes() noexcept {
    guard_.set(GuardWord::kStopped);
    log_line(LogLine::Level::kError,
             "writes are refused from now on: memory was exhausted in the middle of one");
    const std::lock_guard<std::mutex> guard(failure_mutex_);
    if (failure_ == nullptr) failure_ = std::move(spare_failure_);
}

int64_t Engine::now_ms() noexcept {
    const int64_t now_ms = following_.is_on() ? following_.now_ms() : platform_.clock->wall_ms();
    return std::max<int64_t>(now_ms, 1);  // 0 is "not read yet"
}

Durability Engine::default_level() noexcept {
    Log* log = this->log();
    if (log == nullptr) return Durability::kMemory;
    if (log->fsync() == FsyncPolicy::kAlways) return Durability::kDisk;
    return options_.get(OptionId::kAcknowledge) != 0 ? Durability::kOs : Durability::kMemory;
}

Status Engine::set_option(std::string_view name, std::string_view value) {
    OptionId id{};
    const OptionSpec* spec = find_option(name, id);
    if (spec == nullptr) return unknown_option(name);
    if (!spec->is_mutable) {
        return Error{Code::kUnsupported,
                     std::string(name) + " can be set only when the store is opened"};
    }
    SYNAP_TRY(options_.set(id, value));
    apply_log_options();
    apply_limits();
    return {};
}

// What lies beyond a limit that was lowered goes now, not when something is added.
void Engine::apply_limits() {
    slow_log_.keep(options_.get(OptionId::kSlowlogEntries));
    snapshots_.tidy();
}

void Engine::apply_log_options() noexcept {
    Log* log = this->log();
    if (log == nullptr) return;
    log->set_fsync(static_cast<FsyncPolicy>(options_.get(OptionId::kFsync)));
    log->set_hand_over(options_.get(OptionId::kAcknowledge) == 0);
}

uint64_t Engine::used_memory() noexcept {
    const std::shared_ptr<Keyspace> keyspace = shared_keyspace();
    const int64_t used =
        keyspace->accounts().bytes() + keyspace->superseded_bytes() + host_memory_.load();
    return used > 0 ? static_cast<uint64_t>(used) : 0;
}

// A delete that no command asked for: its own record.
void Engine::remove_by_engine(const Effect& effect, unsigned stripe) {
    if (log_ != nullptr) {
        EffectBuffer record;
        record.add(effect);
        const uint32_t slot = keyspace().slot_index(effect.hash);
        keyspace().last_position(slot) = log_->append(record, now_ms());
    }
    keyspace().apply(effect, stripe);
}

}  // namespace synap
