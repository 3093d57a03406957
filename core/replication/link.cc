#include "core/replication/link.h"

#include <algorithm>
#include <array>
#include <utility>

namespace synap::replication {
namespace {

constexpr size_t kPartsAtOnce = 16;

Why why_of(const Error& error) noexcept {
    return error.code == Code::kCorrupt ? Why::kBadMessage : Why::kProtocol;
}

}  // namespace

Link::Link(Transport& transport, ConnectionId connection, std::string peer, Role role,
           const Secrets& secrets, Entropy& entropy, uint64_t now_us, const LinkLimits& limits)
    : transport_(transport),
      connection_(connection),
      peer_(std::move(peer)),
      limits_(limits),
      proof_(role, secrets, entropy),
      began_us_(now_us),
      heard_us_(now_us) {
    proof_.begin(own_bytes());
    flush();
}

Link::~Link() {
    if (state_ != State::kEnded) transport_.close(connection_);
}

void Link::note(const TransportEvent& event, uint64_t now_us) {
    if (state_ == State::kEnded) return;
    switch (event.kind) {
        case TransportEventKind::kReadable:
            readable_ = true;
            read_unasked(now_us);
            break;
        case TransportEventKind::kWritable:
            flush();
            break;
        case TransportEventKind::kClosed:
            state_ = State::kEnded;  // its number is gone
            if (goodbye_.why == Why::kNothing) {
                goodbye_ = {
                    Why::kNothing, event.error ? event.error->message : "it was closed", {}};
            }
            break;
        default:
            break;
    }
}

// Nobody asks for messages of a peer that has not proven itself, or is left. What comes behind the
// proof stays where it is.
void Link::read_unasked(uint64_t now_us) {
    Message message;
    while (state_ == State::kProving || state_ == State::kLeaving) {
        auto found = parser_.next(unread_, message);
        if (!found) return fail(found.error(), now_us);
        if (!*found) {
            if (!read_more(now_us)) return;
        } else if (state_ == State::kProving) {
            take_proof(message, now_us);
        }
    }
}

bool Link::next(Message& message, uint64_t now_us) {
    read_unasked(now_us);
    while (state_ == State::kProven) {
        auto found = parser_.next(unread_, message);
        if (!found) {
            fail(found.error(), now_us);
            return false;
        }
        if (!*found) {
            if (!read_more(now_us)) return false;
            continue;
        }
        if (message.type != MessageType::kGoodbye) return true;
        auto goodbye = Goodbye::decode(message.body);
        by_peer_ = true;
        if (!goodbye) {
            end(Why::kBadMessage, goodbye.error().message, {});
            return false;
        }
        end(goodbye->why, goodbye->reason, goodbye->remedy);
        goodbye_.retry_ms = goodbye->retry_ms;
    }
    return false;
}

// False: there is nothing to be read now.
bool Link::read_more(uint64_t now_us) {
    if (!readable_) return false;
    if (ended_by_peer_) {
        readable_ = false;
        if (state_ == State::kLeaving) {
            end(goodbye_.why, goodbye_.reason, goodbye_.remedy);
        } else {
            by_peer_ = true;
            end(Why::kNothing, peer_ + " has closed the connection", {});
        }
        return false;
    }
    buffer_.resize(kReadBytes);
    const ReadOutcome got = transport_.read(connection_, buffer_);
    unread_ = std::string_view(buffer_).substr(0, got.bytes);
    ended_by_peer_ = got.ended;
    if (got.bytes != 0) heard_us_ = now_us;
    readable_ = got.bytes != 0 || got.ended;
    if (!readable_) {  // an idle link holds no buffer
        std::string().swap(buffer_);
        unread_ = {};
    }
    return readable_;
}

void Link::take_proof(const Message& message, uint64_t now_us) {
    const ProofOfSecret::State state = proof_.take(message, own_bytes());
    flush();
    if (state == ProofOfSecret::State::kProven) {
        parser_.peer_has_proven();
        state_ = State::kProven;
    } else if (state == ProofOfSecret::State::kFailed) {
        goodbye_ = proof_.failure();
        by_peer_ = message.type == MessageType::kGoodbye;
        transport_.finish(connection_);
        state_ = State::kLeaving;
        left_us_ = now_us;
    }
}

void Link::tick(uint64_t now_us) {
    const auto passed = [now_us](uint64_t since_us, uint64_t limit_us) {
        return now_us > since_us && now_us - since_us > limit_us;
    };
    if (state_ == State::kProving && passed(began_us_, limits_.prove_us)) {
        end(Why::kSilent, peer_ + " did not prove the replication secret in time", {});
    } else if (state_ == State::kProven && passed(heard_us_, limits_.silent_us)) {
        leave(Why::kSilent,
              "nothing was heard of " + peer_ + " for " +
                  std::to_string(limits_.silent_us / 1'000'000) + " s",
              {}, now_us);
    } else if (state_ == State::kLeaving && passed(left_us_, limits_.leave_us)) {
        end(goodbye_.why, goodbye_.reason, goodbye_.remedy);
    }
}

void Link::send(std::string_view head, std::string_view bytes, std::shared_ptr<const void> owner) {
    if (state_ != State::kProven) return;
    own_bytes().append(head);
    queued_ += bytes.size();
    queue_.push_back({{}, bytes, std::move(owner)});
    flush();
}

void Link::leave(Why why, std::string reason, std::string remedy, uint64_t now_us,
                 uint32_t retry_ms) {
    if (state_ != State::kProven && state_ != State::kProving) return;
    goodbye_ = {why, std::move(reason), std::move(remedy), retry_ms};
    put_message(own_bytes(), goodbye_);
    flush();
    if (queue_.empty()) transport_.finish(connection_);
    state_ = State::kLeaving;
    left_us_ = now_us;
}

void Link::fail(const Error& error, uint64_t now_us) {
    const Why why = why_of(error);
    if (state_ == State::kLeaving) return end(goodbye_.why, goodbye_.reason, goodbye_.remedy);
    leave(why, peer_ + ": " + error.message, {}, now_us);
}

void Link::end(Why why, std::string reason, std::string remedy) {
    goodbye_.why = why;
    goodbye_.reason = std::move(reason);
    goodbye_.remedy = std::move(remedy);
    transport_.close(connection_);
    queue_.clear();
    queued_ = 0;
    state_ = State::kEnded;
}

// Where own bytes are appended. Until flush() they are not counted.
std::string& Link::own_bytes() {
    if (queue_.empty() || queue_.back().owner != nullptr) queue_.emplace_back();
    return queue_.back().own;
}

void Link::flush() {
    while (!queue_.empty()) {
        std::array<std::string_view, kPartsAtOnce> parts;
        size_t count = 0;
        size_t offered = 0;
        for (const Part& part : queue_) {
            if (count == parts.size()) break;
            std::string_view bytes =
                part.owner != nullptr ? part.bytes : std::string_view(part.own);
            if (count == 0) bytes.remove_prefix(sent_of_first_);
            parts[count++] = bytes;
            offered += bytes.size();
        }
        size_t taken = transport_.write(connection_, std::span(parts).first(count));
        const bool all = taken == offered;
        sent_of_first_ += taken;
        while (!queue_.empty() && sent_of_first_ >= queue_.front().size()) {
            sent_of_first_ -= queue_.front().size();
            queue_.pop_front();
        }
        if (!all) break;
    }
    queued_ = 0;
    for (const Part& part : queue_) queued_ += part.size();
    queued_ -= sent_of_first_;
    if (queue_.empty()) sent_of_first_ = 0;
    if (state_ == State::kLeaving && queue_.empty()) transport_.finish(connection_);
}

}  // namespace synap::replication
