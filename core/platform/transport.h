// The network as the engine sees it: byte streams to named peers, plain or under TLS, driven by one
// owner that asks what happened.
//
// One owner thread calls everything but wake(); nothing blocks but wait(). Nothing throws but for
// want of memory. Real: real_transport.h. Simulated: sim_network.h. Both keep this contract, and
// tests/unit/platform runs one suite over them.
//
// Events are edges. kReadable comes when there is something to read (bytes, or the peer's end)
// where a read had found nothing, and again only after a read that found nothing; it may come in
// vain. kWritable comes once after a write was taken in part, as soon as there is room. Nothing is
// read from a peer ahead of read() but what the kernel holds and, under TLS, kTlsBufferBytes:
// whoever does not read slows the peer down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace synap {

struct Endpoint {
    std::string host;  // a name, or an address without brackets; to listen: empty is every address
    uint16_t port = 0;
};

// "10.0.0.5:41234", "[::1]:15501", "replica-1:15501".
std::string to_string(const Endpoint& endpoint);

// Of files in PEM, each of which kPemBytes at most. TLS 1.2 and 1.3.
struct TlsServer {
    std::string certificate;  // with the chain behind it
    std::string key;          // not encrypted
    std::string client_ca;    // certificates of clients have to lead to one of these; may be empty
    bool require_client_certificate = false;  // needs client_ca
};

struct TlsClient {
    std::string ca;           // the server's certificate has to lead to one of these; empty: to one
                              // that the system trusts
    std::string certificate;  // what to show when asked; empty, with an empty key: nothing
    std::string key;
    std::string server_name;  // in the server's certificate; empty: the host connected to
    bool verify = true;       // false: whoever answers is believed
};

// Numbers of one transport, never used twice. 0 is none.
using ConnectionId = uint64_t;
using ListenerId = uint64_t;

enum class TransportEventKind : uint8_t {
    kAccepted,   // a new connection of a listener; under TLS, once its handshake is done
    kConnected,  // connect() has succeeded. Under TLS 1.3 the peer may yet refuse our certificate,
                 // which comes as kClosed
    kReadable,
    kWritable,
    kClosed,  // it failed, and its number is gone; what had arrived and was not read is lost. The
              // last event of a connection, once; none after close(). A peer that ends in order is
              // no failure: read() tells it
};

struct TransportEvent {
    TransportEventKind kind;
    ConnectionId connection = 0;
    ListenerId listener = 0;  // of kAccepted, and of kClosed when it was never told as accepted
    std::string peer;         // address and port; of kClosed, as it was given to connect()
    // Of kClosed: one line that names the peer, what happened and, where that helps, what to do.
    // kTimeout, or kUnsupported for a mismatch of plain and TLS; else kIo, with the cause kShortage
    // where this process lacks something.
    std::optional<Error> error;
};

struct ReadOutcome {
    size_t bytes = 0;
    bool ended = false;  // the peer will write no more, and all it wrote was read
};

struct Listening {
    ListenerId id = 0;
    uint16_t port = 0;  // the one it got where 0 was asked for
};

struct TransportLimits {
    size_t listeners = 16;
    size_t connections = 1024;  // beyond, accepted ones are closed and own ones fail
    size_t handshakes = 64;     // accepted and not done; beyond, they wait in the kernel's queue
    size_t lookups = 16;        // of names, at a time; beyond, connect() fails
    // From connect() or accept to the event that it is there, with lookup and handshake.
    uint64_t establish_us = 10'000'000;
};

inline constexpr size_t kTlsBufferBytes = 64 * 1024;  // each direction; a record is 16 KiB
inline constexpr size_t kPemBytes = 1024 * 1024;
inline constexpr size_t kAddressesTried = 8;  // of one name

class Transport {
public:
    virtual ~Transport() = default;

    // Reads the files of `tls`. Errors name the address or the file.
    virtual Result<Listening> listen(const Endpoint& at, const std::optional<TlsServer>& tls) = 0;
    // Reads the listener's files again, for connections accepted from now on. When they do not fit
    // together the old ones stay in force.
    virtual Status reload_tls(ListenerId listener) = 0;
    // Accepts no more; its connections stay.
    virtual void stop_listening(ListenerId listener) = 0;

    // Looks the name up anew, reads the files of `tls` anew, tries the addresses in turn. Ends in
    // kConnected or kClosed, whatever goes wrong.
    virtual ConnectionId connect(const Endpoint& to, const std::optional<TlsClient>& tls) = 0;
    // The bytes taken, from the front of the parts: fewer than given, or none, when buffers are
    // full or the number is not one of an established connection. Taken bytes leave as soon as
    // they can; nothing says that they arrived.
    virtual size_t write(ConnectionId to, std::span<const std::string_view> parts) = 0;
    // No bytes and no end: there is nothing yet, or no such connection. `into` is not empty.
    virtual ReadOutcome read(ConnectionId from, std::span<char> into) = 0;
    // Says that nothing more will be written; what was taken still leaves. Reading goes on.
    virtual void finish(ConnectionId connection) = 0;
    // At once: what was taken and has not left may be lost. To have it arrive: finish(), and close
    // when read() tells the peer's end.
    virtual void close(ConnectionId connection) = 0;

    // Replaces `events` by what happened, at most kEventsAtOnce. Waits for a first one, wake() or
    // the deadline in monotonic time, and may return with nothing before; with a deadline that has
    // passed it only looks.
    virtual void wait(uint64_t deadline_us, std::vector<TransportEvent>& events) = 0;
    // From any thread: the wait under way, or the next one, returns.
    virtual void wake() noexcept = 0;
};

inline constexpr size_t kEventsAtOnce = 256;

}  // namespace synap
