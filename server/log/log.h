// Log lines of the server: one message and a few named values, as text or as JSON.
//
//   log::info("listening", {{"host", host}, {"port", port}});
//   2026-01-31T12:00:00.123Z INFO  listening host=0.0.0.0 port=15500
//   {"time":"2026-01-31T12:00:00.123Z","level":"info","message":"listening","host":...}
//
// Threads: any, once setup() has returned. Before setup() lines go to standard error as text at
// level info. Control characters in messages and values are escaped, so that what a client sends
// cannot forge a line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace synap::server::log {

struct LogConfig {
    std::string level = "info";   // trace, debug, info, warn, error, off
    std::string format = "text";  // text, json
    std::string file;             // to append to; empty: standard error
};

enum class Level : uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };

// One named value. Views the caller's memory: use it only in the call.
struct Field {
    using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;

    template <typename T>
    Field(std::string_view name, const T& from) : key(name), value(wrap(from)) {}

    std::string_view key;
    Value value;

private:
    template <typename T>
    static Value wrap(const T& from) {
        if constexpr (std::is_same_v<T, bool>) {
            return from;
        } else if constexpr (std::is_floating_point_v<T>) {
            return static_cast<double>(from);
        } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
            return static_cast<int64_t>(from);
        } else if constexpr (std::is_integral_v<T>) {
            return static_cast<uint64_t>(from);
        } else {
            return std::string_view(from);
        }
    }
};

using Fields = std::initializer_list<Field>;

// Applies level, format and target. Returns false, with a sentence in `error` and the former
// set-up kept, when the file cannot be opened or a name is unknown.
[[nodiscard]] bool setup(const LogConfig& config, std::string& error);

// Opens the log file again by its name, for it may have been renamed, and takes over the level. Any
// thread. On failure false with a sentence in `error`, and the former file goes on.
[[nodiscard]] bool reopen(const std::string& level, std::string& error);

// Writes what is buffered; call before the process ends.
void flush();

[[nodiscard]] bool enabled(Level level);
void write(Level level, std::string_view message, Fields fields = {});

inline void trace(std::string_view m, Fields f = {}) { write(Level::kTrace, m, f); }
inline void debug(std::string_view m, Fields f = {}) { write(Level::kDebug, m, f); }
inline void info(std::string_view m, Fields f = {}) { write(Level::kInfo, m, f); }
inline void warn(std::string_view m, Fields f = {}) { write(Level::kWarn, m, f); }
inline void error(std::string_view m, Fields f = {}) { write(Level::kError, m, f); }

}  // namespace synap::server::log
