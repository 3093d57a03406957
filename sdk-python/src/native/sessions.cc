#include "sessions.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "errors.h"

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

std::unique_ptr<Session> SharedStore::open_session() const {
    synap_session_t* opened = nullptr;
    synap_error_t* error = nullptr;
    const synap_status_t status = synap_session_open(handle_, nullptr, &opened, &error);
    if (status != SYNAP_OK) {
        raise_status(status, error);
        return nullptr;
    }
    return std::make_unique<Session>(opened);
}

Session* SharedStore::find_session() {
    if (closed()) {  // perhaps by another thread, which still waits for the disk
        raise_closed();
        return nullptr;
    }
    Session* session = sessions_of_thread.find(serial_);
    if (session == nullptr) {
        std::unique_ptr<Session> opened = open_session();
        if (opened == nullptr) return nullptr;
        session = opened.get();
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            sessions_.push_back(std::move(opened));
        }
        sessions_of_thread.add(serial_, shared_from_this(), session);
    }
    last_ = {serial_, session};
    return session;
}

void SharedStore::forget(const Session* session) noexcept {
    if (!is_own()) return;  // the mutex may be held by a thread that the fork left behind
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto is_it = [session](const auto& entry) { return entry.get() == session; };
    sessions_.erase(std::remove_if(sessions_.begin(), sessions_.end(), is_it), sessions_.end());
}

bool SharedStore::close() {
    if (closed()) return true;
    serial_ = 0;
    if (!is_own()) return true;  // nothing here is the child's to close
    synap_error_t* error = nullptr;
    synap_status_t status = SYNAP_OK;
    Py_BEGIN_ALLOW_THREADS
    status = synap_store_close(handle_, UINT32_MAX, &error);
    Py_END_ALLOW_THREADS
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto is_idle = [](const auto& entry) { return entry->running == 0; };
        sessions_.erase(std::remove_if(sessions_.begin(), sessions_.end(), is_idle),
                        sessions_.end());
    }
    if (status == SYNAP_OK) return true;
    raise_status(status, error);
    return false;
}

}  // namespace synap_python
