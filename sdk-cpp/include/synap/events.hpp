// Queues of what finishes later: one for each event loop.
#pragma once

#include <cstdint>
#include <memory>

#include <synap/error.hpp>
#include <synap/reply.hpp>
#include <synap/store.hpp>

namespace synap {

// Events taken from a queue together. One owner.
class EventBatch {
public:
    EventBatch() = default;
    // Takes ownership; NULL is an empty batch.
    explicit EventBatch(synap_batch_t* raw) noexcept : handle_(raw) {}

    uint32_t size() const noexcept {
        return handle_.get() != nullptr ? synap_batch_count(handle_.get()) : 0;
    }
    // SYNAP_EVENT_*.
    uint32_t kind(uint32_t i) const noexcept { return synap_batch_kind(handle_.get(), i); }
    uint64_t tag(uint32_t i) const noexcept { return synap_batch_tag(handle_.get(), i); }
    // NULL for a success; valid as long as the batch.
    const synap_error_t* error(uint32_t i) const noexcept {
        return synap_batch_error(handle_.get(), i);
    }
    // The reply of a completion, once; empty afterwards.
    Reply take_reply(uint32_t i) noexcept {
        return Reply(synap_batch_take_reply(handle_.get(), i));
    }

private:
    detail::Handle<synap_batch_t, synap_batch_free> handle_;
};

// A queue of completions, messages and log marks. Copies share it. Any thread may submit to it;
// one at a time takes from it.
class Events {
public:
    static constexpr uint32_t kDefaultCapacity = 65'536;

    // Takes over one reference; the store is closed by whoever opened it.
    explicit Events(synap_events_t* raw) noexcept : handle_(raw) {}
    Events(Events&&) noexcept = default;
    Events& operator=(Events&&) noexcept = default;
    Events(const Events& other) noexcept
        : store_(other.store_), handle_(synap_events_retain(other.raw())) {}
    Events& operator=(const Events& other) noexcept { return *this = Events(other); }
    ~Events() = default;

    static Result<Events> try_open(const Store& store, uint32_t capacity = kDefaultCapacity) {
        synap_events_t* raw = nullptr;
        synap_error_t* error = nullptr;
        const auto status = synap_events_open(store.raw(), capacity, &raw, &error);
        if (status < 0) return Error::take(status, error);
        Events events(raw);
        events.store_ = store.handle_;
        return events;
    }
    static Events open(const Store& store, uint32_t capacity = kDefaultCapacity) {
        return try_open(store, capacity).value();
    }

    // Writes 8 bytes to `fd` (an eventfd, pipe or socket, non-blocking) when the queue becomes
    // non-empty. The descriptor must stay open until clear_wake() has returned.
    Result<void> try_wake_fd(int fd) {
        return set_wake(synap_wake_fd,
                        reinterpret_cast<void*>(static_cast<intptr_t>(fd)));  // NOLINT
    }
    // After it returns no wake runs any more.
    Result<void> try_clear_wake() { return set_wake(nullptr, nullptr); }

    // False when nothing came within `timeout_ms`.
    bool wait(uint32_t timeout_ms) {
        synap_error_t* error = nullptr;
        const auto status = synap_events_wait(raw(), timeout_ms, &error);
        if (status < 0 && status != SYNAP_E_TIMEOUT) throw Error::take(status, error);
        synap_error_free(error);
        return status == SYNAP_OK;
    }
    // Up to `max` events; empty when there are none, which arms the wake again.
    Result<EventBatch> try_take(uint32_t max = 256) {
        synap_batch_t* batch = nullptr;
        synap_error_t* error = nullptr;
        const auto status = synap_events_take(raw(), max, &batch, &error);
        if (status < 0) return Error::take(status, error);
        return EventBatch(batch);
    }
    EventBatch take(uint32_t max = 256) { return try_take(max).value(); }

    synap_events_t* raw() const noexcept { return handle_.get(); }

private:
    Result<void> set_wake(synap_wake_fn wake, void* context) {
        synap_error_t* error = nullptr;
        const auto status = synap_events_set_wake(raw(), wake, context, nullptr, &error);
        if (status < 0) return Error::take(status, error);
        return {};
    }

    std::shared_ptr<synap_store_t> store_;  // before handle_: it goes after it
    detail::Handle<synap_events_t, synap_events_release> handle_;
};

}  // namespace synap
