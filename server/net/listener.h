// The listening socket: accepts connections and deals them out to the I/O threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "server/net/loop.h"
#include "server/net/services.h"

namespace synap::server {

/// Runs on the io_context it is given. Connections beyond the limit are told so and closed.
class Listener {
public:
    /// Binds and listens; throws std::runtime_error with a message that names the address.
    Listener(boost::asio::io_context& io, Shared& shared,
             std::vector<std::unique_ptr<Loop>>& loops);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();

    /// The port in use, also when the system chose it.
    std::uint16_t port() const noexcept;
    /// Begins to accept.
    void start();
    /// Accepts no more; connections in the backlog are reset.
    void stop();

private:
    struct Socket;

    void wait();
    void accept_ready();
    void deal(int fd);
    void pause();

    std::unique_ptr<Socket> socket_;
    Shared& shared_;
    std::vector<std::unique_ptr<Loop>>& loops_;
    std::size_t next_ = 0;
};

}  // namespace synap::server
