// Requests of the RESP protocol, incrementally and without copying.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <synap/synap.h>

#include "server/config/settings.h"

namespace synap::server::resp {

// Commands parsed together. The arguments view the bytes they were parsed from (or `unquoted`);
// one batch serves all connections of a thread, so its memory is warm.
struct Batch {
    static constexpr size_t kMaxCalls = 1024;
    static constexpr size_t kMaxArgs = 16 * 1024;

    std::vector<synap_arg_t> args;
    std::vector<synap_call_t> calls;
    // Bytes consumed when call i has been run.
    std::vector<size_t> ends;
    // Bytes consumed when all calls have been run; what follows is an incomplete command.
    size_t consumed = 0;
    // Arguments of inline commands that had escapes; all others are views.
    std::deque<std::string> unquoted;

    void clear();
};

enum class Parsed : uint8_t {
    kNeedMore,  // all complete commands are in the batch
    kFull,      // the batch is full and more may follow
    kError      // the stream is broken behind the commands of the batch: see error()
};

// Where one connection stands inside an incomplete command, so that each byte and each argument
// is looked at once however it is split. Commands that arrive whole leave no state.
class Parser {
public:
    explicit Parser(const Limits& limits) noexcept : limits_(&limits) {}

    // Parses data[0, size) into `batch`, which it clears first. data[0] is the first byte not yet
    // consumed: when the last call returned kNeedMore and everything in its batch was consumed,
    // the same incomplete command with more bytes behind it. Call reset() in any other case.
    Parsed parse(const char* data, size_t size, Batch& batch);

    // Forgets the incomplete command: the next parse() starts at its first byte.
    void reset() noexcept;

    // Text of a protocol error, without "-ERR ".
    const std::string& error() const noexcept { return error_; }

private:
    struct Span {
        size_t offset;
        size_t size;
    };
    enum class Step : uint8_t { kDone, kNeedMore, kError };

    Step parse_command(const char* data, size_t size, size_t& at, Batch& batch);
    Step resume_command(const char* data, size_t size, size_t& at, Batch& batch);
    Step parse_inline(const char* data, size_t size, size_t& at, Batch& batch);
    template <typename Take>
    Step parse_arguments(const char* data, size_t size, size_t& at, Take take);
    Step parse_bulk_length(const char* data, size_t size, size_t& at);
    Step parse_length(const char* data, size_t size, size_t& at, bool is_count, int64_t& value);
    Step fail(std::string text);

    const Limits* limits_;
    // The incomplete command at data[0]; offsets count from there.
    bool in_command_ = false;
    int64_t missing_ = 0;       // arguments still to come
    int64_t bulk_length_ = -1;  // of the argument being received; -1: not yet known
    size_t at_ = 0;             // first byte not looked at
    std::vector<Span> partial_;
    std::string error_;
};

}  // namespace synap::server::resp
