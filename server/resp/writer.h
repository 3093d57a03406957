// Replies of the engine as RESP2 or RESP3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <synap/synap.h>

#include "server/net/buffer.h"

namespace synap::server::resp {

// A sink that encodes what it receives into one connection's output. One serves all connections
// of a thread: bind() it before each call into the engine. The callbacks never throw; when the
// output limit or memory is exceeded they stop the call with SYNAP_E_SINK and failed() is true.
//
// RESP2 has no maps, sets, doubles, booleans or pairs: containers flatten, the rest become bulk
// strings and integers, as Redis does it.
class Writer {
public:
    Writer() noexcept;
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // Directs what follows to `out`, encoded for `protocol` (SYNAP_PROTOCOL_RESP2 or RESP3). An
    // engine that may pause is told to when more than `pause_at` bytes wait in `out`.
    void bind(OutputBuffer& out, uint32_t protocol, size_t pause_at = SIZE_MAX) noexcept;
    // The protocol of what follows, for the same output.
    void set_protocol(uint32_t protocol) noexcept { resp3_ = protocol == SYNAP_PROTOCOL_RESP3; }
    // Where a paused reply stopped among open containers: keep it, for other connections use this
    // writer meanwhile, and give it back behind the bind() that goes on.
    struct Level {
        bool pairs;
        bool odd;  // the next child is the second of its pair
    };
    using Levels = std::vector<Level>;
    Levels suspend() noexcept { return std::exchange(levels_, {}); }
    void restore(Levels levels) noexcept { levels_ = std::move(levels); }

    const synap_sink_t* sink() const noexcept { return &sink_; }
    bool failed() const noexcept { return failed_; }

    // Replies that the server makes itself. `error` contains the code word.
    void status(std::string_view text) noexcept;
    void error(std::string_view text) noexcept;

private:
    static int32_t SYNAP_CALL on_scalar(void* ctx, uint32_t type,
                                        const synap_arg_t* value) noexcept;
    static int32_t SYNAP_CALL on_error(void* ctx, int32_t code, synap_bytes_t message) noexcept;
    static int32_t SYNAP_CALL on_begin(void* ctx, uint32_t type, uint64_t count) noexcept;
    static int32_t SYNAP_CALL on_end(void* ctx, uint32_t type) noexcept;
    static int32_t SYNAP_CALL on_blob(void* ctx, synap_bytes_t value, synap_blob_t* owner) noexcept;

    // What a callback answers.
    int32_t answer() const noexcept;
    void before_value() noexcept;
    void put(std::string_view text) noexcept;
    void line(char prefix, std::string_view text) noexcept;
    void integer(char prefix, int64_t value) noexcept;
    void bulk(std::string_view text) noexcept;
    void number(double value) noexcept;
    void verbatim(std::string_view text) noexcept;
    void scalar(uint32_t type, const synap_arg_t* value) noexcept;

    synap_sink_t sink_ = SYNAP_SINK_INIT;
    OutputBuffer* out_ = nullptr;
    size_t pause_at_ = SIZE_MAX;
    bool resp3_ = false;
    bool failed_ = false;
    Levels levels_;  // open containers, from the outermost PAIRS on
};

}  // namespace synap::server::resp
