#include "server/resp/parser.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <limits>

#include "server/resp/inline_args.h"

namespace synap::server::resp {
namespace {

synap_arg_t bytes_arg(const char* data, size_t size) noexcept {
    synap_arg_t arg;
    arg.type = SYNAP_TYPE_BYTES;
    arg.reserved = 0;
    arg.as.b = {data, size};
    return arg;
}

// A decimal number exactly as Redis accepts one in the protocol: no plus sign, no leading zeros.
bool parse_decimal(std::string_view text, int64_t& value) noexcept {
    const bool negative = !text.empty() && text.front() == '-';
    const std::string_view digits = text.substr(negative ? 1 : 0);
    if (digits.empty() || digits.size() > 19 || (digits.front() == '0' && text.size() > 1)) {
        return false;
    }
    uint64_t sum = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return false;
        sum = sum * 10 + static_cast<uint64_t>(c - '0');
    }
    constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (sum > kMax) return false;
    value = negative ? -static_cast<int64_t>(sum) : static_cast<int64_t>(sum);
    return true;
}

}  // namespace

void Batch::clear() {
    // What one giant command needed is not kept for ever.
    if (args.capacity() > 4 * kMaxArgs) args = {};
    args.clear();
    calls.clear();
    ends.clear();
    unquoted.clear();
    consumed = 0;
}

void Parser::reset() noexcept {
    in_command_ = false;
    missing_ = 0;
    bulk_length_ = -1;
    at_ = 0;
    partial_ = {};
}

Parser::Step Parser::fail(std::string text) {
    error_ = "Protocol error: " + std::move(text);
    return Step::kError;
}

Parser::Step Parser::parse_length(const char* data, size_t size, size_t& at, bool is_count,
                                  int64_t& value) {
    const char* const start = data + at;
    const char* const end = data + size;
    // What every client sends: a few digits and both line end bytes.
    const char* p = start;
    int64_t sum = 0;
    while (p < end && *p >= '0' && *p <= '9' && p - start < 10) {
        sum = sum * 10 + (*p - '0');
        ++p;
    }
    if (p > start && end - p >= 2 && *p == '\r' && (*start != '0' || p - start == 1)) {
        value = sum;
        at = static_cast<size_t>(p + 2 - data);
        return Step::kDone;
    }
    const auto rest = static_cast<size_t>(end - start);
    const auto* line_end =
        rest == 0 ? nullptr : static_cast<const char*>(std::memchr(start, '\r', rest));
    if (line_end == nullptr) {
        if (rest > limits_->resp_inline_bytes) {
            return fail(is_count ? "too big mbulk count string" : "too big bulk count string");
        }
        return Step::kNeedMore;
    }
    if (end - line_end < 2) return Step::kNeedMore;
    if (!parse_decimal({start, static_cast<size_t>(line_end - start)}, value)) {
        return fail(is_count ? "invalid multibulk length" : "invalid bulk length");
    }
    at = static_cast<size_t>(line_end + 2 - data);
    return Step::kDone;
}

Parser::Step Parser::parse_bulk_length(const char* data, size_t size, size_t& at) {
    if (at == size) return Step::kNeedMore;
    if (data[at] != '$') return fail(std::string("expected '$', got '") + data[at] + "'");
    size_t next = at + 1;
    int64_t length = 0;
    const Step step = parse_length(data, size, next, false, length);
    if (step != Step::kDone) return step;
    if (length < 0 || static_cast<size_t>(length) > limits_->resp_bulk_bytes) {
        return fail("invalid bulk length");
    }
    bulk_length_ = length;
    at = next;
    return Step::kDone;
}

// Reads the missing arguments; `at`, missing_ and bulk_length_ say how far it came.
template <typename Take>
Parser::Step Parser::parse_arguments(const char* data, size_t size, size_t& at, Take take) {
    while (missing_ > 0) {
        if (bulk_length_ < 0) {
            const Step step = parse_bulk_length(data, size, at);
            if (step != Step::kDone) return step;
        }
        const auto length = static_cast<size_t>(bulk_length_);
        if (size - at < length + 2) return Step::kNeedMore;
        take(at, length);
        at += length + 2;
        bulk_length_ = -1;
        --missing_;
    }
    return Step::kDone;
}

