// How this node stands among masters and replicas, for balancers, probes and people: told from
// INFO, so that there is one account of it.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/client/info_text.h"
#include "server/http/router.h"

namespace synap::server::http {
namespace {

// Facts of INFO replication.
class Facts {
public:
    explicit Facts(std::string_view text) : text_(text) {}

    std::string_view text(std::string_view name) const {
        const std::string wanted = "\n" + std::string(name) + ":";
        const size_t at = text_.find(wanted);
        if (at == std::string::npos) return {};
        const size_t from = at + wanted.size();
        return std::string_view(text_).substr(from, text_.find('\r', from) - from);
    }
    std::optional<int64_t> number(std::string_view name) const {
        const std::string_view value = text(name);
        int64_t number = 0;
        const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
        if (read.ec != std::errc() || read.ptr != value.data() + value.size()) return {};
        return number;
    }
    bool is_replica() const { return text("role") == "slave"; }
    bool is_fenced() const { return text("synap_fenced") == "1"; }
    bool is_up() const { return text("master_link_status") == "up"; }
    bool is_whole() const { return !is_replica() || text("synap_whole") != "0"; }

private:
    const std::string text_;
};

// Nothing while the store loads.
std::optional<Facts> facts_of(Exchange& exchange) {
    const synap_store_state_t state = exchange.shared.store.state();
    if (state.state != SYNAP_STATE_READY && state.state != SYNAP_STATE_BLOCKED) return {};
    const Value reply = exchange.engine.run({"INFO", "replication"});
    if (reply.is_error()) return {};
    return Facts(reply.bytes());
}

void write_verdict(Exchange& exchange, bool good, std::string_view reason) {
    exchange.status = good ? 200 : 503;
    exchange.json.begin_object();
    exchange.json.member("status", good ? "yes" : "no");
    if (!good) exchange.json.member("reason", reason);
    exchange.json.end_object();
}

Failure primary(Exchange& exchange, const RestRequest& /*request*/) {
    const auto facts = facts_of(exchange);
    const bool draining = exchange.shared.draining.load(std::memory_order_relaxed);
    const bool good = facts && !facts->is_replica() && !facts->is_fenced() && !draining;
    write_verdict(exchange, good,
                  !facts                ? "it loads"
                  : facts->is_replica() ? "it is a replica"
                  : draining            ? "it is about to stop"
                                        : "another node was promoted");
    return std::nullopt;
}

// "10MB", "500ms", "5s", "1000": bytes or milliseconds.
struct LagLimit {
    uint64_t most = 0;
    bool is_time = false;
};

std::optional<LagLimit> lag_limit_of(std::string_view text) {
    uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || number > UINT32_MAX) return {};
    std::string unit(read.ptr, text.data() + text.size());
    std::transform(unit.begin(), unit.end(), unit.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    if (unit == "ms") return LagLimit{number, true};
    if (unit == "s") return LagLimit{number * 1000, true};
    if (unit.empty() || unit == "b") return LagLimit{number, false};
    if (unit == "k" || unit == "kb") return LagLimit{number << 10, false};
    if (unit == "m" || unit == "mb") return LagLimit{number << 20, false};
    if (unit == "g" || unit == "gb") return LagLimit{number << 30, false};
    return {};
}

bool is_within(const Facts& facts, const LagLimit& limit) {
    const auto lag = facts.number(limit.is_time ? "synap_lag_ms" : "synap_lag_bytes");
    return lag && *lag >= 0 && static_cast<uint64_t>(*lag) <= limit.most;
}

Failure replica(Exchange& exchange, const RestRequest& request) {
    const std::string_view text = request.query.text("lag");
    std::optional<LagLimit> limit;
    if (!text.empty()) {
        limit = lag_limit_of(text);
        if (!limit) return invalid_value("lag: expected bytes or a time, such as 10MB or 500ms");
    }
    const auto facts = facts_of(exchange);
    const bool follows = facts && facts->is_replica() && facts->is_up() && facts->is_whole();
    const bool good = follows && (!limit || is_within(*facts, *limit));
    write_verdict(exchange, good,
                  !facts                 ? "it loads"
                  : !facts->is_replica() ? "it is a master"
                  : !follows             ? "it does not follow its master now"
                                         : "it lags by more than that");
    return std::nullopt;
}

Failure read_only(Exchange& exchange, const RestRequest& /*request*/) {
    const auto facts = facts_of(exchange);
    const bool draining = exchange.shared.draining.load(std::memory_order_relaxed);
    const bool good = facts && facts->is_whole() && !draining;
    write_verdict(exchange, good,
                  !facts     ? "it loads"
                  : draining ? "it is about to stop"
                             : "its first sync is not complete");
    return std::nullopt;
}

// "slave0:ip=..,port=..": as an object.
void write_follower(JsonWriter& json, std::string_view line) {
    json.begin_object();
    each_fact(line, ',', [&](std::string_view name, std::string_view value) {
        int64_t number = 0;
        const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
        const bool is_number = name != "id" && name != "name" && read.ec == std::errc() &&
                               read.ptr == value.data() + value.size();
        json.key(name);
        if (is_number) {
            json.integer(number);
        } else {
            json.text(value);
        }
    });
    json.end_object();
}

void write_numbers(JsonWriter& json, const Facts& facts,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> names) {
    for (const auto& [name, fact] : names) {
        const auto number = facts.number(fact);
        if (number && *number >= 0) json.member(name, static_cast<uint64_t>(*number));
    }
}

// 503 where a person has to look: a fenced master, a replica without its master.
Failure health_replication(Exchange& exchange, const RestRequest& /*request*/) {
    const auto facts = facts_of(exchange);
    JsonWriter& json = exchange.json;
    json.begin_object();
    if (!facts) {
        exchange.status = 503;
        json.member("status", "loading");
        json.end_object();
        return std::nullopt;
    }
    const bool good = facts->is_replica() ? facts->is_up() : !facts->is_fenced();
    exchange.status = good ? 200 : 503;
    json.member("status", good ? "healthy" : "unhealthy");
    json.member("role", facts->is_replica() ? "replica" : "master");
    json.member("fenced", facts->is_fenced());
    json.member("history", facts->text("master_replid").substr(0, 32));
    json.member("node", facts->text("synap_node"));
    write_numbers(json, *facts,
                  {{"term", "synap_term"},
                   {"position", "master_repl_offset"},
                   {"full_syncs_sent", "synap_full_syncs_sent"},
                   {"partial_syncs_sent", "synap_partial_syncs_sent"}});
    if (facts->is_replica()) {
        json.member("master", std::string(facts->text("master_host")) + ":" +
                                  std::string(facts->text("master_port")));
        json.member("state", facts->text("synap_replication_state"));
        write_numbers(json, *facts,
                      {{"lag_bytes", "synap_lag_bytes"},
                       {"lag_ms", "synap_lag_ms"},
                       {"full_syncs_taken", "synap_full_syncs_taken"},
                       {"reconnects", "synap_reconnects"}});
        if (!facts->text("synap_last_disconnect").empty()) {
            json.member("last_disconnect", facts->text("synap_last_disconnect"));
        }
    }
    json.key("followers");
    json.begin_array();
    for (size_t i = 0;; ++i) {
        const std::string_view line = facts->text("slave" + std::to_string(i));
        if (line.empty()) break;
        write_follower(json, line);
    }
    json.end_array();
    json.end_object();
    return std::nullopt;
}

constexpr std::array kLag = {FieldSpec{
    .name = "lag", .fallback = "any", .help = "the most it may lag: 10MB, 500ms, 5s, bytes"}};
constexpr std::string_view kVerdict = R"({"status": "yes"})";

const auto kRoutes = std::to_array<Route>({
    {.method = Method::kGet,
     .pattern = "/health/replication",
     .handler = health_replication,
     .probe = true,
     .summary = "Role, history, term, position, lag and followers of this node.",
     .reply = R"({"status": "healthy", "role": "master", "followers": [...], ...})",
     .errors = "503 loading; a replica without its master; a master whose term is over"},
    {.method = Method::kGet,
     .pattern = "/primary",
     .handler = primary,
     .probe = true,
     .summary = "Whether writes are taken here, for balancers.",
     .reply = kVerdict,
     .errors = "503 no; `reason` says why"},
    {.method = Method::kGet,
     .pattern = "/replica",
     .handler = replica,
     .query = kLag,
     .probe = true,
     .summary = "Whether this is a replica that follows, and lags by no more than that.",
     .reply = kVerdict,
     .errors = "503 no; `reason` says why"},
    {.method = Method::kGet,
     .pattern = "/read-only",
     .handler = read_only,
     .probe = true,
     .summary = "Whether reads are answered here, whatever its role.",
     .reply = kVerdict,
     .errors = "503 no; `reason` says why"},
});

}  // namespace

bool is_caught_up_once(Exchange& exchange) {
    const auto facts = facts_of(exchange);
    return facts && facts->is_whole();
}

std::span<const Route> replication_routes() noexcept { return kRoutes; }

}  // namespace synap::server::http
