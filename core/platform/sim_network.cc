#include "core/platform/sim_network.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/platform/sim_wire.h"

namespace synap {
namespace {

// The calls of one process.
class SimTransport final : public Transport {
public:
    SimTransport(const std::shared_ptr<SimWire>& wire, std::string name)
        : wire_(wire), name_(std::move(name)), life_(wire->node(name_).life) {}
    ~SimTransport() override {
        if (alive()) wire_->kill(name_, SimDeath::kProcess);
    }

    Result<Listening> listen(const Endpoint& at, const std::optional<TlsServer>& tls) override {
        SimNode& node = wire_->node(name_);
        const std::string where = to_string(at);
        if (!acts()) return Error{Code::kIo, "cannot listen on " + where + ": the node is dead"};
        if (node.listeners.size() >= node.limits.listeners) {
            return too_many_error(where, "listeners");
        }
        if (tls) SYNAP_TRY(fits(*tls));
        const uint16_t port = at.port != 0 ? at.port : node.next_port++;
        for (const auto& [id, listener] : node.listeners) {
            if (listener.at.port != port) continue;
            return Error{Code::kIo, "cannot listen on " + where + ": Address already in use"};
        }
        const ListenerId id = ++node.next_id;
        node.listeners[id] = {{at.host, port}, tls, {}};
        return Listening{id, port};
    }

    Status reload_tls(ListenerId listener) override {
        SimNode& node = wire_->node(name_);
        const auto found = node.listeners.find(listener);
        if (!acts() || found == node.listeners.end() || !found->second.tls) {
            return Error{Code::kInvalidArgument, "no listener with TLS has this number"};
        }
        return fits(*found->second.tls);
    }

    void stop_listening(ListenerId listener) override {
        if (acts()) wire_->stop_listening(name_, listener);
    }
    ConnectionId connect(const Endpoint& to, const std::optional<TlsClient>& tls) override {
        return acts() ? wire_->connect(name_, to, tls) : 0;
    }
    size_t write(ConnectionId to, std::span<const std::string_view> parts) override {
        return acts() ? wire_->write(name_, to, parts) : 0;
    }
    ReadOutcome read(ConnectionId from, std::span<char> into) override {
        return acts() ? wire_->read(name_, from, into) : ReadOutcome{};
    }
    void finish(ConnectionId connection) override {
        if (acts()) wire_->finish(name_, connection);
    }
    void close(ConnectionId connection) override {
        if (acts()) wire_->close(name_, connection);
    }

    void wait(uint64_t deadline_us, std::vector<TransportEvent>& events) override {
        static_cast<void>(deadline_us);
        events.clear();
        SimNode& node = wire_->node(name_);
        if (!acts() || node.paused) return;
        while (!node.events.empty() && events.size() < kEventsAtOnce) {
            events.push_back(std::move(node.events.front()));
            node.events.pop_front();
        }
    }
    void wake() noexcept override {}

private:
    bool alive() const {
        const SimNode& node = wire_->node(name_);
        return node.running && node.life == life_;
    }
    bool acts() const { return alive() && !wire_->node(name_).halted; }

    Status fits(const TlsServer& tls) const {
        if (tls.require_client_certificate && tls.client_ca.empty()) return no_client_ca_error();
        if (wire_->certificate(tls.certificate) != nullptr) return {};
        return Error{Code::kIo, "cannot read " + tls.certificate + ": No such file or directory"};
    }

    const std::shared_ptr<SimWire> wire_;
    const std::string name_;
    const uint64_t life_;
};

}  // namespace

SimNetwork::SimNetwork(uint64_t seed, size_t buffer_bytes)
    : wire_(std::make_shared<SimWire>(seed, buffer_bytes)) {}

SimNetwork::~SimNetwork() = default;

std::unique_ptr<Transport> SimNetwork::start(std::string_view name, const TransportLimits& limits) {
    SimNode& node = wire_->node(name);
    SYNAP_ASSERT(!node.running);
    node.running = node.machine_up = true;
    node.limits = limits;
    wire_->release(std::string(name));
    return std::make_unique<SimTransport>(wire_, std::string(name));
}

SimClock& SimNetwork::clock(std::string_view node) { return *wire_->node(node).clock; }

void SimNetwork::kill(std::string_view node, SimDeath death) {
    wire_->kill(std::string(node), death);
}

void SimNetwork::pause(std::string_view node) { wire_->node(node).paused = true; }

void SimNetwork::resume(std::string_view node) {
    wire_->node(node).paused = false;
    wire_->release(std::string(node));
}

uint64_t SimNetwork::messages(std::string_view node) const { return wire_->node(node).messages; }

void SimNetwork::halt_at(std::string_view node, uint64_t nth) {
    wire_->node(node).halt_after = nth == 0 ? UINT64_MAX : nth;
}

bool SimNetwork::halted(std::string_view node) const { return wire_->node(node).halted; }

void SimNetwork::set_links(const SimLink& link) {
    wire_->link = link;
    for (auto& [ends, way] : wire_->ways) way.link = link;
}

void SimNetwork::set_link(std::string_view from, std::string_view to, const SimLink& link) {
    wire_->way(std::string(from), std::string(to)).link = link;
}

void SimNetwork::cut(std::string_view from, std::string_view to, SimCut how) {
    wire_->way(std::string(from), std::string(to)).cut = how;
    if (how == SimCut::kReset) wire_->reset_between(std::string(from), std::string(to));
}

void SimNetwork::heal(std::string_view from, std::string_view to) {
    wire_->way(std::string(from), std::string(to)).cut.reset();
    wire_->release(std::string(from));
}

void SimNetwork::heal_all() {
    for (auto& [ends, way] : wire_->ways) way.cut.reset();
    for (auto& [name, node] : wire_->nodes) wire_->release(name);
}

void SimNetwork::set_name(std::string_view name, std::string_view node) {
    wire_->names[std::string(name)] = std::string(node);
}

void SimNetwork::set_certificate(std::string_view file, const SimCertificate& certificate) {
    wire_->certificates[std::string(file)] = certificate;
}

uint64_t SimNetwork::now_us() const { return wire_->now_us; }

std::optional<uint64_t> SimNetwork::next_event_time() const {
    if (wire_->due.empty()) return std::nullopt;
    return wire_->due.begin()->first.first;
}

void SimNetwork::advance_to(uint64_t time_us) { wire_->deliver(time_us); }

}  // namespace synap
