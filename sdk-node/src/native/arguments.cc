#include "arguments.h"

#include <cmath>
#include <cstring>

namespace synap_js {
namespace {

constexpr double kSafeInteger = 9007199254740991.0;

}  // namespace

void Arguments::grow() {
    const size_t capacity = capacity_ * 2;
    if (data_ == inline_) {
        heap_.resize(capacity);
        std::memcpy(heap_.data(), inline_, sizeof inline_);
    } else {
        heap_.resize(capacity);
    }
    data_ = heap_.data();
    capacity_ = capacity;
}

bool Arguments::add_other(napi_env env, napi_value value, synap_arg_t& arg) {
    napi_valuetype type = napi_undefined;
    napi_typeof(env, value, &type);
    arg.reserved = 0;
    if (type == napi_string) return add_long_string(env, value, arg);
    if (type == napi_number) return add_number(env, value, arg);
    if (type == napi_bigint) return add_bigint(env, value, arg);
    bool is_array = false;
    if (type == napi_object) napi_is_typedarray(env, value, &is_array);
    return is_array && add_array(env, value, arg);
}

bool Arguments::add_long_string(napi_env env, napi_value value, synap_arg_t& arg) {
    size_t size = 0;
    napi_get_value_string_utf8(env, value, nullptr, 0, &size);
    strings_.push_back(std::make_unique_for_overwrite<char[]>(size + 1));
    char* const text = strings_.back().get();
    napi_get_value_string_utf8(env, value, text, size + 1, &size);
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b = {text, size};
    return true;
}

bool Arguments::add_number(napi_env env, napi_value value, synap_arg_t& arg) {
    double number = 0;
    napi_get_value_double(env, value, &number);
    if (!std::isfinite(number)) return false;
    if (std::trunc(number) == number && std::fabs(number) <= kSafeInteger) {
        arg.type = SYNAP_TYPE_INT;
        arg.as.i = static_cast<int64_t>(number);
        return true;
    }
    // As JavaScript shows it: the text of a stored number is String(number).
    napi_value text = nullptr;
    return napi_coerce_to_string(env, value, &text) == napi_ok && add_long_string(env, text, arg);
}

bool Arguments::add_bigint(napi_env env, napi_value value, synap_arg_t& arg) {
    bool exact = false;
    arg.type = SYNAP_TYPE_INT;
    return napi_get_value_bigint_int64(env, value, &arg.as.i, &exact) == napi_ok && exact;
}

// False for arrays of anything but bytes.
bool Arguments::add_array(napi_env env, napi_value value, synap_arg_t& arg) {
    napi_typedarray_type type = napi_float64_array;
    size_t size = 0;
    void* data = nullptr;
    if (napi_get_typedarray_info(env, value, &type, &size, &data, nullptr, nullptr) != napi_ok) {
        return false;
    }
    if (type != napi_uint8_array && type != napi_int8_array && type != napi_uint8_clamped_array) {
        return false;
    }
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b = {data, size};
    return true;
}

}  // namespace synap_js