Parser::Step Parser::parse_command(const char* data, size_t size, size_t& at, Batch& batch) {
    const size_t start = at;
    size_t next = at + 1;
    int64_t count = 0;
    Step step = parse_length(data, size, next, true, count);
    if (step != Step::kDone) return step;
    if (count > static_cast<int64_t>(limits_->resp_arguments)) {
        return fail("invalid multibulk length");
    }
    if (count <= 0) {
        at = next;
        return Step::kDone;
    }
    const size_t first = batch.args.size();
    missing_ = count;
    step = parse_arguments(data, size, next, [&](size_t from, size_t length) {
        batch.args.push_back(bytes_arg(data + from, length));
    });
    if (step == Step::kDone) {
        batch.calls.push_back({nullptr, static_cast<size_t>(count)});
        batch.ends.push_back(next);
        at = next;
        return step;
    }
    // The command goes on in the next read: remember its arguments by their place, because the
    // bytes will have moved.
    for (size_t i = first; i < batch.args.size(); ++i) {
        const auto* from = static_cast<const char*>(batch.args[i].as.b.data);
        partial_.push_back({static_cast<size_t>(from - (data + start)), batch.args[i].as.b.size});
    }
    batch.args.resize(first);
    in_command_ = true;
    at_ = next - start;
    return step;
}

Parser::Step Parser::resume_command(const char* data, size_t size, size_t& at, Batch& batch) {
    const Step step = parse_arguments(data, size, at, [&](size_t from, size_t length) {
        partial_.push_back({from, length});
    });
    at_ = at;
    if (step != Step::kDone) return step;
    for (const Span& span : partial_) {
        batch.args.push_back(bytes_arg(data + span.offset, span.size));
    }
    batch.calls.push_back({nullptr, partial_.size()});
    batch.ends.push_back(at);
    reset();
    return step;
}

Parser::Step Parser::parse_inline(const char* data, size_t size, size_t& at, Batch& batch) {
    const size_t rest = size - at;
    const auto* line_end = static_cast<const char*>(std::memchr(data + at, '\n', rest));
    if (line_end == nullptr) {
        return rest > limits_->resp_inline_bytes ? fail("too big inline request") : Step::kNeedMore;
    }
    std::string_view line(data + at, static_cast<size_t>(line_end - (data + at)));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const size_t first = batch.args.size();
    if (!split_inline(line, batch.args, batch.unquoted)) {
        batch.args.resize(first);
        return fail("unbalanced quotes in request");
    }
    at = static_cast<size_t>(line_end + 1 - data);
    if (batch.args.size() != first) {
        batch.calls.push_back({nullptr, batch.args.size() - first});
        batch.ends.push_back(at);
    }
    return Step::kDone;
}

Parsed Parser::parse(const char* data, size_t size, Batch& batch) {
    batch.clear();
    size_t at = at_;
    Parsed result = Parsed::kNeedMore;
    while (at < size) {
        if (batch.calls.size() >= Batch::kMaxCalls || batch.args.size() >= Batch::kMaxArgs) {
            result = Parsed::kFull;
            break;
        }
        const Step step = in_command_       ? resume_command(data, size, at, batch)
                          : data[at] == '*' ? parse_command(data, size, at, batch)
                                            : parse_inline(data, size, at, batch);
        if (step == Step::kError) {
            result = Parsed::kError;
            break;
        }
        if (step == Step::kNeedMore) break;
        batch.consumed = at;
    }
    // Only now, because the arguments may have moved while they grew in number.
    const synap_arg_t* first = batch.args.data();
    for (synap_call_t& call : batch.calls) {
        call.argv = first;
        first += call.argc;
    }
    return result;
}

}  // namespace synap::server::resp
