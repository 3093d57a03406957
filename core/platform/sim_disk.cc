#include "core/platform/sim_disk.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "core/base/assert.h"
#include "core/platform/sim_reason.h"

namespace synap {
namespace {

constexpr std::string_view kLockName = "LOCK";

using InodePtr = std::shared_ptr<SimImage>;
using Names = std::map<std::string, InodePtr, std::less<>>;

// A change of the directory since the last sync_names.
struct NameChange {
    std::string removed;  // empty for a create
    std::string added;    // empty for a remove
    InodePtr inode;       // behind `added`

    void apply_to(Names& names) const {
        if (!removed.empty()) names.erase(removed);
        if (!added.empty()) names[added] = inode;
    }
};

std::string path_of(std::string_view name) { return "/sim/" + std::string(name); }

Error in_use(const std::string& path) { return {Code::kLocked, path + " is in use by process 1"}; }

}  // namespace

// --- the state behind disk and handles -----------------------------------------------------------

struct SimDisk::State {
    explicit State(const SimDiskOptions& with) : options(with), random(with.seed) {}

    struct Order {
        uint64_t wait = 0;   // uses until the first failure
        uint64_t times = 0;  // failures left; 0 means no order
        DiskFault fault = DiskFault::kInputOutput;
    };

    const SimDiskOptions options;
    mutable std::mutex mutex;  // guards everything below
    SmallRandom random;
    Names names;
    Names durable_names;
    std::vector<NameChange> unsynced_names;
    uint64_t life = 0;  // handles of an earlier one are dead
    bool locked = false;
    size_t readers = 0;
    Order orders[kDiskCalls];
    std::optional<DiskFault> shortage;
    uint64_t halt_after = UINT64_MAX;  // changes still allowed
    bool is_halted = false;
    std::vector<FailedCall> failures;
    uint64_t changes = 0;
    uint64_t files_made = 0;

    // Whether this use of `call` fails, and why. Counts it.
    std::optional<Reason> fails(DiskCall call, std::string_view name, bool grows = false) {
        if (is_halted) return kDead;
        if (call != DiskCall::kOpen && call != DiskCall::kRead && call != DiskCall::kList) {
            ++changes;
            if (--halt_after == 0) {
                is_halted = true;
                return kDead;
            }
        }
        if (shortage && hinders(*shortage, call, grows)) {
            failures.push_back({call, std::string(name), *shortage});
            return reason_of(*shortage);
        }
        Order& order = orders[static_cast<size_t>(call)];
        if (order.times == 0) return std::nullopt;
        if (order.wait > 0) {
            --order.wait;
            return std::nullopt;
        }
        if (order.times != UINT64_MAX) --order.times;
        failures.push_back({call, std::string(name), order.fault});
        return reason_of(order.fault);
    }

    void change(NameChange change) {
        change.apply_to(names);
        unsynced_names.push_back(std::move(change));
    }

    // The first `count` unsynced name changes reach the platter.
    void commit_names(size_t count) {
        for (size_t i = 0; i < count; ++i) unsynced_names[i].apply_to(durable_names);
        unsynced_names.erase(unsynced_names.begin(),
                             unsynced_names.begin() + static_cast<ptrdiff_t>(count));
    }

    void end_life() {
        ++life;
        locked = false;
        readers = 0;
        is_halted = false;
        halt_after = UINT64_MAX;
        for (Order& order : orders) order = Order{};
        shortage.reset();
        failures.clear();
    }

    std::vector<std::string> listed() const {
        std::vector<std::string> listed;
        for (const auto& [name, inode] : names) listed.push_back(name);
        return listed;
    }

    SimImage& existing(std::string_view name) {
        const auto found = names.find(name);
        SYNAP_ASSERT(found != names.end());
        return *found->second;
    }
};

class SimDisk::SimFile final : public File {
public:
    SimFile(std::shared_ptr<State> state, InodePtr inode, std::string_view name, bool writable)
        : state_(std::move(state)),
          inode_(std::move(inode)),
          name_(name),
          path_(path_of(name)),
          life_(state_->life),
          writable_(writable) {}

