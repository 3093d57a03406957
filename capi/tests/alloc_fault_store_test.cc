// A store on a disk while memory runs out: opening, closing, snapshots, waits for the log, and the
// engine's own threads.
#include "capi/tests/alloc_fault.h"

#include <chrono>
#include <thread>

namespace synap::memory {
namespace {

const std::string kLarge(40'000, 'l');

// For what a thread of the engine does in its own time. Fails after a minute.
void wait_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done()) {
        ASSERT_LT(std::chrono::steady_clock::now(), end) << "it never came";
        std::this_thread::yield();
    }
}

// A directory with a snapshot and a log behind it.
void fill(const std::string& path) {
    const Store store = open_store(path);
    Session session = open_session(store.get());
    ASSERT_EQ(run(session.get(), {"MSET", "a", "1", "b", kLarge, "c", "text"}), "OK");
    ASSERT_EQ(run(session.get(), {"PEXPIREAT", "c", "33333333333333"}), "1");
    ASSERT_EQ(run(session.get(), {"SAVE"}), "OK");
    ASSERT_EQ(run(session.get(), {"RENAME", "a", "d"}), "OK");
    ASSERT_EQ(run(session.get(), {"SET", "e", kLarge}), "OK");
    session.reset();
    close(store.get());
}

Contents contents_of(const std::string& path) {
    const Store store = open_store(path);
    Session session = open_session(store.get());
    const Contents found = contents(session.get());
    session.reset();
    close(store.get());
    return found;
}

// A directory that could not be opened is free for the next one, with all that was in it.
TEST(AllocFaultStore, OpeningADirectory) {
    const Directory filled;
    fill(filled.path());
    const Contents expected = contents_of(filled.path());
    ASSERT_EQ(expected.size(), 4U);
    for_each_failure("open", [&](Fault& fault) {
        const Directory directory;
        std::filesystem::copy(filled.path(), directory.path(),
                              std::filesystem::copy_options::recursive);
        synap_store_t* made = nullptr;
        const Outcome opened = fault([&](synap_error_t** error) {
            return synap_open(bytes(directory.path()), nullptr, &made, error);
        });
        const Store store(made);
        EXPECT_EQ(opened.ok(), made != nullptr);
        if (made != nullptr) {
            const Outcome closed =
                fault([&](synap_error_t** error) { return synap_store_close(made, 0, error); });
            if (!closed.ok()) close(made);
        }
        EXPECT_EQ(contents_of(directory.path()), expected);
    });
}

TEST(AllocFaultStore, ANewDirectory) {
    for_each_failure("open", [](Fault& fault) {
        const Directory directory;
        const std::string path = directory.path() + "/new";
        synap_store_t* made = nullptr;
        fault(
            [&](synap_error_t** error) { return synap_open(bytes(path), nullptr, &made, error); });
        Store store(made);
        if (made != nullptr) close(made);
        store = open_store(path);
        Session session = open_session(store.get());
        EXPECT_EQ(run(session.get(), {"DBSIZE"}), "0");
        session.reset();
        close(store.get());
    });
}

// Closing that ran out of memory can be asked for again, and then nothing is lost.
TEST(AllocFaultStore, ClosingMakesDurable) {
    for_each_failure("close", [](Fault& fault) {
        const Directory directory;
        const Store store = open_store(directory.path());
        Session session = open_session(store.get());
        ASSERT_EQ(run(session.get(), {"SET", "a", kLarge}), "OK");
        const Outcome closed =
            fault([&](synap_error_t** error) { return synap_store_close(store.get(), 0, error); });
        if (!closed.ok()) close(store.get());
        const Args get({"GET", "a"});
        synap_reply_t* reply = nullptr;
        EXPECT_EQ(synap_exec(session.get(), get.data(), get.size(), nullptr, &reply, nullptr),
                  SYNAP_E_SHUTDOWN);
        session.reset();
        EXPECT_EQ(contents_of(directory.path()).size(), 1U);
    });
}

TEST(AllocFaultStore, Snapshots) {
    for_each_failure("SAVE", [](Fault& fault) {
        const Directory directory;
        const Store store = open_store(directory.path());
        Session session = open_session(store.get());
        ASSERT_EQ(run(session.get(), {"MSET", "a", "1", "b", kLarge}), "OK");
        const Contents before = contents(session.get());
        Reply reply;
        const Outcome saved = run(fault, session.get(), {"SAVE"}, reply);
        const std::string said = show(synap_reply_root(reply.get()));
        EXPECT_TRUE(!saved.ok() || said == "OK" || said.starts_with("ERR")) << said;
        EXPECT_TRUE(said == "OK" || fault.refused() > 0);
        // The next one is not hindered.
        EXPECT_EQ(run(session.get(), {"SET", "c", "2"}), "OK");
        EXPECT_EQ(run(session.get(), {"SAVE"}), "OK");
        EXPECT_EQ(run(session.get(), {"DEL", "c"}), "1");
        session.reset();
        close(store.get());
        EXPECT_EQ(contents_of(directory.path()), before);
    });
}

TEST(AllocFaultStore, WaitsForTheLog) {
    for_each_failure("log", [](Fault& fault) {
        const Directory directory;
        const Store store = open_store(directory.path());
        Session session = open_session(store.get());
        const Events events = open_events(store.get(), 1);
        const Args set({"SET", "a", "1"});
        synap_reply_t* reply = nullptr;
        ASSERT_EQ(synap_exec(session.get(), set.data(), set.size(), nullptr, &reply, nullptr),
                  SYNAP_OK);
        const Reply owned(reply);
        const synap_token_t token = synap_reply_token(reply);
        const Outcome asked = fault([&](synap_error_t** error) {
            return synap_log_notify(store.get(), token, SYNAP_DURABILITY_DISK, events.get(), 7,
                                    error);
        });
        if (asked.status == SYNAP_PENDING) {
            EXPECT_EQ(synap_events_wait(events.get(), 60'000, nullptr), SYNAP_OK);
        }
        const Outcome waited = fault([&](synap_error_t** error) {
            return synap_log_wait(store.get(), token, SYNAP_DURABILITY_DISK, 60'000, error);
        });
        if (waited.ok()) {
            EXPECT_EQ(synap_log_wait(store.get(), token, SYNAP_DURABILITY_DISK, 0, nullptr),
                      SYNAP_OK);
        }
        EXPECT_EQ(synap_events_wait(events.get(), 0, nullptr),
                  asked.status == SYNAP_PENDING ? SYNAP_OK : SYNAP_E_TIMEOUT);
        session.reset();
        close(store.get());
    });
}

int32_t ignore_scalar(void*, uint32_t, const synap_arg_t*) { return 0; }

TEST(AllocFaultStore, CheckingAndLogLines) {
    const Directory filled;
    fill(filled.path());
    synap_sink_t sink = SYNAP_SINK_INIT;
    sink.scalar = ignore_scalar;
    sink.error = [](void*, int32_t, synap_bytes_t) { return int32_t{0}; };
    sink.begin = [](void*, uint32_t, uint64_t) { return int32_t{0}; };
    sink.end = [](void*, uint32_t) { return int32_t{0}; };
    for_each_failure("check", [&](Fault& fault) {
        fault(
            [&](synap_error_t** error) { return synap_check(bytes(filled.path()), &sink, error); });
        const Store store = open_store(filled.path());
        synap_reply_t* line = nullptr;
        size_t lines = 0;
        for (int tries = 0; tries < 2; ++tries) {  // the first line may be lost on the way
            fault([&](synap_error_t** error) {
                return synap_log_line_take(store.get(), &line, error);
            });
            const Reply owned(line);
            lines += line == nullptr ? 0 : 1;
        }
        EXPECT_TRUE(lines > 0 || fault.refused() > 0);
        close(store.get());
    });
}

// Loading happens on a thread of its own, which must not take the program with it.
TEST(AllocFaultStore, TheLoader) {
    const Directory filled;
    fill(filled.path());
    const Config config(synap_config_new());
    ASSERT_EQ(synap_config_set(config.get(), bytes("open.wait"), bytes("false"), nullptr),
              SYNAP_OK);
    fail_elsewhere(true);
    synap_store_t* made = nullptr;
    const synap_status_t opened = synap_open(bytes(filled.path()), config.get(), &made, nullptr);
    const Store store(made);
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    synap_status_t status = SYNAP_OK;
    wait_until([&] {
        status = synap_store_get_state(made, &state, nullptr);
        return state.state != SYNAP_STATE_LOADING;
    });
    fail_elsewhere(false);
    ASSERT_EQ(opened, SYNAP_OK);
    EXPECT_EQ(state.state, uint32_t{SYNAP_STATE_FAILED});
    EXPECT_EQ(status, SYNAP_E_NO_MEMORY);
    close(made);
    EXPECT_EQ(contents_of(filled.path()).size(), 4U);
}

// Expiry that ran out of memory goes on later, and keeps nobody out of the keyspace.
TEST(AllocFaultStore, Expiry) {
    const Directory directory;
    const Store store = open_store(directory.path());
    Session session = open_session(store.get());
    ASSERT_EQ(run(session.get(), {"SET", "a key of no small string", "1", "PX", "1"}), "OK");
    fail_elsewhere(true);
    wait_until([] { return failed_elsewhere() > 20; });
    fail_elsewhere(false);
    wait_until([&] { return run(session.get(), {"DBSIZE"}) == "0"; });
    EXPECT_EQ(run(session.get(), {"FLUSHALL"}), "OK");  // has the keyspace for itself
    session.reset();
    close(store.get());
}

// Whoever waits for the disk gets an answer, when the log's thread has memory or when it has not.
TEST(AllocFaultStore, TheLogsThread) {
    const Directory directory;
    const Store store = open_store(directory.path());
    Session session = open_session(store.get());
    const Events events = open_events(store.get(), 1);
    const Args set({"SET", "a", kLarge});
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.durability = SYNAP_DURABILITY_DISK;
    fail_elsewhere(true);
    synap_reply_t* reply = nullptr;
    uint64_t op = 0;
    const synap_status_t status = synap_submit(session.get(), set.data(), set.size(), &options,
                                               events.get(), 7, &reply, &op, nullptr);
    synap_reply_release(reply);
    const bool came =
        status == SYNAP_OK || synap_events_wait(events.get(), 60'000, nullptr) == SYNAP_OK;
    fail_elsewhere(false);
    EXPECT_TRUE(came);
    EXPECT_EQ(run(session.get(), {"SET", "b", "1"}), "OK");
    session.reset();
    close(store.get());
    EXPECT_EQ(contents_of(directory.path()).size(), 2U);
}

}  // namespace
}  // namespace synap::memory
