#include "server/net/long_calls.h"

#include <pthread.h>

#include <utility>

namespace synap::server {

LongCalls::~LongCalls() {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void LongCalls::add(std::function<void()> call) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        calls_.push_back(std::move(call));
    }
    changed_.notify_one();
}

void LongCalls::run() noexcept {
    ::pthread_setname_np(::pthread_self(), "synap-long");
    std::unique_lock<std::mutex> guard(mutex_);
    for (;;) {
        changed_.wait(guard, [this] { return stopping_ || !calls_.empty(); });
        if (calls_.empty()) return;
        const std::function<void()> call = std::move(calls_.front());
        calls_.pop_front();
        guard.unlock();
        call();
        guard.lock();
    }
}

}  // namespace synap::server
