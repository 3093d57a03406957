// File descriptors of the process: those that are taken for granted, and how many there may be.
#pragma once

#include <cstddef>

namespace synap::server {

// Opens /dev/null as standard input, output and error where one of them is closed, so that no
// file or socket gets their number and receives what a library prints. Before anything is opened.
void fill_standard_streams() noexcept;

// Raises the soft limit on open files to the hard one. Returns the limit in force.
size_t raise_open_files() noexcept;

// Of `wanted` connections, how many a limit on open files allows: the rest is for the store, for
// `io_threads` threads, and for clients that are told that there is no room.
size_t connections_within(size_t open_files, size_t wanted, size_t io_threads) noexcept;

}  // namespace synap::server
