#include "core/replication/node.h"

#include <algorithm>
#include <utility>

#include "core/base/exhaustion.h"
#include "core/base/numbers.h"

namespace synap::replication {

Result<Endpoint> parse_endpoint(std::string_view text) {
    const Error wrong{Code::kInvalidArgument,
                      "expected host:port of a master's replication port, not \"" +
                          std::string(text.substr(0, 128)) + "\""};
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return wrong;
    std::string_view host = text.substr(0, colon);
    int64_t port = 0;
    if (!parse_integer(text.substr(colon + 1), port) || port < 1 || port > 65535) return wrong;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    return Endpoint{std::string(host), static_cast<uint16_t>(port)};
}

Node* node_of(const Engine& engine) noexcept {
    Companion* companion = engine.companion();
    return companion == nullptr ? nullptr : &static_cast<NodeCompanion*>(companion)->node();
}

Node::Node(Engine& engine, Transport& transport, Entropy& entropy, const NodeSettings& settings,
           const RoleFile& role, std::function<void(uint64_t)> reached)
    : engine_(engine),
      transport_(transport),
      settings_(settings),
      self_(engine, settings.name, settings.address, settings.clients),
      aside_(settings.threads, [this] { transport_.wake(); }),
      downstream_(self_, transport, settings_.secrets, entropy, settings_.feed, std::move(reached)),
      upstream_(
          self_, transport, settings_.secrets, entropy, aside_,
          [this] {
              downstream_.leave_all(Why::kDemoted, "the data of this node is being replaced", {},
                                    now_us());
          },
          settings_.reconnect),
      role_(role) {}

Node::~Node() { stop(); }

Status Node::listen() {
    if (!settings_.listen) return {};
    auto listening = transport_.listen(*settings_.listen, settings_.tls_server);
    if (!listening) return listening.take_failure();
    listening_ = *listening;
    return {};
}

Status Node::start() {
    SYNAP_TRY(self_.begin(role_));
    upstream_.set_tls(settings_.tls_client);
    if (Log* log = engine_.log(); log != nullptr) log->stream().add_listener(*this);
    if (self_.is_master()) return {};
    auto master = parse_endpoint(self_.role().master);
    if (!master) return master.take_failure();
    upstream_.follow(*master, now_us());
    return {};
}

void Node::stop() {
    std::vector<Request> requests;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (std::exchange(stopped_, true)) return;
        requests.swap(requests_);
    }
    for (Request& request : requests) {
        request.told->complete(Code::kShutdown, "the store is closing");
    }
    if (Log* log = engine_.log(); log != nullptr) log->stream().remove_listener(*this);
    upstream_.follow(std::nullopt, now_us());
    downstream_.leave_all(Why::kShutdown, "the node is shutting down", {}, now_us());
    self_.keep_marks().ignore();
}

// --- steps ---------------------------------------------------------------------------------------

uint64_t Node::due_us() const noexcept {
    const bool beats = downstream_.connections() != 0;
    return std::min(upstream_.due_us(), beats ? heartbeat_due_us_ : UINT64_MAX);
}

void Node::step(bool waits) {
    transport_.wait(waits && !more_ ? due_us() : 0, events_);
    const uint64_t now_us = this->now_us();
    for (const TransportEvent& event : events_) {
        if (is_turned_away(event)) continue;
        if (!downstream_.note(event, now_us)) upstream_.note(event, now_us);
    }
    take_requests(now_us);
    downstream_.set_instead(why_nobody_follows());
    const bool applies = upstream_.step(now_us);
    // Before it is looked at: what is written from here on is told.
    if (Log* log = engine_.log(); log != nullptr) log->stream().arm();
    const bool sends = downstream_.step(now_us);
    more_ = applies || sends;
    if (now_us >= heartbeat_due_us_) heartbeat(now_us);
    if (self_.role_changes() != role_changes_) publish_role();
}

// What is here may not be the history that it will be part of.
std::optional<Decision> Node::why_nobody_follows() {
    if (self_.is_master() ||
        (!upstream_.is_loading() && !engine_.durable_manifest()->epochs.empty())) {
        return {};
    }
    Decision later;
    later.course = Course::kLater;
    later.why = Why::kSenderLoads;
    later.reason = "it is a replica that has not got its data yet";
    return later;
}

// Where nothing proves who connects, others' machines may not.
bool Node::is_turned_away(const TransportEvent& event) {
    if (event.kind != TransportEventKind::kAccepted || !settings_.is_protected) return false;
    const std::string_view peer = event.peer;
    if (peer.starts_with("127.") || peer.starts_with("[::1]") || peer.starts_with("[::ffff:127.")) {
        return false;
    }
    transport_.close(event.connection);
    if (!std::exchange(told_protected_, true)) {
        self_.say(LogLine::Level::kWarn,
                  "replication: " + event.peer +
                      " was turned away, and others will be: protected "
                      "mode lets only this machine's own nodes connect. Set replication.secret");
    }
    return true;
}

