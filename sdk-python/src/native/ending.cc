#include "ending.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "interpreter.h"
#include "sessions.h"

namespace synap_python {
namespace {

std::atomic<bool> ending{false};

struct OpenStores {
    std::mutex mutex;
    std::vector<std::weak_ptr<SharedStore>> stores;
};

// Never destroyed: threads and exit handlers may come late.
OpenStores& open_stores() {
    static auto* const all = new OpenStores;
    return *all;
}

std::vector<std::shared_ptr<SharedStore>> own_stores() {
    std::vector<std::shared_ptr<SharedStore>> found;
    OpenStores& all = open_stores();
    const std::lock_guard<std::mutex> lock(all.mutex);
    for (const auto& weak : all.stores) {
        auto store = weak.lock();
        if (store != nullptr && store->is_own()) found.push_back(std::move(store));
    }
    return found;
}

void close_all() {
    try {
        for (const auto& store : own_stores()) store->close_at_exit();
    } catch (const std::bad_alloc&) {
        // The log thread has handed over all but the last moments.
    }
}

}  // namespace

void stop_thread() noexcept {
    for (;;) pause();
}

void register_store(const std::shared_ptr<SharedStore>& store) {
    OpenStores& all = open_stores();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.stores.erase(std::remove_if(all.stores.begin(), all.stores.end(),
                                    [](const auto& weak) { return weak.expired(); }),
                     all.stores.end());
    all.stores.push_back(store);
}

void close_stores_at_exit() {
    // The first has few places; the second also runs where C code calls exit().
    static_cast<void>(Py_AtExit(close_all));
    static_cast<void>(std::atexit(close_all));
}

void begin_ending() {
    ending.store(true);
    const auto stores = own_stores();
    for (const auto& store : stores) store->hand_over();
}

bool is_ending() noexcept { return ending.load(std::memory_order_relaxed); }

}  // namespace synap_python
