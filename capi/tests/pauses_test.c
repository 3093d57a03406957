/* Replies in parts: a sink that pauses anywhere gets, in the end, what one that never pauses gets,
 * and between the parts the session owes the rest and does nothing else. */
#include "check.h"

#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

enum { LARGE = 20000, CALLS = 7 };

static synap_store_t* store;
static synap_session_t* session;
static char value[LARGE];

/* Notes what it is told, and pauses after every so many callbacks. */
struct notes {
    char said[4096];
    size_t size;
    int every; /* 0: never */
    int calls;
    int references;
};

static int32_t note(struct notes* to, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    to->size +=
        (size_t)vsnprintf(to->said + to->size, sizeof to->said - to->size, format, arguments);
    va_end(arguments);
    REQUIRE(to->size < sizeof to->said);
    ++to->calls;
    return to->every != 0 && to->calls % to->every == 0 ? SYNAP_SINK_PAUSE : 0;
}
static int32_t note_scalar(void* ctx, uint32_t type, const synap_arg_t* arg) {
    if (type == SYNAP_TYPE_INT) return note(ctx, ":%lld ", (long long)arg->as.i);
    if (type == SYNAP_TYPE_NULL || type == SYNAP_TYPE_NULL_ARRAY) return note(ctx, "nil ");
    return note(ctx, "'%.*s' ", (int)arg->as.b.size, (const char*)arg->as.b.data);
}
static int32_t note_error(void* ctx, int32_t code, synap_bytes_t message) {
    return note(ctx, "-%ld %.*s ", (long)code, (int)message.size, (const char*)message.data);
}
static int32_t note_begin(void* ctx, uint32_t type, uint64_t count) {
    return note(ctx, "%lu[%lu ", (unsigned long)type, (unsigned long)count);
}
static int32_t note_end(void* ctx, uint32_t type) {
    return note(ctx, "]%lu ", (unsigned long)type);
}
static int32_t note_blob(void* ctx, synap_bytes_t bytes, synap_blob_t* owner) {
    (void)owner;
    CHECK(bytes.size == LARGE && memcmp(bytes.data, value, LARGE) == 0);
    ++((struct notes*)ctx)->references;
    return note(ctx, "large ");
}

static synap_sink_t sink_into(struct notes* to, int every) {
    synap_sink_t sink = SYNAP_SINK_INIT;
    memset(to, 0, sizeof *to);
    to->every = every;
    sink.ctx = to;
    sink.scalar = note_scalar;
    sink.error = note_error;
    sink.begin = note_begin;
    sink.end = note_end;
    sink.blob = note_blob;
    return sink;
}

static synap_exec_options_t pauses(void) {
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.flags = SYNAP_EXEC_NOWAIT | SYNAP_EXEC_PAUSES;
    return options;
}

static void set_large(const char* key) {
    synap_arg_t argv[3];
    synap_reply_t* reply = NULL;
    argv[0] = text_arg("SET");
    argv[1] = text_arg(key);
    argv[2] = bytes_arg(value, LARGE);
    WORKS(synap_exec(session, argv, 3, NULL, &reply, &err));
    synap_reply_release(reply);
}

static synap_status_t run_lines(const char* const* lines, size_t n, const synap_sink_t* sink,
                                size_t* done) {
    static synap_arg_t argv[CALLS][WORDS_MAX];
    synap_call_t calls[CALLS];
    const synap_exec_options_t options = pauses();
    synap_token_t token;
    size_t i;
    REQUIRE(n <= CALLS);
    for (i = 0; i < n; ++i) {
        calls[i].argv = argv[i];
        calls[i].argc = words_of(lines[i], argv[i]);
    }
    return synap_exec_many(session, calls, n, &options, sink, done, &token, &err);
}

static void test_any_place_is_one_to_pause(void) {
    static const char* const lines[CALLS] = {"MGET a big none", "MULTI",   "GET big", "MGET a none",
                                             "KEYS none",       "nothing", "PING"};
    struct notes whole;
    struct notes parts;
    synap_sink_t sink = sink_into(&whole, 0);
    size_t done = 0;
    int every;
    set_large("big");
    CHECK(says(session, "SET a 1", "OK"));
    WORKS(run_lines(lines, CALLS, &sink, &done));
    CHECK(done == CALLS && says(session, "DISCARD", "OK"));
    for (every = 1; every <= whole.calls + 1; ++every) {
        synap_status_t status;
        sink = sink_into(&parts, every);
        status = run_lines(lines, CALLS, &sink, &done);
        CHECK(done == CALLS);
        CHECK((status == SYNAP_PAUSED) == (every < whole.calls));
        while (status == SYNAP_PAUSED) status = synap_exec_resume(session, &sink, &err);
        WORKS(status);
        CHECK(strcmp(parts.said, whole.said) == 0 && parts.calls == whole.calls);
        CHECK(says(session, "DISCARD", "OK"));
    }
}

