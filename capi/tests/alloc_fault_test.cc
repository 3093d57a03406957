// Every function of the interface while memory runs out: it does what it was asked to, or says
// NO_MEMORY and has done nothing, and nothing is lost or left behind. capi/abi/check.py fails when
// a function that reports errors is called in no alloc_fault*_test.cc.
#include "capi/tests/alloc_fault.h"

namespace synap::memory {
namespace {

int32_t take_scalar(void*, uint32_t, const synap_arg_t*) { return 0; }
int32_t take_error(void*, int32_t, synap_bytes_t) { return 0; }
int32_t take_begin(void*, uint32_t, uint64_t) { return 0; }
int32_t take_end(void*, uint32_t) { return 0; }

synap_sink_t any_sink() {
    synap_sink_t sink = SYNAP_SINK_INIT;
    sink.scalar = take_scalar;
    sink.error = take_error;
    sink.begin = take_begin;
    sink.end = take_end;
    return sink;
}

class AllocFault : public testing::Test {
protected:
    AllocFault() : store_(open_store(":memory:")), session_(open_session(store_.get())) {}
    ~AllocFault() override {
        // Whatever failed: the store works on.
        EXPECT_EQ(run(session_.get(), {"SET", "still", "works"}), "OK");
        EXPECT_EQ(run(session_.get(), {"GET", "still"}), "works");
        session_.reset();
        close(store_.get());
    }

