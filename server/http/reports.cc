// The two answers that are objects made of a text for people, which has members that no table could
// name: INFO and CLIENT LIST.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "server/client/info_text.h"
#include "server/http/command.h"
#include "server/http/router.h"

namespace synap::server::http {
namespace {

// Numbers as numbers, everything else as text.
void write_fact(JsonWriter& json, std::string_view text) {
    const char* const end = text.data() + text.size();
    int64_t integer = 0;
    if (const auto read = std::from_chars(text.data(), end, integer);
        read.ec == std::errc() && read.ptr == end) {
        json.integer(integer);
        return;
    }
    double number = 0;
    const bool decimal =
        !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
    if (const auto read = std::from_chars(text.data(), end, number);
        decimal && read.ec == std::errc() && read.ptr == end) {
        json.number(number);
        return;
    }
    json.text(text);
}

void write_sections(JsonWriter& json, std::string_view text) {
    json.begin_object();
    bool open = false;
    each_line(text, [&](std::string_view line) {
        if (line.starts_with("# ")) {
            if (open) json.end_object();
            std::string name(line.substr(2));
            std::transform(name.begin(), name.end(), name.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
            });
            json.key(name);
            json.begin_object();
            open = true;
            return;
        }
        const size_t colon = line.find(':');
        if (open && colon != std::string_view::npos) {
            json.key(line.substr(0, colon));
            write_fact(json, line.substr(colon + 1));
        }
    });
    if (open) json.end_object();
    json.end_object();
}

void write_client(JsonWriter& json, std::string_view line) {
    json.begin_object();
    each_fact(line, ' ', [&](std::string_view name, std::string_view value) {
        json.key(name);
        if (name == "id") {
            json.text(value);
        } else {
            write_fact(json, value);
        }
    });
    json.end_object();
}

// INFO as an object of section objects; an unknown or empty section means all.
Failure info(Exchange& exchange, std::string_view section) {
    constexpr std::string_view kKnown[] = {"server",  "clients",      "memory",   "persistence",
                                           "stats",   "replication",  "cpu",      "commandstats",
                                           "cluster", "latencystats", "keyspace", "errorstats",
                                           "modules"};
    const bool known = std::find(std::begin(kKnown), std::end(kKnown), section) != std::end(kKnown);
    const Value reply =
        known ? exchange.engine.run({"INFO", section}) : exchange.engine.run({"INFO"});
    if (reply.is_error()) return from_reply(reply);
    write_sections(exchange.json, reply.bytes());
    return std::nullopt;
}

Failure client_list(Exchange& exchange) {
    const Value reply = exchange.engine.run({"CLIENT", "LIST"});
    if (reply.is_error()) return from_reply(reply);
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.key("clients");
    json.begin_array();
    uint64_t count = 0;
    each_line(reply.bytes(), [&](std::string_view line) {
        if (!line.empty()) {
            write_client(json, line);
            ++count;
        }
    });
    json.end_array();
    json.member("count", count);
    json.end_object();
    return std::nullopt;
}

constexpr std::string_view kInfo = "Facts of the server, as INFO.";
constexpr std::string_view kInfoReply = R"({"server": {...}, "memory": {...}, ...})";
constexpr std::string_view kClients = "Connected clients.";
constexpr std::string_view kClientsReply = R"({"clients": [{...}], "count": 1})";

// Unknown sections mean all of them, by contract.
constexpr std::array kSection = {
    FieldSpec{.name = "section",
              .fallback = "all",
              .help = "server, memory, stats, ... as INFO; what is none of them means all"},
    kClientId};
constexpr std::array kNothing = {kClientId};

constexpr auto kCommands = std::to_array<DottedCommand>({
    {"info",
     [](Exchange& exchange, const Fields& payload) {
         return info(exchange, payload.text("section"));
     },
     kSection, kInfo, kInfoReply},
    {"client.list", [](Exchange& exchange, const Fields&) { return client_list(exchange); },
     kNothing, kClients, kClientsReply},
});

const auto kRoutes = std::to_array<Route>({
    {.method = Method::kGet,
     .pattern = "/info",
     .handler =
         [](Exchange& exchange, const RestRequest& request) {
             return info(exchange, request.query.text("section"));
         },
     .query = FieldSpecs(kSection).first(1),
     .summary = kInfo,
     .reply = kInfoReply},
    {.method = Method::kGet,
     .pattern = "/clients",
     .handler = [](Exchange& exchange, const RestRequest&) { return client_list(exchange); },
     .summary = kClients,
     .reply = kClientsReply},
});

}  // namespace

std::span<const DottedCommand> report_commands() noexcept { return kCommands; }

std::span<const Route> report_routes() noexcept { return kRoutes; }

}  // namespace synap::server::http
