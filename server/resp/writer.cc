#define SYNAP_UNSTABLE_API
#include "server/resp/writer.h"

#include <synap/synap_unstable.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>

namespace synap::server::resp {
namespace {

constexpr size_t kMaxNumber = 24;
// Up to here a shared value is cheaper to copy than to keep.
constexpr size_t kCopiedBytes = 4096;

// Decimal digits of `value` at `to`; returns their end. Most lengths have one or two digits.
char* put_unsigned(char* to, uint64_t value) noexcept {
    if (value < 10) {
        *to = static_cast<char>('0' + value);
        return to + 1;
    }
    if (value < 100) {
        to[0] = static_cast<char>('0' + value / 10);
        to[1] = static_cast<char>('0' + value % 10);
        return to + 2;
    }
    return std::to_chars(to, to + kMaxNumber, value).ptr;
}

char* put_end(char* to) noexcept {
    to[0] = '\r';
    to[1] = '\n';
    return to + 2;
}

// Shortest text that reads back as the same double; integers without a point.
std::string_view format_double(double value, std::array<char, 40>& text) noexcept {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    // 2^52: integers below it print as integers; minus zero keeps its sign.
    constexpr double kExact = 4503599627370496.0;
    std::to_chars_result end{};
    const bool minus_zero = value == 0 && std::signbit(value);
    if (value == std::floor(value) && std::abs(value) < kExact && !minus_zero) {
        end = std::to_chars(text.data(), text.data() + text.size(), static_cast<int64_t>(value));
    } else {
        end = std::to_chars(text.data(), text.data() + text.size(), value);
    }
    return {text.data(), static_cast<size_t>(end.ptr - text.data())};
}

}  // namespace

Writer::Writer() noexcept {
    sink_.ctx = this;
    sink_.scalar = &Writer::on_scalar;
    sink_.error = &Writer::on_error;
    sink_.begin = &Writer::on_begin;
    sink_.end = &Writer::on_end;
    sink_.blob = &Writer::on_blob;
}

void Writer::bind(OutputBuffer& out, uint32_t protocol, size_t pause_at) noexcept {
    out_ = &out;
    pause_at_ = pause_at;
    failed_ = false;
    levels_.clear();
    set_protocol(protocol);
}

int32_t Writer::answer() const noexcept {
    if (failed_) return 1;
    return out_->pending() > pause_at_ ? SYNAP_SINK_PAUSE : 0;
}

void Writer::put(std::string_view text) noexcept {
    if (!out_->append(text)) failed_ = true;
}

void Writer::line(char prefix, std::string_view text) noexcept {
    char* to = out_->reserve(text.size() + 3);
    if (to == nullptr) {
        failed_ = true;
        return;
    }
    *to++ = prefix;
    // A line end inside the text would end the reply early.
    for (const char c : text) {
        *to++ = c == '\r' || c == '\n' ? ' ' : c;
    }
    out_->commit(put_end(to));
}

void Writer::integer(char prefix, int64_t value) noexcept {
    char* to = out_->reserve(kMaxNumber + 3);
    if (to == nullptr) {
        failed_ = true;
        return;
    }
    *to++ = prefix;
    to = value >= 0 ? put_unsigned(to, static_cast<uint64_t>(value))
                    : std::to_chars(to, to + kMaxNumber, value).ptr;
    out_->commit(put_end(to));
}

void Writer::bulk(std::string_view text) noexcept {
    char* to = out_->reserve(text.size() + kMaxNumber + 5);
    if (to == nullptr) {
        failed_ = true;
        return;
    }
    *to++ = '$';
    to = put_end(put_unsigned(to, text.size()));
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    out_->commit(put_end(to + text.size()));
}

void Writer::number(double value) noexcept {
    std::array<char, 40> buffer{};
    const std::string_view text = format_double(value, buffer);
    if (resp3_) {
        line(',', text);
    } else {
        bulk(text);
    }
}

void Writer::verbatim(std::string_view text) noexcept {
    if (!resp3_) {
        bulk(text);
        return;
    }
    integer('=', static_cast<int64_t>(text.size() + 4));
    put("txt:");
    put(text);
    put("\r\n");
}

void Writer::status(std::string_view text) noexcept { line('+', text); }

void Writer::error(std::string_view text) noexcept { line('-', text); }

// RESP3 wraps each pair in an array of two; the engine only says where pairs begin.
void Writer::before_value() noexcept {
    Level& level = levels_.back();
    if (level.pairs) {
        if (!level.odd) put("*2\r\n");
        level.odd = !level.odd;
    }
}

void Writer::scalar(uint32_t type, const synap_arg_t* value) noexcept {
    switch (type) {
        case SYNAP_TYPE_BYTES:
        case SYNAP_TYPE_TEXT: {
            const synap_bytes_t bytes = value->as.b;
            bulk({static_cast<const char*>(bytes.data), bytes.size});
            return;
        }
        case SYNAP_TYPE_STATUS: {
            const synap_bytes_t bytes = value->as.b;
            status({static_cast<const char*>(bytes.data), bytes.size});
            return;
        }
        case SYNAP_TYPE_INT:
            integer(':', value->as.i);
            return;
        case SYNAP_TYPE_NULL:
            put(resp3_ ? "_\r\n" : "$-1\r\n");
            return;
        case SYNAP_TYPE_NULL_ARRAY:
            put(resp3_ ? "_\r\n" : "*-1\r\n");
            return;
        case SYNAP_TYPE_BOOL:
            if (resp3_) {
                put(value->as.i != 0 ? "#t\r\n" : "#f\r\n");
            } else {
                put(value->as.i != 0 ? ":1\r\n" : ":0\r\n");
            }
            return;
        case SYNAP_TYPE_DOUBLE:
            number(value->as.d);
            return;
        case SYNAP_TYPE_VERBATIM: {
            const synap_bytes_t bytes = value->as.b;
            verbatim({static_cast<const char*>(bytes.data), bytes.size});
            return;
        }
        case SYNAP_TYPE_BIG_NUMBER: {
            const synap_bytes_t bytes = value->as.b;
            const std::string_view text(static_cast<const char*>(bytes.data), bytes.size);
            if (resp3_) {
                line('(', text);
            } else {
                bulk(text);
            }
            return;
        }
        default:
            error("ERR reply of an unknown type");
    }
}

int32_t SYNAP_CALL Writer::on_scalar(void* ctx, uint32_t type, const synap_arg_t* value) noexcept {
    Writer& self = *static_cast<Writer*>(ctx);
    if (!self.levels_.empty()) self.before_value();
    self.scalar(type, value);
    return self.answer();
}

int32_t SYNAP_CALL Writer::on_error(void* ctx, int32_t /*code*/, synap_bytes_t message) noexcept {
    Writer& self = *static_cast<Writer*>(ctx);
    if (!self.levels_.empty()) self.before_value();
    self.error({static_cast<const char*>(message.data), message.size});
    return self.answer();
}

int32_t SYNAP_CALL Writer::on_begin(void* ctx, uint32_t type, uint64_t count) noexcept {
    Writer& self = *static_cast<Writer*>(ctx);
    if (!self.levels_.empty()) self.before_value();
    const auto items = static_cast<int64_t>(count);
    switch (type) {
        case SYNAP_TYPE_MAP:
            self.integer(self.resp3_ ? '%' : '*', self.resp3_ ? items : items * 2);
            break;
        case SYNAP_TYPE_SET:
            self.integer(self.resp3_ ? '~' : '*', items);
            break;
        case SYNAP_TYPE_PUSH:
            self.integer(self.resp3_ ? '>' : '*', items);
            break;
        case SYNAP_TYPE_PAIRS:
            self.integer('*', self.resp3_ ? items : items * 2);
            break;
        default:
            self.integer('*', items);
    }
    const bool pairs = self.resp3_ && type == SYNAP_TYPE_PAIRS;
    if (pairs || !self.levels_.empty()) {
        try {
            self.levels_.push_back({pairs, false});
        } catch (const std::bad_alloc&) {
            self.failed_ = true;
        }
    }
    return self.answer();
}

int32_t SYNAP_CALL Writer::on_end(void* ctx, uint32_t /*type*/) noexcept {
    Writer& self = *static_cast<Writer*>(ctx);
    if (!self.levels_.empty()) self.levels_.pop_back();
    return self.answer();
}

int32_t SYNAP_CALL Writer::on_blob(void* ctx, synap_bytes_t value, synap_blob_t* owner) noexcept {
    Writer& self = *static_cast<Writer*>(ctx);
    if (!self.levels_.empty()) self.before_value();
    if (value.size <= kCopiedBytes) {
        self.bulk({static_cast<const char*>(value.data), value.size});
        return self.answer();
    }
    self.integer('$', static_cast<int64_t>(value.size));
    if (!self.failed_ && !self.out_->append_blob(value, owner)) self.failed_ = true;
    self.put("\r\n");
    return self.answer();
}

}  // namespace synap::server::resp
