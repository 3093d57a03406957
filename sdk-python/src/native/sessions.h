// One open store and the sessions of the threads that use it.
//
// A session serves one thread at a time, so every Python thread that uses a store gets one of its
// own, found through a thread-local cache and released when the thread ends or the store closes.
#pragma once

#include <Python.h>
#include <synap/synap.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace synap_python {

struct Session {
    explicit Session(synap_session_t* opened) noexcept : handle(opened) {}
    ~Session() { synap_session_release(handle); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    synap_session_t* const handle;
    unsigned running = 0;  // calls that have given up the interpreter lock
};

// Members need the interpreter lock, except where noted.
class SharedStore : public std::enable_shared_from_this<SharedStore> {
public:
    explicit SharedStore(synap_store_t* opened);
    ~SharedStore();
    SharedStore(const SharedStore&) = delete;
    SharedStore& operator=(const SharedStore&) = delete;

    // The session of the calling thread; NULL with an exception set.
    Session* session() {
        if (last_.serial == serial_) return last_.session;
        return find_session();
    }
    // One that belongs to no thread; NULL with an exception set.
    std::unique_ptr<Session> open_session() const;

    bool closed() const noexcept { return serial_ == 0; }
    // Whether this process opened the store, rather than its parent before a fork.
    bool is_own() const noexcept;
    // False with an exception set. Waits for the disk without the interpreter lock. Idempotent.
    bool close();
    synap_store_t* handle() const noexcept { return handle_; }

    // Called at the end of a thread, without the interpreter lock.
    void forget(const Session* session) noexcept;

    // Objects that show this store; the last one closes it.
    size_t owners = 0;

private:
    // Serials of stores start at 2; 0 is a closed store, 1 an empty cache.
    struct Last {
        uint64_t serial;
        Session* session;
    };
    static thread_local constinit Last last_;

    Session* find_session();

    synap_store_t* const handle_;
    uint64_t serial_;
    const pid_t pid_;
    std::mutex mutex_;  // guards sessions_: threads end without the interpreter lock
    std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace synap_python