void Node::heartbeat(uint64_t now_us) {
    heartbeat_due_us_ = now_us + uint64_t{settings_.feed.heartbeat_ms} * 1000;
    Log* log = engine_.log();
    if (log == nullptr || downstream_.connections() == 0) return;
    const auto manifest = engine_.durable_manifest();
    const auto& epochs = manifest->epochs;
    Heartbeat heartbeat;
    heartbeat.sequence = ++heartbeats_;
    heartbeat.engine_ms = engine_.now_ms();
    heartbeat.appended = log->appended();
    heartbeat.written = log->written();
    heartbeat.synced = log->synced();
    heartbeat.interval_ms = settings_.feed.heartbeat_ms;
    if (!epochs.empty()) {
        heartbeat.term = epochs.back().term;
        heartbeat.epoch = epochs.back().number;
        heartbeat.epoch_id = epochs.back().id;
    }
    // What is durable is known of the node that wrote it.
    if (!self_.is_master()) {
        const auto& heard = upstream_.last_heartbeat();
        const bool same = heard && heard->epoch_id == heartbeat.epoch_id;
        heartbeat.synced = same ? std::min(heard->synced, heartbeat.written) : 0;
    }
    downstream_.heartbeat(heartbeat, now_us);
}

// --- roles ---------------------------------------------------------------------------------------

void Node::post(Request request) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (!stopped_) {
            requests_.push_back(std::move(request));
            transport_.wake();
            return;
        }
    }
    request.told->complete(Code::kShutdown, "the store is closing");
}

void Node::follow(const Endpoint& master, bool force, std::unique_ptr<LogWaiter> told) {
    post({false, master, force, std::move(told)});
}

void Node::promote(std::unique_ptr<LogWaiter> told) { post({true, {}, false, std::move(told)}); }

void Node::take_requests(uint64_t now_us) {
    std::vector<Request> requests;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        requests.swap(requests_);
    }
    for (Request& request : requests) {
        Status done = request.promotes ? become_master(now_us)
                                       : become_replica(request.master, request.force, now_us);
        if (self_.role_changes() != role_changes_) publish_role();
        if (done) {
            request.told->complete(Code::kOk, {});
        } else {
            request.told->complete(done.error().code, done.error().message);
        }
    }
}

Status Node::become_replica(const Endpoint& master, bool force, uint64_t now_us) {
    if (engine_.disk() == nullptr) return Error{Code::kUnsupported, std::string(kInMemoryText)};
    auto facts = self_.facts();
    if (!facts) return facts.take_failure();
    // The handshake of a later term would end the term of the node that it is to follow.
    if (self_.is_master() && !self_.is_fenced() && !facts->is_blank() && !force) {
        return Error{Code::kInvalidArgument,
                     "this node is a master and holds data, which following may replace: "
                     "REPLICAOF host port FORCE gives up what the other lacks"};
    }
    if (aside_.is_busy()) {
        return Error{Code::kBackpressure, "the data of this node is being replaced: try again"};
    }
    RoleFile next = self_.role();
    next.role = NodeRole::kReplica;
    next.master = to_string(master);
    next.fenced_by = {};
    SYNAP_TRY(self_.set_role(next));
    self_.set_forces(force);
    engine_.following().begin();
    if (Log* log = engine_.log(); log != nullptr) {
        // What was acknowledged is in the log before it is compared with another's.
        SYNAP_TRY(log->write(log->appended()));
    }
    downstream_.leave_all(Why::kDemoted, "this node follows " + next.master + " now", {}, now_us);
    upstream_.follow(master, now_us);
    self_.say(LogLine::Level::kInfo, "replication: this node is a replica of " + next.master);
    return {};
}

Status Node::become_master(uint64_t now_us) {
    if (self_.is_master() && !self_.is_fenced()) return {};
    if (upstream_.is_loading() || aside_.is_busy()) {
        return Error{Code::kBackpressure,
                     "this replica is receiving or loading its data: there is nothing whole to be "
                     "master of yet"};
    }
    const auto& heard = upstream_.last_heartbeat();
    const uint32_t above = std::max(self_.role().fenced_by.term, heard ? heard->term : 0u);
    SYNAP_TRY(engine_.begin_term(above));
    RoleFile next = self_.role();
    next.role = NodeRole::kMaster;
    next.master.clear();
    next.fenced_by = {};
    SYNAP_TRY(self_.set_role(next));
    upstream_.follow(std::nullopt, now_us);
    engine_.following().end();
    self_.say(LogLine::Level::kInfo,
              "replication: this node is a master, of term " +
                  std::to_string(engine_.durable_manifest()->epochs.back().term));
    return {};
}

void Node::publish_role() {
    const std::lock_guard<std::mutex> guard(mutex_);
    role_ = self_.role();
    role_changes_ = self_.role_changes();
}

NodeStatus Node::status() {
    NodeStatus status;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        status.role = role_;
    }
    const auto epochs = engine_.durable_epochs();
    status.term = epochs.empty() ? 0 : epochs.back().term;
    status.epoch = epochs.empty() ? 0 : epochs.back().number;
    status.now_us = now_us();
    status.upstream = upstream_.status(status.now_us);
    status.followers = downstream_.followers();
    status.full_syncs = downstream_.full_syncs();
    status.partial_syncs = downstream_.partial_syncs();
    status.port = listening_ ? listening_->port : 0;
    return status;
}

}  // namespace synap::replication
