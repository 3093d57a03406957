/* What finishes later: which calls are pending, the one event of each, the wake, the capacity of a
 * queue, and the end of all that with its session or store. */
#include "check.h"

#include <pthread.h>

static synap_store_t* store;
static synap_session_t* session;

enum { TAG = 77 };

/* The operation's id; 0 when it is not pending, with the reply in *reply_out. */
static uint64_t submit(synap_session_t* from, synap_events_t* q, const char* line, uint64_t tag,
                       const synap_exec_options_t* options, synap_reply_t** reply_out) {
    synap_arg_t argv[WORDS_MAX];
    const size_t argc = words_of(line, argv);
    synap_status_t status;
    uint64_t op = 0;
    *reply_out = NULL;
    status = synap_submit(from, argv, argc, options, q, tag, reply_out, &op, &err);
    if (status == SYNAP_PENDING) {
        GIVES(SYNAP_PENDING, status);
        CHECK(op != 0 && *reply_out == NULL);
    } else {
        WORKS(status);
        CHECK(op == 0 && *reply_out != NULL);
    }
    return op;
}

/* Waits for a follower that never comes. */
static uint64_t park(synap_session_t* from, synap_events_t* q, uint64_t tag) {
    synap_reply_t* reply = NULL;
    const uint64_t op = submit(from, q, "WAIT 1 0", tag, NULL, &reply);
    CHECK(op != 0);
    synap_reply_release(reply);
    return op;
}

static synap_status_t refused_submit(synap_session_t* from, synap_events_t* q, const char* line) {
    synap_arg_t argv[WORDS_MAX];
    const size_t argc = words_of(line, argv);
    synap_reply_t* reply = NULL;
    uint64_t op = 0;
    const synap_status_t status = synap_submit(from, argv, argc, NULL, q, 1, &reply, &op, &err);
    CHECK(reply == NULL && op == 0);
    return status;
}

/* The batch that is there, which must hold `count` events. The caller frees it. */
static synap_batch_t* take(synap_events_t* q, uint32_t max, uint32_t count) {
    synap_batch_t* batch = NULL;
    WORKS(synap_events_take(q, max, &batch, &err));
    CHECK(synap_batch_count(batch) == count);
    return batch;
}

static void check_nothing_to_take(synap_events_t* q) {
    synap_batch_t* batch = NULL;
    FAILS(SYNAP_E_TIMEOUT, synap_events_wait(q, 0, &err));
    GIVES(SYNAP_EMPTY, synap_events_take(q, 9, &batch, &err));
    CHECK(batch == NULL);
}

/* One event is there: it failed with `status`. */
static void check_failed_event(synap_events_t* q, uint64_t tag, synap_status_t status) {
    synap_batch_t* batch = take(q, 9, 1);
    CHECK(synap_batch_kind(batch, 0) == SYNAP_EVENT_COMPLETION);
    CHECK(synap_batch_tag(batch, 0) == tag);
    CHECK(synap_error_status(synap_batch_error(batch, 0)) == status);
    CHECK(has_one_outcome(synap_error_traits(synap_batch_error(batch, 0))));
    CHECK(synap_batch_take_reply(batch, 0) == NULL);
    CHECK(synap_batch_kind(batch, 1) == 0 && synap_batch_error(batch, 1) == NULL);
    synap_batch_free(batch);
}

static void test_inline(void) {
    synap_events_t* q = open_events(store, 1);
    synap_reply_t* reply = NULL;
    CHECK(submit(session, q, "SET key 1", TAG, NULL, &reply) == 0);
    CHECK(is_text(synap_node_bytes(synap_reply_root(reply)), "OK"));
    synap_reply_release(reply);
    CHECK(submit(session, q, "no such command", TAG, NULL, &reply) == 0);
    CHECK(synap_node_type(synap_reply_root(reply)) == SYNAP_TYPE_ERROR);
    synap_reply_release(reply);
    GIVES(SYNAP_HOST, refused_submit(session, q, "SHUTDOWN"));
    check_nothing_to_take(q);
    synap_events_release(q);
}

