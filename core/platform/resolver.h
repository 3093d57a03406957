// Names become addresses on threads of their own, since the C library's lookup blocks for as long
// as it likes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/platform/descriptor.h"
#include "core/platform/sockets.h"

namespace synap {

// One owner thread. A lookup cannot be called off: its thread outlives the resolver where need be,
// touches nothing but memory that it shares with it, and ends by itself.
class Resolver {
public:
    struct Found {
        uint64_t token = 0;
        Lookup lookup;
    };

    // `wake`, an eventfd, is written when there is something to take.
    explicit Resolver(Descriptor wake) : shared_(std::make_shared<Shared>(std::move(wake))) {}

    int wake_descriptor() const noexcept { return shared_->wake.get(); }
    void wake() const noexcept { shared_->signal(); }
    // An error where no thread can be had.
    Status start(uint64_t token, Endpoint endpoint);
    // Of those that were started and whose threads have not ended.
    size_t pending() const;
    std::vector<Found> take();

private:
    struct Shared {
        explicit Shared(Descriptor descriptor) : wake(std::move(descriptor)) {}
        void signal() const noexcept;

        Descriptor wake;
        std::mutex mutex;  // guards what follows
        std::vector<Found> found;
        size_t pending = 0;
    };
    std::shared_ptr<Shared> shared_;
};

}  // namespace synap
