// Reply trees, and the way from the engine's tape to a sink.
#pragma once

#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

#include "capi/src/guard.h"

namespace synap::capi {

// The stable code of an error reply, from its first word.
int32_t reply_code(std::string_view message) noexcept;

// One value of the tape as a tree: one allocation, of at most limits::kReplyTreeBytes (or
// kUnsupported). Throws std::bad_alloc.
Result<synap_reply*> build_reply(const Reply& tape, synap_token_t token);
// Of a tape that is the caller's own, and small.
synap_reply* build_small(const Reply& tape, synap_token_t token);

// A tree of one text or bytes node.
synap_reply* build_scalar(ReplyType type, std::string_view bytes);

// Deletes trees; they are made by malloc.
void destroy(synap_reply* reply) noexcept;

struct ReplyRelease {
    void operator()(synap_reply* reply) const noexcept { synap_reply_release(reply); }
};
using ReplyRef = std::unique_ptr<synap_reply, ReplyRelease>;

// Feeds the engine's values to the functions of a C sink. One that throws has stopped: its
// exceptions are not the engine's.
class SinkVisitor {
public:
    // What SYNAP_SINK_PAUSE is taken for.
    enum class Pause : uint8_t { kStop, kPause, kGoOn };
    explicit SinkVisitor(const synap_sink_t& sink, Pause pause = Pause::kStop) noexcept
        : sink_(sink), pause_(pause) {}
    bool scalar(ReplyType type, int64_t value) {
        synap_arg_t arg = make(type);
        arg.as.i = value;
        return tell(arg);
    }
    bool real(double value) {
        synap_arg_t arg = make(ReplyType::kDouble);
        arg.as.d = value;
        return tell(arg);
    }
    bool bytes(ReplyType type, std::string_view text) {
        synap_arg_t arg = make(type);
        arg.as.b = {text.data(), text.size()};
        return tell(arg);
    }
    // A small part is not worth keeping the whole for.
    bool blob(Blob* value, std::string_view part) {
        const bool is_small = part.size() < value->size() / 4;
        if (sink_.blob == nullptr || is_small) return bytes(ReplyType::kBytes, part);
        const synap_bytes_t bytes{part.data(), part.size()};
        return goes_on(
            [&] { return sink_.blob(sink_.ctx, bytes, reinterpret_cast<synap_blob_t*>(value)); });
    }
    bool error(std::string_view message) {
        const synap_bytes_t bytes{message.data(), message.size()};
        return goes_on([&] { return sink_.error(sink_.ctx, reply_code(message), bytes); });
    }
    bool begin(ReplyType type, uint64_t count) {
        return goes_on([&] { return sink_.begin(sink_.ctx, static_cast<uint32_t>(type), count); });
    }
    bool end(ReplyType type) {
        return goes_on([&] { return sink_.end(sink_.ctx, static_cast<uint32_t>(type)); });
    }

    // Nothing was shown, and it takes its time.
    bool rest() noexcept {
        paused_ = pause_ == Pause::kPause;
        return !paused_;
    }
    // Why the replay has ended early: the sink wants no more now. Else it has stopped().
    bool paused() const noexcept { return paused_; }
    [[gnu::cold, gnu::noinline]] Error stopped() const {
        return {Code::kSink, threw_ ? "the sink threw an exception" : "the sink stopped"};
    }

private:
    bool tell(const synap_arg_t& arg) {
        return goes_on([&] { return sink_.scalar(sink_.ctx, arg.type, &arg); });
    }
    template <typename Call>
    bool goes_on(Call&& call) noexcept {
        try {
            const int32_t answer = call();
            return answer == 0 || goes_on_after(answer);
        } catch (...) {
            threw_ = true;
            return false;
        }
    }
    [[gnu::cold]] bool goes_on_after(int32_t answer) noexcept {
        if (answer != SYNAP_SINK_PAUSE) return false;
        paused_ = pause_ == Pause::kPause;
        return pause_ == Pause::kGoOn;
    }
    static synap_arg_t make(ReplyType type) noexcept {
        synap_arg_t arg{};
        arg.type = static_cast<uint32_t>(type);
        return arg;
    }
    const synap_sink_t& sink_;
    const Pause pause_;
    bool paused_ = false;
    bool threw_ = false;
};

// A sink given by a caller, checked. It stays the caller's, or, where its layout is of another
// version, becomes a copy.
class GivenSink {
public:
    Status read(const synap_sink_t* from) {
        const bool usual = from != nullptr && from->struct_size == sizeof copy_ &&
                           from->reserved == 0 && is_complete(*from);
        if (!usual) return read_unusual(from);
        sink_ = from;
        return {};
    }
    const synap_sink_t& operator*() const noexcept { return *sink_; }

private:
    static bool is_complete(const synap_sink_t& sink) noexcept {
        return sink.scalar != nullptr && sink.error != nullptr && sink.begin != nullptr &&
               sink.end != nullptr;
    }
    [[gnu::cold]] Status read_unusual(const synap_sink_t* from);

    const synap_sink_t* sink_ = nullptr;
    synap_sink_t copy_;
};

// Replays the first value of the tape. kSink when the sink stopped or threw.
Status replay_one(const Reply& tape, const synap_sink_t& sink);

}  // namespace synap::capi
