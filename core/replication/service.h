// The replication of a real engine: a node over TCP and TLS, driven by a thread of its own.
//
// Thread safety: from any thread. Threads: one, and one more while something long is done aside.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "core/replication/node.h"

namespace synap::replication {

class Service final : public NodeCompanion {
public:
    // Listens at once, and takes part once the engine is ready. The engine was opened as `role`
    // says. Errors name what was wrong: an address that is taken, a file of TLS. The engine keeps
    // it.
    static Status attach(const std::shared_ptr<Engine>& engine, Clock& clock, Entropy& entropy,
                         const NodeSettings& settings, const RoleFile& role);
    ~Service() override;
    Node& node() noexcept override { return node_; }
    void stop() noexcept override;

private:
    Service(Engine& engine, std::unique_ptr<Transport> transport, Entropy& entropy,
            const NodeSettings& settings, const RoleFile& role);
    void run() noexcept;
    bool begin();

    Engine& engine_;
    const std::unique_ptr<Transport> transport_;
    Node node_;
    std::atomic<bool> stopping_{false};
    std::mutex stop_mutex_;
    std::thread thread_;
};

}  // namespace synap::replication
