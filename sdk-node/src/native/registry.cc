#include "registry.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace synap_js {
namespace {

struct Registry {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<SharedStore>> stores;  // by resolved path
};

// Never destroyed: environments of worker threads may end after static destruction has begun.
Registry& registry() {
    static auto* const instance = new Registry;
    return *instance;
}

// The path that all names of an existing directory share; empty when there is none.
std::string resolve(const std::string& path) {
    if (path == ":memory:") return {};
    char* const resolved = realpath(path.c_str(), nullptr);
    std::string result = resolved == nullptr ? std::string() : std::string(resolved);
    std::free(resolved);
    return result;
}

// Runs in exit(), on the main thread: Node has joined its workers, and no JavaScript runs.
void close_all() {
    Registry& all = registry();
    const std::lock_guard<std::mutex> lock(all.mutex);
    for (const auto& [path, known] : all.stores) {
        const std::shared_ptr<SharedStore> store = known.lock();
        if (store == nullptr || store->users == 0) continue;
        synap_error_t* error = nullptr;
        const synap_status_t status = synap_store_close(store->handle, UINT32_MAX, &error);
        static_cast<void>(status);  // `error` says the same
        report_loss(path, error);
    }
}

synap_bytes_t bytes_of(const std::string& text) { return {text.data(), text.size()}; }

void open_new(const std::string& path, const StoreOptions& options, Opened& opened) {
    synap_config_t* const config = synap_config_new();
    if (config == nullptr) {
        opened.status = SYNAP_E_NO_MEMORY;
        return;
    }
    for (const auto& [name, value] : options) {
        opened.status = synap_config_set(config, bytes_of(name), bytes_of(value), &opened.error);
        if (opened.status != SYNAP_OK) break;
    }
    synap_store_t* handle = nullptr;
    if (opened.status == SYNAP_OK) {
        opened.status = synap_open(bytes_of(path), config, &handle, &opened.error);
    }
    synap_config_free(config);
    if (handle != nullptr) {
        opened.store = std::make_shared<SharedStore>(handle, resolve(path), options);
    }
}

}  // namespace

Opened open_store(const std::string& path, const StoreOptions& options) {
    Opened opened;
    Registry& all = registry();
    const std::lock_guard<std::mutex> lock(all.mutex);
    const std::string resolved = resolve(path);
    const auto found = resolved.empty() ? all.stores.end() : all.stores.find(resolved);
    std::shared_ptr<SharedStore> open = found == all.stores.end() ? nullptr : found->second.lock();
    if (open != nullptr && open->users > 0) {
        if (!options.empty() && options != open->options) {
            opened.conflict = open->path;
        } else {
            ++open->users;
            opened.store = std::move(open);
        }
        return opened;
    }
    open_new(path, options, opened);
    if (opened.store != nullptr && !opened.store->path.empty()) {
        all.stores[opened.store->path] = opened.store;
        // After the first opening: what libsynap has set up by then is destroyed later.
        static const bool closes_at_exit = std::atexit(close_all) == 0;
        static_cast<void>(closes_at_exit);  // without memory for it, clean-up hooks must do
    }
    return opened;
}

synap_status_t leave_store(SharedStore& store, synap_error_t** error) {
    *error = nullptr;
    Registry& all = registry();
    const std::lock_guard<std::mutex> lock(all.mutex);
    if (--store.users > 0) return SYNAP_OK;
    all.stores.erase(store.path);
    return synap_store_close(store.handle, UINT32_MAX, error);
}

void report_loss(const std::string& path, synap_error_t* error) noexcept {
    if (error == nullptr) return;
    const synap_bytes_t message = synap_error_message(error);
    std::fprintf(stderr, "synap: %s was not closed in order: %.*s\n", path.c_str(),
                 static_cast<int>(message.size), static_cast<const char*>(message.data));
    synap_error_free(error);
}

}  // namespace synap_js