    Status write_at(uint64_t offset, std::string_view bytes) override {
        const std::lock_guard guard(state_->mutex);
        if (!alive()) return dead("write");
        if (!writable_) return refused("write", path_, {"Bad file descriptor"});
        const bool grows = offset + bytes.size() > inode_->allocated();
        const auto failure = state_->fails(DiskCall::kWrite, name_, grows);
        if (failure) {
            // A full disk takes what the file has a place for.
            const uint64_t place = inode_->allocated() - std::min(offset, inode_->allocated());
            const uint64_t most = state_->shortage ? std::min(bytes.size(), place) : bytes.size();
            bytes = bytes.substr(0, state_->random.below(most + 1));
        }
        inode_->write(offset, bytes);
        if (failure) return refused("write", path_, *failure);
        return {};
    }

    Result<size_t> read_at(uint64_t offset, char* to, size_t size) override {
        const std::lock_guard guard(state_->mutex);
        if (!alive()) return dead("read");
        if (const auto failure = state_->fails(DiskCall::kRead, name_)) {
            return refused("read", path_, *failure);
        }
        const std::string& seen = inode_->seen();
        if (offset >= seen.size()) return size_t{0};
        return seen.copy(to, size, offset);
    }

    Status sync() override {
        const std::lock_guard guard(state_->mutex);
        if (!alive()) return dead("sync");
        if (const auto failure = state_->fails(DiskCall::kSync, name_)) {
            // Power may yet fail before the sync that never returned: keep the changes unsynced.
            if (!state_->is_halted) {
                inode_->fail_sync(Severity::draw(state_->random), state_->options.sector_bytes,
                                  state_->random);
            }
            return refused("sync", path_, *failure);
        }
        if (!state_->options.lying_sync) inode_->sync();
        return {};
    }

    Status reserve(uint64_t offset, uint64_t size) override {
        const std::lock_guard guard(state_->mutex);
        if (!alive()) return dead("reserve");
        if (!writable_) return refused("reserve room in", path_, {"Bad file descriptor"});
        if (!state_->options.reserves) return Error{Code::kUnsupported, "no room can be reserved"};
        const bool grows = offset + size > inode_->allocated();
        if (const auto failure = state_->fails(DiskCall::kReserve, name_, grows)) {
            return refused("reserve room in", path_, *failure);
        }
        inode_->reserve(offset + size);
        return {};
    }

    Status truncate(uint64_t size) override {
        const std::lock_guard guard(state_->mutex);
        if (!alive()) return dead("truncate");
        if (!writable_) return refused("truncate", path_, {"Invalid argument"});
        if (const auto failure = state_->fails(DiskCall::kTruncate, name_)) {
            return refused("truncate", path_, *failure);
        }
        inode_->truncate(size);
        return {};
    }

    Result<uint64_t> size() override {
        const std::lock_guard guard(state_->mutex);
        if (!alive()) return dead("stat");
        return static_cast<uint64_t>(inode_->seen().size());
    }

    Result<FileIdentity> identity() override {
        const std::lock_guard guard(state_->mutex);
        if (!alive()) return dead("stat");
        return FileIdentity{state_->options.device, inode_->number()};
    }

private:
    bool alive() const { return life_ == state_->life && !state_->is_halted; }
    Error dead(std::string_view what) const { return refused(what, path_, kDead); }

