// Every command of the table while memory runs out, with arguments drawn from its grammar: a call
// that says that it was not applied was not, one that succeeds did all of it, and the store works
// on or says that it does not. A command that is added to the table is among them.
#include <algorithm>
#include <random>

#include "capi/tests/alloc_fault.h"

namespace synap::memory {
namespace {

constexpr uint32_t kSeed = 20'261'128;
// For each command: some calls are errors.
constexpr int kCalls = 3;
const std::string kLarge(40'000, 'l');

const synap_node_t* member(const synap_node_t* map, std::string_view name) {
    for (uint64_t i = 0; i + 1 < synap_node_count(map); i += 2) {
        if (text(synap_node_bytes(synap_node_child(map, i))) == name) {
            return synap_node_child(map, i + 1);
        }
    }
    return nullptr;
}

std::string text_member(const synap_node_t* map, std::string_view name) {
    const synap_node_t* found = member(map, name);
    return found == nullptr ? std::string() : text(synap_node_bytes(found));
}

bool has_flag(const synap_node_t* arg, std::string_view flag) {
    const synap_node_t* flags = member(arg, "flags");
    for (uint64_t i = 0; flags != nullptr && i < synap_node_count(flags); ++i) {
        if (text(synap_node_bytes(synap_node_child(flags, i))) == flag) return true;
    }
    return false;
}

// Draws calls by what COMMAND DOCS says.
class Calls {
public:
    Line call(const std::string& name, const synap_node_t* doc) {
        Line line;
        const size_t bar = name.find('|');
        line.push_back(name.substr(0, bar));
        if (bar != std::string::npos) line.push_back(name.substr(bar + 1));
        add_all(line, member(doc, "arguments"));
        return line;
    }

private:
    uint64_t below(uint64_t n) {
        return std::uniform_int_distribution<uint64_t>(0, n - 1)(random_);
    }

    void add_all(Line& line, const synap_node_t* arguments) {
        if (arguments == nullptr) return;
        for (uint64_t i = 0; i < synap_node_count(arguments); ++i) {
            add(line, synap_node_child(arguments, i));
        }
    }
    void add(Line& line, const synap_node_t* arg) {
        if (has_flag(arg, "optional") && below(2) == 0) return;
        const uint64_t times = has_flag(arg, "multiple") ? 1 + below(3) : 1;
        const std::string token = text_member(arg, "token");
        for (uint64_t i = 0; i < times; ++i) {
            if (!token.empty() && (i == 0 || has_flag(arg, "multiple_token"))) {
                line.push_back(token);
            }
            add_value(line, arg);
        }
    }
    void add_value(Line& line, const synap_node_t* arg) {
        static const char* const kKeys[] = {"number", "text", "small", "large", "new", "blob"};
        static const char* const kWords[] = {"v", "12", "f1", "f2", "f300"};
        static const char* const kNumbers[] = {"0", "1", "2", "3", "100"};
        const std::string type = text_member(arg, "type");
        if (type == "pure-token") return;
        if (type == "oneof") {
            const synap_node_t* choices = member(arg, "arguments");
            return add(line, synap_node_child(choices, below(synap_node_count(choices))));
        }
        if (type == "block") return add_all(line, member(arg, "arguments"));
        if (type == "key") return line.push_back(kKeys[below(6)]);
        // Nothing expires while it is looked at.
        const bool is_time = text_member(arg, "name").find("second") != std::string::npos;
        if (is_time) return line.push_back("3333333");
        if (type == "integer" || type == "double") return line.push_back(kNumbers[below(5)]);
        if (type == "unix-time") return line.push_back("33333333333333");
        line.push_back(below(8) == 0 ? kLarge : kWords[below(5)]);
    }

    std::mt19937 random_{kSeed};
};

// Neither ends the session nor waits, and is run by the engine.
bool is_tried(synap_session_t* session, const std::string& name) {
    static const char* const kLeftOut[] = {"quit", "reset", "wait", "waitaof"};
    if (std::find(std::begin(kLeftOut), std::end(kLeftOut), name) != std::end(kLeftOut)) {
        return false;
    }
    const std::string info = run(session, {"COMMAND", "INFO", name});
    return info.find("admin") == std::string::npos && info.find("blocking") == std::string::npos;
}

void fill(synap_session_t* session) {
    Line large{"HSET", "large"};
    for (int i = 0; i < 400; ++i) {
        large.push_back("f" + std::to_string(i));
        large.push_back(std::to_string(i));
    }
    large.emplace_back("f1");
    large.emplace_back(2'000, 'x');
    for (const Line& line : std::vector<Line>{
             {"SET", "number", "7"},
             {"SET", "text", "a text", "PXAT", "33333333333333"},
             {"SET", "blob", kLarge},
             {"HSET", "small", "f1", "1", "f2", "text"},
             large,
             {"HPEXPIREAT", "large", "33333333333333", "FIELDS", "1", "f2"},
         }) {
        ASSERT_FALSE(run(session, line).starts_with("ERR")) << line[0];
    }
}

// A value with the order of its elements out of it, and whether it has a deadline: when it is may
// depend on the time of the call.
std::string value_of(synap_session_t* session, const std::string& key) {
    const bool timed = run(session, {"PEXPIRETIME", key}) != "-1";
    std::string shown;
    if (run(session, {"TYPE", key}) == "string") {
        shown = run(session, {"GET", key});
    } else {
        const Args args({"HGETALL", key});
        synap_reply_t* made = nullptr;
        EXPECT_EQ(synap_exec(session, args.data(), args.size(), nullptr, &made, nullptr), SYNAP_OK);
        const Reply all(made);
        Line parts;
        for (uint64_t i = 0; i < synap_node_count(synap_reply_root(made)); i += 2) {
            const std::string field =
                text(synap_node_bytes(synap_node_child(synap_reply_root(made), i)));
            const bool expires =
                run(session, {"HPEXPIRETIME", key, "FIELDS", "1", field}) != "[-1]";
            parts.push_back(
                field + "=" +
                text(synap_node_bytes(synap_node_child(synap_reply_root(made), i + 1))) +
                (expires ? " until" : ""));
        }
        std::sort(parts.begin(), parts.end());
        for (const std::string& part : parts) shown += part + "\n";
    }
    if (shown.size() > 60) {
        shown = std::to_string(shown.size()) + " bytes, hash " +
                std::to_string(std::hash<std::string>()(shown));
    }
    return shown + (timed ? " until" : "");
}

Contents all_of(synap_store_t* store) {
    Contents found;
    const Session session = open_session(store);
    for (const char* database : {"0", "1", "2", "3"}) {
        EXPECT_EQ(run(session.get(), {"SELECT", database}), "OK");
        const Args args({"KEYS", "*"});
        synap_reply_t* made = nullptr;
        EXPECT_EQ(synap_exec(session.get(), args.data(), args.size(), nullptr, &made, nullptr),
                  SYNAP_OK);
        const Reply keys(made);
        for (uint64_t i = 0; i < synap_node_count(synap_reply_root(made)); ++i) {
            const std::string key =
                text(synap_node_bytes(synap_node_child(synap_reply_root(made), i)));
            found[std::string(database) + "/" + key] = value_of(session.get(), key);
        }
    }
    return found;
}

bool works_on(synap_store_t* store) {
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    EXPECT_LE(synap_store_get_state(store, &state, nullptr), SYNAP_OK);
    return state.state == SYNAP_STATE_READY;
}

class Trial {
public:
    Trial() { begin(); }
    ~Trial() { end(); }
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;

    // In all ways in which it can run out of memory.
    void operator()(const Line& line) {
        std::string shown;
        for (const std::string& word : line) shown += word.substr(0, 40) + " ";
        const testing::ScopedTrace trace(__FILE__, __LINE__, shown);
        Fault none;
        once(none, line);
        const Contents changed = all_of(store_.get());
        if (changed != old_) renew();
        for (const Failing how : {Failing::kOnce, Failing::kFromThen}) {
            for (uint64_t n = 1;; n += n < 60 ? 1 : n / 10) {
                const testing::ScopedTrace nth(__FILE__, __LINE__,
                                               "allocation " + std::to_string(n));
                Fault fault(n, how);
                const Outcome outcome = once(fault, line);
                look(outcome, changed);
                if (fault.refused() == 0 || testing::Test::HasFailure()) break;
                ++tried;
            }
        }
    }

    size_t tried = 0;

private:
    Outcome once(Fault& fault, const Line& line) {
        const Session session = open_session(store_.get());
        Reply reply;
        return run(fault, session.get(), line, reply);
    }
    void look(const Outcome& outcome, const Contents& changed) {
        const bool goes_on = works_on(store_.get());
        EXPECT_TRUE(goes_on || outcome.status == SYNAP_E_INTERNAL);
        const Contents now = all_of(store_.get());
        if (outcome.ok()) {
            EXPECT_TRUE(now == changed);
        } else if (outcome.not_applied()) {
            EXPECT_TRUE(now == old_);
        }
        if (now != old_ || !goes_on) renew();
    }
    void begin() {
        store_ = open_store(":memory:");
        const Session session = open_session(store_.get());
        fill(session.get());
        old_ = all_of(store_.get());
    }
    void end() { close(store_.get()); }
    void renew() {
        end();
        begin();
    }

    Store store_;
    Contents old_;
};

TEST(AllocFaultCommands, AllOfTheTable) {
    const Store asked = open_store(":memory:");
    Session session = open_session(asked.get());
    const Args docs({"COMMAND", "DOCS"});
    synap_reply_t* made = nullptr;
    ASSERT_EQ(synap_exec(session.get(), docs.data(), docs.size(), nullptr, &made, nullptr),
              SYNAP_OK);
    const Reply owned(made);
    Calls calls;
    Trial trial;
    size_t commands = 0;
    const auto try_one = [&](const std::string& name, const synap_node_t* doc) {
        if (!is_tried(session.get(), name)) return;
        ++commands;
        for (int i = 0; i < kCalls && !testing::Test::HasFailure(); ++i)
            trial(calls.call(name, doc));
    };
    const synap_node_t* root = synap_reply_root(made);
    for (uint64_t i = 0; i < synap_node_count(root); i += 2) {
        const synap_node_t* doc = synap_node_child(root, i + 1);
        const synap_node_t* subcommands = member(doc, "subcommands");
        if (subcommands == nullptr) {
            try_one(text(synap_node_bytes(synap_node_child(root, i))), doc);
            continue;
        }
        for (uint64_t j = 0; j < synap_node_count(subcommands); j += 2) {
            try_one(text(synap_node_bytes(synap_node_child(subcommands, j))),
                    synap_node_child(subcommands, j + 1));
        }
    }
    EXPECT_GT(commands, 100U);
    EXPECT_GT(trial.tried, 3'000U) << "seed " << kSeed;
    session.reset();
    close(asked.get());
}

}  // namespace
}  // namespace synap::memory
