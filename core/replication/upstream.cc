#include "core/replication/upstream.h"

#include <algorithm>
#include <utility>

#include "core/base/exhaustion.h"
#include "core/replication/decision_text.h"

namespace synap::replication {
namespace {

constexpr uint64_t kKeepMarksUs = 1'000'000;
constexpr uint64_t kTickUs = 1'000'000;  // limits of the link are looked at so often
constexpr size_t kBytesAtOnce = 4 << 20;
constexpr uint64_t kStillHereUs = 500'000;  // it says so while it reads nothing

}  // namespace

std::string_view to_string(UpstreamState state) noexcept {
    switch (state) {
        case UpstreamState::kNone:
            return "none";
        case UpstreamState::kConnects:
            return "connecting";
        case UpstreamState::kIntroduces:
            return "handshake";
        case UpstreamState::kGoesBack:
            return "going_back";
        case UpstreamState::kReceives:
            return "receiving";
        case UpstreamState::kLoads:
            return "loading";
        case UpstreamState::kFollows:
            break;
    }
    return "following";
}

Upstream::Upstream(Self& self, Transport& transport, const Secrets& secrets, Entropy& entropy,
                   Aside& aside, std::function<void()> before_change, ReconnectLimits limits)
    : self_(self),
      transport_(transport),
      secrets_(secrets),
      entropy_(entropy),
      aside_(aside),
      before_change_(std::move(before_change)),
      reconnect_(limits) {}

void Upstream::set_state(UpstreamState state) {
    state_ = state;
    const std::lock_guard<std::mutex> guard(mutex_);
    status_.state = state;
}

bool Upstream::is_loading() const noexcept {
    return state_ == UpstreamState::kGoesBack || state_ == UpstreamState::kReceives ||
           state_ == UpstreamState::kLoads;
}

uint64_t Upstream::applied() const noexcept { return self_.engine().following().applied(); }

// --- connecting ----------------------------------------------------------------------------------

void Upstream::follow(const std::optional<Endpoint>& master, uint64_t now_us) {
    if (link_ != nullptr) link_->leave(Why::kDemoted, "this node follows another one", {}, now_us);
    link_.reset();
    if (connecting_ != 0) transport_.close(std::exchange(connecting_, 0));
    intake_.reset();
    full_.reset();
    heartbeat_.reset();
    time_ = MasterTime();
    master_ = master;
    reconnect_ = Reconnect();
    due_us_ = master ? now_us : UINT64_MAX;
    auto facts = self_.facts();
    const std::lock_guard<std::mutex> guard(mutex_);
    status_ = UpstreamStatus();
    status_.is_whole = facts && !facts->is_blank();
    freshness_.forget();
    status_.down_since_us = now_us;
    if (master) status_.master = synap::to_string(*master);
    status_.state = state_ = master ? UpstreamState::kConnects : UpstreamState::kNone;
}

void Upstream::connect(uint64_t now_us) {
    connecting_ = transport_.connect(*master_, tls_);
    due_us_ = now_us + kTickUs;
}

void Upstream::try_again(const std::string& why, uint64_t now_us, uint32_t wanted_ms) {
    const bool is_news = reconnect_.is_news(why);
    const uint32_t pause_ms = reconnect_.failed(entropy_, wanted_ms);
    if (is_news) {
        self_.say(LogLine::Level::kWarn, "replication: not connected to " +
                                             synap::to_string(*master_) + ": " + why +
                                             "; trying again");
    }
    link_.reset();
    connecting_ = 0;
    intake_.reset();
    full_.reset();
    due_us_ = now_us + uint64_t{pause_ms} * 1000;
    set_state(UpstreamState::kConnects);
    const std::lock_guard<std::mutex> guard(mutex_);
    if (status_.is_up) status_.down_since_us = now_us;
    status_.is_up = false;
    status_.why = why;
    ++status_.reconnects;
}

bool Upstream::note(const TransportEvent& event, uint64_t now_us) {
    if (connecting_ != 0 && event.connection == connecting_) {
        if (event.kind == TransportEventKind::kClosed) {
            try_again(event.error ? event.error->message : "it was closed", now_us);
            return true;
        }
        if (event.kind != TransportEventKind::kConnected) return true;
        connecting_ = 0;
        link_ = std::make_unique<Link>(transport_, event.connection, synap::to_string(*master_),
                                       Role::kInitiator, secrets_, entropy_, now_us);
        identity_.reset();
        answer_.reset();
        set_state(UpstreamState::kIntroduces);
        return true;
    }
    if (link_ == nullptr || event.connection != link_->connection()) return false;
    link_->note(event, now_us);
    return true;
}

void Upstream::ended(uint64_t now_us) {
    const Goodbye goodbye = link_->goodbye();
    std::string why = goodbye.reason;
    if (!goodbye.remedy.empty()) why += ". " + goodbye.remedy;
    try_again(why, now_us, goodbye.retry_ms);
}

void Upstream::leave(const Error& error, uint64_t now_us) {
    const bool is_full = error.code == Code::kIo && error.may_pass();
    const Why why = is_full ? Why::kDiskFull
                            : (error.code == Code::kCorrupt ? Why::kBadMessage : Why::kInternal);
    link_->leave(why, error.message, {}, now_us);
    intake_.reset();
}

// --- the handshake -------------------------------------------------------------------------------

void Upstream::introduce(uint64_t now_us) {
    if (Status caught_up = self_.engine().following().catch_up(); !caught_up) {
        return leave(caught_up.error(), now_us);
    }
    auto facts = self_.facts();
    if (!facts) return leave(facts.error(), now_us);
    identity_ = Identity{Purpose::kFollow, std::move(*facts)};
    link_->send(*identity_);
}

Status Upstream::take_answer(std::string_view body, uint64_t now_us) {
    if (!identity_ || answer_) return Error{Code::kCorrupt, "an ANSWER that nobody asked for"};
    auto answer = Answer::decode(body);
    if (!answer) return answer.take_error();
    auto outcome = outcome_of(*identity_, *answer);
    if (!outcome) return outcome.take_error();
    answer_ = std::move(*answer);
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        status_.master_name = answer_->facts.name;
    }
    return go_on(outcome->decision, *answer_, now_us);
}

