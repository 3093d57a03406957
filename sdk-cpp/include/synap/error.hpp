// Errors of the C++ interface, as exceptions or as values.
//
// Every fallible call exists twice: `try_x` returns a Result and never throws for a failure of the
// engine, `x` returns the value and throws Error. Nothing here crosses the boundary of the shared
// library: only the plain C types of synap.h do.
#pragma once

// MSVC tells the truth about the standard only in a name of its own.
#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#error "synap.hpp needs C++20: add -std=c++20, or a later one, to the compiler"
#endif

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <synap/synap.h>

namespace synap {

// Bytes of the C interface for a view, and back. Neither copies.
inline synap_bytes_t to_bytes(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view to_view(synap_bytes_t bytes) noexcept {
    return {static_cast<const char*>(bytes.data), bytes.size};
}

// A call that failed: what happened, and what a retry loop needs to know about it.
class Error : public std::exception {
public:
    Error(synap_status_t status, std::string message, uint32_t traits = 0)
        : status_(status), traits_(traits), message_(std::move(message)) {}

    // Copies what `error` says and frees it. NULL, which only a full memory causes, is allowed.
    static Error take(synap_status_t status, synap_error_t* error) {
        Error result(status, "the engine gave no details");
        if (error != nullptr) {
            result.status_ = synap_error_status(error);
            result.traits_ = synap_error_traits(error);
            result.token_ = synap_error_token(error);
            result.message_ = to_view(synap_error_message(error));
            synap_error_free(error);
        }
        return result;
    }

    const char* what() const noexcept override { return message_.c_str(); }
    const std::string& message() const noexcept { return message_; }
    synap_status_t status() const noexcept { return status_; }
    // Token the command had been given when it failed; {0,0} when there is none.
    synap_token_t token() const noexcept { return token_; }

    bool retryable() const noexcept { return (traits_ & SYNAP_TRAIT_RETRYABLE) != 0; }
    bool fatal() const noexcept { return (traits_ & SYNAP_TRAIT_FATAL) != 0; }
    bool not_applied() const noexcept { return (traits_ & SYNAP_TRAIT_NOT_APPLIED) != 0; }
    bool outcome_unknown() const noexcept { return (traits_ & SYNAP_TRAIT_OUTCOME_UNKNOWN) != 0; }
    bool caller_bug() const noexcept { return (traits_ & SYNAP_TRAIT_CALLER_BUG) != 0; }

private:
    synap_status_t status_;
    uint32_t traits_;
    synap_token_t token_{0, 0};
    std::string message_;
};

// An error reply of a command ("WRONGTYPE Operation against ..."). The call itself went well.
class CommandError : public Error {
public:
    CommandError(int64_t code, std::string message)
        : Error(SYNAP_OK, std::move(message), SYNAP_TRAIT_NOT_APPLIED), code_(code) {}

    // SYNAP_REPLY_*.
    int64_t code() const noexcept { return code_; }

private:
    int64_t code_;
};

// A value or an Error.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
    Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

    explicit operator bool() const noexcept { return state_.index() == 0; }
    const Error& error() const { return std::get<1>(state_); }

    // The value; throws the Error when there is none.
    T& value() & {
        require();
        return std::get<0>(state_);
    }
    T&& value() && {
        require();
        return std::get<0>(std::move(state_));
    }
    T& operator*() & { return std::get<0>(state_); }
    T* operator->() { return &std::get<0>(state_); }

private:
    void require() const {
        if (state_.index() != 0) throw std::get<1>(state_);
    }

    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : failed_(true), error_(std::move(error)) {}  // NOLINT

    explicit operator bool() const noexcept { return !failed_; }
    const Error& error() const noexcept { return error_; }
    void value() const {
        if (failed_) throw error_;
    }

private:
    bool failed_ = false;
    Error error_{SYNAP_OK, {}};
};

namespace detail {

// Turns the outcome of a C call into a Result: negative is an Error, all else is the status.
inline Result<synap_status_t> outcome(synap_status_t status, synap_error_t* error) {
    if (status < 0) return Error::take(status, error);
    return status;
}

// Owner of one reference to a C handle. Moves; copies only where the handle can be retained.
template <typename T, void(SYNAP_CALL* Release)(T*) noexcept>
class Handle {
public:
    Handle() = default;
    explicit Handle(T* raw) noexcept : raw_(raw) {}
    Handle(Handle&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
        if (this != &other) Release(std::exchange(raw_, std::exchange(other.raw_, nullptr)));
        return *this;
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { Release(raw_); }

    T* get() const noexcept { return raw_; }

private:
    T* raw_ = nullptr;
};

}  // namespace detail
}  // namespace synap
