// Answers single HTTP requests: origin rules, routing, bodies, and the bytes of the response.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "server/http/api_error.h"
#include "server/http/engine.h"
#include "server/http/head.h"
#include "server/http/router.h"
#include "server/net/buffer.h"
#include "server/net/counters.h"
#include "server/net/services.h"

namespace synap::server::http {

struct Answer {
    // What the response depends on; position 0 when nothing.
    synap_token_t token{0, 0};
    // False: the output is full, and the connection must be cut.
    bool complete = true;
};

// One for each I/O thread, because it keeps the memory that requests need: JSON parser, captured
// reply, response body.
class Service {
public:
    explicit Service(Shared& shared);

    // Appends the response of one request. `body` is readable for kReadPadding bytes beyond its
    // end.
    Answer answer(const Head& head, std::string_view body, synap_session_t* session,
                  OutputBuffer& output, LoopCounters& counters);
    // Appends the response to a request that could not be read.
    void refuse(unsigned status, OutputBuffer& output, LoopCounters& counters);
    // Renews the Date field. About once a second.
    void on_tick();

private:
    struct Response {
        unsigned status = 200;
        std::string_view content_type = "application/json";
        std::string_view allow;   // methods, when the status is 405
        std::string_view origin;  // to be allowed by CORS
        bool preflight = false;
        bool close = false;
        bool keep_alive_1_0 = false;
        bool head_only = false;
    };

    void respond(const Head& head, std::string_view body, Response& response);
    // False: the request is answered already, with a refusal or as a preflight.
    bool may_ask(const Head& head, bool probe, Response& response);
    void run_route(const Route& route, RestRequest& request, const Head& head,
                   std::string_view body, Response& response);
    // These two have answered already when they give false or nothing.
    bool expect_json(const Head& head, Response& response);
    std::optional<simdjson::dom::element> parse_body(std::string_view body, Response& response);
    void fail(const ApiError& error, Response& response);
    void fail_plain(unsigned status, std::string_view text, Response& response);
    bool write(const Response& response, OutputBuffer& output);

    Shared& shared_;
    const std::string machine_;
    Engine engine_;
    simdjson::dom::parser parser_;
    std::string body_;    // of the response
    std::string fields_;  // head of an unusual response
    std::string allow_;
    std::string date_;  // the whole field
};

}  // namespace synap::server::http
