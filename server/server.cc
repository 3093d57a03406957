#include "server/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <synap/session.hpp>
#include <synap/store.hpp>

#include "server/facts.h"
#include "server/log/log.h"
#include "server/net/listener.h"
#include "server/net/loop.h"

namespace synap::server {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kHousekeeping{100};
/// Descriptors besides those of clients: log, snapshot, event queues, listening socket.
constexpr rlim_t kOwnDescriptors = 128;

void allow_descriptors(std::size_t connections) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    const rlim_t wanted = connections + kOwnDescriptors;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = std::min(wanted, limit.rlim_max);
        static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
    }
    if (limit.rlim_cur < wanted) {
        log::warn("the limit on open files is below what max_connections needs",
                  {{"limit", static_cast<std::uint64_t>(limit.rlim_cur)},
                   {"wanted", static_cast<std::uint64_t>(wanted)}});
    }
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

/// The running server: created and destroyed on the main thread.
class Server {
public:
    explicit Server(const Settings& settings)
        : shared_(settings, open_store(settings)), timer_(io_), signals_(io_, SIGINT, SIGTERM) {
        shared_.request_stop = [this] { asio::post(io_, [this] { stop("SHUTDOWN"); }); };
        unsigned threads = settings.io_threads;
        if (threads == 0) {
            threads = std::max(1U, std::thread::hardware_concurrency());
        }
        for (unsigned i = 0; i < threads; ++i) {
            loops_.push_back(std::make_unique<Loop>(shared_, Events::open(shared_.store), i));
            shared_.loops.push_back(&loops_.back()->counters());
        }
        listener_.emplace(io_, shared_, loops_);
        shared_.port = listener_->port();
    }

    int run() {
        publish_settings(shared_);
        publish_counters(shared_, network_rate_);
        signals_.async_wait([this](const boost::system::error_code& error, int number) {
            if (!error) {
                stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
            }
        });
        for (auto& loop : loops_) {
            loop->start();
        }
        listener_->start();
        housekeeping();
        log::info("listening", {{"host", shared_.settings.host},
                                {"port", static_cast<unsigned>(shared_.port)},
                                {"io_threads", static_cast<unsigned>(loops_.size())},
                                {"data_dir", shared_.settings.data_dir}});
        io_.run();
        for (auto& loop : loops_) {
            loop->join();
        }
        return close_store();
    }

private:
    void stop(const char* why) {
        if (shared_.draining.exchange(true)) {
            return;
        }
        log::info("stopping", {{"reason", why}});
        listener_->stop();
        signals_.cancel();
        timer_.cancel();
        for (auto& loop : loops_) {
            loop->drain();
        }
        asio::post(io_, [this] { io_.stop(); });
    }

    void housekeeping() {
        drain_engine_log(shared_);
        watch_state();
        publish_counters(shared_, network_rate_);
        timer_.expires_after(kHousekeeping);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) {
                housekeeping();
            }
        });
    }

    void watch_state() {
        synap_store_state_t state = SYNAP_STORE_STATE_INIT;
        synap_error_t* raw = nullptr;
        const synap_status_t status = synap_store_get_state(shared_.store.raw(), &state, &raw);
        const Error error = Error::take(status, raw);
        if (state.state == seen_state_) {
            return;
        }
        const auto serves = [](std::uint32_t seen) {
            return seen == SYNAP_STATE_READY || seen == SYNAP_STATE_BLOCKED;
        };
        if (serves(state.state) && !serves(seen_state_)) {
            log::info("ready", {{"used_memory", static_cast<std::uint64_t>(state.used_memory)}});
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
        if (shared_.save_on_exit.load()) {
            save();
        }
        const auto closed = shared_.store.try_close();
        drain_engine_log(shared_);
        if (!closed) {
            log::error("the store was not closed cleanly", {{"reason", closed.error().message()}});
            return EXIT_FAILURE;
        }
        if (failed_to_open_) {
            return EXIT_FAILURE;
        }
        log::info("stopped");
        return EXIT_SUCCESS;
    }

    void save() {
        auto session = Session::try_open(shared_.store);
        if (!session) {
            return;
        }
        const auto reply = session->try_exec({"SAVE"});
        if (!reply) {
            log::error("no snapshot was taken", {{"reason", reply.error().message()}});
        }
    }

    asio::io_context io_{1};
    Shared shared_;
    NetworkRate network_rate_;
    std::vector<std::unique_ptr<Loop>> loops_;
    std::optional<Listener> listener_;
    asio::steady_timer timer_;
    asio::signal_set signals_;
    std::uint32_t seen_state_ = 0;
    bool failed_to_open_ = false;
};

}  // namespace

int run(const Settings& settings) {
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    try {
        allow_descriptors(settings.limits.max_connections);
        Server server(settings);
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
