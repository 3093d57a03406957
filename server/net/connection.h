// One client connection: socket, buffers, protocol, and what it waits for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include <synap/session.hpp>

#include "server/http/peer.h"
#include "server/net/buffer.h"
#include "server/net/services.h"
#include "server/resp/peer.h"

namespace synap::server {

class Loop;

// Lives on one I/O thread, which calls everything here. A call may close the connection; the
// object then stays valid, closed() and inert, until the loop has finished its iteration.
//
// The socket is watched edge-triggered, for everything, once: what is not acted upon at once is
// remembered (readable_, want_write_), and no request costs a change of what is watched.
//
// Clients of RESP write a whole pipeline before they read the first reply, so commands are run
// while replies wait, up to limits.output_buffer_bytes. A client that takes its replies, only not
// as fast as they come, is not read above limits.output_soft_bytes: that wait is sure to end.
//
// A long reply is written in parts: while the session owes the rest of it (kReply), no more of it
// is made than the client takes, and no other command is run. What the client sends meanwhile is
// only read where it does not take anything: it may be writing all of a pipeline before it reads.
//
// Order of replies: while a reply depends on the log (on_committed is due), nothing is sent and
// nothing more is read, so replies leave in the order of their commands.
class Connection {
public:
    // Takes over the non-blocking socket. A restricted connection answers one HTTP request.
    Connection(Loop& loop, int fd, uint64_t id, bool restricted);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    uint64_t id() const noexcept { return id_; }
    int fd() const noexcept { return fd_; }
    bool closed() const noexcept { return fd_ < 0; }
    bool restricted() const noexcept { return restricted_; }
    // Memory that this client makes the server hold.
    size_t held_bytes() const noexcept { return input_.held() + output_.held() + owed_; }

    // The socket is ready for `events` (EPOLL*).
    void on_socket(uint32_t events);
    // The log has reached what the replies depend on, or (false) will never reach it.
    void on_committed(bool reached);
    // The submitted command has completed.
    void on_completion(const Reply& reply, const synap_error_t* error);
    // The call that another thread has run is done.
    void on_long_call();
    // Goes on with what was left when the last turn ended early.
    void resume();
    // Looks at the time limits.
    void on_tick(uint64_t now_ms);
    // Answers what is under way, then closes.
    void drain();
    // Closes at once, counting the reason.
    void cut(CutReason reason);

private:
    enum Wait : uint8_t { kLog = 1, kCommand = 2, kOutput = 4, kReply = 8, kLong = 16 };

    bool may_read() const noexcept;
    void receive();
    void receive_ahead();
    void deliver_rest();
    void charge_owed() noexcept;
    bool must_read_ahead() const noexcept;
    bool is_stuck() const noexcept;
    void feed(char* data, size_t size, bool borrowed);
    std::optional<Fed> dispatch(char* data, size_t size);
    bool recognise(const char* data, size_t size);
    bool open_session(uint32_t protocol, const char* transport);
    void settle(const Fed& fed);
    void advance();
    bool must_catch_up() const noexcept;
    bool is_late(uint64_t now_ms) const noexcept;
    void flush();
    void finish();
    void discard();
    void begin_long_call();
    void close();
    void let_go();

    Loop& loop_;
    int fd_;
    uint64_t id_;
    bool restricted_;
    InputBuffer input_;
    OutputBuffer output_;
    std::optional<Session> session_;
    std::variant<std::monostate, resp::Peer, http::Peer> peer_;

    // Of a call that takes long (kLong): another thread has session_ and input_ meanwhile, which
    // stay for it although the connection is closed.
    std::unique_ptr<resp::LongCall> long_call_;

    uint8_t waiting_ = 0;      // Wait
    size_t owed_ = 0;          // bytes held for replies that the session owes, as last looked
    bool readable_ = false;    // the socket may hold more than was read
    bool ended_ = false;       // the client will send no more
    bool want_write_ = false;  // the socket would not take all output; there will be an event
    bool stalled_ = false;     // it has not taken anything since
    bool work_left_ = false;   // input_ holds more than an incomplete request
    bool closing_ = false;     // close once the output was sent
    bool linger_ = false;      // the client may be sending: let it read the last reply
    bool lingering_ = false;
    uint64_t active_ms_;       // last byte received
    uint64_t progress_ms_;     // last byte sent, or output begun
    uint64_t request_ms_ = 0;  // when the incomplete request began
    size_t pending_ = 0;       // bytes of it so far; 0: there is none
};

}  // namespace synap::server