Status Upstream::go_on(const Decision& decision, const Answer& answer, uint64_t now_us) {
    Engine& engine = self_.engine();
    const NodeFacts& own = identity_->facts;
    if (decision.course == Course::kLater || decision.course == Course::kRefuse) {
        link_->leave(decision.why, decision.reason, decision.remedy, now_us, answer.retry_ms);
        return {};
    }
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        status_.is_up = true;
        status_.is_whole = status_.is_whole && decision.course != Course::kFull;
    }
    if (decision.course == Course::kFull) {
        self_.say(LogLine::Level::kInfo,
                  "replication: full sync from " + answer.facts.name + ": " + decision.reason);
        full_ = std::make_unique<FullTarget>(self_, answer);
        link_->send(full_->request());
        set_state(UpstreamState::kReceives);
        return {};
    }
    if (own.is_blank() && !(own.history == answer.facts.history)) {
        Manifest next;
        next.level = answer.facts.level;
        next.history = answer.facts.history;
        next.secret = answer.secret;
        change(UpstreamState::kGoesBack,
               [&engine, next = std::move(next)] { return engine.adopt_history(next, 0); });
        return {};
    }
    if (decision.gives_up || own.end > decision.from) {
        self_.say(LogLine::Level::kWarn, "replication: going back to position " +
                                             std::to_string(decision.from) + ", which " +
                                             answer.facts.name + " has: " + decision.reason);
        change(UpstreamState::kGoesBack,
               [&engine, point = decision.from] { return engine.go_back(point); });
        return {};
    }
    begin_log(decision.from, now_us);
    return {};
}

void Upstream::change(UpstreamState state, std::function<Status()> work) {
    set_state(state);
    before_change_();
    aside_.start(std::move(work));
}

