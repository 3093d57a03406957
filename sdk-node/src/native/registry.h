// The open stores of the process. A directory is open once in a process, so worker threads that
// open the same one share it; each has sessions of its own.
//
// A store that is open when the process calls exit() is closed there: process.exit() and an
// exception that nobody catches end the main thread's environment without its clean-up hooks.
#pragma once

#include <synap/synap.h>

#include <map>
#include <memory>
#include <string>

namespace synap_js {

using StoreOptions = std::map<std::string, std::string>;

struct SharedStore {
    SharedStore(synap_store_t* opened, std::string path_, StoreOptions options_)
        : handle(opened), path(std::move(path_)), options(std::move(options_)) {}
    ~SharedStore() { synap_store_release(handle); }
    SharedStore(const SharedStore&) = delete;
    SharedStore& operator=(const SharedStore&) = delete;

    synap_store_t* const handle;
    const std::string path;  // resolved; empty for ":memory:"
    const StoreOptions options;
    size_t users = 1;  // guarded by the registry's mutex
};

struct Opened {
    std::shared_ptr<SharedStore> store;  // NULL on failure
    synap_status_t status = SYNAP_OK;
    synap_error_t* error = nullptr;  // the caller's
    std::string conflict;            // set: the store is open with other options
};

// Opens a store or shares the one that is open on that directory. Blocks on the disk; any thread.
Opened open_store(const std::string& path, const StoreOptions& options);

// Ends one use; the last one closes the store, which blocks on the disk. `error` is the caller's.
synap_status_t leave_store(SharedStore& store, synap_error_t** error);

// For a close that nobody waits for: says on stderr what failed, if anything did. Frees `error`.
void report_loss(const std::string& path, synap_error_t* error) noexcept;

}  // namespace synap_js