static void test_a_transaction_in_parts(void) {
    static const char* const queue[] = {"MULTI", "GET big", "MGET a none", "GET big"};
    static const char* const exec[] = {"EXEC"};
    struct notes parts;
    synap_sink_t sink = sink_into(&parts, 0);
    synap_status_t status;
    size_t done = 0;
    WORKS(run_lines(queue, 4, &sink, &done));
    sink = sink_into(&parts, 1);
    status = run_lines(exec, 1, &sink, &done);
    GIVES(SYNAP_PAUSED, status);
    CHECK(strcmp(parts.said, "6[3 ") == 0);
    GIVES(SYNAP_PAUSED, synap_exec_resume(session, &sink, &err));
    CHECK(strcmp(parts.said, "6[3 large ") == 0);
    parts.every = 0;
    WORKS(synap_exec_resume(session, &sink, &err));
    CHECK(strcmp(parts.said, "6[3 large 6[2 '1' nil ]6 large ]6 ") == 0);
    CHECK(parts.references == 2);
    WORKS(synap_exec_resume(session, &sink, &err)); /* nothing is left */
    CHECK(parts.calls == 8);
}

/* The session owes the rest: calls in between would mix their replies with it. */
static void test_nothing_comes_between(void) {
    static const char* const lines[] = {"MGET a none", "WAIT 1 0", "PING"};
    struct notes parts;
    synap_sink_t sink = sink_into(&parts, 1);
    const synap_exec_options_t options = pauses();
    synap_arg_t argv[WORDS_MAX];
    const size_t argc = words_of("PING", argv);
    synap_reply_t* reply = NULL;
    size_t done = 0;
    GIVES(SYNAP_PAUSED, run_lines(lines, 3, &sink, &done));
    CHECK(done == 1); /* the call that waits comes behind the rest */
    FAILS(SYNAP_E_MISUSE, synap_exec(session, argv, argc, NULL, &reply, &err));
    FAILS(SYNAP_E_MISUSE, synap_exec_sink(session, argv, argc, NULL, &sink, &err));
    FAILS(SYNAP_E_MISUSE, run_lines(lines, 3, &sink, &done));
    parts.every = 0;
    WORKS(synap_exec_resume(session, &sink, &err));
    CHECK(strcmp(parts.said, "6[2 '1' nil ]6 ") == 0);
    GIVES(SYNAP_PENDING, run_lines(lines + 1, 2, &sink, &done));
    CHECK(done == 0);
    /* A single call does not pause, nor does a sink that was not allowed to. */
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, argv, argc, &options, &reply, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_sink(session, argv, argc, &options, &sink, &err));
    parts.every = 1;
    FAILS(SYNAP_E_SINK, synap_exec_sink(session, argv, argc, NULL, &sink, &err));
    CHECK(says(session, "PING", "PONG"));
}

static int32_t stop(void* ctx, uint32_t type, const synap_arg_t* arg) {
    (void)ctx, (void)type, (void)arg;
    return 1;
}

static void test_what_is_held(void) {
    static const char* const lines[] = {"MGET big other"};
    struct notes parts;
    synap_sink_t sink = sink_into(&parts, 1);
    synap_session_t* other = open_session(store);
    size_t done = 0;
    size_t shared;
    set_large("big");
    set_large("other");
    CHECK(synap_exec_held(session) == 0 && synap_exec_held(NULL) == 0);
    GIVES(SYNAP_PAUSED, run_lines(lines, 1, &sink, &done));
    shared = synap_exec_held(session);
    CHECK(shared != 0 && shared < LARGE); /* the values are the keys' */
    CHECK(says(other, "DEL big other", "2"));
    CHECK(synap_exec_held(session) >= shared + 2 * LARGE);
    GIVES(SYNAP_PAUSED, synap_exec_resume(session, &sink, &err));
    CHECK(synap_exec_held(session) < shared + 2 * LARGE); /* what was taken is let go */
    CHECK(synap_exec_held(session) >= shared + LARGE);
    sink.scalar = stop;
    sink.blob = NULL;
    FAILS(SYNAP_E_SINK, synap_exec_resume(session, &sink, &err));
    CHECK(synap_exec_held(session) == 0);
    CHECK(says(session, "PING", "PONG"));
    synap_session_release(other);
}

/* What is owed outlives the store, and goes with the session. */
static void test_ends(void) {
    static const char* const lines[] = {"MGET big a"};
    struct notes parts;
    synap_sink_t sink = sink_into(&parts, 1);
    size_t done = 0;
    set_large("big");
    GIVES(SYNAP_PAUSED, run_lines(lines, 1, &sink, &done));
    synap_session_release(session);
    session = open_session(store);
    sink = sink_into(&parts, 1);
    GIVES(SYNAP_PAUSED, run_lines(lines, 1, &sink, &done));
    WORKS(synap_store_close(store, 0, &err));
    parts.every = 0;
    WORKS(synap_exec_resume(session, &sink, &err));
    CHECK(strcmp(parts.said, "6[2 large '1' ]6 ") == 0);
}

int main(void) {
    memset(value, 'v', LARGE);
    store = open_store(":memory:");
    session = open_session(store);
    RUN(test_any_place_is_one_to_pause);
    RUN(test_a_transaction_in_parts);
    RUN(test_nothing_comes_between);
    RUN(test_what_is_held);
    RUN(test_ends);
    synap_session_release(session);
    synap_store_release(store);
    return check_result();
}
