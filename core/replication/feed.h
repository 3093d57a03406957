// One follower of this node, as long as its connection lives: introduced, answered, and sent the
// log (or a snapshot and then the log) as fast as it takes it.
//
// Memory: what its link queues (LinkLimits::queued_bytes) and what of the shared stream it still
// has to send; nothing grows with how far it is behind. What it needs of the log is pinned; where
// that exceeds its bounds it is let go of, and comes back to a full sync. Thread safety: one
// thread. Blocking: disk, for a piece of the log that memory does not have, or of a snapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/log/pins.h"
#include "core/log/tail_reader.h"
#include "core/replication/follower_table.h"
#include "core/replication/full_source.h"
#include "core/replication/introduction.h"
#include "core/replication/link.h"
#include "core/replication/self.h"

namespace synap::replication {

struct FeedLimits {
    // What is kept for a follower that is away or behind, and for how long without a sign of it.
    PinBounds pin{256ull << 20, 3'600'000'000};
    PinBounds full_sync_pin{8ull << 30, 60'000'000};
    size_t bytes_at_once = 4 << 20;  // of one step, so that others have theirs
    uint32_t heartbeat_ms = 200;
};

class Feed {
public:
    Feed(Self& self, const FeedLimits& limits, std::unique_ptr<Link> link);
    ~Feed();
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    Link& link() noexcept { return *link_; }
    bool has_ended() const noexcept { return link_->state() == Link::State::kEnded; }
    // What it asked for, once it did; to be answered by answer().
    bool asks() const noexcept { return identity_.has_value(); }
    const Identity& identity() const noexcept { return *identity_; }
    void answer(const Answer& answer, uint64_t now_us);

    // Reads what it says, up to a question.
    void read(uint64_t now_us);
    // The newest of what it acknowledged since the last call.
    std::optional<Ack> take_ack() { return std::exchange(ack_, std::nullopt); }
    // Sends what there is room for. True: there is more to send at once.
    bool send(uint64_t now_us);
    void heartbeat(const Heartbeat& heartbeat);
    // May take no further part: why, and what to do.
    void leave(Why why, std::string reason, std::string remedy, uint64_t now_us,
               uint32_t retry_ms = 0);

    bool is_follower() const noexcept { return phase_ != Phase::kUnknown; }
    const std::string& follower() const noexcept { return name_; }

private:
    enum class Phase : uint8_t {
        kUnknown,        // not introduced, or of no more account
        kAnswered,       // it may follow: START or FULL_REQUEST is to come
        kSendsSnapshot,  // START is to come behind it
        kStreams,
    };

    void take(const Message& message, uint64_t now_us);
    Status take_start(std::string_view body);
    Status take_full_request(std::string_view body);
    Status take_ack(std::string_view body);
    Status stream_from(uint64_t position);
    bool send_log(uint64_t now_us);
    void send_piece(const TailRead& read, std::string_view bytes, uint64_t position);
    bool send_snapshot(uint64_t now_us);
    Status pin_log(uint64_t position);
    void fail(const Error& error, uint64_t now_us);

    Self& self_;
    const FeedLimits limits_;
    std::unique_ptr<Link> link_;
    std::optional<Identity> identity_;
    bool was_answered_ = false;
    Phase phase_ = Phase::kUnknown;
    uint64_t node_ = 0;
    bool has_directory_ = false;
    std::string name_;
    std::optional<Ack> ack_;
    std::string pin_;                     // of the log; outlives the connection
    uint64_t from_ = 0;                   // where START has to begin
    uint32_t epoch_told_ = 0;             // the number of the newest one that it knows
    std::vector<Epoch> epochs_answered_;  // of FULL
    std::unique_ptr<TailReader> reader_;
    std::unique_ptr<FullSource> full_;
};

}  // namespace synap::replication
