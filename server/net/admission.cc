#include "server/net/admission.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "server/http/peer.h"

namespace synap::server {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kPatience{2000};
// A first line that came in part is looked at again after so long.
constexpr std::chrono::milliseconds kLookAgain{20};

constexpr std::string_view kFull = "max number of clients reached";
constexpr std::string_view kProtected =
    "Synap is running in protected mode: it has no passwords, and no address to listen on was "
    "configured, so only clients on this machine are served. To serve others, set server.host "
    "(SYNAP_SERVER_HOST, --host) to the address that they may use, or "
    "SYNAP_SECURITY_PROTECTED_MODE=false, behind a firewall that lets only them connect.";

std::string over_resp(std::string_view code, std::string_view sentence) {
    return std::string(code) + std::string(sentence) + "\r\n";
}

std::string over_http(std::string_view status, std::string_view sentence) {
    std::string body = R"({"error":")";
    body += sentence;
    body += R"(","code":)";
    body += status.substr(0, 3);
    body += "}";
    std::string reply = "HTTP/1.1 ";
    reply += status;
    reply += "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ";
    reply += std::to_string(body.size());
    reply += status.starts_with("503") ? "\r\nRetry-After: 1\r\n\r\n" : "\r\n\r\n";
    return reply + body;
}

}  // namespace

bool is_probe(std::string_view line) noexcept {
    std::string_view target;
    for (const std::string_view method : {std::string_view("GET "), std::string_view("HEAD ")}) {
        if (line.starts_with(method)) target = line.substr(method.size());
    }
    target = target.substr(0, target.find_first_of(" ?\r\n"));
    return target == "/livez" || target == "/readyz" || target == "/health" ||
           target == "/health/kv" || target == "/health/replication" || target == "/metrics" ||
           target == "/primary" || target == "/replica" || target == "/read-only";
}

struct Admission::Guest {
    Guest(asio::io_context& io, Reason the_reason)
        : socket(io), again(io), deadline(io), reason(the_reason) {}

    asio::posix::stream_descriptor socket;
    asio::steady_timer again;
    asio::steady_timer deadline;
    Reason reason;
    bool answered = false;
};

Admission::Admission(asio::io_context& io, Shared& shared, std::function<void(int fd)> serve)
    : io_(io), shared_(shared), serve_(std::move(serve)) {}

Admission::~Admission() { stop(); }

void Admission::take(int fd, Reason reason) {
    if (guests_.size() >= kMaxGuests) {
        const Pointer oldest = guests_.front();
        remove(oldest);
    }
    auto guest = std::make_shared<Guest>(io_, reason);
    guests_.push_back(guest);
    boost::system::error_code error;
    guest->socket.assign(fd, error);
    if (error) {
        guests_.pop_back();
        throw std::bad_alloc();
    }
    await_deadline(guest);
    await_bytes(guest);
}

void Admission::stop() noexcept {
    while (!guests_.empty()) {
        const Pointer guest = guests_.front();
        remove(guest);
    }
}

void Admission::remove(const Pointer& guest) noexcept {
    boost::system::error_code ignored;
    guest->socket.close(ignored);
    guest->again.cancel(ignored);
    guest->deadline.cancel(ignored);
    guests_.remove(guest);
}

void Admission::await_deadline(const Pointer& guest) {
    guest->deadline.expires_after(kPatience);
    guest->deadline.async_wait([this, guest](const boost::system::error_code& error) {
        if (!error) remove(guest);
    });
}

void Admission::await_bytes(const Pointer& guest) {
    guest->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                             [this, guest](const boost::system::error_code& error) {
                                 if (!error && guest->socket.is_open()) on_bytes(guest);
                             });
}

void Admission::on_bytes(const Pointer& guest) {
    std::array<char, 16 * 1024> bytes;  // NOLINT: filled by recv
    // A probe is served by another thread, which must find its bytes.
    const int flags = guest->answered ? 0 : MSG_PEEK;
    const ssize_t got = ::recv(guest->socket.native_handle(), bytes.data(), bytes.size(), flags);
    const bool in_vain = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (in_vain || (got > 0 && guest->answered)) {
        await_bytes(guest);
    } else if (got <= 0) {
        remove(guest);
    } else {
        answer(guest, {bytes.data(), static_cast<size_t>(got)});
    }
}

void Admission::answer(const Pointer& guest, std::string_view first_bytes) {
    const bool full = guest->reason == Reason::kFull;
    switch (http::recognise(first_bytes, shared_.settings.limits)) {
        case http::Kind::kUnknown:
            guest->again.expires_after(kLookAgain);
            guest->again.async_wait([this, guest](const boost::system::error_code& error) {
                if (!error && guest->socket.is_open()) on_bytes(guest);
            });
            return;
        case http::Kind::kOther:
            refuse(guest, full ? over_resp("-ERR ", kFull) : over_resp("-DENIED ", kProtected));
            return;
        case http::Kind::kHttp:
            break;
    }
    const bool probe = is_probe(first_bytes);
    if (!probe && !full) {
        refuse(guest, over_http("403 Forbidden", kProtected));
        return;
    }
    if (!probe || shared_.restricted.load(std::memory_order_relaxed) >= kMaxProbes) {
        refuse(guest, over_http("503 Service Unavailable", kFull));
        return;
    }
    shared_.restricted.fetch_add(1, std::memory_order_relaxed);
    const int fd = guest->socket.release();
    remove(guest);
    serve_(fd);
}

// Closing now would reset the connection, since what it sent was not read, and a reset can destroy
// the reply. So: end our side, swallow the rest, and close on its end.
void Admission::refuse(const Pointer& guest, std::string_view reply) {
    shared_.refused.fetch_add(1, std::memory_order_relaxed);
    guest->answered = true;
    const int fd = guest->socket.native_handle();
    static_cast<void>(::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL));
    ::shutdown(fd, SHUT_WR);
    await_bytes(guest);
}

}  // namespace synap::server
