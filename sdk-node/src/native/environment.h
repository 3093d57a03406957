// What one JavaScript environment (the main thread or a worker) keeps: the functions that the
// JavaScript half has given, the connections to stores, and the way back from engine threads.
#pragma once

#include <node_api.h>

#include <atomic>
#include <memory>
#include <vector>

namespace synap_js {

class Connection;

// Used on the environment's thread, except wake().
class Environment {
public:
    // Functions of the JavaScript half.
    enum Hook {
        kMakeError,
        kMakeReplyError,
        kMakeEncodingError,
        kMakeArgumentError,
        kComplete,
        kHookCount
    };

    // Creates the instance data of `env`; false with an exception pending.
    static bool create(napi_env env, const napi_value (&hooks)[kHookCount]);
    static Environment& of(napi_env env) {
        void* data = nullptr;
        napi_get_instance_data(env, &data);
        return *static_cast<Environment*>(data);
    }
    ~Environment();
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    napi_env env() const noexcept { return env_; }
    // NULL with an exception pending.
    napi_value call(Hook hook, size_t count, const napi_value* arguments) const;

    void add(std::shared_ptr<Connection> connection);
    void remove(const Connection& connection);
    // A pending operation keeps the event loop alive; without any the function does not.
    void operation_started();
    void operations_ended(size_t count);
    // Has take_events() run soon. Calls that come before it did are one. From any thread.
    void wake() noexcept;

private:
    explicit Environment(napi_env env) noexcept : env_(env) {}

    static void on_wake(napi_env env, napi_value, void* context, void*);
    static void on_teardown(void* environment);

    // So that the garbage collector runs where a program drops stores without closing them: their
    // objects alone are too small for it to notice.
    static constexpr int64_t kStoreBytes = 8 << 20;
    void adjust_memory(int64_t bytes) const noexcept;

    void take_events();

    napi_env const env_;
    napi_ref hooks_[kHookCount] = {};
    napi_threadsafe_function function_ = nullptr;
    std::atomic<bool> woken_{false};
    size_t pending_ = 0;
    std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace synap_js
