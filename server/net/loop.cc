#define SYNAP_UNSTABLE_API
#include "server/net/loop.h"

#include <synap/synap_unstable.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>

#include "server/log/log.h"
#include "server/net/scheduling.h"

namespace synap::server {
namespace {

namespace asio = boost::asio;

/// Turns over the ready sockets before the io_context gets to its timers and posts.
constexpr int kMaxTurns = 16;
/// Replies that may wait for a sync to begin while more requests are ready.
constexpr std::size_t kMaxGathered = 256;
constexpr std::uint64_t kShortSyncUs = 1000;
/// Waits for the disk that must have been short, one after the other, before a thread syncs itself.
constexpr unsigned kShortSyncs = 4;
/// Buffer memory is reported to the engine in steps of this size.
constexpr std::int64_t kAccountStep = 64 * 1024;
constexpr std::uint32_t kMinTickMs = 20;
constexpr std::uint32_t kMaxTickMs = 1000;

std::uint64_t steady_us() noexcept {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

std::uint64_t steady_ms() noexcept { return steady_us() / 1000; }

/// Half of the shortest time limit, so that none is exceeded by more than that.
std::uint32_t tick_ms(const Limits& limits) noexcept {
    std::uint32_t tick = kMaxTickMs;
    for (const std::uint32_t limit : {limits.idle_timeout_ms, limits.header_timeout_ms,
                                      limits.write_timeout_ms, limits.drain_timeout_ms}) {
        if (limit != 0) {
            tick = std::min(tick, limit / 2);
        }
    }
    return std::max(tick, kMinTickMs);
}

int checked(int fd, const char* what) {
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return fd;
}

}  // namespace

struct Loop::Reactor {
    explicit Reactor(int ready_fd) : ready(io, ready_fd), timer(io) {}

