#include "capi/tests/alloc_fault.h"

namespace synap::memory {

void for_each_failure(const std::string& what, const std::function<void(Fault&)>& scenario) {
    constexpr uint64_t kMost = 100'000;
    {
        const testing::ScopedTrace trace(__FILE__, __LINE__, what + ", without a failure");
        Fault none;
        scenario(none);  // also makes what is made once in a process
    }
    for (const Failing how : {Failing::kOnce, Failing::kFromThen}) {
        // The first ones each; of thousands, which are those of a loop, one in forty.
        for (uint64_t n = 1;; n += n < 200 ? 1 : n / 40) {
            const testing::ScopedTrace trace(
                __FILE__, __LINE__,
                what + ", allocation " + std::to_string(n) +
                    (how == Failing::kOnce ? "" : " and all that follow"));
            ASSERT_LT(n, kMost);
            Fault fault(n, how);
            start_noting();
            scenario(fault);
            EXPECT_EQ(stop_noting(), 0U);
            if (fault.refused() == 0 || testing::Test::HasFailure()) break;
        }
    }
}

Store open_store(const std::string& path) {
    synap_store_t* store = nullptr;
    const Config config(synap_config_new());
    EXPECT_EQ(synap_config_set(config.get(), bytes("slots"), bytes("1024"), nullptr), SYNAP_OK);
    synap_error_t* error = nullptr;
    EXPECT_EQ(synap_open(bytes(path), config.get(), &store, &error), SYNAP_OK)
        << text(synap_error_message(error));
    synap_error_free(error);
    return Store(store);
}

Session open_session(synap_store_t* store) {
    synap_session_t* session = nullptr;
    EXPECT_EQ(synap_session_open(store, nullptr, &session, nullptr), SYNAP_OK);
    return Session(session);
}

Events open_events(synap_store_t* store, uint32_t capacity) {
    synap_events_t* events = nullptr;
    EXPECT_EQ(synap_events_open(store, capacity, &events, nullptr), SYNAP_OK);
    return Events(events);
}

void close(synap_store_t* store) {
    synap_error_t* error = nullptr;
    EXPECT_EQ(synap_store_close(store, 0, &error), SYNAP_OK) << text(synap_error_message(error));
    synap_error_free(error);
}

std::string show(const synap_node_t* node) {
    switch (synap_node_type(node)) {
        case SYNAP_TYPE_NULL:
        case SYNAP_TYPE_NULL_ARRAY:
            return "nil";
        case SYNAP_TYPE_INT:
        case SYNAP_TYPE_BOOL:
            return std::to_string(synap_node_int(node));
        case SYNAP_TYPE_DOUBLE:
            return std::to_string(synap_node_double(node));
        default:
            break;
    }
    if (synap_node_count(node) == 0) return text(synap_node_bytes(node));
    std::string shown;
    for (uint64_t i = 0; i < synap_node_count(node); ++i) {
        shown += (i == 0 ? "[" : ", ") + show(synap_node_child(node, i));
    }
    return shown + "]";
}

Outcome run(Fault& fault, synap_session_t* session, const Line& line, Reply& reply) {
    const Args args(line);
    synap_reply_t* made = nullptr;
    Outcome outcome = fault([&](synap_error_t** error) {
        return synap_exec(session, args.data(), args.size(), nullptr, &made, error);
    });
    reply.reset(made);
    EXPECT_EQ(outcome.status == SYNAP_OK, made != nullptr);
    return outcome;
}

std::string run(synap_session_t* session, const Line& line) {
    Fault none;
    Reply reply;
    run(none, session, line, reply);
    return show(synap_reply_root(reply.get()));
}

Contents contents(synap_session_t* session) {
    Contents found;
    for (int database = 0; database < 3; ++database) {
        const std::string number = std::to_string(database);
        EXPECT_EQ(run(session, {"SELECT", number}), "OK");
        const Args args({"KEYS", "*"});
        synap_reply_t* made = nullptr;
        EXPECT_EQ(synap_exec(session, args.data(), args.size(), nullptr, &made, nullptr), SYNAP_OK);
        const Reply keys(made);
        const synap_node_t* root = synap_reply_root(made);
        for (uint64_t i = 0; i < synap_node_count(root); ++i) {
            const std::string key = text(synap_node_bytes(synap_node_child(root, i)));
            std::string value = run(session, {"GET", key});
            if (value.size() > 40) {  // in a form that can be read when a test fails
                value = std::to_string(value.size()) + " bytes, hash " +
                        std::to_string(std::hash<std::string>()(value));
            }
            found[number + "/" + key] = value + " until " + run(session, {"PEXPIRETIME", key});
        }
    }
    EXPECT_EQ(run(session, {"SELECT", "0"}), "OK");
    return found;
}

}  // namespace synap::memory
