#include "server/admin/operate.h"

#include <array>
#include <ctime>
#include <ostream>

#include "server/config/suggest.h"

namespace synap::server::admin {

namespace {

std::string to_utc(int64_t seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

// Bytes that would disturb a terminal or a line stand as \xNN, others as they are.
void print_word(const std::string& word, std::ostream& out) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const bool plain = !word.empty() && word.find_first_of(" \"") == std::string::npos;
    out << (plain ? "" : "\"");
    for (const char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out << "\\x" << kDigits[byte >> 4] << kDigits[byte & 15];
        } else {
            out << (c == '"' || c == '\\' ? "\\" : "") << c;
        }
    }
    out << (plain ? "" : "\"");
}

std::vector<std::string> setting_names(Target& target) {
    const Answer all = target.run_one({"CONFIG", "GET", "*"});
    std::vector<std::string> names;
    for (size_t i = 0; i < all.items.size(); i += 2) {
        names.push_back(all.items[i].text);
    }
    return names;
}

[[noreturn]] void refuse_name(Target& target, const std::string& name) {
    throw Failure("unknown setting '" + name + "'" +
                  config::did_you_mean(name, setting_names(target)));
}

// id, seconds, microseconds, [arguments], peer, name of the client
void print_call(const Answer& call, std::ostream& out) {
    if (call.items.size() < 6) throw Failure("SLOWLOG GET: unexpected answer");
    out << call.items[0].number << " " << to_utc(call.items[1].number) << " "
        << call.items[2].number << " us " << call.items[4].text;
    if (!call.items[5].text.empty()) out << " (" << call.items[5].text << ")";
    out << ":";
    for (const Answer& word : call.items[3].items) {
        out << " ";
        print_word(word.text, out);
    }
    out << "\n";
}

}  // namespace

int get_config(Target& target, const std::string& pattern, std::ostream& out) {
    const Answer found = target.run_one({"CONFIG", "GET", pattern});
    for (size_t i = 0; i + 1 < found.items.size(); i += 2) {
        out << found.items[i].text << ": " << found.items[i + 1].text << "\n";
    }
    if (found.items.empty()) refuse_name(target, pattern);
    return 0;
}

int set_config(Target& target, const std::string& name, const std::string& value,
               std::ostream& out) {
    if (target.run_one({"CONFIG", "GET", name}).items.empty()) refuse_name(target, name);
    target.run_one({"CONFIG", "SET", name, value});
    return get_config(target, name, out);
}

int show_slowlog(Target& target, uint64_t most, std::ostream& out) {
    const Answer calls = target.run_one({"SLOWLOG", "GET", std::to_string(most)});
    for (const Answer& call : calls.items) {
        print_call(call, out);
    }
    return 0;
}

int reset_slowlog(Target& target, std::ostream& out) {
    target.run_one({"SLOWLOG", "RESET"});
    out << "the slow log is empty\n";
    return 0;
}

}  // namespace synap::server::admin
