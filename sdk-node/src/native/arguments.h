// JavaScript values as the argument vectors of commands.
#pragma once

#include <node_api.h>
#include <synap/synap.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace synap_js {

// Strings are copied as UTF-8, the bytes of arrays are borrowed: no JavaScript may run before the
// arguments have been used. Nothing is allocated for a few short ones.
class Arguments {
public:
    Arguments() = default;
    Arguments(const Arguments&) = delete;
    Arguments& operator=(const Arguments&) = delete;

    // False, without an exception, for what no command can be given: see throw_argument().
    bool add(napi_env env, napi_value value) {
        synap_arg_t* arg = next();
        return add_string(env, value, *arg) || add_other(env, value, *arg);
    }
    void add(const synap_arg_t& word) { *next() = word; }

    const synap_arg_t* data() const noexcept { return data_; }
    size_t size() const noexcept { return size_; }

private:
    static constexpr size_t kInlineArguments = 16;
    static constexpr size_t kInlineBytes = 1024;
    // A string cut short may end this much before the end of its buffer: no character is split.
    static constexpr size_t kLongestCharacter = 4;

    synap_arg_t* next() {
        if (size_ == capacity_) grow();
        return data_ + size_++;
    }
    // False, without an exception, when the value is no string or does not fit.
    bool add_string(napi_env env, napi_value value, synap_arg_t& arg) {
        char* const at = bytes_ + used_;
        const size_t room = kInlineBytes - used_;
        size_t size = 0;
        if (room <= kLongestCharacter ||
            napi_get_value_string_utf8(env, value, at, room, &size) != napi_ok ||
            size >= room - kLongestCharacter) {
            return false;
        }
        used_ += size;
        arg.type = SYNAP_TYPE_BYTES;
        arg.reserved = 0;
        arg.as.b = {at, size};
        return true;
    }
    void grow();
    bool add_other(napi_env env, napi_value value, synap_arg_t& arg);
    bool add_long_string(napi_env env, napi_value value, synap_arg_t& arg);
    bool add_number(napi_env env, napi_value value, synap_arg_t& arg);
    bool add_bigint(napi_env env, napi_value value, synap_arg_t& arg);
    bool add_array(napi_env env, napi_value value, synap_arg_t& arg);

    synap_arg_t inline_[kInlineArguments];
    char bytes_[kInlineBytes];
    synap_arg_t* data_ = inline_;
    size_t size_ = 0;
    size_t capacity_ = kInlineArguments;
    size_t used_ = 0;
    std::vector<synap_arg_t> heap_;
    std::vector<std::unique_ptr<char[]>> strings_;
};

}  // namespace synap_js
