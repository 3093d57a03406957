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
    unsigned running = 0;  // calls under way, which may have given up the interpreter lock
};

// Members need the interpreter lock, except where noted. Closing frees everything, down to the
// store itself; calls of other threads that are under way then keep it until they end.
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
    // One that belongs to no thread, until forget(); NULL with an exception set.
    Session* open_session();

    bool closed() const noexcept { return serial_ == 0; }
    // Whether this process opened the store, rather than its parent before a fork.
    bool is_own() const noexcept;
    // False with an exception set. Waits for the disk without the interpreter lock. Idempotent.
    bool close();
    // Without the interpreter, when no Python code can run any more.
    void close_at_exit() noexcept;
    // Valid while the store is not closed, and within calls.
    synap_store_t* handle() const noexcept { return handle_; }

    // Releases a session that has ended. Works without the interpreter lock too.
    void forget(const Session* session) noexcept;
    // The end of a call: closing may have left its session, and the store, to it.
    void leave(Session& session) noexcept {
        if (--session.running == 0 && closed()) forget(&session);
    }

    // Waits until the kernel has everything that was written before.
    void hand_over() noexcept;

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
    // Lets go of the store once it is closed and no session is left.
    void release_idle() noexcept;
    synap_store_t* retained() noexcept;

    synap_store_t* handle_;
    uint64_t serial_;
    const pid_t pid_;
    bool released_ = false;  // closing has come so far that handle_ may go
    std::mutex closing_;     // held while the store closes
    std::mutex mutex_;       // guards sessions_, handle_, released_: threads end without the lock
    std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace synap_python
