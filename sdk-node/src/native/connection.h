// One environment's use of a store: its sessions, its event queue and what it waits for.
#pragma once

#include <node_api.h>
#include <synap/synap.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "environment.h"
#include "registry.h"
#include "replies.h"

namespace synap_js {

// NULL inside once the connection is closed.
struct Session {
    explicit Session(synap_session_t* opened) noexcept : handle(opened) {}
    ~Session() { synap_session_release(handle); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    void end() noexcept {
        synap_session_release(handle);
        handle = nullptr;
    }

    synap_session_t* handle;
};

// Used on the environment's thread.
class Connection {
public:
    Connection(Environment& environment, std::shared_ptr<SharedStore> store)
        : environment_(&environment), store_(std::move(store)) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // NULL some time after closed() became true.
    synap_store_t* store() const noexcept { return store_ ? store_->handle : nullptr; }
    bool closed() const noexcept { return closed_; }
    // Before it is closed.
    const std::string& path() const noexcept { return store_->path; }

    synap_status_t open_session(std::shared_ptr<Session>& session, synap_error_t** error);
    // The queue of submitted operations, opened with the first one.
    synap_status_t events(synap_events_t** events, synap_error_t** error);

    // Registers a pending operation under the tag that its completion will carry.
    void started(uint64_t tag, uint64_t operation, ReplyForm form);
    // Hands one batch of completions to JavaScript; true when there may be more.
    bool take_events();

    // Cancels what is pending, ends the sessions and the use of the store. The last use frees all
    // that the store held before this returns, unless another environment has not yet taken the
    // completions of what it had pending. Idempotent.
    synap_status_t close(synap_error_t** error);
    // The environment ends: as close(), and nothing is handed to JavaScript any more.
    void abandon() noexcept;

private:
    struct Operation {
        uint64_t number;
        ReplyForm form;
    };

    static void on_wake(void* environment);
    bool append_result(napi_env env, napi_value list, synap_batch_t* batch, uint32_t i);
    void release_events() noexcept;
    // Lets go of the store once nothing more can come from it.
    void settle();
    synap_status_t leave(synap_error_t** error);

    Environment* environment_;  // NULL once abandoned
    std::shared_ptr<SharedStore> store_;
    std::vector<std::weak_ptr<Session>> sessions_;
    synap_events_t* events_ = nullptr;
    std::unordered_map<uint64_t, Operation> operations_;  // by tag
    bool closed_ = false;

public:
    size_t handles = 0;  // objects of JavaScript that show it; the last one closes it
};

}  // namespace synap_js