static void test_a_wait_ends_by_its_time(void) {
    synap_events_t* q = open_events(store, 1);
    synap_batch_t* batch;
    synap_reply_t* reply = NULL;
    CHECK(submit(session, q, "WAIT 1 1", TAG, NULL, &reply) != 0);
    CHECK(says(session, "PING", "PONG")); /* the session is not held */
    WORKS(synap_events_wait(q, 60000, &err));
    batch = take(q, 9, 1);
    CHECK(synap_batch_kind(batch, 0) == SYNAP_EVENT_COMPLETION);
    CHECK(synap_batch_tag(batch, 0) == TAG && synap_batch_error(batch, 0) == NULL);
    reply = synap_batch_take_reply(batch, 0);
    CHECK(synap_node_type(synap_reply_root(reply)) == SYNAP_TYPE_INT);
    CHECK(synap_batch_take_reply(batch, 0) == NULL); /* once */
    synap_batch_free(batch);
    synap_reply_release(reply);
    check_nothing_to_take(q);
    synap_events_release(q);
}

static void test_cancel(void) {
    synap_events_t* q = open_events(store, 2);
    const uint64_t op = park(session, q, TAG);
    WORKS(synap_op_cancel(store, op, &err));
    GIVES(SYNAP_EMPTY, synap_op_cancel(store, op, &err));
    check_failed_event(q, TAG, SYNAP_E_CANCELLED);
    check_nothing_to_take(q);
    synap_events_release(q);
}

static void test_capacity(void) {
    synap_events_t* q = open_events(store, 2);
    const uint64_t first = park(session, q, 1);
    const uint64_t second = park(session, q, 2);
    synap_batch_t* batch;
    FAILS(SYNAP_E_BACKPRESSURE, refused_submit(session, q, "WAIT 1 0"));
    FAILS(SYNAP_E_BACKPRESSURE, refused_submit(session, q, "SET refused 1"));
    CHECK(says(session, "GET refused", ""));
    WORKS(synap_op_cancel(store, first, &err)); /* an event that nobody took takes a place, too */
    FAILS(SYNAP_E_BACKPRESSURE, refused_submit(session, q, "WAIT 1 0"));
    batch = take(q, 1, 1);
    CHECK(synap_batch_tag(batch, 0) == 1);
    synap_batch_free(batch);
    WORKS(synap_op_cancel(store, park(session, q, 3), &err));
    WORKS(synap_op_cancel(store, second, &err));
    batch = take(q, 9, 2);
    CHECK(synap_batch_tag(batch, 0) == 3 && synap_batch_tag(batch, 1) == 2);
    synap_batch_free(batch);
    synap_events_release(q);
}

struct counts {
    int wakes;
    int releases;
};

static void SYNAP_CALL count_wake(void* ctx) { ++((struct counts*)ctx)->wakes; }
static void SYNAP_CALL count_release(void* ctx) { ++((struct counts*)ctx)->releases; }

static void finish_one(synap_events_t* q) {
    WORKS(synap_op_cancel(store, park(session, q, TAG), &err));
}

/* Cancelling completes on the calling thread, so that every count is certain. */
static void test_wakes_are_few(void) {
    synap_events_t* q = open_events(store, 100);
    struct counts counts = {0, 0};
    struct counts later = {0, 0};
    synap_batch_t* batch = NULL;
    int i;
    WORKS(synap_events_set_wake(q, count_wake, &counts, count_release, &err));
    CHECK(counts.wakes == 0);
    for (i = 0; i < 10; ++i) finish_one(q);
    CHECK(counts.wakes == 1);
    synap_batch_free(take(q, 4, 4)); /* some are left: whoever took them goes on by itself */
    finish_one(q);
    CHECK(counts.wakes == 1);
    synap_batch_free(take(q, 100, 7)); /* nothing is left: the next one wakes again */
    finish_one(q);
    CHECK(counts.wakes == 2);
    synap_batch_free(take(q, 100, 1));
    GIVES(SYNAP_EMPTY, synap_events_take(q, 100, &batch, &err));
    finish_one(q);
    CHECK(counts.wakes == 3 && counts.releases == 0);
    /* Another wake is told of what came before it. */
    WORKS(synap_events_set_wake(q, count_wake, &later, count_release, &err));
    CHECK(counts.releases == 1 && later.wakes == 1);
    WORKS(synap_events_set_wake(q, NULL, NULL, NULL, &err));
    CHECK(later.releases == 1);
    finish_one(q);
    CHECK(counts.wakes == 3 && later.wakes == 1);
    WORKS(synap_events_set_wake(q, count_wake, &later, count_release, &err));
    synap_events_release(q);
    CHECK(later.releases == 2 && counts.releases == 1);
}

