// Errors as values. A Result<T> holds either a T or an Error; neither can be ignored by accident.
//
// Thread safety: plain values. Cost: success of Result<void> is one null pointer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/base/assert.h"

namespace synap {

// A code exists only where a caller can react to it; the numbers are those of synap.h.
enum class Code : int32_t {
    kOk = 0,
    kPending = 1,
    kEmpty = 2,
    kHost = 3,
    kInvalidArgument = -1,
    kInvalidHandle = -2,
    kMisuse = -3,
    kNoMemory = -4,
    kIo = -5,
    kCorrupt = -6,
    kLocked = -7,
    kBackpressure = -8,
    kTimeout = -9,
    kCancelled = -10,
    kShutdown = -11,
    kReadonly = -12,
    kUnsupported = -13,
    kVersion = -14,
    kSink = -15,
    kNeedSnapshot = -16,
    kForked = -17,
    kInternal = -18,
};

// Why the operating system refused, as far as anybody can react to it.
enum class Cause : uint8_t {
    kUnknown,   // also: the state of the disk is in doubt
    kShortage,  // of room, quota, descriptors or memory: nothing is damaged, and it may pass
    kReadOnly,  // the place can be read and not be written
};

struct Error {
    Code code;
    std::string message;
    Cause cause = Cause::kUnknown;  // of kIo

    bool may_pass() const noexcept { return cause != Cause::kUnknown; }
};

// An error on its way from one Result to another, which costs no memory.
struct [[nodiscard]] Failure {
    std::unique_ptr<Error> error;
};

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : value_(std::move(value)) {}  // NOLINT(runtime/explicit)
    Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT
    Result(Failure failure) noexcept : error_(std::move(failure.error)) {       // NOLINT
        SYNAP_ASSERT(error_ != nullptr);
    }

    explicit operator bool() const noexcept { return error_ == nullptr; }
    T& operator*() & noexcept {
        SYNAP_ASSERT(value_.has_value());
        return *value_;
    }
    T operator*() && {  // a value: a reference would not outlive `for (x : *f())`
        SYNAP_ASSERT(value_.has_value());
        return std::move(*value_);
    }
    T* operator->() noexcept {
        SYNAP_ASSERT(value_.has_value());
        return &*value_;
    }
    const Error& error() const noexcept {
        SYNAP_ASSERT(error_ != nullptr);
        return *error_;
    }
    Error take_error() noexcept {
        SYNAP_ASSERT(error_ != nullptr);
        return std::move(*error_);
    }
    Failure take_failure() noexcept { return {std::move(error_)}; }

private:
    std::optional<T> value_;
    std::unique_ptr<Error> error_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT
    Result(Failure failure) noexcept : error_(std::move(failure.error)) {       // NOLINT
        SYNAP_ASSERT(error_ != nullptr);
    }

    explicit operator bool() const noexcept { return error_ == nullptr; }
    const Error& error() const noexcept {
        SYNAP_ASSERT(error_ != nullptr);
        return *error_;
    }
    Error take_error() noexcept {
        SYNAP_ASSERT(error_ != nullptr);
        return std::move(*error_);
    }
    Failure take_failure() noexcept { return {std::move(error_)}; }
    // The one greppable way to say that an error does not matter here.
    void ignore() const noexcept {}

private:
    std::unique_ptr<Error> error_;
};

using Status = Result<void>;

}  // namespace synap

// Returns the error of `expression` from the enclosing function, if it has one.
#define SYNAP_TRY(expression)                                                       \
    do {                                                                            \
        if (auto synap_try_result = (expression); !synap_try_result) [[unlikely]] { \
            return synap_try_result.take_failure();                                 \
        }                                                                           \
    } while (false)
