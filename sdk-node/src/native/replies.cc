#include "replies.h"

#include <cstring>

#include "errors.h"

namespace synap_js {
namespace {

constexpr int64_t kSafeInteger = 9007199254740991;

bool is_ascii(const char* data, size_t size) noexcept {
    uint64_t bits = 0;
    size_t i = 0;
    for (; i + sizeof bits <= size; i += sizeof bits) {
        uint64_t word = 0;
        std::memcpy(&word, data + i, sizeof word);
        bits |= word;
    }
    for (; i < size; ++i) bits |= static_cast<unsigned char>(data[i]);
    return (bits & 0x8080808080808080u) == 0;
}

// Bytes of the well-formed character of UTF-8 at the front; 0 when there is none.
size_t character_size(const unsigned char* at, size_t room) noexcept {
    const unsigned char lead = at[0];
    if (lead < 0x80) return 1;
    const size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4 || size > room) return 0;
    for (size_t i = 1; i < size; ++i) {
        if ((at[i] & 0xc0) != 0x80) return 0;
    }
    const bool is_overlong = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xf0 && at[1] < 0x90);
    const bool is_no_character = (lead == 0xed && at[1] > 0x9f) || (lead == 0xf4 && at[1] > 0x8f);
    return is_overlong || is_no_character ? 0 : size;
}

bool is_utf8(const char* data, size_t size) noexcept {
    const auto* bytes = reinterpret_cast<const unsigned char*>(data);
    for (size_t i = 0; i < size;) {
        const size_t step = character_size(bytes + i, size - i);
        if (step == 0) return false;
        i += step;
    }
    return true;
}

napi_value make_integer(napi_env env, int64_t number) {
    napi_value value = nullptr;
    if (number == static_cast<int32_t>(number)) {
        napi_create_int32(env, static_cast<int32_t>(number), &value);
    } else if (number >= -kSafeInteger && number <= kSafeInteger) {
        napi_create_int64(env, number, &value);
    } else {
        napi_create_bigint_int64(env, number, &value);
    }
    return value;
}

// The result of calling, or with `construct` of constructing, a function of the global object.
napi_value apply(napi_env env, const char* name, napi_value argument, bool construct) {
    napi_value global = nullptr, function = nullptr, value = nullptr;
    if (napi_get_global(env, &global) != napi_ok ||
        napi_get_named_property(env, global, name, &function) != napi_ok) {
        return nullptr;
    }
    if (construct) {
        napi_new_instance(env, function, 1, &argument, &value);
    } else {
        napi_call_function(env, global, function, 1, &argument, &value);
    }
    return value;
}

}  // namespace

napi_value make_string(napi_env env, synap_bytes_t bytes) {
    const auto* data = static_cast<const char*>(bytes.data);
    napi_value value = nullptr;
    if (is_ascii(data, bytes.size)) {  // cheaper: nothing to decode
        napi_create_string_latin1(env, data, bytes.size, &value);
    } else {
        napi_create_string_utf8(env, data, bytes.size, &value);
    }
    return value;
}

synap_sink_t ReplyBuilder::sink() noexcept {
    synap_sink_t sink = SYNAP_SINK_INIT;
    sink.ctx = this;
    sink.scalar = on_scalar;
    sink.error = on_error;
    sink.begin = on_begin;
    sink.end = on_end;
    return sink;
}

napi_value ReplyBuilder::take() {
    if (error_ == nullptr) return result_;
    napi_throw(env_, error_);
    return nullptr;
}

napi_value ReplyBuilder::make_stored(synap_bytes_t bytes) {
    const auto* data = static_cast<const char*>(bytes.data);
    napi_value made = nullptr;
    if (form_.encoding != Encoding::kBuffer) {
        if (is_ascii(data, bytes.size)) {  // cheaper: nothing to decode
            napi_create_string_latin1(env_, data, bytes.size, &made);
            return made;
        }
        if (is_utf8(data, bytes.size)) {
            napi_create_string_utf8(env_, data, bytes.size, &made);
            return made;
        }
        if (form_.encoding == Encoding::kUtf8) {
            made = make_encoding_error(env_, bytes);
            if (form_.errors_in_place || made == nullptr) return made;
            napi_throw(env_, made);
            return nullptr;
        }
    }
    napi_create_buffer_copy(env_, bytes.size, bytes.data, nullptr, &made);
    return made;
}

