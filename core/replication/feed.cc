#include "core/replication/feed.h"

#include <algorithm>
#include <utility>

#include "core/base/exhaustion.h"
#include "core/base/text.h"

namespace synap::replication {

Feed::Feed(Self& self, const FeedLimits& limits, std::unique_ptr<Link> link)
    : self_(self), limits_(limits), link_(std::move(link)) {}

Feed::~Feed() = default;

void Feed::leave(Why why, std::string reason, std::string remedy, uint64_t now_us,
                 uint32_t retry_ms) {
    if (is_follower()) {
        self_.say(LogLine::Level::kWarn, "replication: " + name_ + " is let go of: " + reason);
    }
    phase_ = Phase::kUnknown;
    reader_.reset();
    full_.reset();
    link_->leave(why, std::move(reason), std::move(remedy), now_us, retry_ms);
}

void Feed::fail(const Error& error, uint64_t now_us) {
    const bool is_bad = error.code == Code::kCorrupt || error.code == Code::kInvalidArgument;
    leave(is_bad ? Why::kBadMessage : Why::kInternal, error.message, {}, now_us);
}

// --- what it says --------------------------------------------------------------------------------

void Feed::read(uint64_t now_us) {
    Message message;
    // One question at a time: what comes behind it is read when it is answered.
    while (!asks() && link_->next(message, now_us)) {
        const bool could = attempt([&] { take(message, now_us); });
        if (!could) fail({Code::kNoMemory, "memory is exhausted"}, now_us);
    }
}

void Feed::take(const Message& message, uint64_t now_us) {
    Status taken;
    if (message.type == MessageType::kIdentity && !was_answered_) {
        auto identity = Identity::decode(message.body);
        if (identity) {
            identity_ = std::move(*identity);
            name_ = identity_->facts.name;
            return;
        }
        taken = identity.take_error();
    } else if (message.type == MessageType::kStart) {
        taken = take_start(message.body);
    } else if (message.type == MessageType::kFullRequest) {
        taken = take_full_request(message.body);
    } else if (message.type == MessageType::kAck) {
        taken = take_ack(message.body);
    } else {
        taken = Error{Code::kCorrupt, "a message that is not a follower's"};
    }
    if (!taken) fail(taken.error(), now_us);
}

void Feed::answer(const Answer& answer, uint64_t now_us) {
    const Course course = answer.decision.course;
    node_ = identity_->facts.node;
    has_directory_ = identity_->facts.has_directory;
    was_answered_ = true;
    epoch_told_ = 0;
    for (const Epoch& epoch : answer.facts.epochs) {
        // What begins at the common point, or behind it, is told in its place.
        if (epoch.start < answer.decision.from) epoch_told_ = epoch.number;
    }
    if (course == Course::kContinue || course == Course::kFull) {
        phase_ = Phase::kAnswered;
        from_ = answer.decision.from;
        pin_ = "follower-" + hexadecimal(node_);
        if (course == Course::kFull) epochs_answered_ = answer.facts.epochs;
        if (course == Course::kContinue) {
            if (Status pinned = pin_log(from_); !pinned) return fail(pinned.error(), now_us);
        }
    }
    identity_.reset();
    link_->send(answer);
}

// It may have left a pin when it went.
Status Feed::pin_log(uint64_t position) {
    LogPins& pins = self_.log()->pins();
    pins.remove(pin_);
    return pins.add(pin_, PinKind::kFollower, position, limits_.pin);
}

Status Feed::take_start(std::string_view body) {
    auto start = Start::decode(body);
    if (!start) return start.take_error();
    const bool expected = phase_ == Phase::kAnswered || phase_ == Phase::kSendsSnapshot;
    if (!expected || (full_ != nullptr && !full_->is_done())) {
        return Error{Code::kCorrupt, "START where none is to come"};
    }
    const uint64_t from = full_ != nullptr ? full_->from() : from_;
    if (start->position != from) {
        return Error{Code::kCorrupt, "START from position " + std::to_string(start->position) +
                                         " instead of " + std::to_string(from)};
    }
    return stream_from(from);
}

Status Feed::stream_from(uint64_t position) {
    if (full_ != nullptr) {
        SYNAP_TRY(pin_log(position));
        // What has begun since the answer, and before the log that is sent, is told at once.
        while (!epochs_answered_.empty() && epochs_answered_.back().start >= position) {
            epochs_answered_.pop_back();
        }
        epoch_told_ = epochs_answered_.empty() ? 0 : epochs_answered_.back().number;
    }
    full_.reset();
    epochs_answered_.clear();
    reader_ = std::make_unique<TailReader>(*self_.log(), position);
    phase_ = Phase::kStreams;
    return {};
}

Status Feed::take_full_request(std::string_view body) {
    auto request = FullRequest::decode(body);
    if (!request) return request.take_error();
    if (phase_ != Phase::kAnswered) {
        return Error{Code::kCorrupt, "FULL_REQUEST where none is to come"};
    }
    full_ = std::make_unique<FullSource>(self_, "full-" + hexadecimal(node_), limits_.full_sync_pin,
                                         *request);
    phase_ = Phase::kSendsSnapshot;
    return {};
}

Status Feed::take_ack(std::string_view body) {
    auto ack = Ack::decode(body);
    if (!ack) return ack.take_error();
    if (!is_follower()) return {};
    ack_ = *ack;
    if (full_ != nullptr) return full_->alive();
    if (phase_ != Phase::kStreams || ack->state != FollowerState::kFollows) return {};
    // After a power cut it goes on from what was durable with it.
    return self_.log()->pins().move(pin_, has_directory_ ? ack->fsynced : ack->applied);
}

// --- what it is sent -----------------------------------------------------------------------------

void Feed::heartbeat(const Heartbeat& heartbeat) {
    if (was_answered_) link_->send(heartbeat);
}

bool Feed::send(uint64_t now_us) {
    if (!link_->is_proven()) return false;
    if (phase_ == Phase::kStreams) return send_log(now_us);
    if (full_ != nullptr) return send_snapshot(now_us);
    return false;
}

void Feed::send_piece(const TailRead& read, std::string_view bytes, uint64_t position) {
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, kLogPieceBytes);
        std::string head;
        put_log_head(head, position, piece.size());
        link_->send(head, piece, read.owner);
        position += piece.size();
        bytes.remove_prefix(piece.size());
    }
}

