// Connections that will not be served: those beyond server.max_connections, and those from other
// machines in protected mode. Each is told so in its own protocol, and probes are answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "server/net/services.h"

namespace synap::server {

// Connections that wait here at most, and probes that are being answered at most: descriptors that
// are kept free for them.
inline constexpr size_t kMaxGuests = 32;
inline constexpr size_t kMaxProbes = 16;

// GET or HEAD of a page that tells how the server is: /livez, /readyz, /health..., /metrics.
// `line` is the first line of a request.
bool is_probe(std::string_view line) noexcept;

// A guest that sends nothing is closed after two seconds, or when another one needs its place.
// Everything on the io_context's thread.
class Admission {
public:
    enum class Reason : uint8_t { kFull, kProtected };

    // `serve` takes over the socket of a probe, or throws and leaves it.
    Admission(boost::asio::io_context& io, Shared& shared, std::function<void(int fd)> serve);
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;
    ~Admission();

    // Takes over a connected, non-blocking socket. Throws std::bad_alloc, and leaves it.
    void take(int fd, Reason reason);
    // Closes all of them.
    void stop() noexcept;

private:
    struct Guest;
    using Pointer = std::shared_ptr<Guest>;

    void await_bytes(const Pointer& guest);
    void await_deadline(const Pointer& guest);
    void on_bytes(const Pointer& guest);
    void answer(const Pointer& guest, std::string_view first_bytes);
    void refuse(const Pointer& guest, std::string_view reply);
    void remove(const Pointer& guest) noexcept;

    boost::asio::io_context& io_;
    Shared& shared_;
    std::function<void(int fd)> serve_;
    std::list<Pointer> guests_;  // the oldest first
};

}  // namespace synap::server
