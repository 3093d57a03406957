/* Lives of handles: in which order they may end, what outlives what, fork, and who owns a
 * directory. */
#include "check.h"

#include <sys/types.h>
#include <sys/wait.h>

static char directory[PATH_BYTES];

static synap_status_t try_open(synap_store_t** store) {
    *store = NULL;
    return synap_open(text(directory), NULL, store, &err);
}

/* Whoever releases a store without closing it does not wait for its end; the next open does. */
static synap_store_t* open_when_free(void) {
    synap_store_t* store = NULL;
    int tries;
    for (tries = 0; tries < 60000; ++tries) {
        const synap_status_t status = try_open(&store);
        if (status == SYNAP_OK) return store;
        FAILS(SYNAP_E_LOCKED, status);
        pause_ms(1);
    }
    REQUIRE(!"the directory becomes free");
    return NULL;
}

enum { STORE, SESSION, REPLY, EVENTS, BATCH, ERROR, HANDLES };

static void* handles[HANDLES];

static void release(int which) {
    switch (which) {
        case STORE:
            synap_store_release(handles[STORE]);
            break;
        case SESSION:
            synap_session_release(handles[SESSION]);
            break;
        case REPLY: /* whatever has gone before, its bytes are there */
            CHECK(is_text(synap_node_bytes(synap_reply_root(handles[REPLY])), "kept"));
            synap_reply_release(handles[REPLY]);
            break;
        case EVENTS:
            synap_events_release(handles[EVENTS]);
            break;
        case BATCH:
            CHECK(synap_batch_count(handles[BATCH]) == 1);
            CHECK(synap_error_status(synap_batch_error(handles[BATCH], 0)) == SYNAP_E_CANCELLED);
            synap_batch_free(handles[BATCH]);
            break;
        default:
            CHECK(contains(synap_error_message(handles[ERROR]), "no-such-option"));
            synap_error_free(handles[ERROR]);
    }
}

/* One of each, with an operation under way besides. */
static void make_handles(synap_store_t* store) {
    synap_session_t* session = open_session(store);
    synap_events_t* events = open_events(store, 2);
    synap_reply_t* reply = NULL;
    synap_batch_t* batch = NULL;
    synap_error_t* error = NULL;
    synap_arg_t argv[WORDS_MAX];
    const size_t argc = words_of("WAIT 1 0", argv);
    uint64_t op = 0;
    CHECK(says(session, "SET key kept", "OK"));
    GIVES(SYNAP_PENDING, synap_submit(session, argv, argc, NULL, events, 1, &reply, &op, &err));
    WORKS(synap_op_cancel(store, op, &err));
    WORKS(synap_events_take(events, 8, &batch, &err));
    GIVES(SYNAP_PENDING, synap_submit(session, argv, argc, NULL, events, 2, &reply, &op, &err));
    CHECK(synap_option_set(store, text("no-such-option"), text("1"), &error) ==
          SYNAP_E_INVALID_ARGUMENT);
    handles[STORE] = store;
    handles[SESSION] = session;
    handles[REPLY] = run(session, "GET key");
    handles[EVENTS] = events;
    handles[BATCH] = batch;
    handles[ERROR] = error;
}

/* Heap's algorithm, without recursion: calls `use` with every order of HANDLES. */
static void for_each_order(void (*use)(const int order[HANDLES])) {
    int order[HANDLES];
    int count[HANDLES] = {0};
    int i;
    for (i = 0; i < HANDLES; ++i) order[i] = i;
    use(order);
    for (i = 1; i < HANDLES;) {
        if (count[i] < i) {
            const int from = i % 2 == 0 ? 0 : count[i];
            const int other = order[from];
            order[from] = order[i];
            order[i] = other;
            use(order);
            ++count[i];
            i = 1;
        } else {
            count[i++] = 0;
        }
    }
}

static int orders;

static void release_closed(const int order[HANDLES]) {
    int i;
    ++orders;
    make_handles(open_store(":memory:"));
    WORKS(synap_store_close(handles[STORE], 0, &err));
    for (i = 0; i < HANDLES; ++i) release(order[i]);
}

