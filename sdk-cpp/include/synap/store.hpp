// Stores: a data directory, or ":memory:", opened by this process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include <synap/error.hpp>
#include <synap/reply.hpp>

namespace synap {

// Options of a store, checked as they are set.
class Config {
public:
    Config() : handle_(synap_config_new()) {
        if (handle_.get() == nullptr) throw Error(SYNAP_E_NO_MEMORY, "out of memory");
    }

    Result<void> try_set(std::string_view name, std::string_view value) {
        synap_error_t* error = nullptr;
        const auto status = synap_config_set(raw(), to_bytes(name), to_bytes(value), &error);
        if (status < 0) return Error::take(status, error);
        return {};
    }
    Config& set(std::string_view name, std::string_view value) {
        try_set(name, value).value();
        return *this;
    }

    synap_config_t* raw() const noexcept { return handle_.get(); }

private:
    detail::Handle<synap_config_t, synap_config_free> handle_;
};

// A store that this program has opened. Copies share it, and so do its sessions and queues of
// events; any thread may use it. The last of them closes a store that was not closed, and waits
// for its log: a program that returns from main() or calls exit() loses nothing, of a static
// Store neither. Call close() to learn of errors. quick_exit(), abort() and an exception that
// nobody catches destroy nothing; what they may lose is what the death of a process may.
class Store {
public:
    // Takes over one reference, and the duty to close.
    explicit Store(synap_store_t* raw) : handle_(raw, Closer{}) {}

    static Result<Store> try_open(std::string_view path, const Config* config = nullptr) {
        synap_store_t* raw = nullptr;
        synap_error_t* error = nullptr;
        const auto status =
            synap_open(to_bytes(path), config != nullptr ? config->raw() : nullptr, &raw, &error);
        if (status < 0) return Error::take(status, error);
        return Store(raw);
    }
    // Opens `path` (created when absent) or ":memory:", with what the log holds recovered.
    static Store open(std::string_view path) { return try_open(path).value(); }
    static Store open(std::string_view path, const Config& config) {
        return try_open(path, &config).value();
    }

    // Makes the log durable and stops; sessions answer SHUTDOWN from then on. Idempotent.
    Result<void> try_close(uint32_t timeout_ms = UINT32_MAX) {
        synap_error_t* error = nullptr;
        const auto status = synap_store_close(raw(), timeout_ms, &error);
        if (status < 0) return Error::take(status, error);
        return {};
    }
    void close(uint32_t timeout_ms = UINT32_MAX) { try_close(timeout_ms).value(); }

    // The state now. A store that failed has state SYNAP_STATE_FAILED; one that refuses writes
    // until there is room again, SYNAP_STATE_BLOCKED.
    synap_store_state_t state() const noexcept {
        synap_store_state_t state = SYNAP_STORE_STATE_INIT;
        std::ignore = synap_store_get_state(raw(), &state, nullptr);
        return state;
    }

    Result<void> try_set(std::string_view name, std::string_view value) {
        synap_error_t* error = nullptr;
        const auto status = synap_option_set(raw(), to_bytes(name), to_bytes(value), &error);
        if (status < 0) return Error::take(status, error);
        return {};
    }
    // Changes an option that can be changed while the store is open.
    void set(std::string_view name, std::string_view value) { try_set(name, value).value(); }
    // An option's value as text.
    std::string option(std::string_view name) const {
        synap_reply_t* reply = nullptr;
        synap_error_t* error = nullptr;
        const auto status = synap_option_get(raw(), to_bytes(name), &reply, &error);
        if (status < 0) throw Error::take(status, error);
        return std::string(Reply(reply).root().bytes());
    }

    // Waits until the log has reached `level` (SYNAP_DURABILITY_*) through `token`.
    Result<void> try_wait(synap_token_t token, uint32_t level, uint32_t timeout_ms = UINT32_MAX) {
        synap_error_t* error = nullptr;
        const auto status = synap_log_wait(raw(), token, level, timeout_ms, &error);
        if (status < 0) return Error::take(status, error);
        return {};
    }
    void wait(synap_token_t token, uint32_t level, uint32_t timeout_ms = UINT32_MAX) {
        try_wait(token, level, timeout_ms).value();
    }

    synap_store_t* raw() const noexcept { return handle_.get(); }

private:
    friend class Session;
    friend class Events;

    struct Closer {
        void operator()(synap_store_t* raw) const noexcept {
            if (raw != nullptr) {
                std::ignore = synap_store_close(raw, UINT32_MAX, nullptr);
                synap_store_release(raw);
            }
        }
    };

    std::shared_ptr<synap_store_t> handle_;
};

}  // namespace synap
