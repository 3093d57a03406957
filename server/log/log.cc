#include "server/log/log.h"

#include <spdlog/details/file_helper.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>
#include <mutex>
#include <utility>

#include "server/log/formatter.h"

namespace synap::server::log {

namespace {

constexpr std::array<std::pair<std::string_view, Level>, 6> kLevels = {{
    {"trace", Level::kTrace},
    {"debug", Level::kDebug},
    {"info", Level::kInfo},
    {"warn", Level::kWarn},
    {"error", Level::kError},
    {"off", Level::kOff},
}};

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::kTrace:
            return spdlog::level::trace;
        case Level::kDebug:
            return spdlog::level::debug;
        case Level::kInfo:
            return spdlog::level::info;
        case Level::kWarn:
            return spdlog::level::warn;
        case Level::kError:
            return spdlog::level::err;
        case Level::kOff:
            break;
    }
    return spdlog::level::off;
}

const Level* find_level(std::string_view name) {
    for (const auto& [known, value] : kLevels) {
        if (known == name) return &value;
    }
    return nullptr;
}

// A file that can be opened again while other threads write to it.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit FileSink(std::string name) : name_(std::move(name)) { file_ = open(); }

    // Throws spdlog_ex, and goes on with the former file.
    void reopen() {
        auto file = open();
        const std::lock_guard lock(mutex_);
        file_ = std::move(file);
    }

protected:
    void sink_it_(const spdlog::details::log_msg& line) override {
        spdlog::memory_buf_t text;
        formatter_->format(line, text);
        file_->write(text);
    }
    void flush_() override { file_->flush(); }

private:
    std::unique_ptr<spdlog::details::file_helper> open() const {
        auto file = std::make_unique<spdlog::details::file_helper>();
        file->open(name_);
        return file;
    }

    std::string name_;
    std::unique_ptr<spdlog::details::file_helper> file_;
};

void install(spdlog::sink_ptr sink, Level level, bool json) {
    auto logger = std::make_shared<spdlog::logger>("synap", std::move(sink));
    logger->set_formatter(std::make_unique<LineFormatter>(json));
    logger->set_level(to_spdlog(level));
    // A line that explains a crash must not wait in a buffer for the crash.
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

// The logger in force; text at level info on standard error until setup() has run.
spdlog::logger& logger() {
    static const bool ready = [] {
        if (spdlog::default_logger_raw()->name() != "synap") {
            install(std::make_shared<spdlog::sinks::stderr_sink_mt>(), Level::kInfo, false);
        }
        return true;
    }();
    static_cast<void>(ready);
    return *spdlog::default_logger_raw();
}

}  // namespace

bool setup(const LogConfig& config, std::string& error) {
    const Level* level = find_level(config.level);
    if (!level) {
        error = "unknown log level '" + config.level + "'";
        return false;
    }
    if (config.format != "text" && config.format != "json") {
        error = "unknown log format '" + config.format + "'";
        return false;
    }
    spdlog::sink_ptr sink;
    if (config.file.empty()) {
        sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
        try {
            sink = std::make_shared<FileSink>(config.file);
        } catch (const spdlog::spdlog_ex& e) {
            error = e.what();
            return false;
        }
    }
    install(std::move(sink), *level, config.format == "json");
    return true;
}

bool reopen(const std::string& level, std::string& error) {
    const Level* found = find_level(level);
    if (!found) {
        error = "unknown log level '" + level + "'";
        return false;
    }
    try {
        for (const spdlog::sink_ptr& sink : logger().sinks()) {
            if (auto* file = dynamic_cast<FileSink*>(sink.get())) file->reopen();
        }
    } catch (const spdlog::spdlog_ex& e) {
        error = e.what();
        return false;
    }
    logger().set_level(to_spdlog(*found));
    return true;
}

void flush() { logger().flush(); }

bool enabled(Level level) { return logger().should_log(to_spdlog(level)); }

void write(Level level, std::string_view message, Fields fields) {
    spdlog::logger& target = logger();
    if (target.should_log(to_spdlog(level))) {
        const CurrentFields current(fields);
        target.log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size()));
    }
}

}  // namespace synap::server::log
