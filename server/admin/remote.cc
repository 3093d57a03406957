#include "server/admin/remote.h"

#include <simdjson.h>

#include <chrono>
#include <ostream>
#include <string>
#include <vector>

#include "server/admin/command_line.h"
#include "server/config/suggest.h"

namespace synap::server::admin {

namespace {

constexpr std::chrono::seconds kTimeout{10};

// The body of a 200 answer; anything else is reported.
bool ask(const client::Endpoint& endpoint, const std::string& method, const std::string& path,
         std::string& body, std::ostream& err) {
    std::string error;
    const auto reply = client::http_request(endpoint, method, path, kTimeout, error);
    if (!reply) {
        err << "synap-admin: " << error << "\n";
        return false;
    }
    body = reply->body;
    if (reply->status != 200) {
        err << "synap-admin: " << method << " " << path << ": " << reply->status << " " << body
            << "\n";
        return false;
    }
    return true;
}

void print_value(std::string_view name, simdjson::dom::element value, std::ostream& out) {
    out << name << ": ";
    if (value.is_string()) {
        out << std::string_view(value.get_string().value_unsafe());
    } else {
        out << simdjson::minify(value);
    }
    out << "\n";
}

// Sections are objects; what is not in one is printed as it comes.
void print_sections(const simdjson::dom::object& info, std::ostream& out) {
    bool first = true;
    for (const auto& [name, value] : info) {
        simdjson::dom::object section;
        if (value.get(section) != simdjson::SUCCESS) {
            print_value(name, value, out);
            continue;
        }
        out << (first ? "" : "\n") << "# " << name << "\n";
        first = false;
        for (const auto& [key, member] : section) {
            print_value(key, member, out);
        }
    }
}

// Sections that the server shows by default, and the others.
std::vector<std::string> section_names(const client::Endpoint& endpoint, std::ostream& err) {
    std::vector<std::string> names = {"commandstats", "latencystats"};
    std::string body;
    simdjson::dom::parser parser;
    simdjson::dom::object info;
    if (ask(endpoint, "GET", "/info", body, err) &&
        parser.parse(body).get(info) == simdjson::SUCCESS) {
        for (const auto& [name, section] : info) {
            if (section.is_object()) names.emplace_back(name);
        }
    }
    return names;
}

}  // namespace

int show_health(const client::Endpoint& endpoint, std::ostream& out, std::ostream& err) {
    std::string body;
    if (!ask(endpoint, "GET", "/health", body, err)) return 1;
    out << body << "\n";
    return 0;
}

int show_info(const client::Endpoint& endpoint, const std::string& section, bool json,
              std::ostream& out, std::ostream& err) {
    std::string body;
    const std::string path = section.empty() ? "/info" : "/info?section=" + section;
    if (!ask(endpoint, "GET", path, body, err)) return 1;
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    simdjson::dom::object info;
    if (parser.parse(body).get(root) != simdjson::SUCCESS || root.get(info) != simdjson::SUCCESS) {
        out << body << "\n";
        return 0;
    }
    if (!section.empty() && info[section].error() != simdjson::SUCCESS) {
        err << "synap-admin: unknown section '" << section << "'"
            << config::did_you_mean(section, section_names(endpoint, err)) << "\n";
        return kExitUsage;
    }
    if (json) {
        out << body << "\n";
        return 0;
    }
    print_sections(info, out);
    return 0;
}

int take_snapshot(const client::Endpoint& endpoint, std::ostream& out, std::ostream& err) {
    std::string body;
    if (!ask(endpoint, "POST", "/snapshot", body, err)) return 1;
    out << body << "\n";
    return 0;
}

}  // namespace synap::server::admin
