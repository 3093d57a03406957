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
#include "server/net/address.h"
#include "server/net/scheduling.h"

namespace synap::server {
namespace {

namespace asio = boost::asio;

// Turns over the ready sockets before the io_context gets to its timers and posts.
constexpr int kMaxTurns = 16;
// Replies that may wait for a sync to begin while more requests are ready.
constexpr size_t kMaxGathered = 256;
// Buffer memory is reported to the engine in steps of this size.
constexpr int64_t kAccountStep = 64 * 1024;
constexpr uint32_t kMinTickMs = 20;
constexpr uint32_t kMaxTickMs = 1000;
constexpr std::chrono::milliseconds kNoMemoryPause{10};

// Half of the shortest time limit, so that none is exceeded by more than that.
uint32_t tick_ms(const Limits& limits) noexcept {
    uint32_t tick = kMaxTickMs;
    for (const uint32_t limit : {limits.idle_timeout_ms, limits.header_timeout_ms,
                                 limits.write_timeout_ms, limits.drain_timeout_ms}) {
        if (limit != 0) tick = std::min(tick, limit / 2);
    }
    return std::max(tick, kMinTickMs);
}

int checked(int fd, const char* what) {
    if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
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
    now_ms_ = steady_us() / 1000;
    services_.shared.client_memory.add_thread(
        [this] { asio::post(reactor_->io, [this] { report_largest(); }); });
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
    while (!turn_until_stopped()) {
        std::this_thread::sleep_for(kNoMemoryPause);
    }
    synap_memory_charge(services_.shared.store.raw(), -charged_);
}

// False when the memory for going on was missing: nothing is lost by trying again.
bool Loop::turn_until_stopped() noexcept {
    try {
        if (!waits_ready_) wait_ready();
        if (!waits_tick_) schedule_tick();
        reactor_->io.run();
        return true;
    } catch (const std::exception& error) {
        log::error("an I/O thread pauses", {{"reason", error.what()}});
        return false;
    }
}

void Loop::drop(Connection& connection, const std::exception& why) noexcept {
    connection.cut(CutReason::kNoMemory);
    log::error("a connection was cut", {{"reason", why.what()}});
}

void Loop::join() {
    if (thread_.joinable()) thread_.join();
}

void Loop::adopt(int fd, bool restricted) {
    asio::post(reactor_->io, [this, fd, restricted] {
        serve(fd, restricted);
        finish_iteration();
    });
}

void Loop::serve(int fd, bool restricted) noexcept {
    try {
        if (!draining_) {
            connections_.open(*this, fd, restricted);
            return;
        }
    } catch (const std::exception& error) {
        log::error("a connection was refused", {{"reason", error.what()}});
    }
    ::close(fd);
    services_.shared.left(restricted);
}

void Loop::retire(const Connection& connection) noexcept {
    services_.shared.left(connection.restricted());
    connections_.retire(connection);
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
                                   waits_ready_ = false;
                                   if (!error) {
                                       on_ready();
                                       wait_ready();
                                   }
                               });
    waits_ready_ = true;
}

void Loop::on_ready() {
    for (int turn = 0; turn < kMaxTurns; ++turn) {
        const int n = ::epoll_wait(ready_fd_, ready_.data(), static_cast<int>(ready_.size()), 0);
        if (n <= 0) break;
        now_ms_ = steady_us() / 1000;  // or time limits would count from the tick before
        for (int i = 0; i < n; ++i) {
            const epoll_event& event = ready_[static_cast<size_t>(i)];
            if (event.data.ptr == nullptr) {
                take_events();
            } else {
                serve_one(*static_cast<Connection*>(event.data.ptr),
                          [&](Connection& ready) { ready.on_socket(event.events); });
            }
        }
        end_turn();
        if (for_disk_.members.size() >= kMaxGathered) sync_gathered();
    }
    finish_iteration();
}

void Loop::take_events() {
    uint64_t count = 0;
    while (::read(wake_fd_, &count, sizeof count) < 0 && errno == EINTR) {
    }
    for (;;) {
        auto batch = services_.events.try_take();
        if (!batch || batch->size() == 0) return;
        for (uint32_t i = 0; i < batch->size(); ++i) {
            const uint64_t tag = batch->tag(i);
            if (batch->kind(i) == SYNAP_EVENT_LOG) {
                on_log_event(tag, batch->error(i) == nullptr);
                continue;
            }
            Connection* connection = connections_.find(tag);
            if (connection == nullptr) continue;
            if (batch->kind(i) == SYNAP_EVENT_COMPLETION) {
                serve_one(*connection, [&](Connection& waiting) {
                    waiting.on_completion(batch->take_reply(i), batch->error(i));
                });
            } else if (batch->kind(i) == SYNAP_EVENT_KILL) {
                connection->cut(CutReason::kKilled);
            }
        }
    }
}

