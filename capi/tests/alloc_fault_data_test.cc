// What becomes of the data when memory runs out in the middle of a call: a call that says that it
// was not applied was not, one that can not say stops the store, and a store that goes on is
// afterwards what the directory gives when it is opened again.
#include "capi/tests/alloc_fault.h"

namespace synap::memory {
namespace {

// A value that stands in a blob of its own, one that is edited in place, and a small one.
const std::string kLarge(40'000, 'l');
const std::string kEdited(300, 'e');
constexpr const char* kLater = "33333333333333";  // a deadline, in ms

const std::vector<Line> kBase = {
    {"MSET", "a", "1", "b", "text", "c", kLarge, "d", kEdited},
    {"APPEND", "d", "more"},
    {"SET", "timed", "value", "PXAT", kLater},
    {"SELECT", "1"},
    {"SET", "a", "other"},
    {"SELECT", "0"},
};

void prepare(synap_session_t* session, const std::vector<Line>& lines) {
    for (const Line& line : lines) {
        const std::string reply = run(session, line);
        ASSERT_FALSE(reply.starts_with("ERR")) << reply;
    }
}

// What the lines make of an empty store.
Contents made_by(const std::vector<Line>& lines) {
    const Store store = open_store(":memory:");
    Session session = open_session(store.get());
    prepare(session.get(), lines);
    session = open_session(store.get());  // outside of a transaction
    const Contents made = contents(session.get());
    session.reset();
    close(store.get());
    return made;
}

uint32_t state_of(synap_store_t* store) {
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    EXPECT_LE(synap_store_get_state(store, &state, nullptr), SYNAP_OK);
    return state.state;
}

// The directory holds one of these.
void expect_reopened(const std::string& path, const Contents& one, const Contents& other) {
    const Store store = open_store(path);
    Session session = open_session(store.get());
    const Contents found = contents(session.get());
    EXPECT_TRUE(found == one || found == other);
    session.reset();
    close(store.get());
}

// Runs `line` behind the others in all ways in which it can run out of memory.
void try_line_behind(std::vector<Line> all, const Line& line) {
    const Contents old = made_by(all);
    all.push_back(line);
    const Contents changed = made_by(all);
    all.pop_back();
    for_each_failure(line[0], [&](Fault& fault) {
        const Directory directory;
        const Store store = open_store(directory.path());
        Session session = open_session(store.get());
        prepare(session.get(), all);
        Reply reply;
        const Outcome outcome = run(fault, session.get(), line, reply);
        session = open_session(store.get());
        Contents now = contents(session.get());
        const bool goes_on = state_of(store.get()) == SYNAP_STATE_READY;
        if (outcome.ok()) {
            EXPECT_EQ(now, changed);
        } else if (outcome.not_applied()) {
            EXPECT_EQ(now, old);
        }
        EXPECT_TRUE(goes_on || outcome.status == SYNAP_E_INTERNAL);
        const std::string probed = run(session.get(), {"SET", "probe", "1"});
        EXPECT_EQ(probed.substr(0, 7), goes_on ? "OK" : "MISCONF");
        session.reset();
        close(store.get());
        if (goes_on) {
            now["0/probe"] = "1 until -1";
            expect_reopened(directory.path(), now, now);
        } else {
            expect_reopened(directory.path(), old, changed);
        }
    });
}

void try_line(const std::vector<Line>& before, const Line& line) {
    std::vector<Line> all = kBase;
    all.insert(all.end(), before.begin(), before.end());
    try_line_behind(std::move(all), line);
}

// What keys and values lie in is asked of the kernel in large pieces: here it needs the first one,
// and another in the middle of a record.
TEST(AllocFaultData, MemoryOfTheKeyspace) {
    try_line_behind({}, {"SET", "first", "value"});
    Line many{"MSET"};
    for (int i = 0; i < 1'200; ++i) {
        many.push_back("key" + std::to_string(i));
        many.emplace_back(1'900, static_cast<char>('a' + i % 26));
    }
    try_line({}, many);
}

TEST(AllocFaultData, StringsThatAreSet) {
    try_line({}, {"SET", "new", "value"});
    try_line({}, {"SET", "a", "longer than the number that it was"});
    try_line({}, {"SET", "new", kLarge, "PXAT", kLater});
    try_line({}, {"SET", "c", "no longer large"});
    try_line({}, {"SET", "a", "2", "GET"});
    try_line({}, {"MSET", "a", "2", "new", "3", "c", std::string(50'000, 'n')});
    try_line({}, {"MSETNX", "new", "2", "newer", "3"});
    try_line({}, {"GETSET", "b", "other"});
    try_line({}, {"GETEX", "b", "PXAT", kLater});
    try_line({}, {"GETDEL", "c"});
}

TEST(AllocFaultData, StringsThatAreEdited) {
    try_line({}, {"APPEND", "d", std::string(10'000, 'x')});
    try_line({}, {"APPEND", "new", "x"});
    try_line({}, {"APPEND", "c", kLarge});
    try_line({}, {"SETRANGE", "b", "5000", "far"});
    try_line({}, {"INCR", "a"});
    try_line({}, {"INCR", "new"});
    try_line({}, {"INCRBYFLOAT", "a", "0.5"});
}

TEST(AllocFaultData, Keys) {
    try_line({}, {"DEL", "a", "b", "c"});
    try_line({}, {"PEXPIREAT", "b", kLater});
    try_line({}, {"PERSIST", "timed"});
    try_line({}, {"RENAME", "c", "a"});
    try_line({}, {"RENAME", "timed", "new"});
    try_line({}, {"COPY", "c", "new"});
    try_line({}, {"COPY", "c", "a", "DB", "1", "REPLACE"});
    try_line({}, {"MOVE", "b", "1"});
    try_line({}, {"SWAPDB", "0", "1"});
    try_line({}, {"FLUSHDB"});
    try_line({}, {"FLUSHALL"});
}

TEST(AllocFaultData, Transactions) {
    const std::vector<Line> queued = {{"MULTI"},
                                      {"SET", "a", "2"},
                                      {"APPEND", "d", kLarge},
                                      {"DEL", "b"},
                                      {"SET", "new", kLarge}};
    try_line(queued, {"EXEC"});
    const std::vector<Line> alone = {{"MULTI"}, {"SWAPDB", "0", "1"}, {"SET", "a", "2"}};
    try_line(alone, {"EXEC"});
}

// A call that could not be queued must not be missing from what EXEC does.
TEST(AllocFaultData, QueueingIsAllOrNothing) {
    for_each_failure("queueing", [&](Fault& fault) {
        const Store store = open_store(":memory:");
        Session session = open_session(store.get());
        prepare(session.get(), {{"SET", "a", "1"}, {"SET", "b", "1"}, {"MULTI"}, {"INCR", "a"}});
        Reply reply;
        const Outcome queued = run(fault, session.get(), {"SET", "b", kLarge}, reply);
        const std::string done = run(session.get(), {"EXEC"});
        const bool whole = done == "[2, OK]";
        EXPECT_TRUE(whole || done.starts_with("EXECABORT")) << done;
        EXPECT_TRUE(whole || !queued.ok());
        EXPECT_TRUE(!whole || queued.ok() || !queued.not_applied());
        EXPECT_EQ(run(session.get(), {"GET", "a"}), whole ? "2" : "1");
        EXPECT_EQ(run(session.get(), {"GET", "b"}).size(), whole ? kLarge.size() : 1U);
        session.reset();
        close(store.get());
    });
}

int32_t count_scalar(void* ctx, uint32_t, const synap_arg_t*) {
    ++*static_cast<size_t*>(ctx);
    return 0;
}

// Of a pipeline exactly the calls are done that it says are done.
TEST(AllocFaultData, Pipelines) {
    const std::vector<Line> lines = {{"SET", "k0", "0"},
                                     {"SET", "k1", kLarge},
                                     {"SET", "k2", "2"},
                                     {"WAITAOF", "1", "0", "0"},
                                     {"SET", "k3", kLarge}};
    for_each_failure("exec_many", [&](Fault& fault) {
        const Directory directory;
        const Store store = open_store(directory.path());
        Session session = open_session(store.get());
        std::vector<Args> args;
        std::vector<synap_call_t> calls;
        for (const Line& line : lines) args.emplace_back(line);
        for (const auto& each : args) calls.push_back({each.data(), each.size()});
        size_t replies = 0;
        synap_sink_t sink = SYNAP_SINK_INIT;
        sink.ctx = &replies;
        sink.scalar = count_scalar;
        sink.error = [](void*, int32_t, synap_bytes_t) { return int32_t{0}; };
        sink.begin = [](void*, uint32_t, uint64_t) { return int32_t{0}; };
        sink.end = [](void*, uint32_t) { return int32_t{0}; };
        size_t done = 0;
        synap_token_t token{};
        const Outcome outcome = fault([&](synap_error_t** error) {
            return synap_exec_many(session.get(), calls.data(), calls.size(), nullptr, &sink, &done,
                                   &token, error);
        });
        EXPECT_TRUE(done == lines.size() || !outcome.ok());
        EXPECT_TRUE(replies >= done);
        session = open_session(store.get());
        const std::string there = run(session.get(), {"EXISTS", "k0", "k1", "k2", "k3"});
        const size_t sets_done = done > 3 ? done - 1 : done;
        // What is not known to be done may be.
        if (outcome.ok() || outcome.not_applied()) {
            EXPECT_EQ(there, std::to_string(sets_done));
        }
        EXPECT_GE(there, std::to_string(sets_done));
        session.reset();
        close(store.get());
    });
}

// A reply that waits for the disk comes once or not at all, and keeps no place of the queue.
TEST(AllocFaultData, SubmittedWrites) {
    const Args args({"SET", "a", kLarge});
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.durability = SYNAP_DURABILITY_DISK;
    for_each_failure("submit", [&](Fault& fault) {
        const Directory directory;
        const Store store = open_store(directory.path());
        Session session = open_session(store.get());
        const Events events = open_events(store.get(), 1);
        synap_reply_t* reply = nullptr;
        uint64_t op = 0;
        const Outcome outcome = fault([&](synap_error_t** error) {
            return synap_submit(session.get(), args.data(), args.size(), &options, events.get(), 7,
                                &reply, &op, error);
        });
        Reply owned(reply);
        if (outcome.status == SYNAP_PENDING) {
            ASSERT_EQ(synap_events_wait(events.get(), 60'000, nullptr), SYNAP_OK);
            synap_batch_t* batch = nullptr;
            ASSERT_EQ(synap_events_take(events.get(), 9, &batch, nullptr), SYNAP_OK);
            const Batch taken(batch);
            EXPECT_EQ(synap_batch_count(batch), 1U);
            owned.reset(synap_batch_take_reply(batch, 0));
            EXPECT_EQ(show(synap_reply_root(owned.get())), "OK");
        }
        const std::string there = run(session.get(), {"EXISTS", "a"});
        EXPECT_TRUE(there == "1" || !outcome.ok());
        EXPECT_TRUE(there == "0" || outcome.ok() || !outcome.not_applied());
        EXPECT_EQ(synap_events_wait(events.get(), 0, nullptr), SYNAP_E_TIMEOUT);
        const Args wait({"WAIT", "1", "0"});
        EXPECT_EQ(synap_submit(session.get(), wait.data(), wait.size(), nullptr, events.get(), 8,
                               &reply, &op, nullptr),
                  SYNAP_PENDING);
        session.reset();
        close(store.get());
    });
}

}  // namespace
}  // namespace synap::memory
