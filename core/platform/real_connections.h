// The inside of the real transport.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/platform/real_transport.h"
#include "core/platform/resolver.h"
#include "core/platform/sockets.h"
#include "core/platform/tls.h"

namespace synap {

class RealTransport final : public Transport {
public:
    RealTransport(Clock& clock, const TransportLimits& limits, Descriptor epoll, Descriptor wake);

    Result<Listening> listen(const Endpoint& at, const std::optional<TlsServer>& tls) override;
    Status reload_tls(ListenerId listener) override;
    void stop_listening(ListenerId listener) override;
    ConnectionId connect(const Endpoint& to, const std::optional<TlsClient>& tls) override;
    size_t write(ConnectionId to, std::span<const std::string_view> parts) override;
    ReadOutcome read(ConnectionId from, std::span<char> into) override;
    void finish(ConnectionId connection) override;
    void close(ConnectionId connection) override;
    void wait(uint64_t deadline_us, std::vector<TransportEvent>& events) override;
    void wake() noexcept override { resolver_.wake(); }

private:
    struct Listener {
        explicit Listener(Descriptor descriptor) : socket(std::move(descriptor)) {}
        Descriptor socket;
        std::optional<TlsServer> files;
        std::shared_ptr<const TlsContext> tls;
        bool rests = false;  // asks for no events
    };
    struct Connection {
        enum class State : uint8_t {
            kLookup,
            kConnecting,
            kHandshake,
            kOpen,
            kLingering,  // closed for its owner; so that the peer hears why
        };
        ConnectionId id = 0;
        ListenerId listener = 0;
        State state = State::kLookup;
        std::string peer;
        std::string server_name;
        std::optional<Descriptor> socket;
        std::vector<SocketAddress> addresses;
        size_t tried = 0;  // of them
        std::shared_ptr<const TlsContext> context;
        std::unique_ptr<TlsStream> tls;
        std::string last_words;   // of a plain one that lingers
        uint64_t give_up_us = 0;  // to be established
        uint64_t alarm_us = 0;    // the next limit of time; 0: none
        bool told = false;
        bool found_nothing = true;  // the last read did
        bool heard = false;         // anything
        bool wants_room = false;
        bool finished = false;
        bool shut = false;
    };

    bool is_mine(const Connection& connection) const noexcept {
        return connection.state != Connection::State::kLingering;
    }
    Connection* open_one(ConnectionId id);
    Connection& add(ConnectionId id, std::string peer);
    void set_alarm(Connection& connection, uint64_t at_us);
    bool watch(int descriptor, uint64_t token, uint32_t events) noexcept;
    void tell(Connection& connection, TransportEventKind kind);
    size_t owned() const noexcept { return connections_.size() - lingering_; }

    void begin_connecting(Connection& connection, Lookup found);
    void try_next_address(Connection& connection, int error);
    bool try_address(Connection& connection, const SocketAddress& address);
    void begin_stream(Connection& connection);
    void establish(Connection& connection);
    void drive_handshake(Connection& connection);
    // Both: false when the connection is gone.
    bool flush(Connection& connection);
    void on_socket(Connection& connection, uint32_t flags);
    ReadOutcome read_plain(Connection& connection, std::span<char> into);
    ReadOutcome read_tls(Connection& connection, std::span<char> into);
    size_t write_plain(Connection& connection, std::span<const std::string_view> parts);
    size_t write_tls(Connection& connection, std::span<const std::string_view> parts);
    // Bytes of the wire into its TLS: above 0, 0 when there are none now, below 0 with errno.
    int feed(Connection& connection);
    void break_off(Connection& connection, int error);

    // The end for the owner; the connection may linger, or be gone.
    void fail(Connection& connection, Error error);
    void linger(Connection& connection);
    void go_on_lingering(Connection& connection);
    void remove(ConnectionId id);

    void accept_all(ListenerId id);
    void accept_one(ListenerId id, const Listener& listener, Descriptor socket,
                    const SocketAddress& peer);
    void rest(Listener& listener);
    void resume_listeners();
    int timeout_ms(uint64_t deadline_us);
    void ring_alarms();
    void take_lookups();

    Clock& clock_;
    const TransportLimits limits_;
    const Descriptor epoll_;
    Resolver resolver_;
    uint64_t next_id_ = 0;
    std::unordered_map<ListenerId, Listener> listeners_;
    std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
    std::set<std::pair<uint64_t, ConnectionId>> alarms_;
    std::deque<TransportEvent> events_;
    std::vector<char> buffer_;  // of the wire under TLS
    size_t handshakes_ = 0;     // of accepted ones
    size_t lingering_ = 0;
    uint64_t accept_again_us_ = 0;  // 0: no listener rests for want of descriptors
    bool woken_ = false;
};

}  // namespace synap
