// Accepts connections and deals them out to the I/O threads.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "server/net/admission.h"
#include "server/net/listening.h"
#include "server/net/loop.h"
#include "server/net/services.h"

namespace synap::server {

// Runs on the io_context it is given. Accepting goes on whatever happens: where descriptors or
// memory are missing it rests for a moment.
class Listener {
public:
    Listener(boost::asio::io_context& io, const ListeningSockets& sockets, Shared& shared,
             std::vector<std::unique_ptr<Loop>>& loops);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();

    // Begins to accept; and again where an exception has ended that.
    void start();
    // Accepts no more. The sockets stay open, which their owner closes.
    void stop() noexcept;  // NOLINT(bugprone-exception-escape): see its definition

private:
    struct Socket;

    void wait(Socket& socket);
    void accept_ready(Socket& socket);
    void deal(int fd, const sockaddr_storage& peer);
    void adopt_probe(int fd);
    void pause(Socket& socket, int error);

    std::vector<std::unique_ptr<Socket>> sockets_;
    Shared& shared_;
    std::vector<std::unique_ptr<Loop>>& loops_;
    Admission admission_;
    size_t next_ = 0;
    bool stopped_ = false;
    bool short_ = false;  // the last accept failed for want of descriptors or memory
};

}  // namespace synap::server