static void release_open(const int order[HANDLES]) {
    int i;
    if (++orders % 12 != 0) return; /* each opens a directory: some orders stand for all */
    make_handles(open_when_free());
    for (i = 0; i < HANDLES; ++i) release(order[i]);
}

static void test_any_order(void) {
    synap_store_t* store;
    synap_session_t* session;
    orders = 0;
    for_each_order(release_closed);
    CHECK(orders == 720);
    for_each_order(release_open);
    /* What was written is there, although nobody closed. */
    store = open_when_free();
    session = open_session(store);
    CHECK(says(session, "GET key", "kept"));
    CHECK(says(session, "DEL key", "1"));
    synap_session_release(session);
    WORKS(synap_store_close(store, 0, &err));
    synap_store_release(store);
}

static void test_close(void) {
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    synap_store_t* store = open_store(":memory:");
    synap_session_t* session = open_session(store);
    synap_session_t* late = session;
    synap_reply_t* reply = NULL;
    synap_arg_t argv[WORDS_MAX];
    const size_t argc = words_of("GET key", argv);
    CHECK(synap_store_retain(store) == store);
    synap_store_release(store); /* one of two */
    CHECK(says(session, "SET key 1", "OK"));
    WORKS(synap_store_close(store, 0, &err));
    WORKS(synap_store_close(store, 0, &err));
    WORKS(synap_store_get_state(store, &state, &err));
    CHECK(state.state == SYNAP_STATE_CLOSED);
    FAILS(SYNAP_E_SHUTDOWN, synap_exec(session, argv, argc, NULL, &reply, &err));
    FAILS(SYNAP_E_SHUTDOWN, synap_session_open(store, NULL, &late, &err));
    CHECK(reply == NULL && late == NULL);
    synap_store_release(store);
    FAILS(SYNAP_E_SHUTDOWN, synap_exec(session, argv, argc, NULL, &reply, &err));
    synap_session_release(session);
}

/* A large value is not copied into a reply; it lives as long as its last reader. */
static void test_large_reply_outlives_everything(void) {
    enum { SIZE = 100 * 1000 };
    static char value[SIZE];
    synap_arg_t argv[3];
    synap_store_t* store = open_store(":memory:");
    synap_session_t* session = open_session(store);
    synap_reply_t* reply = NULL;
    synap_bytes_t kept;
    memset(value, 'v', SIZE);
    argv[0] = text_arg("SET");
    argv[1] = text_arg("key");
    argv[2] = bytes_arg(value, SIZE);
    WORKS(synap_exec(session, argv, 3, NULL, &reply, &err));
    synap_reply_release(reply);
    reply = run(session, "GET key");
    CHECK(synap_reply_retain(reply) == reply);
    synap_reply_release(reply);
    CHECK(says(session, "SET key other", "OK"));
    synap_session_release(session);
    WORKS(synap_store_close(store, 0, &err));
    synap_store_release(store);
    kept = synap_node_bytes(synap_reply_root(reply));
    CHECK(kept.size == SIZE && memcmp(kept.data, value, SIZE) == 0);
    synap_reply_release(reply);
}

static void test_two_stores_share_nothing(void) {
    synap_store_t* one = open_store(":memory:");
    synap_store_t* other = open_store(directory);
    synap_session_t* first = open_session(one);
    synap_session_t* second = open_session(other);
    synap_reply_t* value = NULL;
    CHECK(says(first, "SET key first", "OK"));
    CHECK(says(second, "GET key", ""));
    WORKS(synap_option_set(one, text("max_memory"), text("100mb"), &err));
    WORKS(synap_option_get(other, text("max_memory"), &value, &err));
    CHECK(is_text(synap_node_bytes(synap_reply_root(value)), "0"));
    synap_reply_release(value);
    CHECK(says(first, "CLIENT SETNAME somebody", "OK"));
    CHECK(says(second, "CLIENT GETNAME", ""));
    WORKS(synap_store_close(one, 0, &err));
    CHECK(says(second, "PING", "PONG"));
    synap_session_release(first);
    synap_session_release(second);
    WORKS(synap_store_close(other, 0, &err));
    synap_store_release(one);
    synap_store_release(other);
}