static void test_wake_of_a_descriptor(void) {
    synap_events_t* q = open_events(store, 4);
    char told[64];
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    WORKS(synap_events_set_wake(q, synap_wake_fd, (void*)(intptr_t)ends[1], NULL, &err));
    finish_one(q);
    finish_one(q);
    CHECK(read(ends[0], told, sizeof told) == 8);
    synap_events_release(q);
    close(ends[0]);
    close(ends[1]);
}

static void* wait_for_event(void* q) {
    return (void*)(intptr_t)synap_events_wait(q, UINT32_MAX, NULL);
}

static void test_waiting_on_another_thread(void) {
    synap_events_t* q = open_events(store, 1);
    pthread_t waiter;
    void* result = NULL;
    REQUIRE(pthread_create(&waiter, NULL, wait_for_event, q) == 0);
    finish_one(q);
    CHECK(pthread_join(waiter, &result) == 0);
    CHECK((intptr_t)result == SYNAP_OK);
    synap_events_release(q);
}

static void test_the_session_ends(void) {
    synap_events_t* q = open_events(store, 2);
    synap_session_t* brief = open_session(store);
    const uint64_t other = park(session, q, 1);
    park(brief, q, 2);
    synap_session_release(brief);
    check_failed_event(q, 2, SYNAP_E_CANCELLED);
    check_nothing_to_take(q); /* that of the other session goes on */
    WORKS(synap_op_cancel(store, other, &err));
    synap_events_release(q);
}

static void test_the_store_ends(void) {
    synap_store_t* brief = open_store(":memory:");
    synap_session_t* client = open_session(brief);
    synap_events_t* q = open_events(brief, 2);
    struct counts counts = {0, 0};
    uint64_t op;
    WORKS(synap_events_set_wake(q, count_wake, &counts, NULL, &err));
    op = park(client, q, TAG);
    WORKS(synap_store_close(brief, 0, &err));
    CHECK(counts.wakes == 1);
    check_failed_event(q, TAG, SYNAP_E_SHUTDOWN);
    /* From here on nothing is called any more. */
    FAILS(SYNAP_E_SHUTDOWN, refused_submit(client, q, "WAIT 1 0"));
    GIVES(SYNAP_EMPTY, synap_op_cancel(brief, op, &err));
    check_nothing_to_take(q);
    synap_session_release(client);
    synap_store_release(brief);
    CHECK(counts.wakes == 1);
    synap_events_release(q);
}

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int open;
};

