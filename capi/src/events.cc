#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <iterator>

#include "core/base/exhaustion.h"

#include "capi/src/reply.h"

using namespace synap;
using namespace synap::capi;

namespace {

constexpr uint32_t kCapacityMax = 1u << 20;

}  // namespace

namespace synap::capi {

Place::Place(synap_events* queue, For what)
    : queue_(synap_events_retain(queue)), counted_(what == For::kOperation) {
    Rollback release([&]() noexcept { synap_events_release(queue_); });
    node_.emplace_back();
    release.done();
    if (!counted_) return;
    const std::lock_guard<std::mutex> guard(queue->mutex);
    if (queue->pending + queue->events.size() < queue->capacity) {
        ++queue->pending;
    } else {
        node_.clear();
    }
}

Place::~Place() {
    if (queue_ == nullptr) return;
    if (counted_ && !node_.empty()) {
        const std::lock_guard<std::mutex> guard(queue_->mutex);
        --queue_->pending;
    }
    synap_events_release(queue_);
}

void Place::fill(const synap_event& event) noexcept {
    SYNAP_ASSERT(node_.size() == 1);
    node_.front() = event;
    queue_->push(node_, counted_);
}

}  // namespace synap::capi

// The wake is called outside the mutex; `waking` lets set_wake(NULL) wait for it.
void synap_events::push(std::list<synap_event>& node, bool was_pending) noexcept {
    synap_wake_fn call = nullptr;
    void* context = nullptr;
    {
        const std::lock_guard<std::mutex> guard(mutex);
        if (was_pending) --pending;
        events.splice(events.end(), node);
        if (armed && wake != nullptr) {
            armed = false;
            call = wake;
            context = wake_context;
            ++waking;
        }
    }
    filled.notify_all();
    if (call != nullptr) run_wake(call, context);
}

void synap_events::run_wake(synap_wake_fn call, void* context) noexcept {
    call(context);
    {
        const std::lock_guard<std::mutex> guard(mutex);
        --waking;
    }
    wake_idle.notify_all();
}

synap_status_t synap_events_open(synap_store_t* s, uint32_t capacity, synap_events_t** events_out,
                                 synap_error_t** err) noexcept {
    if (events_out != nullptr) *events_out = nullptr;
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        if (events_out == nullptr) return invalid("events_out is NULL");
        if (capacity == 0 || capacity > kCapacityMax) {
            return invalid("capacity: expected 1 to " + std::to_string(kCapacityMax));
        }
        *events_out = std::make_unique<synap_events>(synap_store_retain(s), capacity).release();
        return SYNAP_OK;
    });
}

synap_status_t synap_events_set_wake(synap_events_t* q, synap_wake_fn wake, void* ctx,
                                     synap_release_fn ctx_release, synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(q, "events"));
        synap_release_fn release = nullptr;
        void* context = nullptr;
        bool waiting = false;
        {
            std::unique_lock<std::mutex> lock(q->mutex);
            q->wake = nullptr;
            q->wake_idle.wait(lock, [q] { return q->waking == 0; });
            release = q->release_context;
            context = q->wake_context;
            q->wake = wake;
            q->wake_context = ctx;
            q->release_context = ctx_release;
            // What came before would otherwise never be announced.
            waiting = wake != nullptr && !q->events.empty();
            q->armed = q->events.empty();
            if (waiting) ++q->waking;
        }
        if (release != nullptr) release(context);
        if (waiting) q->run_wake(wake, ctx);
        return SYNAP_OK;
    });
}

void synap_wake_fd(void* fd_as_pointer) noexcept {
    const auto fd = static_cast<int>(reinterpret_cast<intptr_t>(fd_as_pointer));
    const uint64_t one = 1;
    // A full pipe or counter already wakes its reader.
    const ssize_t written = write(fd, &one, sizeof one);
    static_cast<void>(written);
}

