#include "core/replication/service.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "core/base/exhaustion.h"
#include "core/platform/real_transport.h"

namespace synap::replication {
namespace {

constexpr uint64_t kLookForEngineUs = 5'000;

}  // namespace

Service::Service(Engine& engine, std::unique_ptr<Transport> transport, Entropy& entropy,
                 const NodeSettings& settings, const RoleFile& role)
    : engine_(engine),
      transport_(std::move(transport)),
      node_(engine, *transport_, entropy, settings, role,
            [&engine](uint64_t waiter) { engine.waits().reached(waiter); }) {}

Service::~Service() { stop(); }

Status Service::attach(const std::shared_ptr<Engine>& engine, Clock& clock, Entropy& entropy,
                       const NodeSettings& settings, const RoleFile& role) {
    auto transport = open_real_transport(clock);
    if (!transport) return transport.take_failure();
    std::shared_ptr<Service> service(
        new Service(*engine, std::move(*transport), entropy, settings, role));
    SYNAP_TRY(service->node_.listen());
    try {
        service->thread_ = std::thread([raw = service.get()] { raw->run(); });
    } catch (const std::system_error&) {
        return Error{Code::kNoMemory, "there is no thread for replication"};
    }
    engine->attach(std::move(service));
    return {};
}

void Service::stop() noexcept {
    stopping_ = true;
    transport_->wake();
    const std::lock_guard<std::mutex> guard(stop_mutex_);
    if (thread_.joinable()) thread_.join();
}

// False: the store closes, or could not be loaded.
bool Service::begin() {
    while (!stopping_ && engine_.state() == EngineState::kLoading) {
        std::this_thread::sleep_for(std::chrono::microseconds(kLookForEngineUs));
    }
    if (stopping_ || engine_.state() != EngineState::kReady) return false;
    Status started = node_.start();
    if (started) return true;
    engine_.log_line(LogLine::Level::kError, "replication: " + started.error().message);
    return false;
}

void Service::run() noexcept {
    bool begun = false;
    while (!attempt([&] { begun = begin(); })) std::this_thread::yield();
    while (begun && !stopping_) {
        // Where memory is exhausted a step is begun anew: what it did not do is still due.
        if (!attempt([&] { node_.step(true); })) std::this_thread::yield();
    }
    attempt([&] { node_.stop(); });
}

}  // namespace synap::replication
