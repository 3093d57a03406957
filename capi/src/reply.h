// Reply trees, and the way from the engine's tape to a sink.
#pragma once

#include "capi/src/guard.h"

namespace synap::capi {

// The stable code of an error reply, from its first word.
int32_t reply_code(std::string_view message) noexcept;

// One value of the tape as a tree: one allocation. Throws std::bad_alloc.
synap_reply* build_reply(const Reply& tape, size_t& at, synap_token_t token);

// A tree of one text or bytes node.
synap_reply* build_scalar(ReplyType type, std::string_view bytes);

// Deletes trees; they are made by malloc.
void destroy(synap_reply* reply) noexcept;

// Feeds the engine's values to the functions of a C sink.
class SinkVisitor {
public:
    explicit SinkVisitor(const synap_sink_t& sink) noexcept : sink_(sink) {}
    bool scalar(ReplyType type, int64_t value) {
        synap_arg_t arg = make(type);
        arg.as.i = value;
        return sink_.scalar(sink_.ctx, static_cast<uint32_t>(type), &arg) == 0;
    }
    bool real(double value) {
        synap_arg_t arg = make(ReplyType::kDouble);
        arg.as.d = value;
        return sink_.scalar(sink_.ctx, SYNAP_TYPE_DOUBLE, &arg) == 0;
    }
    bool bytes(ReplyType type, std::string_view text) {
        synap_arg_t arg = make(type);
        arg.as.b = {text.data(), text.size()};
        return sink_.scalar(sink_.ctx, static_cast<uint32_t>(type), &arg) == 0;
    }
    bool blob(Blob* value) {
        if (sink_.blob == nullptr) return bytes(ReplyType::kBytes, value->bytes());
        return sink_.blob(sink_.ctx, {value->data(), value->size()},
                          reinterpret_cast<synap_blob_t*>(value)) == 0;
    }
    bool error(std::string_view message) {
        return sink_.error(sink_.ctx, reply_code(message), {message.data(), message.size()}) == 0;
    }
    bool begin(ReplyType type, uint64_t count) {
        return sink_.begin(sink_.ctx, static_cast<uint32_t>(type), count) == 0;
    }
    bool end(ReplyType type) { return sink_.end(sink_.ctx, static_cast<uint32_t>(type)) == 0; }

private:
    static synap_arg_t make(ReplyType type) noexcept {
        synap_arg_t arg{};
        arg.type = static_cast<uint32_t>(type);
        return arg;
    }
    const synap_sink_t& sink_;
};

// Reads and checks a sink given by a caller.
Status read_sink(const synap_sink_t* from, synap_sink_t& to);

// Replays `count` values of the tape. kSink when the sink stopped or threw.
Status replay(const Reply& tape, size_t count, const synap_sink_t& sink);

}  // namespace synap::capi