void Upstream::finish_aside(uint64_t now_us) {
    auto outcome = aside_.take();
    if (!outcome) return;
    if (!*outcome) {
        self_.say(LogLine::Level::kError, "replication: " + outcome->error().message);
        if (outcome->error().code == Code::kNeedSnapshot) self_.set_asks_full_sync(true);
        if (link_ == nullptr) return;
        return leave(outcome->error(), now_us);
    }
    const uint64_t position = self_.engine().following().applied();
    if (state_ == UpstreamState::kLoads) {
        self_.forget_marks();
        self_.set_asks_full_sync(false);
        const std::lock_guard<std::mutex> guard(mutex_);
        ++status_.full_syncs;
    } else if (state_ == UpstreamState::kGoesBack) {
        self_.gave_up(position);
    }
    if (link_ == nullptr || !link_->is_proven()) return;
    begin_log(position, now_us);
}

void Upstream::begin_log(uint64_t position, uint64_t now_us) {
    // Of a full sync the log was asked for already.
    const std::unique_ptr<FullTarget> full = std::move(full_);
    self_.set_forces(false);
    intake_ = std::make_unique<Intake>(self_.engine(), position);
    reconnect_.did_good();
    set_state(UpstreamState::kFollows);
    if (full == nullptr) link_->send(Start{position});
    self_.say(LogLine::Level::kInfo, "replication: following " + answer_->facts.name + " (" +
                                         synap::to_string(*master_) + ") from position " +
                                         std::to_string(position));
    owes_ack_ = true;
    due_us_ = now_us + kTickUs;
    if (full == nullptr || full->left().empty()) return;
    if (Status taken = intake_->take(position, full->left()); !taken) {
        leave(taken.error(), now_us);
    }
}

// --- the log -------------------------------------------------------------------------------------

Status Upstream::take_log(std::string_view body) {
    auto piece = LogPiece::decode(body);
    if (!piece) return piece.take_error();
    if (full_ != nullptr) return full_->take_log(piece->position, piece->bytes);
    if (intake_ == nullptr) return Error{Code::kCorrupt, "LOG where none is to come"};
    Status taken = intake_->take(piece->position, piece->bytes);
    if (taken || taken.error().code != Code::kCorrupt) return taken;
    // What is here is not what its master has: it is replaced.
    self_.set_asks_full_sync(true);
    return taken;
}

Status Upstream::take_epoch(std::string_view body) {
    auto epoch = decode_epoch(body);
    if (!epoch) return epoch.take_error();
    if (full_ != nullptr) return full_->take_epoch(*epoch);
    if (intake_ == nullptr) return Error{Code::kCorrupt, "EPOCH where none is to come"};
    SYNAP_TRY(intake_->enter(*epoch));
    self_.heard(*epoch, epoch->start);
    return self_.keep_marks();
}

Status Upstream::take_heartbeat(std::string_view body, uint64_t now_us) {
    auto heartbeat = Heartbeat::decode(body);
    if (!heartbeat) return heartbeat.take_error();
    heartbeat_ = *heartbeat;
    owes_ack_ = true;
    if (state_ == UpstreamState::kFollows) {
        time_.heard(heartbeat->engine_ms, now_us);
        self_.engine().following().set_time(time_.at(now_us));
        const auto manifest = self_.engine().durable_manifest();
        for (const Epoch& epoch : manifest->epochs) {
            if (epoch.id == heartbeat->epoch_id) self_.heard(epoch, heartbeat->synced);
        }
    }
    const std::lock_guard<std::mutex> guard(mutex_);
    status_.master_written = heartbeat->written;
    freshness_.note(heartbeat->written, now_us);
    return {};
}

Status Upstream::take_in_state(const Message& message, uint64_t now_us) {
    switch (message.type) {
        case MessageType::kAnswer:
            return take_answer(message.body, now_us);
        case MessageType::kLog:
            return take_log(message.body);
        case MessageType::kEpoch:
            return take_epoch(message.body);
        case MessageType::kHeartbeat:
            return take_heartbeat(message.body, now_us);
        case MessageType::kFullOffer:
        case MessageType::kChunk:
        case MessageType::kFullEnd:
            if (full_ == nullptr) break;
            SYNAP_TRY(full_->take(message));
            if (message.type == MessageType::kFullEnd) link_->send(Start{full_->from()});
            return {};
        default:
            break;
    }
    return Error{Code::kCorrupt, "a message that is not a master's, or not in its place"};
}