static void test_a_directory_has_one_owner(void) {
    char owner[64];
    synap_store_t* store = open_store(directory);
    synap_store_t* second = store;
    snprintf(owner, sizeof owner, "process %ld", (long)getpid());
    CHECK(synap_open(text(directory), NULL, &second, &err) == SYNAP_E_LOCKED);
    CHECK(second == NULL);
    CHECK(contains(synap_error_message(err), owner));
    CHECK(contains(synap_error_message(err), directory));
    FAILS(SYNAP_E_LOCKED, synap_error_status(err));
    WORKS(synap_store_close(store, 0, &err));
    second = open_store(directory); /* closing gives it back, although `store` is not released */
    synap_store_release(store);
    WORKS(synap_store_close(second, 0, &err));
    synap_store_release(second);
}

#if !defined(__SANITIZE_THREAD__) /* which does not follow a program with threads through fork */

/* In the child no handle of the parent does anything, and nothing waits for its locks. */
static void use_what_the_parent_made(void) {
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    synap_store_t* own = NULL;
    synap_session_t* session = NULL;
    synap_reply_t* reply = NULL;
    synap_batch_t* batch = NULL;
    synap_arg_t ping = text_arg("PING");
    uint64_t op = 0;
    char owner[64];
    FAILS(SYNAP_E_FORKED, synap_exec(handles[SESSION], &ping, 1, NULL, &reply, &err));
    FAILS(SYNAP_E_FORKED,
          synap_submit(handles[SESSION], &ping, 1, NULL, handles[EVENTS], 1, &reply, &op, &err));
    FAILS(SYNAP_E_FORKED, synap_session_open(handles[STORE], NULL, &session, &err));
    FAILS(SYNAP_E_FORKED, synap_store_get_state(handles[STORE], &state, &err));
    FAILS(SYNAP_E_FORKED, synap_store_close(handles[STORE], 0, &err));
    FAILS(SYNAP_E_FORKED, synap_events_take(handles[EVENTS], 1, &batch, &err));
    FAILS(SYNAP_E_FORKED, synap_events_wait(handles[EVENTS], 0, &err));
    snprintf(owner, sizeof owner, "process %ld", (long)getppid());
    CHECK(synap_open(text(directory), NULL, &own, &err) == SYNAP_E_LOCKED);
    CHECK(contains(synap_error_message(err), owner));
    synap_error_free(err);
    err = NULL;
    release(EVENTS);
    release(SESSION);
    release(STORE);
    own = open_store(":memory:"); /* a store of its own works as ever */
    session = open_session(own);
    CHECK(says(session, "SET key 1", "OK"));
    synap_session_release(session);
    WORKS(synap_store_close(own, 0, &err));
    synap_store_release(own);
}

static void test_fork(void) {
    int status = 0;
    pid_t child;
    make_handles(open_store(directory));
    fflush(NULL);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        alarm(60); /* a lock of the parent would never open */
        use_what_the_parent_made();
        _exit(check_result());
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(says(handles[SESSION], "GET key", "kept")); /* the parent noticed nothing */
    WORKS(synap_store_close(handles[STORE], 0, &err));
    release(BATCH);
    release(REPLY);
    release(ERROR);
    release(EVENTS);
    release(SESSION);
    release(STORE);
}

#endif

int main(void) {
    make_directory(directory);
    RUN(test_any_order);
    RUN(test_close);
    RUN(test_large_reply_outlives_everything);
    RUN(test_two_stores_share_nothing);
    RUN(test_a_directory_has_one_owner);
#if !defined(__SANITIZE_THREAD__)
    RUN(test_fork);
#endif
    remove_directory(directory);
    return check_result();
}