static void pass_gate(void* context) {
    struct gate* gate = context;
    pthread_mutex_lock(&gate->mutex);
    while (!gate->open) pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

/* Closing tells who waits, and here is held up by that. */
static void test_closing_has_a_limit(void) {
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    synap_store_t* brief = open_store(":memory:");
    synap_session_t* client = open_session(brief);
    synap_events_t* q = open_events(brief, 2);
    WORKS(synap_events_set_wake(q, pass_gate, &gate, NULL, &err));
    park(client, q, TAG);
    FAILS(SYNAP_E_TIMEOUT, synap_store_close(brief, 20, &err));
    FAILS(SYNAP_E_TIMEOUT, synap_store_close(brief, 1, &err));
    FAILS(SYNAP_E_SHUTDOWN, refused_submit(client, q, "PING"));
    pthread_mutex_lock(&gate.mutex);
    gate.open = 1;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
    WORKS(synap_store_close(brief, 0, &err));
    WORKS(synap_store_close(brief, 60000, &err));
    check_failed_event(q, TAG, SYNAP_E_SHUTDOWN);
    synap_session_release(client);
    synap_store_release(brief);
    synap_events_release(q);
}

static void test_killed_sessions(void) {
    synap_session_options_t options = SYNAP_SESSION_OPTIONS_INIT;
    synap_events_t* q = open_events(store, 1);
    synap_session_t* victim = NULL;
    synap_batch_t* batch;
    uint64_t op;
    options.peer = text("127.0.0.1:5123");
    options.events = q;
    options.tag = TAG;
    WORKS(synap_session_open(store, &options, &victim, &err));
    op = park(session, q, 1); /* the queue is full, but a kill has its own place */
    CHECK(says(session, "CLIENT KILL ADDR 127.0.0.1:5123", "1"));
    CHECK(says(session, "CLIENT KILL ADDR 127.0.0.1:5123", "1"));
    batch = take(q, 9, 1); /* once */
    CHECK(synap_batch_kind(batch, 0) == SYNAP_EVENT_KILL && synap_batch_tag(batch, 0) == TAG);
    synap_batch_free(batch);
    synap_session_release(victim);
    WORKS(synap_op_cancel(store, op, &err));
    synap_events_release(q);
}

/* A write that is to be on disk is either there at once, or its event says when it is. */
static void test_durable_writes(void) {
    static char path[PATH_BYTES];
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    synap_store_t* durable;
    synap_session_t* client;
    synap_events_t* q;
    synap_reply_t* reply = NULL;
    synap_batch_t* batch;
    synap_token_t token;
    synap_status_t status;
    make_directory(path);
    durable = open_store(path);
    client = open_session(durable);
    q = open_events(durable, 1);
    options.durability = SYNAP_DURABILITY_DISK;
    if (submit(client, q, "SET key 1", TAG, &options, &reply) != 0) {
        CHECK(says(client, "GET key", "1")); /* applied, and seen by others, before */
        WORKS(synap_events_wait(q, 60000, &err));
        batch = take(q, 9, 1);
        CHECK(synap_batch_tag(batch, 0) == TAG && synap_batch_error(batch, 0) == NULL);
        reply = synap_batch_take_reply(batch, 0);
        synap_batch_free(batch);
    }
    CHECK(is_text(synap_node_bytes(synap_reply_root(reply)), "OK"));
    token = synap_reply_token(reply);
    CHECK(token.epoch != 0 && token.position != 0);
    WORKS(synap_log_wait(durable, token, SYNAP_DURABILITY_DISK, 0, &err));
    WORKS(synap_log_notify(durable, token, SYNAP_DURABILITY_DISK, q, TAG, &err));
    check_nothing_to_take(q);
    synap_reply_release(reply);
    reply = run(client, "SET key 2");
    status =
        synap_log_notify(durable, synap_reply_token(reply), SYNAP_DURABILITY_DISK, q, TAG, &err);
    CHECK(status == SYNAP_OK || status == SYNAP_PENDING);
    if (status == SYNAP_PENDING) {
        WORKS(synap_events_wait(q, 60000, &err));
        batch = take(q, 9, 1);
        CHECK(synap_batch_kind(batch, 0) == SYNAP_EVENT_LOG && synap_batch_tag(batch, 0) == TAG);
        CHECK(synap_batch_error(batch, 0) == NULL && synap_batch_take_reply(batch, 0) == NULL);
        synap_batch_free(batch);
    }
    WORKS(synap_log_wait(durable, synap_reply_token(reply), SYNAP_DURABILITY_DISK, 0, &err));
    synap_reply_release(reply);
    synap_events_release(q);
    synap_session_release(client);
    WORKS(synap_store_close(durable, 0, &err));
    synap_store_release(durable);
    remove_directory(path);
}

int main(void) {
    store = open_store(":memory:");
    session = open_session(store);
    RUN(test_inline);
    RUN(test_a_wait_ends_by_its_time);
    RUN(test_cancel);
    RUN(test_capacity);
    RUN(test_wakes_are_few);
    RUN(test_wake_of_a_descriptor);
    RUN(test_waiting_on_another_thread);
    RUN(test_the_session_ends);
    RUN(test_the_store_ends);
    RUN(test_closing_has_a_limit);
    RUN(test_killed_sessions);
    RUN(test_durable_writes);
    synap_session_release(session);
    WORKS(synap_store_close(store, 0, &err));
    synap_store_release(store);
    return check_result();
}
