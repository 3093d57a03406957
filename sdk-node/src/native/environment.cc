#include "environment.h"

#include <algorithm>

#include "connection.h"

namespace synap_js {

bool Environment::create(napi_env env, const napi_value (&hooks)[kHookCount]) {
    std::unique_ptr<Environment> self(new Environment(env));
    for (size_t i = 0; i < kHookCount; ++i) {
        if (napi_create_reference(env, hooks[i], 1, &self->hooks_[i]) != napi_ok) return false;
    }
    napi_value name = nullptr;
    if (napi_create_string_utf8(env, "synap", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                        self.get(), on_wake, &self->function_) != napi_ok ||
        napi_unref_threadsafe_function(env, self->function_) != napi_ok ||
        napi_add_env_cleanup_hook(env, on_teardown, self.get()) != napi_ok) {
        return false;
    }
    const auto destroy = [](napi_env, void* data, void*) {
        delete static_cast<Environment*>(data);
    };
    if (napi_set_instance_data(env, self.get(), destroy, nullptr) != napi_ok) return false;
    self.release();
    return true;
}

Environment::~Environment() = default;

napi_value Environment::call(Hook hook, size_t count, const napi_value* arguments) const {
    napi_value function = nullptr, receiver = nullptr, result = nullptr;
    if (napi_get_reference_value(env_, hooks_[hook], &function) != napi_ok ||
        napi_get_undefined(env_, &receiver) != napi_ok ||
        napi_call_function(env_, receiver, function, count, arguments, &result) != napi_ok) {
        return nullptr;
    }
    return result;
}

void Environment::add(std::shared_ptr<Connection> connection) {
    connections_.push_back(std::move(connection));
    adjust_memory(kStoreBytes);
}

void Environment::remove(const Connection& connection) {
    const auto found = std::find_if(connections_.begin(), connections_.end(),
                                    [&](const auto& c) { return c.get() == &connection; });
    if (found == connections_.end()) return;
    connections_.erase(found);
    adjust_memory(-kStoreBytes);
}

void Environment::adjust_memory(int64_t bytes) const noexcept {
    int64_t now = 0;
    napi_adjust_external_memory(env_, bytes, &now);
}

void Environment::operation_started() {
    if (pending_++ == 0) napi_ref_threadsafe_function(env_, function_);
}

void Environment::operations_ended(size_t count) {
    pending_ -= count;
    if (pending_ == 0 && count != 0) napi_unref_threadsafe_function(env_, function_);
}

void Environment::wake() noexcept {
    if (woken_.exchange(true)) return;
    napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void Environment::on_wake(napi_env env, napi_value, void* context, void*) {
    // Without an environment the function is being torn down.
    if (env != nullptr) static_cast<Environment*>(context)->take_events();
}

// At most one batch of each connection: what is left waits for the loop's next turn.
void Environment::take_events() {
    woken_.store(false);
    bool more = false;
    const std::vector<std::shared_ptr<Connection>> turn = connections_;
    for (const auto& connection : turn) more = connection->take_events() || more;
    if (more) wake();
}

// Runs before the environment's values are gone, when no JavaScript can run any more.
void Environment::on_teardown(void* environment) {
    auto* self = static_cast<Environment*>(environment);
    for (const auto& connection : self->connections_) connection->abandon();
    self->connections_.clear();
    napi_release_threadsafe_function(self->function_, napi_tsfn_abort);
}

}  // namespace synap_js
