// One HTTP request to a Synap server, for probes and synap-admin.
#pragma once

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synap::server::client {

struct Endpoint {
    std::string host;
    uint16_t port = 15500;

    // "127.0.0.1:15500", "[::1]:15500".
    std::string text() const;
};

// "connection refused": as the end of a sentence.
std::string reason_of(const boost::system::error_code& error);

// host, host:port, [v6]:port, or a URL of the scheme http or synap with one of these and nothing
// behind it but "/". None when the text is something else.
std::optional<Endpoint> parse_endpoint(std::string_view text);

// What to listen on is not always what to connect to: 0.0.0.0 and :: become the loopback address.
std::string loopback_for(const std::string& listen_host);

struct HttpReply {
    int status = 0;
    std::string body;
};

// Sends the request and waits for the whole answer. None, with a sentence in `error`, when there
// was no answer within `timeout`.
std::optional<HttpReply> http_request(const Endpoint& endpoint, const std::string& method,
                                      const std::string& path, std::chrono::milliseconds timeout,
                                      std::string& error);

}  // namespace synap::server::client
