#include "server/http/set_value.h"

#include <array>
#include <vector>

namespace synap::server::http {
namespace {

constexpr std::array kExpiryFields = {
    FieldSpec{.name = "type",
              .required = true,
              .choices = "seconds|milliseconds|unix_seconds|unix_milliseconds",
              .help = "unit; unix_ is a time of day instead of a duration"},
    FieldSpec{.name = "value",
              .type = FieldType::kInteger,
              .required = true,
              .min = 0,
              .max = kMaxExpiryMs,
              .help = "0 and times that are past expire at once"},
};

constexpr std::array kSetFields = {
    kKeyField,
    kValueField,
    FieldSpec{.name = "ttl",
              .type = FieldType::kInteger,
              .min = 0,
              .max = kMaxExpirySeconds,
              .fallback = "never expires",
              .help = "seconds; 0 expires at once"},
    FieldSpec{.name = "expiry",
              .type = FieldType::kObject,
              .members = kExpiryFields.data(),
              .members_count = kExpiryFields.size(),
              .fallback = "ttl",
              .help = "beats ttl"},
    FieldSpec{.name = "nx",
              .type = FieldType::kFlag,
              .fallback = "false",
              .help = "only where there is no such key"},
    FieldSpec{.name = "xx",
              .type = FieldType::kFlag,
              .fallback = "false",
              .help = "only where there is such a key"},
    FieldSpec{.name = "keepttl",
              .type = FieldType::kFlag,
              .fallback = "false",
              .help = "keep the deadline that the key has"},
    FieldSpec{.name = "get",
              .type = FieldType::kFlag,
              .fallback = "false",
              .help = "answer with the old value"},
    kClientId,  // the last, and of the command alone
};

ExpiryUnit unit_of(std::string_view type) noexcept {
    return type == "seconds"        ? ExpiryUnit::kSeconds
           : type == "milliseconds" ? ExpiryUnit::kMilliseconds
           : type == "unix_seconds" ? ExpiryUnit::kUnixSeconds
                                    : ExpiryUnit::kUnixMs;
}

FieldError read_expiry(const Fields& fields, SetOptions& options) {
    if (fields.has("expiry")) {
        Fields expiry;
        fields.object("expiry", expiry);
        options.unit = unit_of(expiry.text("type"));
        options.expiry = expiry.integer("value");
        const bool seconds =
            options.unit == ExpiryUnit::kSeconds || options.unit == ExpiryUnit::kUnixSeconds;
        if (seconds && options.expiry > kMaxExpirySeconds) {
            return "'expiry.value' must be a whole number from 0 to " +
                   std::to_string(kMaxExpirySeconds) + ", not " + std::to_string(options.expiry);
        }
    } else if (fields.has("ttl")) {
        options.unit = ExpiryUnit::kSeconds;
        options.expiry = fields.integer("ttl");
    }
    return std::nullopt;
}

// Options of SET in the engine's words; numbers are kept in `number` as text.
void add_expiry(const SetOptions& options, std::vector<Arg>& argv, std::string& number) {
    if (options.unit == ExpiryUnit::kNone) {
        if (options.keep_ttl) argv.emplace_back("KEEPTTL");
        return;
    }
    if (options.expiry == 0) {
        // "Expires at once": the engine refuses 0 but knows moments of the past.
        argv.emplace_back("PXAT");
        argv.emplace_back(1);
        return;
    }
    switch (options.unit) {
        case ExpiryUnit::kSeconds:
            argv.emplace_back("EX");
            break;
        case ExpiryUnit::kMilliseconds:
            argv.emplace_back("PX");
            break;
        case ExpiryUnit::kUnixSeconds:
            argv.emplace_back("EXAT");
            break;
        default:
            argv.emplace_back("PXAT");
    }
    number = std::to_string(options.expiry);
    argv.emplace_back(number);
}

}  // namespace

FieldSpecs set_route_fields() noexcept {
    return FieldSpecs(kSetFields).first(kSetFields.size() - 1);
}

FieldSpecs set_command_fields() noexcept { return kSetFields; }

FieldError read_set_options(const Fields& fields, SetOptions& options) {
    if (auto error = read_expiry(fields, options)) return error;
    options.nx = fields.flag("nx");
    options.xx = fields.flag("xx");
    options.keep_ttl = fields.flag("keepttl");
    options.get = fields.flag("get");
    if (options.nx && options.xx) return "'nx' and 'xx' exclude each other";
    if (options.keep_ttl && options.unit != ExpiryUnit::kNone) {
        return std::string("'keepttl' and '") + (fields.has("expiry") ? "expiry" : "ttl") +
               "' exclude each other";
    }
    return std::nullopt;
}

Failure set_value(Exchange& exchange, std::string_view key, std::string_view value,
                  const SetOptions& options, SetOutcome& outcome) {
    std::vector<Arg> argv{"SET", key, value};
    std::string number;
    add_expiry(options, argv, number);
    if (options.nx) argv.emplace_back("NX");
    if (options.xx) argv.emplace_back("XX");
    if (options.get) argv.emplace_back("GET");
    const Value reply = exchange.engine.run(argv);
    if (reply.is_error()) return from_reply(reply);
    if (options.get) {
        if (!reply.is_null()) outcome.old_value = std::string(reply.bytes());
        outcome.written = options.nx ? reply.is_null() : options.xx ? !reply.is_null() : true;
    } else {
        outcome.written = !reply.is_null();
    }
    return std::nullopt;
}

void write_outcome(JsonWriter& json, const SetOutcome& outcome) {
    json.member("written", outcome.written);
    if (outcome.old_value) {
        json.key("old_value");
        write_parsed(json, *outcome.old_value);
    }
}

}  // namespace synap::server::http
