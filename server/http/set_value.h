// SET with its options, as /kv/set and kv.set take them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/operations.h"

namespace synap::server::http {

FieldSpecs set_route_fields() noexcept;
// Those of the route and client_id.
FieldSpecs set_command_fields() noexcept;

enum class ExpiryUnit : uint8_t { kNone, kSeconds, kMilliseconds, kUnixSeconds, kUnixMs };
struct SetOptions {
    ExpiryUnit unit = ExpiryUnit::kNone;
    int64_t expiry = 0;
    bool nx = false;
    bool xx = false;
    bool keep_ttl = false;
    bool get = false;
};
struct SetOutcome {
    bool written = true;
    std::optional<std::string> old_value;
};

// Options that exclude each other are an error that names them.
FieldError read_set_options(const Fields& fields, SetOptions& options);
Failure set_value(Exchange& exchange, std::string_view key, std::string_view value,
                  const SetOptions& options, SetOutcome& outcome);

// Members "written" and, where there is one, "old_value".
void write_outcome(JsonWriter& json, const SetOutcome& outcome);

// What the engine can add to the time of day.
inline constexpr int64_t kMaxExpirySeconds = 9'000'000'000'000'000;
inline constexpr int64_t kMaxExpiryMs = kMaxExpirySeconds * 1000;

}  // namespace synap::server::http