void Upstream::take(const Message& message, uint64_t now_us) {
    Status taken;
    // The message is taken: what it held is asked for again, or is in the log and applied later.
    if (!attempt([&] { taken = take_in_state(message, now_us); })) {
        taken = Error{Code::kNoMemory, "memory is exhausted"};
    }
    if (!taken) return leave(taken.error(), now_us);
    if (full_ == nullptr || !full_->is_complete() || state_ != UpstreamState::kReceives) return;
    change(UpstreamState::kLoads, [full = full_.get()] { return full->adopt(); });
}

// --- steps ---------------------------------------------------------------------------------------

void Upstream::acknowledge(uint64_t now_us) {
    Log* log = self_.log();
    const bool follows = state_ == UpstreamState::kFollows;
    const uint64_t position = follows ? applied() : 0;
    const uint64_t fsynced = follows && log != nullptr ? std::min(log->synced(), position) : 0;
    const bool is_news = position != acknowledged_ || fsynced != acknowledged_fsynced_;
    if (!owes_ack_ && !is_news) return;
    Ack ack;
    ack.sequence = heartbeat_ ? heartbeat_->sequence : 0;
    ack.applied = position;
    ack.fsynced = fsynced;
    ack.received = full_ != nullptr ? full_->received() : 0;
    ack.state = follows                              ? FollowerState::kFollows
                : state_ == UpstreamState::kReceives ? FollowerState::kReceivesSnapshot
                                                     : FollowerState::kLoads;
    link_->send(ack);
    owes_ack_ = false;
    acknowledged_ = position;
    acknowledged_fsynced_ = fsynced;
    acknowledged_us_ = now_us;
}

bool Upstream::step(uint64_t now_us) {
    if (aside_.is_busy()) finish_aside(now_us);
    if (!master_) return false;
    if (state_ == UpstreamState::kConnects) {
        // What was begun aside ends before something else begins.
        if (connecting_ == 0 && !aside_.is_busy() && now_us >= due_us_) connect(now_us);
        return false;
    }
    if (aside_.is_busy()) {
        link_->does_not_read(now_us);
        owes_ack_ = owes_ack_ || now_us - acknowledged_us_ >= kStillHereUs;
    }
    link_->tick(now_us);
    if (link_->is_proven() && !identity_) introduce(now_us);
    bool more = false;
    const uint64_t before = applied();
    Message message;
    // While its data changes, nothing else is read.
    while (!aside_.is_busy() && link_->next(message, now_us)) {
        take(message, now_us);
        more = applied() - before >= kBytesAtOnce;
        if (more) break;
    }
    if (self_.log() != nullptr && applied() != before) {
        // Who waits for it is told once it is in the kernel here.
        if (Status written = self_.log()->write(self_.log()->appended()); !written) {
            leave(written.error(), now_us);
        }
    }
    if (now_us - kept_marks_us_ >= kKeepMarksUs) {
        kept_marks_us_ = now_us;
        if (Status kept = self_.keep_marks(); !kept) leave(kept.error(), now_us);
    }
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        freshness_.reached(state_ == UpstreamState::kFollows ? applied() : 0);
        status_.is_whole = status_.is_whole || freshness_.stale_us(now_us).has_value();
        status_.heard_us = link_->last_heard_us();
        status_.full_size = full_ != nullptr ? full_->size() : 0;
        status_.full_received = full_ != nullptr ? full_->received() : 0;
    }
    if (link_->is_proven() && identity_) acknowledge(now_us);
    if (link_->state() == Link::State::kEnded) {
        ended(now_us);
        return false;
    }
    due_us_ = now_us + (aside_.is_busy() ? kStillHereUs : kTickUs);
    return more;
}

UpstreamStatus Upstream::status(uint64_t now_us) {
    const std::lock_guard<std::mutex> guard(mutex_);
    UpstreamStatus status = status_;
    status.now_us = now_us;
    status.behind_bytes = freshness_.behind_bytes();
    status.stale_us = freshness_.stale_us(now_us);
    return status;
}

}  // namespace synap::replication
