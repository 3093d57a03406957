#include "server/admin/promote.h"

#include <charconv>
#include <map>
#include <ostream>
#include <string_view>
#include <vector>

#include "server/admin/target.h"
#include "server/client/info_text.h"

namespace synap::server::admin {
namespace {

using Facts = std::map<std::string, std::string, std::less<>>;

// "name:value" lines.
Facts facts_of(Target& target) {
    const Command command = {"INFO", "replication"};
    const Answer answer = target.run(std::span(&command, 1)).front();
    if (answer.is_error()) throw Failure(answer.text);
    Facts facts;
    each_line(answer.text, [&](std::string_view line) {
        const size_t colon = line.find(':');
        if (colon != std::string_view::npos) {
            facts.emplace(line.substr(0, colon), line.substr(colon + 1));
        }
    });
    return facts;
}

std::string text_of(const Facts& facts, std::string_view name) {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string() : found->second;
}

uint64_t number_of(const Facts& facts, std::string_view name) {
    const std::string text = text_of(facts, name);
    uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// "ip=..,port=..": those that the node knows of.
std::vector<Facts> followers_of(const Facts& facts) {
    std::vector<Facts> followers;
    for (size_t i = 0;; ++i) {
        const auto found = facts.find("slave" + std::to_string(i));
        if (found == facts.end()) return followers;
        Facts follower;
        each_fact(found->second, ',', [&](std::string_view name, std::string_view value) {
            follower.emplace(name, value);
        });
        followers.push_back(std::move(follower));
    }
}

client::Endpoint endpoint_in(const Facts& follower) {
    client::Endpoint endpoint;
    endpoint.host = text_of(follower, "ip");
    endpoint.port = static_cast<uint16_t>(number_of(follower, "port"));
    if (endpoint.host.size() > 2 && endpoint.host.front() == '[') {
        endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
    }
    return endpoint;
}

client::Endpoint find(const std::vector<Facts>& followers, const std::string& replica) {
    std::vector<client::Endpoint> fitting;
    std::string known;
    for (const Facts& follower : followers) {
        const std::string name = text_of(follower, "name");
        known += (known.empty() ? "" : ", ") + name;
        if (name == replica || text_of(follower, "id") == replica) {
            fitting.push_back(endpoint_in(follower));
        }
    }
    if (fitting.size() == 1) return fitting.front();
    if (fitting.size() > 1) {
        throw Failure("several nodes are called " + replica +
                      ": name the one by its id, or by host:port (INFO replication shows both)");
    }
    throw Failure("no replica called " + replica +
                  " is connected; known: " + (known.empty() ? std::string("none") : known) +
                  ". Name it by host:port where its master is gone");
}

}  // namespace

int promote_replica(const client::Endpoint& through, const std::string& replica, bool force,
                    std::ostream& out) {
    std::vector<Facts> followers;
    std::optional<client::Endpoint> candidate;
    const bool is_place = replica.find(':') != std::string::npos;
    if (is_place) {
        candidate = client::parse_endpoint(replica);
        if (!candidate) throw Failure("'" + replica + "': expected host:port, a URL or a name");
    } else {
        followers = followers_of(facts_of(*connect_server(through)));
        candidate = find(followers, replica);
    }
    const auto target = connect_server(*candidate);
    const Facts facts = facts_of(*target);
    if (text_of(facts, "role") == "master" && text_of(facts, "synap_fenced") != "1") {
        out << candidate->text() << " is a master, of term " << text_of(facts, "synap_term")
            << "\n";
        return 0;
    }
    const uint64_t position = number_of(facts, "master_repl_offset");
    if (!force && text_of(facts, "synap_whole") == "0") {
        throw Failure(candidate->text() +
                      " has not got its data yet; --force does not help either "
                      "while it loads");
    }
    for (const Facts& other : followers) {
        if (force || number_of(other, "offset") <= position) continue;
        throw Failure(candidate->text() + " has the log up to " + std::to_string(position) + ", " +
                      text_of(other, "name") + " up to " + text_of(other, "offset") +
                      ": promote that one, or lose the difference with --force");
    }
    if (!force && number_of(facts, "synap_lag_bytes") != 0 &&
        text_of(facts, "master_link_status") == "up") {
        throw Failure(candidate->text() + " lags by " + text_of(facts, "synap_lag_bytes") +
                      " bytes behind a master that lives: wait, or lose them with --force");
    }
    const Command command = {"REPLICAOF", "NO", "ONE"};
    const Answer answer = target->run(std::span(&command, 1)).front();
    if (answer.is_error()) throw Failure(answer.text);
    out << candidate->text() << " is the master now, of term "
        << text_of(facts_of(*target), "synap_term")
        << ". Have the other replicas follow it: REPLICAOF host port\n";
    return 0;
}

}  // namespace synap::server::admin