synap_status_t synap_events_wait(synap_events_t* q, uint32_t timeout_ms,
                                 synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(q, "events"));
        std::unique_lock<std::mutex> lock(q->mutex);
        const auto ready = [q] { return !q->events.empty(); };
        if (timeout_ms == UINT32_MAX) {
            q->filled.wait(lock, ready);
        } else if (!q->filled.wait_for(lock, std::chrono::milliseconds(timeout_ms), ready)) {
            return Error{Code::kTimeout, "no event within " + std::to_string(timeout_ms) + " ms"};
        }
        return SYNAP_OK;
    });
}

synap_status_t synap_events_take(synap_events_t* q, uint32_t max, synap_batch_t** batch_out,
                                 synap_error_t** err) noexcept {
    if (batch_out != nullptr) *batch_out = nullptr;
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(q, "events"));
        if (batch_out == nullptr || max == 0) return invalid("batch_out is NULL or max is 0");
        auto batch = std::make_unique<synap_batch>();
        std::list<synap_event> taken;  // freed without the mutex
        {
            const std::lock_guard<std::mutex> lock(q->mutex);
            if (q->events.empty()) {
                q->armed = true;
                return SYNAP_EMPTY;
            }
            const size_t n = std::min<size_t>(max, q->events.size());
            batch->events.reserve(n);
            const auto end = std::next(q->events.begin(), static_cast<ptrdiff_t>(n));
            taken.splice(taken.end(), q->events, q->events.begin(), end);
            q->armed = q->events.empty();
        }
        batch->events.assign(taken.begin(), taken.end());  // there is room
        *batch_out = batch.release();
        return SYNAP_OK;
    });
}

synap_events_t* synap_events_retain(synap_events_t* q) noexcept {
    if (q != nullptr) q->retain();
    return q;
}

void synap_events_release(synap_events_t* q) noexcept {
    if (q == nullptr || q->magic != synap_events::kMagic || !q->release()) return;
    // A thread of the parent may wait inside: its condition can never be destroyed here.
    if (q->generation != fork_generation()) return;
    for (const synap_event& event : q->events) {
        synap_error_free(event.error);
        synap_reply_release(event.reply);
    }
    if (q->release_context != nullptr) q->release_context(q->wake_context);
    synap_store_t* store = q->store;
    delete q;
    synap_store_release(store);
}

namespace {

const synap_event* event_at(const synap_batch_t* b, uint32_t i) noexcept {
    if (b == nullptr || b->magic != synap_batch::kMagic || i >= b->events.size()) return nullptr;
    return &b->events[i];
}

}  // namespace

uint32_t synap_batch_count(const synap_batch_t* b) noexcept {
    if (b == nullptr || b->magic != synap_batch::kMagic) return 0;
    return static_cast<uint32_t>(b->events.size());
}
uint32_t synap_batch_kind(const synap_batch_t* b, uint32_t i) noexcept {
    const synap_event* event = event_at(b, i);
    return event == nullptr ? 0 : event->kind;
}
uint64_t synap_batch_tag(const synap_batch_t* b, uint32_t i) noexcept {
    const synap_event* event = event_at(b, i);
    return event == nullptr ? 0 : event->tag;
}
const synap_error_t* synap_batch_error(const synap_batch_t* b, uint32_t i) noexcept {
    const synap_event* event = event_at(b, i);
    return event == nullptr ? nullptr : event->error;
}
synap_reply_t* synap_batch_take_reply(synap_batch_t* b, uint32_t i) noexcept {
    if (event_at(b, i) == nullptr) return nullptr;
    return std::exchange(b->events[i].reply, nullptr);
}
void synap_batch_free(synap_batch_t* b) noexcept {
    if (b == nullptr || b->magic != synap_batch::kMagic) return;
    for (const synap_event& event : b->events) {
        synap_error_free(event.error);
        synap_reply_release(event.reply);
    }
    delete b;
}
