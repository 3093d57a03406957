#include "server/server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <synap/session.hpp>
#include <synap/store.hpp>

#include "server/descriptors.h"
#include "server/facts.h"
#include "server/log/log.h"
#include "server/net/listener.h"
#include "server/net/listening.h"
#include "server/net/loop.h"

namespace synap::server {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kHousekeeping{100};
constexpr std::chrono::milliseconds kNoMemoryPause{10};

// The settings as the system lets them be.
Settings within_limits(const Settings& settings) {
    Settings effective = settings;
    if (effective.io_threads == 0) {
        effective.io_threads = std::max(1U, std::thread::hardware_concurrency());
    }
    const size_t open_files = raise_open_files();
    size_t& connections = effective.limits.max_connections;
    connections = connections_within(open_files, connections, effective.io_threads);
    if (connections < settings.limits.max_connections) {
        log::warn("fewer connections than server.max_connections: the limit on open files",
                  {{"connections", connections},
                   {"server.max_connections", settings.limits.max_connections},
                   {"open_files", open_files}});
    }
    return effective;
}

Store open_store(const Settings& settings) {
    Config config;
    for (const auto& [name, value] : settings.engine_options) {
        config.set(name, value);
    }
    // Health probes must be answered while a large log is read.
    config.set("open.wait", "false");
    return Store::open(settings.data_dir.empty() ? ":memory:" : settings.data_dir, config);
}

// The running server: created and destroyed on the main thread.
class Server {
public:
    Server(const Settings& settings, const std::function<void()>& reload)
        : settings_(within_limits(settings)),
          sockets_(settings_),
          shared_(settings_, open_store(settings_)),
          reload_(reload),
          timer_(io_),
          signals_(io_, SIGINT, SIGTERM),
          hangup_(io_, SIGHUP) {
        shared_.request_stop = [this] { asio::post(io_, [this] { stop("SHUTDOWN"); }); };
        for (unsigned i = 0; i < settings_.io_threads; ++i) {
            loops_.push_back(std::make_unique<Loop>(shared_, Events::open(shared_.store), i));
            shared_.loops.push_back(&loops_.back()->counters());
        }
        listener_.emplace(io_, sockets_, shared_, loops_);
        shared_.port = sockets_.port();
    }

    int run() {
        publish_settings(shared_);
        publish_counters(shared_, network_rate_);
        signals_.async_wait([this](const boost::system::error_code& error, int number) {
            if (!error) stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
        });
        await_hangup();
        for (auto& loop : loops_) {
            loop->start();
        }
        housekeeping();
        log::info("listening", {{"host", shared_.settings.host},
                                {"port", static_cast<unsigned>(shared_.port)},
                                {"addresses", sockets_.addresses()},
                                {"io_threads", static_cast<unsigned>(loops_.size())},
                                {"data_dir", shared_.settings.data_dir}});
        say_who_is_served();
        while (!turn_until_stopped()) {
            std::this_thread::sleep_for(kNoMemoryPause);
        }
        for (auto& loop : loops_) {
            loop->join();
        }
        return close_store();
    }

private:
    // False when the memory for going on was missing: nothing is lost by trying again.
    bool turn_until_stopped() {
        try {
            listener_->start();
            if (!waits_for_housekeeping_) wait_for_housekeeping();
            io_.run();
            return true;
        } catch (const std::bad_alloc& error) {
            log::error("the main thread pauses", {{"reason", error.what()}});
            return false;
        }
    }

    void say_who_is_served() const {
        if (settings_.is_protected) {
            log::info(
                "protected mode: only clients on this machine are served, and probes; set "
                "server.host to serve others");
        } else if (sockets_.open_to_others()) {
            log::warn(
                "there are no passwords in this version: whoever reaches this address can "
                "read and change all data",
                {{"addresses", sockets_.addresses()}});
        }
    }

    void await_hangup() {
        hangup_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) {
                await_hangup();
                reload_();
            }
        });
    }

    void stop(const char* why) {
        if (shared_.draining.exchange(true)) return;
        log::info("stopping", {{"reason", why}});
        listener_->stop();
        signals_.cancel();
        hangup_.cancel();
        timer_.cancel();
        for (auto& loop : loops_) {
            loop->drain();
        }
        asio::post(io_, [this] { io_.stop(); });
    }

    void wait_for_housekeeping() {
        timer_.expires_after(kHousekeeping);
        timer_.async_wait([this](const boost::system::error_code& error) {
            waits_for_housekeeping_ = false;
            if (!error) housekeeping();
        });
        waits_for_housekeeping_ = true;
    }

    void housekeeping() {
        wait_for_housekeeping();
        drain_engine_log(shared_);
        watch_state();
        publish_counters(shared_, network_rate_);
    }

    void watch_state() {
        synap_store_state_t state = SYNAP_STORE_STATE_INIT;
        synap_error_t* raw = nullptr;
        const synap_status_t status = synap_store_get_state(shared_.store.raw(), &state, &raw);
        const Error error = Error::take(status, raw);
        if (state.state == seen_state_) return;
        const auto serves = [](uint32_t seen) {
            return seen == SYNAP_STATE_READY || seen == SYNAP_STATE_BLOCKED;
        };
        if (serves(state.state) && !serves(seen_state_)) {
            log::info("ready", {{"used_memory", static_cast<uint64_t>(state.used_memory)}});
        } else if (state.state == SYNAP_STATE_FAILED) {
            log::error("the store has failed", {{"reason", error.message()}});
            if (!serves(seen_state_)) {
                failed_to_open_ = true;
                stop("the data directory could not be opened");
            }
        }
        seen_state_ = state.state;
    }

    int close_store() {
        if (shared_.save_on_exit.load()) save();
        const auto closed = shared_.store.try_close();
        drain_engine_log(shared_);
        if (!closed) {
            log::error("the store was not closed cleanly", {{"reason", closed.error().message()}});
            return EXIT_FAILURE;
        }
        if (failed_to_open_) return EXIT_FAILURE;
        log::info("stopped");
        return EXIT_SUCCESS;
    }

    void save() {
        auto session = Session::try_open(shared_.store);
        if (!session) return;
        const auto reply = session->try_exec({"SAVE"});
        if (!reply) log::error("no snapshot was taken", {{"reason", reply.error().message()}});
    }

    Settings settings_;
    asio::io_context io_{1};
    ListeningSockets sockets_;  // before the store: a port in use leaves no directory behind
    Shared shared_;
    NetworkRate network_rate_;
    std::function<void()> reload_;
    std::vector<std::unique_ptr<Loop>> loops_;
    std::optional<Listener> listener_;
    asio::steady_timer timer_;
    bool waits_for_housekeeping_ = false;  // not where there was no memory for it
    asio::signal_set signals_;
    asio::signal_set hangup_;
    uint32_t seen_state_ = 0;
    bool failed_to_open_ = false;
};

}  // namespace

int run(const Settings& settings, const std::function<void()>& reload) {
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    try {
        Server server(settings, reload);
        const int code = server.run();
        log::flush();
        return code;
    } catch (const std::exception& error) {
        log::error("cannot start", {{"reason", error.what()}});
        log::flush();
        return EXIT_FAILURE;
    }
}

}  // namespace synap::server
