#include "server/net/scheduling.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace synap::server {
namespace {

constexpr uint64_t kTurnNs = 100'000;  // the least that the kernel takes

// As the kernel reads it: the C library names it in recent versions only.
struct Attributes {
    uint32_t size = sizeof(Attributes);
    uint32_t policy = 0;  // the usual one
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t turn_ns = kTurnNs;
    uint64_t deadline = 0;
    uint64_t period = 0;
};
static_assert(sizeof(Attributes) == 48);

}  // namespace

void prefer_short_turns() noexcept {
    Attributes attributes;
    if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0 ||
        attributes.policy != 0) {
        return;  // an operator has chosen another policy, or it cannot be known
    }
    attributes.turn_ns = kTurnNs;
    static_cast<void>(::syscall(SYS_sched_setattr, 0, &attributes, 0));
}

}  // namespace synap::server
