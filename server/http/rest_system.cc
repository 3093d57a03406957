// Health, metrics, and the routes that look at the server as a whole.
#include <algorithm>
#include <array>
#include <string>

#include <synap/error.hpp>

#include "server/http/command.h"
#include "server/http/metrics.h"
#include "server/http/router.h"

namespace synap::server::http {
namespace {

constexpr std::string_view kHealthReply =
    R"({"status": "healthy", "service": "synap", "version":...}; while it loads also )"
    R"("state": "loading", "reason", "loaded_bytes", "total_bytes"; while writes wait for room )"
    R"("state": "blocked", "reason")";

// What a probe is told.
struct Condition {
    synap_store_state_t store = SYNAP_STORE_STATE_INIT;
    std::string reason;  // why the server does not serve all there is; empty when it does

    // Serves reads at least.
    bool is_ready() const noexcept {
        return store.state == SYNAP_STATE_READY || store.state == SYNAP_STATE_BLOCKED;
    }
    // Only a restart would help.
    bool is_down() const noexcept {
        return store.state == SYNAP_STATE_FAILED || store.state == SYNAP_STATE_CLOSED;
    }
};

std::string percent_of(const synap_store_state_t& state) {
    if (state.total == 0) return "reading the data directory";
    const double done =
        static_cast<double>(std::min(state.loaded, state.total)) / static_cast<double>(state.total);
    return std::to_string(static_cast<int>(done * 100)) + "% of " + std::to_string(state.total) +
           " bytes of snapshot and log are read";
}

Condition condition_of(const Exchange& exchange) {
    Condition condition;
    synap_error_t* error = nullptr;
    // FAILED and BLOCKED give the error that stopped writes; the state is filled in all the same.
    const synap_status_t status =
        synap_store_get_state(exchange.shared.store.raw(), &condition.store, &error);
    switch (condition.store.state) {
        case SYNAP_STATE_LOADING:
            condition.reason = percent_of(condition.store);
            break;
        case SYNAP_STATE_BLOCKED:
        case SYNAP_STATE_FAILED:
            condition.reason = status == SYNAP_OK || error == nullptr
                                   ? std::string("the store has failed")
                                   : std::string(to_view(synap_error_message(error)));
            break;
        case SYNAP_STATE_CLOSED:
            condition.reason = "the store is closed";
            break;
        default:
            break;
    }
    synap_error_free(error);
    return condition;
}

std::string_view name_of(const Condition& condition) noexcept {
    switch (condition.store.state) {
        case SYNAP_STATE_LOADING:
            return "loading";
        case SYNAP_STATE_READY:
            return "ready";
        case SYNAP_STATE_BLOCKED:
            return "blocked";
        case SYNAP_STATE_CLOSED:
            return "closed";
        default:
            return "failed";
    }
}

void write_progress(JsonWriter& json, const Condition& condition) {
    json.member("loaded_bytes", static_cast<uint64_t>(condition.store.loaded));
    json.member("total_bytes", static_cast<uint64_t>(condition.store.total));
}

// GET /health: 503 only when a restart would help; a server that still loads, or that refuses
// writes until its disk has room again, is healthy.
Failure health(Exchange& exchange, const RestRequest& /*request*/) {
    const Condition condition = condition_of(exchange);
    exchange.status = condition.is_down() ? 503 : 200;
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("status", condition.is_down() ? "unhealthy" : "healthy");
    json.member("service", "synap");
    json.member("version", SYNAP_VERSION);
    if (!condition.reason.empty()) {
        json.member("state", name_of(condition));
        json.member("reason", std::string_view(condition.reason));
    }
    if (condition.store.state == SYNAP_STATE_LOADING) write_progress(json, condition);
    json.end_object();
    return std::nullopt;
}

// GET /health/kv: whether keys can be read now.
Failure health_kv(Exchange& exchange, const RestRequest& /*request*/) {
    const Condition condition = condition_of(exchange);
    const bool ready = condition.is_ready();
    exchange.status = ready ? 200 : 503;
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("status", ready ? "healthy" : condition.is_down() ? "unhealthy" : "loading");
    json.member("component", "kv");
    if (ready) json.member("keys", exchange.engine.run({"DBSIZE"}).integer());
    json.member("memory_bytes", static_cast<uint64_t>(condition.store.used_memory));
    if (!condition.reason.empty()) json.member("reason", std::string_view(condition.reason));
    json.end_object();
    return std::nullopt;
}

// GET /livez: that this answers is the point.
Failure livez(Exchange& exchange, const RestRequest& /*request*/) {
    exchange.json.begin_object();
    exchange.json.member("status", "alive");
    exchange.json.end_object();
    return std::nullopt;
}

// GET /readyz: 200 when traffic is welcome, 503 while loading, draining, or failed. A store that
// only refuses writes for a while is better asked than not.
Failure readyz(Exchange& exchange, const RestRequest& /*request*/) {
    Condition condition = condition_of(exchange);
    const bool draining = exchange.shared.draining.load(std::memory_order_relaxed);
    const bool syncs = condition.is_ready() && !is_caught_up_once(exchange);
    if (syncs) condition.reason = "the first sync with the master is not complete";
    if (draining) condition.reason = "the server is about to stop";
    exchange.status = condition.is_ready() && !draining && !syncs ? 200 : 503;
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("status", draining ? "draining" : syncs ? "syncing" : name_of(condition));
    write_progress(json, condition);
    if (!condition.reason.empty()) json.member("reason", std::string_view(condition.reason));
    json.end_object();
    return std::nullopt;
}

Failure metrics(Exchange& exchange, const RestRequest& /*request*/) {
    exchange.content_type = "text/plain; version=0.0.4; charset=utf-8";
    exchange.json.raw(metrics_text(exchange.shared));
    return std::nullopt;
}

Failure command(Exchange& exchange, const RestRequest& request) {
    std::string scratch;
    run_envelope(exchange, request.body, scratch);
    return std::nullopt;
}

const auto kRoutes = std::to_array<Route>({
    {.method = Method::kPost,
     .pattern = "/api/v1/command",
     .handler = command,
     .body = envelope_fields(),
     .unknown = Unknown::kIgnore,
     .summary = "Runs a command; see below.",
     .reply = R"({"success": true, "request_id":..., "payload":..., "error": null})"},
    {.method = Method::kGet,
     .pattern = "/health",
     .handler = health,
     .probe = true,
     .summary = "Whether the server is better left alone than started anew.",
     .reply = kHealthReply,
     .errors = "503 unhealthy: only a restart would help, and `reason` says why"},
    {.method = Method::kGet,
     .pattern = "/health/kv",
     .handler = health_kv,
     .probe = true,
     .summary = "Whether keys can be read.",
     .reply = R"({"status": "healthy", "component": "kv", "keys": 3, "memory_bytes":...})",
     .errors = "503 loading, unhealthy"},
    {.method = Method::kGet,
     .pattern = "/livez",
     .handler = livez,
     .probe = true,
     .summary = "Whether the process answers.",
     .reply = R"({"status": "alive"})"},
    {.method = Method::kGet,
     .pattern = "/readyz",
     .handler = readyz,
     .probe = true,
     .summary = "Whether traffic is welcome.",
     .reply = R"({"status": "ready", "loaded_bytes": 0, "total_bytes": 0})",
     .errors = "503 loading, draining, syncing, failed; `reason` says why"},
    {.method = Method::kGet,
     .pattern = "/metrics",
     .handler = metrics,
     .probe = true,
     .summary = "Metrics for Prometheus.",
     .reply = "text"},
});

}  // namespace

std::span<const Route> system_routes() noexcept { return kRoutes; }

}  // namespace synap::server::http