    const synap_sink_t sink_ = any_sink();
    Store store_;
    Session session_;
};

TEST_F(AllocFault, Configuration) {
    for_each_failure("config", [](Fault& fault) {
        synap_config_t* made = nullptr;
        fault.quietly([&] { made = synap_config_new(); });
        if (made == nullptr) {
            EXPECT_GT(fault.refused(), 0U);
            return;
        }
        const Config config(made);
        fault([&](synap_error_t** error) {
            return synap_config_set(made, bytes("max_memory"), bytes("100mb"), error);
        });
        synap_option_info_t info = SYNAP_OPTION_INFO_INIT;
        for (uint32_t i = 0;; ++i) {
            const Outcome told =
                fault([&](synap_error_t** error) { return synap_option_at(i, &info, error); });
            if (told.status == SYNAP_EMPTY) break;
        }
    });
}

TEST_F(AllocFault, OptionsOfAStore) {
    for_each_failure("options", [this](Fault& fault) {
        const Outcome set = fault([&](synap_error_t** error) {
            return synap_option_set(store_.get(), bytes("max_memory_policy"),
                                    bytes("volatile-random"), error);
        });
        synap_reply_t* reply = nullptr;
        const Outcome got = fault([&](synap_error_t** error) {
            return synap_option_get(store_.get(), bytes("max_memory_policy"), &reply, error);
        });
        const Reply owned(reply);
        EXPECT_EQ(got.ok(), reply != nullptr);
        if (set.ok() && got.ok()) {
            EXPECT_EQ(show(synap_reply_root(reply)), "volatile-random");
        }
    });
}

TEST_F(AllocFault, OpeningInMemory) {
    for_each_failure("open", [](Fault& fault) {
        synap_store_t* made = nullptr;
        const Outcome opened = fault([&](synap_error_t** error) {
            return synap_open(bytes(":memory:"), nullptr, &made, error);
        });
        const Store store(made);
        EXPECT_EQ(opened.ok(), made != nullptr);
        if (made == nullptr) return;
        synap_store_state_t state = SYNAP_STORE_STATE_INIT;
        fault([&](synap_error_t** error) { return synap_store_get_state(made, &state, error); });
        const Outcome closed =
            fault([&](synap_error_t** error) { return synap_store_close(made, 0, error); });
        if (!closed.ok()) close(made);
    });
}

TEST_F(AllocFault, Sessions) {
    const Events events = open_events(store_.get(), 1);
    for_each_failure("session_open", [&](Fault& fault) {
        synap_session_options_t options = SYNAP_SESSION_OPTIONS_INIT;
        options.peer = bytes("a peer whose name does not fit into a small string");
        options.transport = bytes("a transport whose name does not fit either");
        options.events = events.get();
        synap_session_t* made = nullptr;
        const Outcome opened = fault([&](synap_error_t** error) {
            return synap_session_open(store_.get(), &options, &made, error);
        });
        Session session(made);
        EXPECT_EQ(opened.ok(), made != nullptr);
        const std::string listed = run(session_.get(), {"CLIENT", "LIST"});
        EXPECT_EQ(listed.find("a peer") != std::string::npos, made != nullptr);
        if (made != nullptr) {
            EXPECT_EQ(run(made, {"PING"}), "PONG");
        }
        fault.quietly([&] { session.reset(); });
    });
}

// Commands that change nothing, among them all that speak at length.
TEST_F(AllocFault, Reads) {
    const std::string large(40'000, 'x');
    ASSERT_EQ(run(session_.get(), {"MSET", "a", "1", "b", "text", "c", large}), "OK");
    const std::vector<Line> lines = {
        {"PING"},
        {"GET", "a"},
        {"GET", "c"},
        {"MGET", "a", "b", "c", "d"},
        {"KEYS", "*"},
        {"SCAN", "0", "COUNT", "100"},
        {"STRLEN", "c"},
        {"GETRANGE", "c", "1", "30000"},
        {"LCS", "b", "b"},
        {"OBJECT", "ENCODING", "a"},
        {"EXISTS", "a", "b"},
        {"TYPE", "a"},
        {"RANDOMKEY"},
        {"DBSIZE"},
        {"TIME"},
        {"ECHO", large},
        {"INFO", "everything"},
        {"COMMAND", "INFO", "get"},
        {"COMMAND", "DOCS", "set"},
        {"COMMAND", "COUNT"},
        {"CLIENT", "LIST"},
        {"CLIENT", "INFO"},
        {"CLIENT", "SETNAME", "somebody"},
        {"CONFIG", "GET", "*"},
        {"MEMORY", "STATS"},
        {"MEMORY", "DOCTOR"},
        {"SLOWLOG", "GET"},
        {"HELLO", "3"},
        {"SYNAP.SESSION"},
        {"SYNAP.TOKEN"},
        {"no", "such", "command"},
        {"GET"},
        {"CLIENT", "NONSENSE"},
        {"WATCH", "a"},
        {"UNWATCH"},
        {"RESET"},
    };
    for (const Line& line : lines) {
        const Contents before = contents(session_.get());
        for_each_failure(line[0], [&](Fault& fault) {
            const Session session = open_session(store_.get());
            Reply reply;
            run(fault, session.get(), line, reply);
            EXPECT_EQ(run(session.get(), {"GET", "a"}), "1");
        });
        EXPECT_EQ(contents(session_.get()), before);
    }
}

TEST_F(AllocFault, SinksAndWalks) {
    const std::string large(40'000, 'x');
    ASSERT_EQ(run(session_.get(), {"MSET", "a", "1", "c", large}), "OK");
    const Args args({"MGET", "a", "c", "none"});
    for_each_failure("exec_sink", [&](Fault& fault) {
        const Session session = open_session(store_.get());
        fault([&](synap_error_t** error) {
            return synap_exec_sink(session.get(), args.data(), args.size(), nullptr, &sink_, error);
        });
        synap_reply_t* reply = nullptr;
        ASSERT_EQ(synap_exec(session.get(), args.data(), args.size(), nullptr, &reply, nullptr),
                  SYNAP_OK);
        const Reply owned(reply);
        fault([&](synap_error_t** error) { return synap_reply_walk(reply, &sink_, error); });
    });
}

TEST_F(AllocFault, NumbersAsArguments) {
    for_each_failure("typed arguments", [&](Fault& fault) {
        const Session session = open_session(store_.get());
        const synap_command_t* echo = synap_command_find(bytes("ECHO"));
        synap_arg_t args[2] = {};
        args[0].type = SYNAP_TYPE_INT;
        args[0].as.i = synap_command_id(echo);
        args[1].type = SYNAP_TYPE_DOUBLE;
        args[1].as.d = 0.1;
        synap_reply_t* reply = nullptr;
        const Outcome outcome = fault([&](synap_error_t** error) {
            return synap_exec(session.get(), args, 2, nullptr, &reply, error);
        });
        const Reply owned(reply);
        if (outcome.ok()) {
            EXPECT_EQ(show(synap_reply_root(reply)), "0.1");
        }
    });
}

// An event that could not be handed out is still there, and so is its place.
TEST_F(AllocFault, EventsAndSubmitting) {
    const Args wait({"WAIT", "1", "0"});  // for a follower, for ever
    for_each_failure("events", [&](Fault& fault) {
        const Session session = open_session(store_.get());
        synap_events_t* made = nullptr;
        fault([&](synap_error_t** error) {
            return synap_events_open(store_.get(), 1, &made, error);
        });
        Events events(made);
        if (made == nullptr) events = open_events(store_.get(), 1);
        synap_events_t* q = events.get();
        fault([&](synap_error_t** error) {
            return synap_events_set_wake(
                q, [](void*) {}, nullptr, nullptr, error);
        });
        synap_reply_t* reply = nullptr;
        uint64_t op = 0;
        const Outcome submitted = fault([&](synap_error_t** error) {
            return synap_submit(session.get(), wait.data(), wait.size(), nullptr, q, 7, &reply, &op,
                                error);
        });
        if (!submitted.ok()) {
            EXPECT_TRUE(submitted.not_applied());
            // Nothing was started: the one place is free.
            ASSERT_EQ(synap_submit(session.get(), wait.data(), wait.size(), nullptr, q, 7, &reply,
                                   &op, nullptr),
                      SYNAP_PENDING);
        }
        fault([&](synap_error_t** error) { return synap_op_cancel(store_.get(), op, error); });
        ASSERT_EQ(synap_events_wait(q, 60'000, nullptr), SYNAP_OK);
        fault([&](synap_error_t** error) { return synap_events_wait(q, 0, error); });
        synap_batch_t* batch = nullptr;
        const Outcome taken =
            fault([&](synap_error_t** error) { return synap_events_take(q, 10, &batch, error); });
        EXPECT_EQ(taken.ok(), batch != nullptr);
        if (batch == nullptr) {
            ASSERT_EQ(synap_events_take(q, 10, &batch, nullptr), SYNAP_OK);
        }
        Batch owned(batch);
        EXPECT_EQ(synap_batch_count(batch), 1U);
        EXPECT_EQ(synap_batch_tag(batch, 0), 7U);
        EXPECT_EQ(synap_error_status(synap_batch_error(batch, 0)), SYNAP_E_CANCELLED);
        fault.quietly([&] {
            owned.reset();
            events.reset();
        });
    });
}

TEST_F(AllocFault, WhatServersAskFor) {
    for_each_failure("unstable", [&](Fault& fault) {
        fault([&](synap_error_t** error) { return synap_stats_walk(store_.get(), &sink_, error); });
        const Outcome noted = fault([&](synap_error_t** error) {
            return synap_host_fact(store_.get(), bytes("a section of no small string"),
                                   bytes("a name of no small string at all"),
                                   bytes("a value of no small string, neither"), error);
        });
        if (noted.ok()) {  // and gone again
            ASSERT_EQ(synap_host_fact(store_.get(), bytes("a section of no small string"),
                                      bytes("a name of no small string at all"), {}, nullptr),
                      SYNAP_OK);
        }
        fault.quietly([&] { synap_memory_charge(store_.get(), 1); });
        fault.quietly([&] { synap_memory_charge(store_.get(), -1); });
    });
}

// A reply in parts: one that memory cuts short is owed no more, and the session goes on.
TEST_F(AllocFault, RepliesInParts) {
    ASSERT_EQ(run(session_.get(), {"MSET", "a", "1", "c", std::string(40'000, 'x')}), "OK");
    const Args args({"MGET", "a", "c", "none"});
    const synap_call_t call{args.data(), args.size()};
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.flags = uint32_t{SYNAP_EXEC_NOWAIT} | uint32_t{SYNAP_EXEC_PAUSES};
    synap_sink_t sink = sink_;
    sink.scalar = [](void*, uint32_t, const synap_arg_t*) -> int32_t { return SYNAP_SINK_PAUSE; };
    for_each_failure("exec_resume", [&](Fault& fault) {
        const Session session = open_session(store_.get());
        size_t done = 0;
        synap_token_t token{0, 0};
        synap_error_t* error = nullptr;
        synap_status_t status = SYNAP_OK;
        fault.quietly([&] {
            status =
                synap_exec_many(session.get(), &call, 1, &options, &sink, &done, &token, &error);
            static_cast<void>(synap_exec_held(session.get()));
        });
        synap_error_free(error);
        ASSERT_TRUE(status == SYNAP_PAUSED || status == SYNAP_E_NO_MEMORY) << status;
        while (synap_exec_held(session.get()) != 0) {
            fault([&](synap_error_t** failed) {
                const synap_status_t resumed = synap_exec_resume(session.get(), &sink, failed);
                return resumed == SYNAP_PAUSED ? SYNAP_OK : resumed;
            });
        }
        EXPECT_EQ(run(session.get(), {"GET", "a"}), "1");
    });
}

// Handles that are none, when there is no memory to say so.
TEST_F(AllocFault, Misuse) {
    for_each_failure("misuse", [&](Fault& fault) {
        auto* wrong = reinterpret_cast<synap_config_t*>(store_.get());
        synap_error_t* error = nullptr;
        synap_status_t status = SYNAP_OK;
        fault.quietly([&] {
            synap_config_free(wrong);
            synap_memory_charge(reinterpret_cast<synap_store_t*>(session_.get()), 1);
            status = synap_config_set(wrong, bytes("slots"), bytes("0"), &error);
        });
        const ErrorRef owned(error);
        EXPECT_TRUE(status == SYNAP_E_INVALID_HANDLE || status == SYNAP_E_NO_MEMORY) << status;
        EXPECT_EQ(synap_error_status(error), status);
    });
}

// A store that nobody closed is closed by its release, without memory as well.
TEST_F(AllocFault, Releases) {
    for_each_failure("release", [](Fault& fault) {
        const Directory directory;
        Store store = open_store(directory.path());
        Session session = open_session(store.get());
        Events events = open_events(store.get(), 1);
        ASSERT_EQ(run(session.get(), {"SET", "a", "1"}), "OK");
        fault.quietly([&] {
            events.reset();
            session.reset();
            store.reset();
        });
        // Its lock goes last.
        for (;;) {
            synap_store_t* again = nullptr;
            const synap_status_t status =
                synap_open(bytes(directory.path()), nullptr, &again, nullptr);
            store.reset(again);
            if (status == SYNAP_OK) break;
            ASSERT_EQ(status, SYNAP_E_LOCKED);
        }
        session = open_session(store.get());
        EXPECT_EQ(run(session.get(), {"GET", "a"}), "1");
        session.reset();
        close(store.get());
    });
}

}  // namespace
}  // namespace synap::memory
