#include "server/client/http_client.h"

#include <httplib.h>

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "server/config/settings.h"

namespace synap::server::client {

namespace {

// Splits "host", "host:port" and "[v6]:port"; an empty port stays at the default.
bool split_host(std::string_view text, Endpoint& endpoint) {
    std::string_view port;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return false;
        endpoint.host = text.substr(1, close - 1);
        port = text.substr(close + 1);
    } else {
        const auto colon = text.find(':');
        endpoint.host = text.substr(0, colon);
        port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
    }
    if (port.empty()) return !endpoint.host.empty();
    const char* const end = port.data() + port.size();
    const auto [rest, code] = std::from_chars(port.data() + 1, end, endpoint.port);
    return !endpoint.host.empty() && port.front() == ':' && code == std::errc{} && rest == end &&
           endpoint.port != 0;
}

// httplib does not tell why it could not connect: asked again, by someone who does.
std::string why_no_connection(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
    boost::asio::ip::tcp::iostream stream;
    stream.expires_after(timeout);
    stream.connect(endpoint.host, std::to_string(endpoint.port));
    return stream ? "the connection could not be made" : reason_of(stream.error());
}

std::string why_no_answer(const Endpoint& endpoint, httplib::Error error,
                          std::chrono::milliseconds timeout) {
    switch (error) {
        case httplib::Error::Connection:
        case httplib::Error::ConnectionTimeout:
            return why_no_connection(endpoint, timeout);
        case httplib::Error::Read:
            return "the connection was closed, or nothing came within " +
                   std::to_string(timeout.count() / 1000) + " s";
        default:
            return httplib::to_string(error);
    }
}

}  // namespace

std::string reason_of(const boost::system::error_code& error) {
    if (error == boost::asio::error::operation_aborted) {
        return "the time was over";  // of expires_after
    }
    if (error.category() == boost::asio::error::get_netdb_category()) {
        return "there is no such host";
    }
    std::string text = error.message();
    if (!text.empty()) {
        text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
    }
    return text;
}

std::string Endpoint::text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const auto scheme = text.find("://");
    if (scheme != std::string_view::npos) {
        const std::string_view name = text.substr(0, scheme);
        if (name != "http" && name != "synap") return std::nullopt;
        text.remove_prefix(scheme + 3);
    }
    if (text.ends_with('/')) text.remove_suffix(1);
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
    if (listen_host == kEveryAddress || listen_host == "0.0.0.0") return "127.0.0.1";
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
        error = "no answer from " + endpoint.text() + ": " +
                why_no_answer(endpoint, result.error(), timeout);
        return std::nullopt;
    }
    return HttpReply{result->status, result->body};
}

}  // namespace synap::server::client
