#include "core/platform/resolver.h"

#include <csignal>
#include <system_error>
#include <thread>

#include "core/base/exhaustion.h"

namespace synap {

void Resolver::Shared::signal() const noexcept {
    const uint64_t one = 1;
    // Full only where it says already that there is something.
    static_cast<void>(!unless_interrupted([&] { return write(wake.get(), &one, sizeof one); }));
}

Status Resolver::start(uint64_t token, Endpoint endpoint) {
    {
        const std::lock_guard lock(shared_->mutex);
        ++shared_->pending;
        shared_->found.reserve(shared_->found.size() + shared_->pending);
    }
    const auto work = [shared = shared_, token, endpoint = std::move(endpoint)] {
        Found found{token, {}};
        if (!attempt([&] { found.lookup = look_up(endpoint, 0); })) found.lookup = {};
        {
            const std::lock_guard lock(shared->mutex);
            --shared->pending;
            shared->found.push_back(std::move(found));
        }
        shared->signal();
    };
    // Signals of the host program are for its own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::string failed;
    try {
        std::thread(work).detach();
    } catch (const std::system_error& error) {
        failed = error.code().message();
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (failed.empty()) return {};
    const std::lock_guard lock(shared_->mutex);
    --shared_->pending;
    return Error{Code::kIo, "no thread can be started: " + failed, Cause::kShortage};
}

size_t Resolver::pending() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->pending;
}

std::vector<Resolver::Found> Resolver::take() {
    std::vector<Found> taken;
    const std::lock_guard lock(shared_->mutex);
    taken.swap(shared_->found);
    shared_->found.reserve(shared_->pending);
    return taken;
}

}  // namespace synap
