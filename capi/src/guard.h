// The one boundary between C callers and the engine: every export is a call of guard().
#pragma once

#include <system_error>

#include "capi/src/handles.h"

namespace synap::capi {

// What a failure means for whoever retries. Exactly one of NOT_APPLIED and OUTCOME_UNKNOWN.
uint32_t traits_of(Code code) noexcept;

// Stores an owned error and returns its status. Falls back to an immortal error of that status when
// memory is exhausted. `token` and `applied` describe a write that was applied before it failed.
synap_status_t report(synap_error_t** err, Code code, std::string_view why,
                      synap_token_t token = {0, 0}, bool applied = false) noexcept;
[[gnu::cold]] inline synap_status_t report(synap_error_t** err, const Error& error) noexcept {
    return report(err, error.code, error.message);
}
synap_error_t* make_error(Code code, std::string_view why, synap_token_t token = {0, 0},
                          bool applied = false) noexcept;

// Whether the handle can be used. Needs no memory.
template <typename T>
bool alive(const T* handle) noexcept {
    return handle != nullptr && handle->magic == T::kMagic &&
           handle->generation == fork_generation();
}

// Why a handle that is not alive is none.
template <typename T>
[[gnu::cold]] Error why_dead(const T* handle, const char* name) {
    if (handle == nullptr) return {Code::kInvalidHandle, std::string(name) + " is NULL"};
    if (handle->magic != T::kMagic) {
        return {Code::kInvalidHandle, std::string(name) + " is not a live handle of its type"};
    }
    return {Code::kForked, std::string(name) + " was made before fork()"};
}

template <typename T>
[[gnu::always_inline]] inline Status check(const T* handle, const char* name) {
    if (alive(handle)) return {};
    return why_dead(handle, name);
}

inline Error invalid(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }

// Runs body, which returns Result<synap_status_t> (a status, whose failure it has reported, or an
// Error). Nothing that it throws leaves.
template <typename Body>
synap_status_t guard(synap_error_t** err, Body&& body) noexcept {
    if (err != nullptr) *err = nullptr;
    try {
        Result<synap_status_t> result = body();
        if (result) return *result;
        return report(err, result.error());
    } catch (const std::bad_alloc&) {
        return report(err, Code::kNoMemory, {});
    } catch (const std::system_error& error) {
        const bool no_thread = error.code() == std::errc::resource_unavailable_try_again;
        return report(err, no_thread ? Code::kNoMemory : Code::kInternal, error.what());
    } catch (const std::exception& exception) {
        return report(err, Code::kInternal, exception.what());
    } catch (...) {
        return report(err, Code::kInternal, "an unknown exception reached the boundary");
    }
}

// What follows the effects of a call. Running out of memory there must not say that nothing was
// applied, as guard() would.
template <typename Body>
auto after_effects(synap_error_t** err, synap_token_t token, Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return report(err, Code::kNoMemory, {}, token, true);
    }
}

// Of a caller that may be older (the tail is zero) or newer (its tail must be zero).
template <typename T>
[[gnu::cold]] Status read_other_version(const T* from, const char* name, T& to) {
    const uint32_t size = from->struct_size;
    if (size < sizeof(uint32_t) || size > 4096) {
        return invalid(std::string(name) + ": struct_size is not set; use its _INIT macro");
    }
    const auto* bytes = reinterpret_cast<const char*>(from);
    for (size_t i = sizeof(T); i < size; ++i) {
        if (bytes[i] != 0) {
            return Error{Code::kVersion,
                         std::string(name) + " asks for something this library does not know"};
        }
    }
    std::memcpy(&to, from, size < sizeof(T) ? size : sizeof(T));
    to.struct_size = sizeof(T);
    return {};
}

// Reads a structure that starts with struct_size; NULL leaves the defaults that `to` holds.
template <typename T>
Status read_struct(const T* from, const char* name, T& to) {
    if (from == nullptr) return {};
    if (from->struct_size != sizeof(T)) return read_other_version(from, name, to);
    to = *from;
    return {};
}

}  // namespace synap::capi
