// One I/O thread: an event loop, the connections it serves, and the commit of their writes.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "server/http/service.h"
#include "server/net/buffer.h"
#include "server/net/connections.h"
#include "server/net/services.h"

namespace synap::server {

// Microseconds since some moment.
inline uint64_t steady_us() noexcept {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// Connections are watched through one edge-triggered epoll set, which is itself one descriptor of
// the thread's io_context: a request costs a read and a write, and no re-arming of its socket.
//
// Group commit: the writes of all sockets that were ready together share one wait for the log.
// At level OS this thread writes the log itself. At level DISK the replies wait for an event; one
// group waits at a time, while the next one gathers.
//
// Threads: start, adopt, drain, join and counters from any; the rest on the loop's own thread.
class Loop {
public:
    static constexpr size_t kReadBytes = 128 * 1024;

    Loop(Shared& shared, Events events, unsigned index);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    void start();
    // Serves a connected, non-blocking socket from now on; a restricted one answers one HTTP
    // request. Throws std::bad_alloc, and the socket stays the caller's.
    void adopt(int fd, bool restricted = false);
    // Answers what is under way, closes all connections, and ends the thread.
    void drain();
    void join();
    const LoopCounters& counters() const noexcept { return services_.counters; }

    Services& services() noexcept { return services_; }
    http::Service& http() noexcept { return http_; }
    const Limits& limits() const noexcept { return services_.shared.settings.limits; }
    BufferPool& pool() noexcept { return pool_; }
    // Scratch for one read; kReadPadding bytes behind it may be read, too.
    std::span<char> read_buffer() noexcept { return {read_buffer_.data(), kReadBytes}; }
    // Milliseconds since some moment, as of the events or the tick under way.
    uint64_t now_ms() const noexcept { return now_ms_; }

    // True when a reply with this token must wait for the log to reach `level`
    // (SYNAP_DURABILITY_*): commit_later() then.
    bool must_commit(synap_token_t token, uint32_t level) const noexcept;
    void commit_later(const Connection& connection, synap_token_t token, uint32_t level);
    void resume_later(const Connection& connection);
    // Has `call`, which does not throw, run by the thread for what takes long, and the connection
    // told when it is done.
    void run_aside(const Connection& connection, std::function<void()> call);
    // limits.output_soft_bytes, or less while the memory of all clients is short.
    size_t output_soft_bytes() const noexcept;
    // Tells the store and the other threads what the connections of this one hold, when that has
    // changed; cuts the largest of all while they hold more than they may.
    void account() noexcept;
    // False when the kernel's memory is exhausted: no event will come.
    [[nodiscard]] bool watch(Connection& connection) noexcept;
    // The connection is closed; it is destroyed at the end of this iteration.
    void retire(const Connection& connection) noexcept;

private:
    struct Reactor;
    // Connections whose replies wait for the same place in the log.
    struct Group {
        std::vector<uint64_t> members;
        synap_token_t token{0, 0};
        uint64_t tag = 0;  // of the event that will come
    };

    void run();
    bool turn_until_stopped() noexcept;
    void wait_ready();
    void on_ready();
    void on_tick();
    void schedule_tick();
    void serve(int fd, bool restricted) noexcept;
    // Serves one connection. Where memory ends, this is the one place that acts on it: the
    // connection that asked for more is cut, whatever state it was left in; the others go on.
    template <typename Step>
    void serve_one(Connection& connection, Step step) noexcept {
        try {
            step(connection);
        } catch (const std::exception& error) {
            drop(connection, error);
        }
    }
    void drop(Connection& connection, const std::exception& why) noexcept;
    void take_events();
    void on_log_event(uint64_t tag, bool reached);
    void end_turn();
    void finish_iteration();
    void sync_gathered();
    void commit(Group& group, uint32_t level);
    bool notify(Group& group);
    bool wait_for_log(synap_token_t token, uint32_t level);
    void note_sync() noexcept;
    void note_committed(synap_token_t token, uint32_t level) noexcept;
    void release(Group& group, bool reached);
    void run_resumed();
    void report_largest() noexcept;
    void begin_drain();
    void stop_when_drained();

    Services services_;
    http::Service http_;
    BufferPool pool_;
    std::vector<char> read_buffer_;
    std::unique_ptr<Reactor> reactor_;
    unsigned index_;
    int ready_fd_ = -1;
    int wake_fd_ = -1;
    std::thread thread_;
    std::array<epoll_event, 128> ready_{};

    Connections connections_;

    Group for_kernel_;  // of this turn, at level OS
    Group for_disk_;    // gathered for the next sync
    Group syncing_;     // waits for its event
    uint64_t sync_began_us_ = 0;
    unsigned short_syncs_ = 0;  // waits of groups, the last ones without a long one between
    uint64_t next_group_ = 1;
    synap_token_t committed_{0, 0};
    uint32_t committed_level_ = 0;
    std::vector<uint64_t> resumed_;

    uint64_t now_ms_ = 0;
    uint64_t drain_deadline_ms_ = 0;
    int64_t charged_ = 0;  // to the store
    int64_t used_ = 0;     // as client_memory knows it
    bool draining_ = false;
    bool waits_ready_ = false;  // the io_context will tell of ready sockets
    bool waits_tick_ = false;
};

}  // namespace synap::server
