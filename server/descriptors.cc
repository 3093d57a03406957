#include "server/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "server/net/admission.h"

namespace synap::server {
namespace {

// Log segments, snapshots and their directories, logs, the reading of configuration and of /proc.
constexpr size_t kForStore = 64;
// Event queues, timers, the socket of a reply.
constexpr size_t kForThread = 8;

}  // namespace

void fill_standard_streams() noexcept {
    for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::dup(fd)) {
        if (fd > STDERR_FILENO) {
            ::close(fd);
            return;
        }
    }
}

size_t raise_open_files() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<size_t>::max();
    if (limit.rlim_cur < limit.rlim_max) {
        const rlim_t soft = std::exchange(limit.rlim_cur, limit.rlim_max);
        if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return soft;
    }
    return limit.rlim_cur;
}

size_t connections_within(size_t open_files, size_t wanted, size_t io_threads) noexcept {
    const size_t reserve = kForStore + kForThread * io_threads + kMaxGuests + kMaxProbes;
    // Where even those find no room, clients and the rest share what there is.
    const size_t allowed = open_files > 2 * reserve ? open_files - reserve : open_files / 2;
    return std::clamp<size_t>(allowed, 1, wanted);
}

}  // namespace synap::server
