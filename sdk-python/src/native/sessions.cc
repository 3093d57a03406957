#include "sessions.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <iterator>
#include <utility>

#include "errors.h"
#include "interpreter.h"

namespace synap_python {
namespace {

std::atomic<uint64_t> next_serial{2};

// The sessions of a thread, given back when it ends.
class ThreadSessions {
public:
    ~ThreadSessions() {
        for (const Entry& entry : entries_) {
            if (const auto store = entry.store.lock()) store->forget(entry.session);
        }
    }
    Session* find(uint64_t serial) const noexcept {
        for (const Entry& entry : entries_) {
            if (entry.serial == serial) return entry.session;
        }
        return nullptr;
    }
    void add(uint64_t serial, const std::shared_ptr<SharedStore>& store, Session* session) {
        entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                      [](const Entry& entry) { return entry.store.expired(); }),
                       entries_.end());
        entries_.push_back({serial, store, session});
    }

private:
    struct Entry {
        uint64_t serial;
        std::weak_ptr<SharedStore> store;
        Session* session;
    };
    std::vector<Entry> entries_;
};

thread_local ThreadSessions sessions_of_thread;

}  // namespace

thread_local constinit SharedStore::Last SharedStore::last_{1, nullptr};

SharedStore::SharedStore(synap_store_t* opened)
    : handle_(opened), serial_(next_serial.fetch_add(1)), pid_(getpid()) {}

SharedStore::~SharedStore() {
    sessions_.clear();
    synap_store_release(handle_);
}

bool SharedStore::is_own() const noexcept { return pid_ == getpid(); }

Session* SharedStore::open_session() {
    if (closed()) {  // perhaps by another thread, which still waits for the disk
        raise_closed();
        return nullptr;
    }
    synap_session_t* opened = nullptr;
    synap_error_t* error = nullptr;
    const synap_status_t status = synap_session_open(handle_, nullptr, &opened, &error);
    if (status != SYNAP_OK) {
        raise_status(status, error);
        return nullptr;
    }
    auto session = std::make_unique<Session>(opened);
    const std::lock_guard<std::mutex> lock(mutex_);
    return sessions_.emplace_back(std::move(session)).get();
}

Session* SharedStore::find_session() {
    if (closed()) {
        raise_closed();
        return nullptr;
    }
    Session* session = sessions_of_thread.find(serial_);
    if (session == nullptr) {
        session = open_session();
        if (session == nullptr) return nullptr;
        sessions_of_thread.add(serial_, shared_from_this(), session);
    }
    last_ = {serial_, session};
    return session;
}

void SharedStore::forget(const Session* session) noexcept {
    if (!is_own()) return;  // the mutex may be held by a thread that the fork left behind
    std::unique_ptr<Session> ended;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto is_it = [session](const auto& entry) { return entry.get() == session; };
        const auto found = std::find_if(sessions_.begin(), sessions_.end(), is_it);
        if (found == sessions_.end()) return;
        ended = std::move(*found);
        sessions_.erase(found);
    }
    ended.reset();
    release_idle();
}

void SharedStore::release_idle() noexcept {
    synap_store_t* unused = nullptr;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (released_ && sessions_.empty()) unused = std::exchange(handle_, nullptr);
    }
    synap_store_release(unused);
}

synap_store_t* SharedStore::retained() noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    return synap_store_retain(handle_);
}

bool SharedStore::close() {
    const bool first = std::exchange(serial_, 0) != 0;
    if (!is_own()) return true;  // nothing here is the child's to close
    std::unique_lock<std::mutex> alone(closing_, std::defer_lock);
    if (!first) {  // returns when the first one has done it
        const Unlocked unlocked;
        alone.lock();
        return true;
    }
    alone.lock();
    synap_error_t* error = nullptr;
    synap_status_t status = SYNAP_OK;
    {
        const Unlocked unlocked;
        status = synap_store_close(handle_, UINT32_MAX, &error);
    }
    std::vector<std::unique_ptr<Session>> idle;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto runs = [](const auto& entry) { return entry->running != 0; };
        const auto from = std::partition(sessions_.begin(), sessions_.end(), runs);
        std::move(from, sessions_.end(), std::back_inserter(idle));
        sessions_.erase(from, sessions_.end());
        released_ = true;
    }
    {
        const Unlocked unlocked;  // it may take a while to free the data
        idle.clear();
        release_idle();
    }
    if (status == SYNAP_OK) return true;
    raise_status(status, error);
    return false;
}

void SharedStore::close_at_exit() noexcept {
    synap_store_t* const store = retained();
    if (store == nullptr) return;
    synap_error_t* error = nullptr;
    if (synap_store_close(store, UINT32_MAX, &error) != SYNAP_OK) {
        const synap_bytes_t message = synap_error_message(error);
        std::fprintf(stderr, "synap: a store could not be closed at exit: %.*s\n",
                     static_cast<int>(message.size), static_cast<const char*>(message.data));
        synap_error_free(error);
    }
    synap_store_release(store);
}

namespace {

// Covers everything that was written so far, by whatever session: what a reply that shows the whole
// store rests on. {0, 0} when there is nothing, or it cannot be had.
synap_token_t newest_token(synap_store_t* store) noexcept {
    static constexpr synap_bytes_t kName{"DBSIZE", 6};
    synap_session_t* session = nullptr;
    if (synap_session_open(store, nullptr, &session, nullptr) != SYNAP_OK) return {0, 0};
    synap_arg_t word{};
    word.type = SYNAP_TYPE_BYTES;
    word.as.b = kName;
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.flags = SYNAP_EXEC_NOWAIT;
    options.durability = SYNAP_DURABILITY_DISK;  // at lower levels reads rest on nothing
    synap_token_t token{0, 0};
    synap_reply_t* reply = nullptr;
    if (synap_exec(session, &word, 1, &options, &reply, nullptr) == SYNAP_OK) {
        token = synap_reply_token(reply);
    }
    synap_reply_release(reply);
    synap_session_release(session);
    return token;
}

}  // namespace

void SharedStore::hand_over() noexcept {
    synap_store_t* const store = retained();
    if (store == nullptr) return;
    const Unlocked unlocked;
    const synap_token_t newest = newest_token(store);
    synap_status_t status = SYNAP_OK;
    if (newest.position != 0) {
        status = synap_log_wait(store, newest, SYNAP_DURABILITY_OS, UINT32_MAX, nullptr);
    }
    static_cast<void>(status);  // a failure is told by whoever writes next, and by closing
    synap_store_release(store);
}

}  // namespace synap_python