    asio::io_context io{1};
    asio::posix::stream_descriptor ready;  // owns the epoll set
    asio::steady_timer timer;
};

Loop::Loop(Shared& shared, Events events, unsigned index)
    : services_(shared, std::move(events)),
      http_(shared),
      read_buffer_(kReadBytes + kReadPadding),
      index_(index),
      ready_fd_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_fd_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
    reactor_ = std::make_unique<Reactor>(ready_fd_);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    checked(::epoll_ctl(ready_fd_, EPOLL_CTL_ADD, wake_fd_, &event), "epoll_ctl");
    services_.events.try_wake_fd(wake_fd_).value();
    now_ms_ = steady_ms();
}

Loop::~Loop() {
    static_cast<void>(services_.events.try_clear_wake());
    ::close(wake_fd_);
}

void Loop::start() {
    thread_ = std::thread([this] { run(); });
}

void Loop::run() {
    const std::string name = "synap-io-" + std::to_string(index_);
    ::pthread_setname_np(::pthread_self(), name.c_str());
    prefer_short_turns();  // or the thread of a snapshot may keep it waiting
    wait_ready();
    schedule_tick();
    reactor_->io.run();
    synap_memory_charge(services_.shared.store.raw(), -charged_);
}

void Loop::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Loop::adopt(int fd) {
    asio::post(reactor_->io, [this, fd] {
        serve(fd);
        finish_iteration();
    });
}

void Loop::serve(int fd) {
    if (draining_) {
        ::close(fd);
        services_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t index = free_slots_.back();
    free_slots_.pop_back();
    Slot& slot = slots_[index];
    const std::uint64_t id = (static_cast<std::uint64_t>(++slot.generation) << 32) | index;
    slot.connection = std::make_unique<Connection>(*this, fd, id);
    ++open_;
}

Connection* Loop::find(std::uint64_t id) noexcept {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= slots_.size() || slots_[index].generation != id >> 32) {
        return nullptr;
    }
    return slots_[index].connection.get();
}

void Loop::retire(const Connection& connection) {
    const auto index = static_cast<std::uint32_t>(connection.id());
    retired_.push_back(std::move(slots_[index].connection));
    free_slots_.push_back(index);
    --open_;
    services_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
}

bool Loop::watch(Connection& connection) noexcept {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &connection;
    return ::epoll_ctl(ready_fd_, EPOLL_CTL_ADD, connection.fd(), &event) == 0;
}

void Loop::wait_ready() {
    reactor_->ready.async_wait(asio::posix::stream_descriptor::wait_read,
                               [this](const boost::system::error_code& error) {
                                   if (!error) {
                                       on_ready();
                                       wait_ready();
                                   }
                               });
}

void Loop::on_ready() {
    for (int turn = 0; turn < kMaxTurns; ++turn) {
        const int n = ::epoll_wait(ready_fd_, ready_.data(), static_cast<int>(ready_.size()), 0);
        if (n <= 0) {
            break;
        }
        now_ms_ = steady_ms();  // or time limits would count from the tick before
        for (int i = 0; i < n; ++i) {
            const epoll_event& event = ready_[static_cast<std::size_t>(i)];
            if (event.data.ptr == nullptr) {
                take_events();
            } else {
                static_cast<Connection*>(event.data.ptr)->on_socket(event.events);
            }
        }
        end_turn();
        if (for_disk_.members.size() >= kMaxGathered) {
            sync_gathered();
        }
    }
    finish_iteration();
}

void Loop::take_events() {
    std::uint64_t count = 0;
    while (::read(wake_fd_, &count, sizeof count) < 0 && errno == EINTR) {
    }
    for (;;) {
        auto batch = services_.events.try_take();
        if (!batch || batch->size() == 0) {
            return;
        }
        for (std::uint32_t i = 0; i < batch->size(); ++i) {
            const std::uint64_t tag = batch->tag(i);
            if (batch->kind(i) == SYNAP_EVENT_LOG) {
                on_log_event(tag, batch->error(i) == nullptr);
                continue;
            }
            Connection* connection = find(tag);
            if (connection == nullptr) {
                continue;
            }
            if (batch->kind(i) == SYNAP_EVENT_COMPLETION) {
                connection->on_completion(batch->take_reply(i), batch->error(i));
            } else if (batch->kind(i) == SYNAP_EVENT_KILL) {
                connection->cut(CutReason::kKilled);
            }
        }
    }
}

bool Loop::must_commit(synap_token_t token, std::uint32_t level) const noexcept {
    if (token.position == 0 || level <= SYNAP_DURABILITY_MEMORY) {
        return false;
    }
    return level > committed_level_ || token.epoch != committed_.epoch ||
           token.position > committed_.position;
}

void Loop::commit_later(const Connection& connection, synap_token_t token, std::uint32_t level) {
    const bool is_being_synced = !syncing_.members.empty() && token.epoch == syncing_.token.epoch &&
                                 token.position <= syncing_.token.position;
    Group& group = level == SYNAP_DURABILITY_OS ? for_kernel_
                   : is_being_synced            ? syncing_
                                                : for_disk_;
    group.members.push_back(connection.id());
    group.token = later(group.token, token);
}

void Loop::resume_later(const Connection& connection) {
    if (resumed_.empty()) {
        asio::post(reactor_->io, [this] { run_resumed(); });
    }
    resumed_.push_back(connection.id());
}

void Loop::run_resumed() {
    std::vector<std::uint64_t> turn;
    turn.swap(resumed_);
    for (const std::uint64_t id : turn) {
        if (Connection* connection = find(id); connection != nullptr) {
            connection->resume();
        }
    }
    finish_iteration();
}

/// Everything that happens once for all sockets that were ready together.
void Loop::end_turn() {
    if (!for_kernel_.members.empty()) {
        commit(for_kernel_, SYNAP_DURABILITY_OS);
    }
    retired_.clear();
    account();
    if (draining_) {
        stop_when_drained();
    }
}

void Loop::finish_iteration() {
    sync_gathered();
    end_turn();
}

/// A sync costs as much as several requests. So it begins when no socket is ready, and what
/// arrives until it ends shares the next one. A short one is not worth handing to another thread
/// when hardly anybody waits for something else.
void Loop::sync_gathered() {
    if (for_disk_.members.empty() || !syncing_.members.empty()) {
        return;
    }
    std::swap(syncing_, for_disk_);
    sync_began_us_ = steady_us();
    const bool few_else = syncing_.members.size() * 4 >= open_ * 3;
    if ((few_else && short_syncs_ >= kShortSyncs) || !notify(syncing_)) {
        commit(syncing_, SYNAP_DURABILITY_DISK);
    }
}

void Loop::commit(Group& group, std::uint32_t level) {
    services_.counters.commits.add();
    const bool reached = wait_for_log(group.token, level);
    now_ms_ = steady_ms();  // the disk may have taken its time
    if (level == SYNAP_DURABILITY_DISK) {
        note_sync();
    }
    release(group, reached);
}

/// Asks for an event when the group's token is on disk. False when it is there already, or when
/// the queue of events is full: waiting answers at once then, or in time.
bool Loop::notify(Group& group) {
    group.tag = next_group_++;
    const synap_status_t status =
        synap_log_notify(services_.shared.store.raw(), group.token, SYNAP_DURABILITY_DISK,
                         services_.events.raw(), group.tag, nullptr);
    if (status != SYNAP_PENDING) {
        return false;
    }
    services_.counters.commits.add();
    return true;
}

bool Loop::wait_for_log(synap_token_t token, std::uint32_t level) {
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_log_wait(services_.shared.store.raw(), token, level, UINT32_MAX, &error);
    if (status != SYNAP_OK) {
        log::error("the log cannot be written; writes stay unanswered",
                   {{"reason", error != nullptr ? to_view(synap_error_message(error)) : "?"}});
        synap_error_free(error);
        return false;
    }
    note_committed(token, level);
    return true;
}

void Loop::note_sync() noexcept {
    const bool was_short = steady_us() - sync_began_us_ < kShortSyncUs;
    short_syncs_ = was_short ? short_syncs_ + 1 : 0;
}

/// Remembers how far the log is known to have come, and at which level.
void Loop::note_committed(synap_token_t token, std::uint32_t level) noexcept {
    committed_ = level > committed_level_ ? token : later(committed_, token);
    committed_level_ = level;
}

void Loop::on_log_event(std::uint64_t tag, bool reached) {
    if (syncing_.members.empty() || syncing_.tag != tag) {
        return;
    }
    if (reached) {
        note_committed(syncing_.token, SYNAP_DURABILITY_DISK);
    }
    note_sync();
    release(syncing_, reached);
}

/// Lets the replies of a group go, or, when the log will never hold their writes, cuts their
/// connections. Empties the group and keeps its memory.
void Loop::release(Group& group, bool reached) {
    group.token = {0, 0};
    for (const std::uint64_t id : group.members) {
        if (Connection* connection = find(id); connection != nullptr) {
            connection->on_committed(reached);
        }
    }
    group.members.clear();
}

void Loop::account() {
    const auto held = static_cast<std::int64_t>(pool_.held());
    const std::int64_t change = held - charged_;
    if (change >= kAccountStep || change <= -kAccountStep) {
        synap_memory_charge(services_.shared.store.raw(), change);
        charged_ = held;
        services_.counters.buffer_bytes.set(static_cast<std::uint64_t>(held));
    }
}

void Loop::schedule_tick() {
    reactor_->timer.expires_after(std::chrono::milliseconds(tick_ms(limits())));
    reactor_->timer.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            on_tick();
            schedule_tick();
        }
    });
}

void Loop::on_tick() {
    now_ms_ = steady_ms();
    http_.on_tick();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].connection) {
            slots_[i].connection->on_tick(now_ms_);
        }
    }
    finish_iteration();
}

void Loop::drain() {
    asio::post(reactor_->io, [this] { begin_drain(); });
}

void Loop::begin_drain() {
    if (draining_) {
        return;
    }
    now_ms_ = steady_ms();
    drain_deadline_ms_ = now_ms_ + limits().drain_timeout_ms;
    draining_ = true;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].connection) {
            slots_[i].connection->drain();
        }
    }
    finish_iteration();
}

void Loop::stop_when_drained() {
    if (open_ != 0 && now_ms_ >= drain_deadline_ms_) {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            if (slots_[i].connection) {
                slots_[i].connection->cut(CutReason::kCount);
            }
        }
        retired_.clear();
    }
    if (open_ == 0) {
        reactor_->io.stop();
    }
}

}  // namespace synap::server