napi_value ReplyBuilder::make(uint32_t type, const synap_arg_t& value) {
    napi_value made = nullptr;
    switch (type) {
        case SYNAP_TYPE_BYTES:
            return make_stored(value.as.b);
        case SYNAP_TYPE_INT:
            return make_integer(env_, value.as.i);
        case SYNAP_TYPE_BOOL:
            napi_get_boolean(env_, value.as.i != 0, &made);
            return made;
        case SYNAP_TYPE_DOUBLE:
            napi_create_double(env_, value.as.d, &made);
            return made;
        case SYNAP_TYPE_TEXT:
        case SYNAP_TYPE_STATUS:
        case SYNAP_TYPE_VERBATIM:
            return make_string(env_, value.as.b);
        case SYNAP_TYPE_BIG_NUMBER:
            return apply(env_, "BigInt", make_string(env_, value.as.b), false);
        default:
            napi_get_null(env_, &made);
            return made;
    }
}

int32_t ReplyBuilder::put(napi_value value) {
    if (value == nullptr) return -1;
    if (!open_.empty()) return put_element(value);
    if (many_ == nullptr) {
        result_ = value;
        return 0;
    }
    uint32_t size = 0;
    napi_get_array_length(env_, many_, &size);
    return napi_set_element(env_, many_, size, value) == napi_ok ? 0 : -1;
}

int32_t ReplyBuilder::put_element(napi_value value) {
    const uint32_t type = open_.back().type;
    if ((type == SYNAP_TYPE_PAIRS || type == SYNAP_TYPE_MAP) && open_array(kPair, 2) != 0) {
        return -1;
    }
    Open& open = open_.back();
    if (napi_set_element(env_, open.array, open.filled++, value) != napi_ok) return -1;
    if (open.type != kPair || open.filled != open.size) return 0;
    const napi_value pair = open.array;
    open_.pop_back();
    Open& outer = open_.back();
    return napi_set_element(env_, outer.array, outer.filled++, pair) == napi_ok ? 0 : -1;
}

int32_t ReplyBuilder::open_array(uint32_t type, uint64_t count) {
    Open open{nullptr, type, 0, static_cast<uint32_t>(count)};
    if (napi_create_array_with_length(env_, count, &open.array) != napi_ok) return -1;
    open_.push_back(open);
    return 0;
}

napi_value ReplyBuilder::finish(const Open& open) const {
    return open.type == SYNAP_TYPE_MAP ? apply(env_, "Map", open.array, true) : open.array;
}

int32_t ReplyBuilder::on_scalar(void* ctx, uint32_t type, const synap_arg_t* value) {
    auto* self = static_cast<ReplyBuilder*>(ctx);
    const bool is_element = !self->open_.empty() || self->many_ != nullptr;
    if (!is_element) return self->put(self->make(type, *value));
    if (!self->open_.empty() && self->open_.back().type != SYNAP_TYPE_ARRAY) {
        return self->put(self->make(type, *value));  // may leave a pair open: no scope around it
    }
    // A long list must not hold a handle for each element until the call returns.
    napi_handle_scope scope = nullptr;
    if (napi_open_handle_scope(self->env_, &scope) != napi_ok) return -1;
    const int32_t status = self->put(self->make(type, *value));
    napi_close_handle_scope(self->env_, scope);
    return status;
}

int32_t ReplyBuilder::on_error(void* ctx, int32_t, synap_bytes_t message) {
    auto* self = static_cast<ReplyBuilder*>(ctx);
    const napi_value error = make_reply_error(self->env_, message);
    if (error == nullptr) return -1;
    if (!self->open_.empty() || self->many_ != nullptr) return self->put(error);
    self->error_ = error;
    return 0;
}

int32_t ReplyBuilder::on_begin(void* ctx, uint32_t type, uint64_t count) {
    return static_cast<ReplyBuilder*>(ctx)->open_array(type, count);
}

int32_t ReplyBuilder::on_end(void* ctx, uint32_t) {
    auto* self = static_cast<ReplyBuilder*>(ctx);
    const Open open = self->open_.back();
    self->open_.pop_back();
    return self->put(self->finish(open));
}

}  // namespace synap_js
