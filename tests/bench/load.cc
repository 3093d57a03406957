// Drives a RESP server over many connections from one thread, and prints as JSON what each phase
// of the run cost both sides. redis-benchmark does the same, but needs more CPU for a request than
// the servers it is to measure, and then measures itself.
//
//   bench_load --port N [--load | --set-percent N] [--keys N] [--clients N] [--pipeline N]
//              [--seconds N] [--warmup N] [--rate N] [--control] [--value-bytes N]
//              [--server-pid N] [--seed N] [--shape strings | hash | hashes]
//
// --shape hash: the keys are fields of one hash, `hash`; hashes: each key is a hash of eight
// fields, of which one is read or written. --load writes every key once. Otherwise random keys are
// read, or written for --set-percent of the batches: as fast as the replies come, or, with --rate,
// that many a second by the clock, where latency counts from the moment a request was due
// (pipelines are 1 then). The run is a phase "warmup" and a phase "run"; with --control each line
// of standard input is the name of the phase that begins, and its end ends the run.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "tests/bench/load_batch.h"
#include "tests/bench/load_meter.h"

namespace synap::bench {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kSilence = 20 * kSecond;

struct Settings {
    int port = 0;
    bool load = false;
    bool control = false;
    Shape shape = Shape::kStrings;
    uint64_t keys = 1'000'000;
    size_t clients = 50;
    size_t pipeline = 1;
    uint64_t set_percent = 0;
    size_t value_bytes = 64;
    double seconds = 2;
    double warmup = 0.3;
    double rate = 0;
    int server_pid = 0;
    uint64_t seed = 1;
};

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

class Connection {
public:
    Connection(const Settings& settings)
        : get_(Kind::kGet, settings.shape, settings.pipeline, settings.value_bytes),
          set_(settings.load ? Kind::kFill : Kind::kSet, settings.shape, settings.pipeline,
               settings.value_bytes),
          replies_(std::max(get_.all_replies_bytes(), set_.all_replies_bytes()), '\0') {
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(settings.port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd_ < 0 || connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            fail("cannot connect");
        }
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fcntl(fd_, F_SETFL, O_NONBLOCK);
    }

    ~Connection() { close(fd_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int fd() const { return fd_; }
    uint64_t due() const { return due_; }
    size_t depth() const { return get_.depth(); }

    Batch& choose(Kind kind) {
        current_ = kind == Kind::kGet ? &get_ : &set_;
        return *current_;
    }

    void start(uint64_t due) {
        due_ = due;
        received_ = 0;
        std::string_view rest = current_->text();
        while (!rest.empty()) {
            const ssize_t sent = send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent > 0) {
                rest.remove_prefix(static_cast<size_t>(sent));
            } else if (errno == EAGAIN) {
                pollfd writable{fd_, POLLOUT, 0};
                poll(&writable, 1, -1);
            } else {
                fail("cannot send");
            }
        }
    }

    // True once all replies of the batch are there.
    bool receive() {
        const size_t expected = current_->all_replies_bytes();
        const ssize_t got = recv(fd_, replies_.data() + received_, expected - received_, 0);
        if (got <= 0) {
            if (got < 0 && errno == EAGAIN) return false;
            fail("the server closed a connection");
        }
        received_ += static_cast<size_t>(got);
        if (received_ < expected) return false;
        current_->check({replies_.data(), expected});
        return true;
    }

    std::string_view received() const { return {replies_.data(), received_}; }

private:
    Batch get_;
    Batch set_;
    Batch* current_ = &get_;
    std::string replies_;
    size_t received_ = 0;
    uint64_t due_ = 0;
    int fd_;
};

class Load {
public:
    explicit Load(const Settings& settings)
        : settings_(settings), meter_(settings.server_pid), random_(settings.seed) {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        for (size_t i = 0; i < settings.clients; ++i) {
            connections_.push_back(std::make_unique<Connection>(settings));
            watch(connections_.back()->fd(), connections_.back().get());
        }
        if (settings.control) watch(STDIN_FILENO, nullptr);
        // Sleeps end when they should, not up to 50 us later.
        prctl(PR_SET_TIMERSLACK, 1);
    }

    ~Load() { close(epoll_); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    void run() {
        const uint64_t start = now_ns();
        next_due_ = start;
        meter_.enter("warmup");
        switch_at_ = start + static_cast<uint64_t>(settings_.warmup * kSecond);
        heard_ = start;
        for (const auto& connection : connections_) {
            ready(*connection, start);
        }
        while (!done_) {
            wait();
            turn_phases();
        }
        meter_.print();
    }

private:
    void watch(int fd, Connection* owner) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = owner;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("cannot watch a descriptor");
    }

    void wait() {
        std::array<epoll_event, 256> events;
        const int got = epoll_pwait2(epoll_, events.data(), events.size(), timeout(), nullptr);
        if (got < 0 && errno != EINTR) fail("epoll_pwait2");
        for (int i = 0; i < got; ++i) {
            auto* connection = static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
            if (!connection) {
                read_control();
            } else if (connection->receive()) {
                heard_ = now_ns();
                meter_.record(connection->depth(), heard_ - connection->due());
                ready(*connection, heard_);
            }
        }
        if (settings_.rate > 0) send_what_is_due();
    }

    const timespec* timeout() {
        uint64_t wait_ns = kSecond / 100;
        if (settings_.rate > 0 && !idle_.empty()) {
            const uint64_t now = now_ns();
            wait_ns = next_due_ > now ? std::min(wait_ns, next_due_ - now) : 0;
        }
        timeout_ = {static_cast<time_t>(wait_ns / kSecond), static_cast<long>(wait_ns % kSecond)};
        return &timeout_;
    }

