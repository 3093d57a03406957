// The end of the process, which loses nothing that a call has answered.
//
// Python ends in steps, and each may still write: atexit functions, threads, finalisers. So the
// stores stay open: from the first step on each write is handed to the kernel before its call
// returns, and they are closed when no Python code can run any more.
#pragma once

#include <memory>

namespace synap_python {

class SharedStore;

// Remembers an open store for the end. Needs the interpreter lock; throws std::bad_alloc.
void register_store(const std::shared_ptr<SharedStore>& store);

// Arranges that open stores are closed after the interpreter, or by exit() in C code. Once.
void close_stores_at_exit();

// The first step: hands to the kernel what was written so far. Needs the interpreter lock, which is
// given up meanwhile. Closing is left to exit; a child of multiprocessing ends without it.
void begin_ending();
bool is_ending() noexcept;

}  // namespace synap_python
