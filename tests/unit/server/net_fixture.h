// A whole server without its main program, and clients over real sockets.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/net/listener.h"
#include "server/net/loop.h"

namespace synap::server {

namespace asio = boost::asio;

// Listener and I/O threads as run() has them, without signals.
class RunningServer {
public:
    explicit RunningServer(const Settings& settings,
                           const std::string& path = ":memory:", const Config& config = Config())
        : settings_(on_loopback(settings)),
          sockets_(settings_),
          shared_(settings_, Store::open(path, config)),
          work_(io_.get_executor()) {
        shared_.request_stop = [] {};
        for (unsigned i = 0; i < 2; ++i) {
            loops_.push_back(std::make_unique<Loop>(shared_, Events::open(shared_.store), i));
            shared_.loops.push_back(&loops_.back()->counters());
        }
        listener_.emplace(io_, sockets_, shared_, loops_);
        for (auto& loop : loops_) {
            loop->start();
        }
        listener_->start();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~RunningServer() {
        stop();
        shared_.store.close();
    }

    void stop() {
        if (!thread_.joinable()) return;
        std::promise<void> stopped;
        asio::post(io_, [&] {
            listener_->stop();
            stopped.set_value();
        });
        stopped.get_future().wait();
        for (auto& loop : loops_) {
            loop->drain();
        }
        for (auto& loop : loops_) {
            loop->join();
        }
        io_.stop();
        thread_.join();
    }

    uint16_t port() const { return sockets_.port(); }
    Shared& shared() { return shared_; }
    uint64_t cut(CutReason reason) const {
        uint64_t sum = 0;
        for (const auto& loop : loops_) {
            sum += loop->counters().cut[static_cast<size_t>(reason)].value();
        }
        return sum;
    }
    uint64_t buffer_bytes() const {
        uint64_t sum = 0;
        for (const auto& loop : loops_) {
            sum += loop->counters().buffer_bytes.value();
        }
        return sum;
    }

private:
    static Settings on_loopback(Settings settings) {
        settings.port = 0;
        if (settings.host == kEveryAddress) settings.host = "127.0.0.1";
        return settings;
    }

    Settings settings_;
    ListeningSockets sockets_;
    Shared shared_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::unique_ptr<Loop>> loops_;
    std::optional<Listener> listener_;
    std::thread thread_;
};

// A blocking client with a limit on every wait.
class Socket {
public:
    // `to` is in host order.
    explicit Socket(uint16_t port, uint32_t to = INADDR_LOOPBACK)
        : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        // Or the kernel could hold 32 MB for the client.
        const int receive_bytes = 256 * 1024;
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(to);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        const timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { ::close(fd_); }

    // False when the server has closed the connection.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<size_t>(n));
        }
        return true;
    }
    // Reads exactly `size` bytes, or what came before the end.
    std::string read(size_t size) {
        std::string text(size, '\0');
        size_t have = 0;
        while (have < size) {
            const ssize_t n = ::recv(fd_, text.data() + have, size - have, 0);
            if (n <= 0) break;
            have += static_cast<size_t>(n);
        }
        text.resize(have);
        return text;
    }
    std::string ask(std::string_view bytes, size_t reply_size) {
        EXPECT_TRUE(send(bytes));
        return read(reply_size);
    }
    std::string read_to_end() { return read(1 << 20); }
    void finish_sending() { ::shutdown(fd_, SHUT_WR); }

private:
    int fd_;
};

// Waits for what another thread brings about.
template <typename Condition>
bool eventually(Condition condition) {
    for (int i = 0; i < 1000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "synap-net-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace synap::server
