// Health, metrics, and the routes that look at the server as a whole.
#include <array>
#include <string>

#include "server/http/command.h"
#include "server/http/metrics.h"
#include "server/http/router.h"

namespace synap::server::http {
namespace {

synap_store_state_t state_of(const Exchange& exchange) noexcept {
    return exchange.shared.store.state();
}

bool is_down(const synap_store_state_t& state) noexcept {
    return state.state == SYNAP_STATE_FAILED || state.state == SYNAP_STATE_CLOSED;
}

/// GET /health: 200 unless the store has failed; a server that still loads is healthy.
Failure health(Exchange& exchange, const RestRequest& /*request*/) {
    const bool down = is_down(state_of(exchange));
    exchange.status = down ? 503 : 200;
    exchange.json.begin_object();
    exchange.json.member("status", down ? "unhealthy" : "healthy");
    exchange.json.member("service", "synap");
    exchange.json.member("version", SYNAP_VERSION);
    exchange.json.end_object();
    return std::nullopt;
}

/// GET /health/kv: whether keys can be read and written now.
Failure health_kv(Exchange& exchange, const RestRequest& /*request*/) {
    const synap_store_state_t state = state_of(exchange);
    const bool ready = state.state == SYNAP_STATE_READY;
    exchange.status = ready ? 200 : 503;
    exchange.json.begin_object();
    exchange.json.member("status", ready ? "healthy" : is_down(state) ? "unhealthy" : "loading");
    exchange.json.member("component", "kv");
    if (ready) {
        exchange.json.member("keys", exchange.engine.run({"DBSIZE"}).integer());
    }
    exchange.json.member("memory_bytes", static_cast<std::uint64_t>(state.used_memory));
    exchange.json.end_object();
    return std::nullopt;
}

/// GET /livez: that this answers is the point.
Failure livez(Exchange& exchange, const RestRequest& /*request*/) {
    exchange.json.begin_object();
    exchange.json.member("status", "alive");
    exchange.json.end_object();
    return std::nullopt;
}

/// GET /readyz: 200 when traffic is welcome, 503 while loading, draining, or failed.
Failure readyz(Exchange& exchange, const RestRequest& /*request*/) {
    const synap_store_state_t state = state_of(exchange);
    const bool draining = exchange.shared.draining.load(std::memory_order_relaxed);
    const bool ready = state.state == SYNAP_STATE_READY && !draining;
    exchange.status = ready ? 200 : 503;
    exchange.json.begin_object();
    exchange.json.member("status", ready                                ? "ready"
                                   : draining                           ? "draining"
                                   : state.state == SYNAP_STATE_LOADING ? "loading"
                                                                        : "failed");
    exchange.json.member("loaded_bytes", static_cast<std::uint64_t>(state.loaded));
    exchange.json.member("total_bytes", static_cast<std::uint64_t>(state.total));
    exchange.json.end_object();
    return std::nullopt;
}

Failure metrics(Exchange& exchange, const RestRequest& /*request*/) {
    exchange.content_type = "text/plain; version=0.0.4; charset=utf-8";
    exchange.json.raw(metrics_text(exchange.shared));
    return std::nullopt;
}

Failure server_info(Exchange& exchange, const RestRequest& request) {
    return info(exchange, request.parameter("section").value_or(""));
}

Failure clients(Exchange& exchange, const RestRequest& /*request*/) {
    return client_list(exchange);
}

Failure usage(Exchange& exchange, const RestRequest& request) {
    return memory_usage(exchange, request.params[0], true);
}

Failure snapshot(Exchange& exchange, const RestRequest& /*request*/) {
    const Value reply = exchange.engine.run({"BGSAVE"});
    if (reply.is_error()) {
        return from_reply(reply);
    }
    exchange.json.begin_object();
    exchange.json.member("success", true);
    exchange.json.member("message", reply.bytes());
    exchange.json.end_object();
    return std::nullopt;
}

Failure command(Exchange& exchange, const RestRequest& request) {
    std::string scratch;
    return run_envelope(exchange, *request.body, scratch);
}

constexpr std::array kRoutes = {
    Route{Method::kPost, "/api/v1/command", command, true},
    Route{Method::kGet, "/health", health},
    Route{Method::kGet, "/health/kv", health_kv},
    Route{Method::kGet, "/livez", livez},
    Route{Method::kGet, "/readyz", readyz},
    Route{Method::kGet, "/metrics", metrics},
    Route{Method::kGet, "/info", server_info},
    Route{Method::kGet, "/clients", clients},
    Route{Method::kGet, "/memory/{}/usage", usage},
    Route{Method::kPost, "/snapshot", snapshot},
};

}  // namespace

std::span<const Route> system_routes() noexcept { return kRoutes; }

}  // namespace synap::server::http
