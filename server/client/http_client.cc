#include "server/client/http_client.h"

#include <httplib.h>

#include <algorithm>
#include <charconv>

namespace synap::server::client {

namespace {

// Splits "host", "host:port" and "[v6]:port"; an empty port stays at the default.
bool split_host(std::string_view text, Endpoint& endpoint) {
    std::string_view port;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) {
            return false;
        }
        endpoint.host = text.substr(1, close - 1);
        port = text.substr(close + 1);
    } else {
        const auto colon = text.find(':');
        endpoint.host = text.substr(0, colon);
        port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
    }
    if (port.empty()) {
        return !endpoint.host.empty();
    }
    const char* const end = port.data() + port.size();
    const auto [rest, code] = std::from_chars(port.data() + 1, end, endpoint.port);
    return !endpoint.host.empty() && port.front() == ':' && code == std::errc{} && rest == end &&
           endpoint.port != 0;
}

}  // namespace

std::string Endpoint::text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const auto scheme = text.find("://");
    if (scheme != std::string_view::npos) {
        const std::string_view name = text.substr(0, scheme);
        if (name != "http" && name != "synap") {
            return std::nullopt;
        }
        text.remove_prefix(scheme + 3);
    }
    if (text.ends_with('/')) {
        text.remove_suffix(1);
    }
    const bool printable =
        std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    Endpoint endpoint;
    if (!printable || text.find_first_of("/?#@") != std::string_view::npos ||
        !split_host(text, endpoint)) {
        return std::nullopt;
    }
    return endpoint;
}

std::string loopback_for(const std::string& listen_host) {
    if (listen_host.empty() || listen_host == "0.0.0.0") {
        return "127.0.0.1";
    }
    return listen_host == "::" ? "::1" : listen_host;
}

std::optional<HttpReply> http_request(const Endpoint& endpoint, const std::string& method,
                                      const std::string& path, std::chrono::milliseconds timeout,
                                      std::string& error) {
    httplib::Client client(endpoint.host, endpoint.port);
    client.set_connection_timeout(timeout);
    client.set_read_timeout(timeout);
    client.set_write_timeout(timeout);
    httplib::Request request;
    request.method = method;
    request.path = path;
    const httplib::Result result = client.send(request);
    if (!result) {
        error = "no answer from " + endpoint.text() + ": " + httplib::to_string(result.error());
        return std::nullopt;
    }
    return HttpReply{result->status, result->body};
}

}  // namespace synap::server::client