void Loop::resume_later(const Connection& connection) {
    if (resumed_.empty()) {
        asio::post(reactor_->io, [this] { run_resumed(); });
    }
    resumed_.push_back(connection.id());
}

void Loop::run_aside(const Connection& connection, std::function<void()> call) {
    services_.shared.long_calls.add([this, id = connection.id(), call = std::move(call)] {
        call();
        const auto done = [this, id] {
            if (Connection* waiting = connections_.find(id); waiting != nullptr) {
                now_ms_ = steady_us() / 1000;
                serve_one(*waiting, [](Connection& open) { open.on_long_call(); });
            }
            finish_iteration();
        };
        for (;; std::this_thread::sleep_for(kNoMemoryPause)) {
            try {
                asio::post(reactor_->io, done);
                return;
            } catch (const std::bad_alloc&) {
                continue;  // it waits for this
            }
        }
    });
}

void Loop::run_resumed() {
    std::vector<uint64_t> turn;
    turn.swap(resumed_);
    for (const uint64_t id : turn) {
        if (Connection* connection = connections_.find(id); connection != nullptr) {
            serve_one(*connection, [](Connection& resumed) { resumed.resume(); });
        }
    }
    finish_iteration();
}

// Everything that happens once for all sockets that were ready together.
void Loop::end_turn() {
    if (!for_kernel_.members.empty()) commit(for_kernel_, SYNAP_DURABILITY_OS);
    connections_.clear_retired();
    account();
    if (draining_) stop_when_drained();
}

void Loop::finish_iteration() {
    sync_gathered();
    end_turn();
}

size_t Loop::output_soft_bytes() const noexcept {
    const size_t usual = limits().output_soft_bytes;
    return services_.shared.client_memory.is_short() ? std::min(usual, kTurnOutputBytes) : usual;
}

void Loop::account() noexcept {
    const auto held = static_cast<int64_t>(pool_.held());
    const int64_t change = held - charged_;
    if (change >= kAccountStep || change <= -kAccountStep) {
        synap_memory_charge(services_.shared.store.raw(), change);
        charged_ = held;
        services_.counters.buffer_bytes.set(static_cast<uint64_t>(held));
    }
    const auto used = static_cast<int64_t>(pool_.used());
    const int64_t more = used - used_;
    if (more >= kAccountStep || more <= -kAccountStep) {
        used_ = used;
        services_.shared.client_memory.changed(more);
    }
}

// Says what the largest client holds, and cuts it when it is the largest of all threads'.
void Loop::report_largest() noexcept {
    ClientMemory& memory = services_.shared.client_memory;
    Connection* largest = nullptr;
    size_t bytes = 0;
    connections_.for_each([&](Connection& connection) {
        if (connection.held_bytes() > bytes) {
            bytes = connection.held_bytes();
            largest = &connection;
        }
    });
    if (!memory.report(index_, bytes)) return;
    if (largest != nullptr) {
        log::warn("a client was cut: all clients together hold more than their limit",
                  {{"client", peer_name(largest->fd())},
                   {"held_bytes", bytes},
                   {"clients_bytes", memory.total()},
                   {"limits.client_memory_bytes", memory.limit()}});
        largest->cut(CutReason::kClientMemory);
    }
    connections_.clear_retired();
    account();
    memory.was_cut();
}

void Loop::schedule_tick() {
    reactor_->timer.expires_after(std::chrono::milliseconds(tick_ms(limits())));
    reactor_->timer.async_wait([this](const boost::system::error_code& error) {
        waits_tick_ = false;
        if (!error) {
            on_tick();
            schedule_tick();
        }
    });
    waits_tick_ = true;
}

void Loop::on_tick() {
    now_ms_ = steady_us() / 1000;
    http_.on_tick();
    connections_.for_each([this](Connection& connection) {
        serve_one(connection, [this](Connection& open) { open.on_tick(now_ms_); });
    });
    finish_iteration();
}

void Loop::drain() {
    asio::post(reactor_->io, [this] { begin_drain(); });
}

void Loop::begin_drain() {
    if (draining_) return;
    now_ms_ = steady_us() / 1000;
    drain_deadline_ms_ = now_ms_ + limits().drain_timeout_ms;
    draining_ = true;
    connections_.for_each([this](Connection& connection) {
        serve_one(connection, [](Connection& open) { open.drain(); });
    });
    finish_iteration();
}

void Loop::stop_when_drained() {
    if (connections_.size() != 0 && now_ms_ >= drain_deadline_ms_) {
        connections_.for_each([](Connection& open) { open.cut(CutReason::kCount); });
        connections_.clear_retired();
    }
    if (connections_.size() == 0) reactor_->io.stop();
}

}  // namespace synap::server
