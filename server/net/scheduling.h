// How the kernel schedules the threads that serve clients.
#pragma once

namespace synap::server {

// Asks that the calling thread may run at once when it wakes, in exchange for shorter turns. Where
// the kernel is older than Linux 6.12, or a container forbids it, nothing changes.
void prefer_short_turns() noexcept;

}  // namespace synap::server
