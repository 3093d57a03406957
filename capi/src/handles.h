// What stands behind the opaque handles of synap.h.
//
// Each handle starts with a magic number that is overwritten at its death, so that most stale uses
// are answered with INVALID_HANDLE, and with the fork generation of its birth, so that a child
// process is told FORKED. Both are diagnostics, not promises.
#pragma once

#include <synap/synap.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/engine.h"
#include "core/replication/settings.h"
#include "core/session/session.h"

namespace synap::capi {

// Times that this process image was forked since its start.
uint32_t fork_generation() noexcept;

struct Handle {
    explicit Handle(uint32_t type) noexcept : magic(type), generation(fork_generation()) {}
    // Volatile, as the compiler would drop a last write to a dying object.
    ~Handle() { *const_cast<volatile uint32_t*>(&magic) = kDead; }
    static constexpr uint32_t kDead = 0xdeadbeef;

    uint32_t magic;
    uint32_t generation;
};

struct Counted {
    std::atomic<uint32_t> references{1};
    void retain() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
    bool release() noexcept { return references.fetch_sub(1, std::memory_order_acq_rel) == 1; }
};

inline synap_bytes_t bytes_of(std::string_view text) noexcept {
    return {text.empty() ? nullptr : text.data(), text.size()};
}
inline std::string_view view_of(synap_bytes_t bytes) noexcept {
    // Never null: what compares and copies bytes may not be given that.
    if (bytes.size == 0) return "";
    return {static_cast<const char*>(bytes.data), bytes.size};
}
inline bool valid(synap_bytes_t bytes) noexcept { return bytes.data != nullptr || bytes.size == 0; }

}  // namespace synap::capi

struct synap_error : synap::capi::Handle {
    static constexpr uint32_t kMagic = 0x53594501;
    // An owned error, whose text is copied, or an immortal one, whose text is static.
    synap_error(synap::Code code, std::string_view text, uint32_t traits_, synap_token_t token_,
                bool immortal_)
        : Handle(kMagic),
          status(static_cast<synap_status_t>(code)),
          traits(traits_),
          token(token_),
          immortal(immortal_),
          owned(immortal_ ? std::string_view() : text),
          message(immortal_ ? text : std::string_view(owned)) {}
    const synap_status_t status;
    const uint32_t traits;
    const synap_token_t token;
    const bool immortal;
    const std::string owned;
    const std::string_view message;
};

struct synap_config : synap::capi::Handle {
    static constexpr uint32_t kMagic = 0x53594502;
    synap_config() : Handle(kMagic) {}
    synap::Options options;
    synap::replication::Settings replication;
};

namespace synap::capi {
struct Closing;  // one that may outlast the call that began it
}

struct synap_store : synap::capi::Handle, synap::capi::Counted {
    static constexpr uint32_t kMagic = 0x53594503;
    explicit synap_store(std::shared_ptr<synap::Engine> engine_)
        : Handle(kMagic), engine(std::move(engine_)) {}
    std::shared_ptr<synap::Engine> engine;
    std::mutex closing_mutex;
    std::shared_ptr<synap::capi::Closing> closing;  // guarded by closing_mutex
};

struct synap_node {
    uint32_t type;
    uint32_t span;  // nodes of the subtree, this one included
    union {
        int64_t i;
        double d;
        const char* data;
    } as;
    uint64_t size;  // bytes, or children; reply code of an error in `code`
};

struct synap_reply : synap::capi::Handle, synap::capi::Counted {
    static constexpr uint32_t kMagic = 0x53594504;
    synap_reply() : Handle(kMagic) {}
    ~synap_reply() {
        for (synap::Blob* blob : blobs) blob->release();
    }
    synap_token_t token{0, 0};
    std::vector<synap::Blob*> blobs;
    synap_node nodes[1];  // then the rest, then the bytes
};

struct synap_event {
    uint32_t kind;
    uint64_t tag;
    synap_error* error;
    synap_reply* reply;
};

struct synap_batch : synap::capi::Handle {
    static constexpr uint32_t kMagic = 0x53594505;
    synap_batch() : Handle(kMagic) {}
    std::vector<synap_event> events;
};

struct synap_events : synap::capi::Handle, synap::capi::Counted {
    static constexpr uint32_t kMagic = 0x53594506;
    synap_events(synap_store* store_, uint32_t capacity_)
        : Handle(kMagic), store(store_), capacity(capacity_) {}

    // The one event of `node` goes to the end and the wake is called where that is due. Needs no
    // memory: a completion cannot fail.
    void push(std::list<synap_event>& node, bool was_pending) noexcept;
    // Calls a wake that was counted in `waking`, without the mutex.
    void run_wake(synap_wake_fn call, void* context) noexcept;

    synap_store* const store;
    const uint32_t capacity;
    std::mutex mutex;
    std::condition_variable filled;
    std::condition_variable wake_idle;
    std::list<synap_event> events;  // guarded by mutex, as is all below
    uint32_t pending = 0;           // events that have a place and have not come
    bool armed = true;
    unsigned waking = 0;
    synap_wake_fn wake = nullptr;
    void* wake_context = nullptr;
    synap_release_fn release_context = nullptr;
};

namespace synap::capi {

// Room for one event that comes later, kept until then or given back. Keeps the queue alive.
class Place {
public:
    // Operations count against the capacity; events of the host do not, as there is one a session.
    // Throws std::bad_alloc. Check full() before use.
    enum class For : uint8_t { kOperation, kHost };
    Place(synap_events* queue, For what);
    Place(Place&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)),
          counted_(other.counted_),
          node_(std::move(other.node_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

    bool full() const noexcept { return node_.empty(); }
    // Once; by then there is one.
    void fill(const synap_event& event) noexcept;

private:
    synap_events* queue_;
    const bool counted_;
    std::list<synap_event> node_;
};

}  // namespace synap::capi

struct synap_session : synap::capi::Handle {
    static constexpr uint32_t kMagic = 0x53594507;
    synap_session(synap_store* store_, std::unique_ptr<synap::Session> session_)
        : Handle(kMagic), store(store_), session(std::move(session_)) {}
    synap_store* const store;
    std::atomic_flag busy = ATOMIC_FLAG_INIT;  // a call is inside, replies included
    std::unique_ptr<synap::Session> session;
    // Replies that a sink which paused has not been given; the tape holds them.
    bool owes_replies() const noexcept { return shown.replayed() < answered; }
    synap::Reply::Cursor shown;
    size_t answered = 0;
    std::vector<std::string_view> words;  // of the calls under way
    std::vector<synap::Call> calls;
    std::list<std::array<char, 32>> numbers;  // texts of typed arguments
};
