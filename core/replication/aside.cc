#include "core/replication/aside.h"

#include <new>
#include <system_error>
#include <utility>

#include "core/base/assert.h"
#include "core/base/exhaustion.h"

namespace synap::replication {

Aside::~Aside() {
    if (thread_.joinable()) thread_.join();
}

void Aside::run() noexcept {
    if (!attempt([this] { outcome_ = work_(); })) {
        attempt([this] { outcome_ = Error{Code::kNoMemory, "memory is exhausted"}; });
    }
    ended_.store(true, std::memory_order_release);
    attempt([this] { done_(); });
}

void Aside::start(std::function<Status()> work) {
    SYNAP_ASSERT(!busy_);
    work_ = std::move(work);
    outcome_ = Status();
    ended_.store(false, std::memory_order_relaxed);
    if (threads_) {
        try {
            thread_ = std::thread([this] { run(); });
        } catch (const std::system_error&) {
            throw std::bad_alloc();
        }
    } else {
        run();
    }
    busy_ = true;
}

std::optional<Status> Aside::take() {
    if (!busy_ || !ended_.load(std::memory_order_acquire)) return {};
    if (thread_.joinable()) thread_.join();
    busy_ = false;
    work_ = nullptr;
    return std::move(outcome_);
}

}  // namespace synap::replication
