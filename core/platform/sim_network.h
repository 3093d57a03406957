// The simulated network: named nodes, one transport for each process on them, and every way in
// which links and nodes may fail. fault_model.md says which faults there are and what is expected.
//
// One thread for all of it. Nothing happens but in advance_to(), which moves the clocks of all
// nodes together and delivers what is due in order of time; transports then tell it in wait(),
// which never waits. Deterministic: the same calls with the same seed deliver the same bytes in the
// same pieces at the same times.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/platform/sim_clock.h"
#include "core/platform/transport.h"

namespace synap {

// One direction between two nodes.
struct SimLink {
    uint64_t delay_us = 200;
    uint64_t jitter_us = 0;          // added to it, up to so much; never reorders one connection
    uint64_t bytes_per_second = 0;   // shared by its connections; 0: no bound
    size_t piece_bytes = 64 * 1024;  // what is written arrives in pieces of 1 to so many
};

enum class SimCut : uint8_t {
    kSilent,  // nothing passes, nobody is told; what was on its way goes on when it heals
    kReset,   // connections over it end at once, and new ones are refused
};

enum class SimDeath : uint8_t {
    kProcess,  // the kernel lives: peers are told, by an end or a reset
    kMachine,  // peers hear nothing until it starts again and answers with resets
};

// A file named in TlsServer and TlsClient. Its `issuer` is the CA file that trusts it.
struct SimCertificate {
    std::string issuer;
    std::vector<std::string> names;      // hosts it is for
    int64_t valid_until_ms = INT64_MAX;  // by the wall clock of the node that looks at it
};

class SimNetwork {
public:
    explicit SimNetwork(uint64_t seed, size_t buffer_bytes = 64 * 1024);
    ~SimNetwork();

    // --- nodes -----------------------------------------------------------------------------------

    // A process begins on the node, which is made when new; none runs there. Its transport may
    // outlive it and the network; it is dead then. Destroying it while it lives is a kill of the
    // process. `limits` as in reality.
    std::unique_ptr<Transport> start(std::string_view node, const TransportLimits& limits = {});
    // Moved by advance_to(); its wall clock may be stepped besides. Lives as long as the network.
    SimClock& clock(std::string_view node);
    // Of what it wrote and had not arrived, a prefix arrives, which may end within a piece.
    void kill(std::string_view node, SimDeath death);
    // Its transport tells nothing; its kernel takes bytes and connections, as of a stopped process.
    void pause(std::string_view node);
    void resume(std::string_view node);

    // What the node received and wrote so far: packets that arrived and calls of write().
    uint64_t messages(std::string_view node) const;
    // The nth message from now (from 1; 0: none) does not happen to a living process: it receives
    // nothing from then on, and of a write a prefix is taken. For deaths in the middle of an
    // exchange: follow with kill().
    void halt_at(std::string_view node, uint64_t nth);
    bool halted(std::string_view node) const;

    // --- links -----------------------------------------------------------------------------------

    void set_links(const SimLink& link);  // all of them, also of nodes to come
    void set_link(std::string_view from, std::string_view to, const SimLink& link);
    void cut(std::string_view from, std::string_view to, SimCut how);  // one direction
    void heal(std::string_view from, std::string_view to);
    void heal_all();

    // --- names and certificates ------------------------------------------------------------------

    // Names that connect() finds: that of each node, unless told otherwise. An empty node: none.
    void set_name(std::string_view name, std::string_view node);
    void set_certificate(std::string_view file, const SimCertificate& certificate);

    // --- time ------------------------------------------------------------------------------------

    uint64_t now_us() const;
    // When something will happen by itself, as far as is known now; none: never.
    std::optional<uint64_t> next_event_time() const;
    // Also to the present, to deliver what is due. Never back.
    void advance_to(uint64_t time_us);

private:
    std::shared_ptr<class SimWire> wire_;
};

}  // namespace synap