bool Feed::send_log(uint64_t now_us) {
    size_t sent = 0;
    while (link_->is_proven() && link_->has_room()) {
        if (sent >= limits_.bytes_at_once) return true;
        uint64_t position = reader_->position();
        auto read = reader_->read(kLogPieceBytes);
        if (!read) {
            const bool gone = read.error().code == Code::kNeedSnapshot;
            leave(gone ? Why::kLogGone : Why::kInternal, read.error().message, {}, now_us);
            return false;
        }
        std::string_view bytes = read->bytes;
        const uint64_t end = position + bytes.size();
        sent += bytes.size();
        // Looked at behind the bytes: MANIFEST has an epoch before anything of it is written.
        const auto manifest = self_.engine().durable_manifest();
        for (const Epoch& epoch : manifest->epochs) {
            if (epoch.number <= epoch_told_ || epoch.start > end) continue;
            const size_t before = epoch.start - std::min(epoch.start, position);
            send_piece(*read, bytes.substr(0, before), position);
            bytes.remove_prefix(before);
            position += before;
            link_->send(epoch);
            epoch_told_ = epoch.number;
        }
        send_piece(*read, bytes, position);
        if (read->bytes.empty()) return false;
    }
    return false;
}

bool Feed::send_snapshot(uint64_t now_us) {
    auto more = full_->send(*link_, limits_.bytes_at_once);
    if (more) return *more;
    leave(more.error().code == Code::kNeedSnapshot ? Why::kTooSlow : Why::kInternal,
          more.error().message, {}, now_us);
    return false;
}

}  // namespace synap::replication