    std::shared_ptr<State> state_;
    InodePtr inode_;
    std::string name_;
    std::string path_;
    uint64_t life_;
    bool writable_;
};

class SimDisk::SimLock final : public DiskLock {
public:
    SimLock(std::shared_ptr<State> state, bool shared)
        : state_(std::move(state)), life_(state_->life), shared_(shared) {}
    ~SimLock() override {
        const std::lock_guard guard(state_->mutex);
        if (life_ != state_->life) return;
        if (shared_) {
            --state_->readers;
        } else {
            state_->locked = false;
        }
    }

private:
    std::shared_ptr<State> state_;
    const uint64_t life_;
    const bool shared_;
};

// --- the disk ------------------------------------------------------------------------------------

SimDisk::SimDisk(SimDiskOptions options) : state_(std::make_shared<State>(options)) {
    SYNAP_ASSERT(options.sector_bytes > 0);
}

SimDisk::~SimDisk() = default;

std::string SimDisk::describe(std::string_view name) const { return path_of(name); }

Result<std::unique_ptr<File>> SimDisk::open(std::string_view name, OpenMode mode) {
    const std::lock_guard guard(state_->mutex);
    const bool create = mode == OpenMode::kCreate;
    if (const auto failure = state_->fails(create ? DiskCall::kCreate : DiskCall::kOpen, name)) {
        return refused("open", describe(name), *failure);
    }
    const auto found = state_->names.find(name);
    if (create == (found != state_->names.end())) {
        return refused("open", describe(name),
                       {create ? "File exists" : "No such file or directory"});
    }
    InodePtr inode = create ? std::make_shared<SimImage>(++state_->files_made) : found->second;
    if (create) state_->change({{}, std::string(name), inode});
    return std::unique_ptr<File>(
        std::make_unique<SimFile>(state_, std::move(inode), name, mode != OpenMode::kRead));
}

Status SimDisk::rename(std::string_view from, std::string_view to) {
    const std::lock_guard guard(state_->mutex);
    if (const auto failure = state_->fails(DiskCall::kRename, from)) {
        return refused("rename", describe(from), *failure);
    }
    const auto found = state_->names.find(from);
    if (found == state_->names.end()) {
        return refused("rename", describe(from), {"No such file or directory"});
    }
    if (from != to) state_->change({std::string(from), std::string(to), found->second});
    return {};
}

Status SimDisk::remove(std::string_view name) {
    const std::lock_guard guard(state_->mutex);
    if (const auto failure = state_->fails(DiskCall::kRemove, name)) {
        return refused("remove", describe(name), *failure);
    }
    if (!state_->names.contains(name)) {
        return refused("remove", describe(name), {"No such file or directory"});
    }
    state_->change({std::string(name), {}, nullptr});
    return {};
}

Result<std::vector<std::string>> SimDisk::list() {
    const std::lock_guard guard(state_->mutex);
    if (const auto failure = state_->fails(DiskCall::kList, {})) {
        return refused("list", describe(""), *failure);
    }
    return state_->listed();
}

Status SimDisk::sync_names() {
    const std::lock_guard guard(state_->mutex);
    const size_t count = state_->unsynced_names.size();
    if (const auto failure = state_->fails(DiskCall::kSyncNames, {})) {
        if (!state_->is_halted) state_->commit_names(state_->random.below(count + 1));
        return refused("sync", describe(""), *failure);
    }
    if (!state_->options.lying_sync) state_->commit_names(count);
    return {};
}

Result<std::unique_ptr<DiskLock>> SimDisk::lock() {
    const std::lock_guard guard(state_->mutex);
    if (state_->is_halted) return refused("lock", describe(kLockName), kDead);
    if (state_->locked || state_->readers > 0) return in_use(describe(""));
    if (!state_->names.contains(kLockName)) {
        state_->change(
            {{}, std::string(kLockName), std::make_shared<SimImage>(++state_->files_made)});
    }
    state_->locked = true;
    return std::unique_ptr<DiskLock>(std::make_unique<SimLock>(state_, false));
}

Result<std::unique_ptr<DiskLock>> SimDisk::lock_shared() {
    const std::lock_guard guard(state_->mutex);
    if (state_->is_halted) return refused("lock", describe(kLockName), kDead);
    if (state_->locked) return in_use(describe(""));
    ++state_->readers;
    return std::unique_ptr<DiskLock>(std::make_unique<SimLock>(state_, true));
}

void SimDisk::crash(SmallRandom& random) {
    const std::lock_guard guard(state_->mutex);
    State& state = *state_;
    const Severity severity = Severity::draw(random);
    // Every inode that either directory image reaches, once and in the order of names.
    std::vector<InodePtr> inodes;
    for (const Names* names : {&state.names, &state.durable_names}) {
        for (const auto& [name, inode] : *names) inodes.push_back(inode);
    }
    for (const NameChange& change : state.unsynced_names) {
        if (change.inode != nullptr) inodes.push_back(change.inode);
    }
    // A second visit finds nothing unsynced.
    for (const InodePtr& inode : inodes) {
        inode->crash(severity, state.options.sector_bytes, random);
    }
    if (state.options.names_in_order) {
        state.commit_names(random.below(state.unsynced_names.size() + 1));
    } else {
        for (const NameChange& change : state.unsynced_names) {
            if (severity.draw_fate(random) == Fate::kKept) {
                change.apply_to(state.durable_names);
            }
        }
    }
    state.unsynced_names.clear();
    state.names = state.durable_names;
    state.end_life();
}

void SimDisk::kill() {
    const std::lock_guard guard(state_->mutex);
    state_->end_life();
}

// --- faults, looking, rot ------------------------------------------------------------------------

void SimDisk::fail_at(DiskCall call, uint64_t nth, DiskFault fault, uint64_t times) {
    SYNAP_ASSERT(nth > 0 && times > 0);
    const std::lock_guard guard(state_->mutex);
    state_->orders[static_cast<size_t>(call)] = {nth - 1, times, fault};
}

void SimDisk::set_shortage(std::optional<DiskFault> fault) {
    const std::lock_guard guard(state_->mutex);
    state_->shortage = fault;
}

void SimDisk::halt_at(uint64_t nth) {
    SYNAP_ASSERT(nth > 0);
    const std::lock_guard guard(state_->mutex);
    state_->halt_after = nth;
}

bool SimDisk::halted() const {
    const std::lock_guard guard(state_->mutex);
    return state_->is_halted;
}

void SimDisk::clear_faults() {
    const std::lock_guard guard(state_->mutex);
    SYNAP_ASSERT(!state_->is_halted);
    state_->halt_after = UINT64_MAX;
    for (State::Order& order : state_->orders) order = State::Order{};
}

std::vector<FailedCall> SimDisk::failures() const {
    const std::lock_guard guard(state_->mutex);
    return state_->failures;
}

uint64_t SimDisk::changes() const {
    const std::lock_guard guard(state_->mutex);
    return state_->changes;
}

const SimDiskOptions& SimDisk::options() const noexcept { return state_->options; }

std::vector<std::string> SimDisk::names() const {
    const std::lock_guard guard(state_->mutex);
    return state_->listed();
}

std::string SimDisk::contents(std::string_view name) const {
    const std::lock_guard guard(state_->mutex);
    const auto found = state_->names.find(name);
    return found == state_->names.end() ? std::string() : found->second->seen();
}

std::vector<ByteRange> SimDisk::unsynced(std::string_view name) const {
    const std::lock_guard guard(state_->mutex);
    const SimImage& inode = state_->existing(name);
    const auto durable = state_->durable_names.find(name);
    if (durable == state_->durable_names.end() || durable->second.get() != &inode) {
        return {{0, UINT64_MAX}};
    }
    return inode.unsynced();
}

void SimDisk::rot(std::string_view name, uint64_t offset, std::string_view bytes) {
    const std::lock_guard guard(state_->mutex);
    state_->existing(name).rot(offset, bytes);
}

void SimDisk::rot_length(std::string_view name, uint64_t size) {
    const std::lock_guard guard(state_->mutex);
    state_->existing(name).rot_length(size);
}

}  // namespace synap
