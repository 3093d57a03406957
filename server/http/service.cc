#include "server/http/service.h"

#include <array>
#include <cstring>
#include <ctime>
#include <utility>

#include "server/http/host.h"
#include "server/http/number.h"
#include "server/http/origin.h"

namespace synap::server::http {
namespace {

// Scratch memory that one large request left behind is given back above this size.
constexpr size_t kMaxKeptBytes = 256 * 1024;
// Of a foreign name in a message.
constexpr size_t kShownNameBytes = 64;
// What the server as a whole knows.
constexpr std::string_view kMethods = "GET, HEAD, POST, DELETE, OPTIONS";

constexpr std::pair<unsigned, std::string_view> kReasons[] = {
    {200, "OK"},
    {204, "No Content"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {413, "Payload Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Entity"},
    {431, "Request Header Fields Too Large"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

std::string_view reason_of(unsigned status) noexcept {
    for (const auto& [known, reason] : kReasons) {
        if (known == status) return reason;
    }
    return "Internal Server Error";
}

bool is_json_type(std::string_view type) noexcept {
    constexpr std::string_view kJson = "application/json";
    if (type.size() < kJson.size()) return false;
    for (size_t i = 0; i < kJson.size(); ++i) {
        const char c =
            type[i] >= 'A' && type[i] <= 'Z' ? static_cast<char>(type[i] | 0x20) : type[i];
        if (c != kJson[i]) return false;
    }
    return type.size() == kJson.size() || type[kJson.size()] == ';' || type[kJson.size()] == ' ';
}

std::string_view text_of(unsigned status) noexcept {
    return status == 413 ? "length limit exceeded\n" : "";
}

}  // namespace

Service::Service(Shared& shared) : shared_(shared), machine_(machine_name()) { on_tick(); }

void Service::on_tick() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    const size_t size =
        std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    date_.assign(text.data(), size);
}

Answer Service::answer(const Head& head, std::string_view body, synap_session_t* session,
                       OutputBuffer& output, LoopCounters& counters) {
    Response response;
    response.head_only = head.method == Method::kHead;
    response.close = !head.keep_alive;
    response.keep_alive_1_0 = head.http_1_0 && head.keep_alive;
    body_.clear();
    engine_.begin(session);
    respond(head, body, response);
    Answer answer;
    answer.token = engine_.token();
    answer.complete = write(response, output);
    engine_.end();
    if (body_.capacity() > kMaxKeptBytes) body_ = {};
    if (parser_.capacity() > kMaxKeptBytes) parser_ = simdjson::dom::parser();
    counters.http_requests[static_cast<size_t>(head.method)][response.status / 100 - 1].add();
    return answer;
}

void Service::refuse(unsigned status, OutputBuffer& output, LoopCounters& counters) {
    Response response;
    response.close = true;
    response.allow = status == 405 ? kMethods : std::string_view();
    body_.clear();
    fail_plain(status, text_of(status), response);
    static_cast<void>(write(response, output));
    counters.http_requests[0][status / 100 - 1].add();
}

void Service::respond(const Head& head, std::string_view body, Response& response) {
    const size_t mark = head.target.find('?');
    RestRequest request;
    const Match match = match_route(head.method, head.target.substr(0, mark), request.params);
    if (!may_ask(head, match.route != nullptr && match.route->probe, response)) return;
    if (head.target == "*") {
        response.status = 204;
        response.allow = kMethods;
        return;
    }
    if (match.route == nullptr) {
        allow_ = match.allow;
        response.allow = allow_;
        fail_plain(allow_.empty() ? 404 : 405, "", response);
        return;
    }
    if (match.bad_encoding) {
        fail_plain(400, "Invalid percent-encoding in the path\n", response);
        return;
    }
    const std::string_view query =
        mark == std::string_view::npos ? std::string_view() : head.target.substr(mark + 1);
    request.raw_query = query;
    request.rest = match.rest;
    request.base64 = head.reply_encoding == "base64";
    if (match.route->takes != Takes::kBytes) {
        if (const FieldError error = request.query.read_query(query, match.route->query)) {
            fail(invalid_request(*error), response);
            return;
        }
    }
    run_route(*match.route, request, head, body, response);
}

bool Service::may_ask(const Head& head, bool probe, Response& response) {
    if (!probe && !accepts_host(head.host, machine_, shared_.settings.allowed_hosts)) {
        const std::string name(name_of_host(head.host).substr(0, kShownNameBytes));
        fail({403, "Forbidden: '" + name +
                       "' is not known to be a name of this server; "
                       "server.allowed_hosts can list it"},
             response);
        return false;
    }
    switch (judge_origin(head.origin, head.host, shared_.settings)) {
        case Origin::kForeign:
            fail({403, "Forbidden: requests from this origin are not allowed"}, response);
            return false;
        case Origin::kListed:
            response.origin = head.origin;
            if (head.method == Method::kOptions) {
                response.status = 204;
                response.preflight = true;
                return false;
            }
            return true;
        case Origin::kNone:
            break;
    }
    // What a page of another site makes a browser fetch without saying its origin: pictures,
    // scripts, links. Following a link to a probe or to the metrics shows no data to anybody else.
    if (head.fetch_site == "cross-site" && !(probe && head.fetch_mode == "navigate")) {
        fail({403, "Forbidden: requests from pages of other sites are not allowed"}, response);
        return false;
    }
    return true;
}

void Service::run_route(const Route& route, RestRequest& request, const Head& head,
                        std::string_view body, Response& response) {
    request.bytes = body;
    if (route.takes == Takes::kJson) {
        const auto document = parse_body(body, response);
        if (!document) {
            fail({response.status, "ERR " + body_.substr(0, body_.find('\n'))}, response);
            return;
        }
        request.document = *document;
    } else if (!route.body.empty()) {
        if (!expect_json(head, response)) return;
        const auto document = parse_body(body, response);
        if (!document) return;
        if (const FieldError error = request.body.read(*document, route.body, route.unknown)) {
            fail(unprocessable(*error), response);
            return;
        }
    }
    Exchange exchange{shared_, engine_, JsonWriter(body_)};
    const Failure failure = route.mapping != nullptr
                                ? run_mapping(exchange, *route.mapping, request)
                                : route.handler(exchange, request);
    if (failure) {
        fail(*failure, response);
        return;
    }
    response.status = exchange.status;
    response.content_type = exchange.content_type;
}

bool Service::expect_json(const Head& head, Response& response) {
    if (is_json_type(head.content_type)) return true;
    std::string text = "Expected request with `Content-Type: application/json`, not ";
    text += head.content_type.empty() ? "without one" : "`" + std::string(head.content_type) + "`";
    fail_plain(415, text + "; with curl: -H 'Content-Type: application/json'\n", response);
    return false;
}

std::optional<simdjson::dom::element> Service::parse_body(std::string_view body,
                                                          Response& response) {
    simdjson::dom::element document;
    const simdjson::error_code error = parser_.parse(body.data(), body.size(), false).get(document);
    if (error == simdjson::NUMBER_ERROR) {
        if (const auto reason = oversized_number(body)) {
            fail(unprocessable(*reason), response);
            return std::nullopt;
        }
    }
    if (error != simdjson::SUCCESS) {
        fail_plain(400,
                   std::string("Failed to parse the request body as JSON: ") +
                       simdjson::error_message(error) + "\n",
                   response);
        return std::nullopt;
    }
    return document;
}

void Service::fail(const ApiError& error, Response& response) {
    if (error.plain) {
        fail_plain(error.status, error.text, response);
        return;
    }
    body_.clear();
    JsonWriter json(body_);
    json.begin_object();
    json.member("error", std::string_view(error.text));
    json.member("code", static_cast<uint64_t>(error.status));
    json.end_object();
    response.status = error.status;
    response.content_type = "application/json";
}

void Service::fail_plain(unsigned status, std::string_view text, Response& response) {
    body_ = text;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
}

bool Service::write(const Response& response, OutputBuffer& output) {
    std::string& head = fields_;
    head.assign("HTTP/1.1 ");
    head += std::to_string(response.status);
    head += ' ';
    head += reason_of(response.status);
    head += "\r\n";
    head += date_;
    if (!body_.empty()) {
        head += "Content-Type: ";
        head += response.content_type;
        head += "\r\n";
    }
    if (!response.allow.empty()) {
        head += "Allow: ";
        head += response.allow;
        head += "\r\n";
    }
    if (!response.origin.empty()) {
        head += "Access-Control-Allow-Origin: ";
        head += response.origin;
        head += "\r\nVary: Origin\r\n";
    }
    if (response.preflight) {
        head +=
            "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"
            "Access-Control-Allow-Headers: Content-Type, Authorization, Upstash-Encoding, "
            "Upstash-Sync-Token, Upstash-Telemetry-Platform, Upstash-Telemetry-Retry, "
            "Upstash-Telemetry-Runtime, Upstash-Telemetry-Sdk\r\n"
            "Access-Control-Max-Age: 600\r\n";
    }
    if (response.close) {
        head += "Connection: close\r\n";
    } else if (response.keep_alive_1_0) {
        head += "Connection: keep-alive\r\n";
    }
    if (response.status != 204) {
        head += "Content-Length: ";
        head += std::to_string(body_.size());
        head += "\r\n";
    }
    head += "\r\n";
    return output.append(head) && (response.head_only || output.append(body_));
}

}  // namespace synap::server::http