    void turn_phases() {
        const uint64_t now = now_ns();
        if (now - heard_ > kSilence) {
            const std::string_view partial = connections_.front()->received();
            throw std::runtime_error("the server has fallen silent; the first connection got: " +
                                     std::string(partial.substr(0, 200)));
        }
        if (settings_.control || settings_.load) return;
        if (!measuring_ && now >= switch_at_) {
            measuring_ = true;
            meter_.enter("run");
            end_at_ = now + static_cast<uint64_t>(settings_.seconds * kSecond);
        } else if (measuring_ && now >= end_at_) {
            // On a machine that stalls nothing may have happened yet.
            done_ = meter_.operations() > 0;
        }
    }

    // A connection has nothing to wait for.
    void ready(Connection& connection, uint64_t now) {
        if (settings_.rate > 0) {
            idle_.push_back(&connection);
        } else if (settings_.load) {
            load_next(connection, now);
        } else {
            send(connection, now);
        }
    }

    void load_next(Connection& connection, uint64_t now) {
        const uint64_t depth = connection.depth();
        if (next_key_ >= settings_.keys) {
            done_ = ++finished_ == connections_.size();
            return;
        }
        // The last batch may write some keys twice.
        const uint64_t first = std::min(next_key_, settings_.keys - depth);
        Batch& batch = connection.choose(Kind::kSet);
        for (size_t i = 0; i < depth; ++i) {
            batch.set_number(i, first + i);
        }
        next_key_ += depth;
        connection.start(now);
    }

    void send(Connection& connection, uint64_t due) {
        const bool write = random_.below(100) < settings_.set_percent;
        Batch& batch = connection.choose(write ? Kind::kSet : Kind::kGet);
        for (size_t i = 0; i < batch.depth(); ++i) {
            batch.set_number(i, random_.below(batch.numbers(settings_.keys)));
        }
        connection.start(due);
    }

    // Requests that found no idle connection go out late, but their latency counts from here.
    void send_what_is_due() {
        const auto interval = static_cast<uint64_t>(kSecond / settings_.rate);
        const uint64_t now = now_ns();
        while (next_due_ <= now && !idle_.empty()) {
            Connection* connection = idle_.front();
            idle_.pop_front();
            send(*connection, next_due_);
            next_due_ += interval;
        }
    }

    void read_control() {
        std::array<char, 4096> bytes;
        const ssize_t got = read(STDIN_FILENO, bytes.data(), bytes.size());
        if (got <= 0) {
            done_ = true;
            return;
        }
        control_.append(bytes.data(), static_cast<size_t>(got));
        for (size_t end; (end = control_.find('\n')) != std::string::npos;) {
            meter_.enter(control_.substr(0, end));
            control_.erase(0, end + 1);
        }
    }

    Settings settings_;
    Meter meter_;
    Random random_;
    int epoll_ = -1;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::deque<Connection*> idle_;  // in turn, so that all threads of the server are asked
    std::string control_;
    timespec timeout_{};
    uint64_t next_due_ = 0;
    uint64_t next_key_ = 0;
    uint64_t switch_at_ = 0;
    uint64_t end_at_ = 0;
    uint64_t heard_ = 0;
    size_t finished_ = 0;
    bool measuring_ = false;
    bool done_ = false;
};

double number(const char* text) {
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    if (end == text || *end != '\0' || value < 0) {
        throw std::invalid_argument(std::string("not a number: ") + text);
    }
    return value;
}

template <typename T>
void assign(T& target, const char* text) {
    target = static_cast<T>(number(text));
}

Shape shape(const std::string& name) {
    if (name == "strings") return Shape::kStrings;
    if (name == "hash") return Shape::kHash;
    if (name == "hashes") return Shape::kHashes;
    throw std::invalid_argument("no shape: " + name);
}

void set_option(Settings& s, const std::string& name, const char* value) {
    if (name == "--port") return assign(s.port, value);
    if (name == "--keys") return assign(s.keys, value);
    if (name == "--clients") return assign(s.clients, value);
    if (name == "--pipeline") return assign(s.pipeline, value);
    if (name == "--set-percent") return assign(s.set_percent, value);
    if (name == "--value-bytes") return assign(s.value_bytes, value);
    if (name == "--seconds") return assign(s.seconds, value);
    if (name == "--warmup") return assign(s.warmup, value);
    if (name == "--rate") return assign(s.rate, value);
    if (name == "--server-pid") return assign(s.server_pid, value);
    if (name == "--seed") return assign(s.seed, value);
    if (name == "--shape") {
        s.shape = shape(value);
        return;
    }
    throw std::invalid_argument("unknown option " + name);
}

Settings parse(int argc, char** argv) {
    Settings s;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--load") {
            s.load = true;
        } else if (name == "--control") {
            s.control = true;
        } else if (i + 1 < argc) {
            set_option(s, name, argv[++i]);
        } else {
            throw std::invalid_argument(name + " needs a value");
        }
    }
    if (s.port == 0 || s.keys < s.pipeline || s.keys > kMaxKeys || s.clients == 0 ||
        s.pipeline == 0 || (s.rate > 0 && s.pipeline != 1)) {
        throw std::invalid_argument("--port is needed; 1 <= pipeline <= keys <= 100,000,000");
    }
    return s;
}

}  // namespace
}  // namespace synap::bench

int main(int argc, char** argv) {
    try {
        synap::bench::Load(synap::bench::parse(argc, argv)).run();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_load: %s\n", error.what());
        return 1;
    }
}
