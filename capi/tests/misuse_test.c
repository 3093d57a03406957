/* Every function with what must not be given to it: no handle, another handle, a dead one, no
 * place for the result, a closed store. The answer is a status with a message, or nothing at all;
 * never a crash. capi/abi/check.py fails when an exported function is not called here.
 *
 * What structures, texts and threads can get wrong is in options_misuse_test.c. */
#include "check.h"

#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

static synap_store_t* store;
static synap_store_t* closed;
static synap_session_t* session;
static synap_session_t* orphan; /* of the closed store */
static synap_events_t* events;
static synap_config_t* config; /* also in the place of other handles */

static synap_arg_t ping[1];

static int32_t take_scalar(void* ctx, uint32_t type, const synap_arg_t* value) {
    (void)ctx, (void)type, (void)value;
    return 0;
}
static int32_t take_error(void* ctx, int32_t code, synap_bytes_t message) {
    (void)ctx, (void)code, (void)message;
    return 0;
}
static int32_t take_begin(void* ctx, uint32_t type, uint64_t count) {
    (void)ctx, (void)type, (void)count;
    return 0;
}
static int32_t take_end(void* ctx, uint32_t type) {
    (void)ctx, (void)type;
    return 0;
}

static synap_sink_t any_sink(void) {
    synap_sink_t sink = SYNAP_SINK_INIT;
    sink.scalar = take_scalar;
    sink.error = take_error;
    sink.begin = take_begin;
    sink.end = take_end;
    return sink;
}

static void test_version(void) {
    CHECK(synap_api_version() / 1000 == SYNAP_API_MAJOR);
    CHECK(strlen(synap_build_id()) > 0);
}

static void test_errors(void) {
    CHECK(synap_error_status(NULL) == SYNAP_OK);
    CHECK(synap_error_message(NULL).size == 0);
    CHECK(synap_error_traits(NULL) == 0);
    CHECK(synap_error_token(NULL).position == 0);
    synap_error_free(NULL);
    synap_error_free((synap_error_t*)config); /* not its business */
    WORKS(synap_config_set(config, text("slots"), text("0"), &err));
    /* Without a place for the error the status alone speaks. */
    CHECK(synap_config_set(NULL, text("slots"), text("0"), NULL) == SYNAP_E_INVALID_HANDLE);
}

static void test_config(void) {
    synap_option_info_t info = SYNAP_OPTION_INFO_INIT;
    synap_config_t* fresh = synap_config_new();
    CHECK(fresh != NULL);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_config_set(NULL, text("slots"), text("0"), &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_config_set((synap_config_t*)store, text("slots"), text("0"), &err));
    synap_config_free(NULL);
    synap_config_free((synap_config_t*)store);
    synap_config_free(fresh);
#if !SANITIZED /* a diagnostic that reads freed memory; sanitizers know better */
    FAILS(SYNAP_E_INVALID_HANDLE, synap_config_set(fresh, text("slots"), text("0"), &err));
    synap_config_free(fresh);
#endif
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_option_at(0, NULL, &err));
    GIVES(SYNAP_EMPTY, synap_option_at(UINT32_MAX, &info, &err));
}

static void test_open(void) {
    synap_store_t* out = store;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_open(text(":memory:"), NULL, NULL, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_open(text(":memory:"), (synap_config_t*)store, &out, &err));
    CHECK(out == NULL);
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_open(text(""), NULL, &out, &err));
    FAILS(SYNAP_E_UNSUPPORTED, synap_open(text("synap://localhost:1"), NULL, &out, &err));
    FAILS(SYNAP_E_IO, synap_open(text("/proc/no-such-place/data"), NULL, &out, &err));
    CHECK(out == NULL);
}

static void test_store(void) {
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    FAILS(SYNAP_E_INVALID_HANDLE, synap_store_get_state(NULL, &state, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_store_get_state((synap_store_t*)config, &state, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_store_get_state(store, NULL, &err));
    WORKS(synap_store_get_state(closed, &state, &err));
    CHECK(state.state == SYNAP_STATE_CLOSED);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_store_close(NULL, 0, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_store_close((synap_store_t*)config, 0, &err));
    WORKS(synap_store_close(closed, 0, &err));
    CHECK(synap_store_retain(NULL) == NULL);
    synap_store_release(NULL);
    synap_store_release((synap_store_t*)config);
}

static void test_options(void) {
    synap_reply_t* reply = NULL;
    FAILS(SYNAP_E_INVALID_HANDLE, synap_option_set(NULL, text("max_memory"), text("1"), &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_option_set((synap_store_t*)config, text("max_memory"), text("1"), &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_option_get(NULL, text("max_memory"), &reply, &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_option_get((synap_store_t*)config, text("max_memory"), &reply, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_option_get(store, text("max_memory"), NULL, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_option_get(store, text("no_such"), &reply, &err));
    CHECK(reply == NULL);
}

static void test_sessions(void) {
    synap_session_t* out = session;
    FAILS(SYNAP_E_INVALID_HANDLE, synap_session_open(NULL, NULL, &out, &err));
    CHECK(out == NULL);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_session_open((synap_store_t*)config, NULL, &out, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_session_open(store, NULL, NULL, &err));
    FAILS(SYNAP_E_SHUTDOWN, synap_session_open(closed, NULL, &out, &err));
    CHECK(out == NULL);
    CHECK(synap_session_protocol(NULL) == SYNAP_PROTOCOL_NATIVE);
    CHECK(synap_session_protocol((synap_session_t*)config) == SYNAP_PROTOCOL_NATIVE);
    CHECK(synap_session_durability(NULL) == SYNAP_DURABILITY_MEMORY);
    CHECK(synap_session_durability((synap_session_t*)config) == SYNAP_DURABILITY_MEMORY);
    synap_session_release(NULL);
    synap_session_release((synap_session_t*)config);
}

static void test_exec(void) {
    synap_reply_t* reply = NULL;
    FAILS(SYNAP_E_INVALID_HANDLE, synap_exec(NULL, ping, 1, NULL, &reply, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_exec((synap_session_t*)store, ping, 1, NULL, &reply, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, ping, 1, NULL, NULL, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, NULL, 1, NULL, &reply, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, ping, 0, NULL, &reply, &err));
    FAILS(SYNAP_E_SHUTDOWN, synap_exec(orphan, ping, 1, NULL, &reply, &err));
    CHECK(reply == NULL);
}

static void test_exec_sink(void) {
    const synap_sink_t sink = any_sink();
    FAILS(SYNAP_E_INVALID_HANDLE, synap_exec_sink(NULL, ping, 1, NULL, &sink, &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_exec_sink((synap_session_t*)store, ping, 1, NULL, &sink, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_sink(session, ping, 1, NULL, NULL, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_sink(session, NULL, 1, NULL, &sink, &err));
    FAILS(SYNAP_E_SHUTDOWN, synap_exec_sink(orphan, ping, 1, NULL, &sink, &err));
}

static void test_exec_many(void) {
    const synap_sink_t sink = any_sink();
    const synap_call_t call = {ping, 1};
    const synap_call_t empty = {NULL, 0};
    size_t done = 7;
    synap_token_t token = {7, 7};
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_exec_many(NULL, &call, 1, NULL, &sink, &done, &token, &err));
    CHECK(done == 0 && token.epoch == 0 && token.position == 0);
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_exec_many((synap_session_t*)store, &call, 1, NULL, &sink, &done, &token, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_exec_many(session, NULL, 1, NULL, &sink, &done, &token, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_exec_many(session, &empty, 1, NULL, &sink, &done, &token, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_exec_many(session, &call, 1, NULL, NULL, &done, &token, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_exec_many(session, &call, 1, NULL, &sink, NULL, &token, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_exec_many(session, &call, 1, NULL, &sink, &done, NULL, &err));
    FAILS(SYNAP_E_SHUTDOWN, synap_exec_many(orphan, &call, 1, NULL, &sink, &done, &token, &err));
    WORKS(synap_exec_many(session, NULL, 0, NULL, &sink, &done, &token, &err));
}

static void test_replies(void) {
    const synap_sink_t sink = any_sink();
    synap_reply_t* reply = run(session, "PING");
    const synap_node_t* root = synap_reply_root(reply);
    CHECK(synap_reply_root(NULL) == NULL);
    CHECK(synap_reply_root((synap_reply_t*)config) == NULL);
    CHECK(synap_reply_token(NULL).position == 0);
    CHECK(synap_reply_token((synap_reply_t*)config).position == 0);
    CHECK(synap_reply_retain(NULL) == NULL);
    synap_reply_release(NULL);
    synap_reply_release((synap_reply_t*)config);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_reply_walk(NULL, &sink, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_reply_walk((synap_reply_t*)config, &sink, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_reply_walk(reply, NULL, &err));
    CHECK(synap_node_type(NULL) == SYNAP_TYPE_NULL);
    CHECK(synap_node_int(NULL) == 0 && synap_node_int(root) == 0);
    CHECK(synap_node_double(NULL) == 0.0 && synap_node_double(root) == 0.0);
    CHECK(synap_node_bytes(NULL).data == NULL && is_text(synap_node_bytes(root), "PONG"));
    CHECK(synap_node_count(NULL) == 0 && synap_node_count(root) == 0);
    CHECK(synap_node_child(NULL, 0) == NULL && synap_node_child(root, 0) == NULL);
    synap_reply_release(reply);
    CHECK(synap_blob_retain(NULL) == NULL);
    synap_blob_release(NULL);
}

static void test_log(void) {
    const synap_token_t none = {0, 0};
    const synap_token_t future = {1, UINT64_MAX};
    CHECK(synap_log_default_level(NULL) == SYNAP_DURABILITY_MEMORY);
    CHECK(synap_log_default_level((synap_store_t*)config) == SYNAP_DURABILITY_MEMORY);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_log_wait(NULL, none, SYNAP_DURABILITY_OS, 0, &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_log_wait((synap_store_t*)config, none, SYNAP_DURABILITY_OS, 0, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_log_wait(store, none, 99, 0, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_log_wait(store, future, SYNAP_DURABILITY_DISK, 0, &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_log_notify(NULL, none, SYNAP_DURABILITY_OS, events, 1, &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_log_notify((synap_store_t*)config, none, SYNAP_DURABILITY_OS, events, 1, &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_log_notify(store, none, SYNAP_DURABILITY_OS, NULL, 1, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_log_notify(store, none, 0, events, 1, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_log_notify(store, future, SYNAP_DURABILITY_DISK, events, 1, &err));
}

static void test_events(void) {
    synap_events_t* out = events;
    synap_batch_t* batch = NULL;
    FAILS(SYNAP_E_INVALID_HANDLE, synap_events_open(NULL, 1, &out, &err));
    CHECK(out == NULL);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_events_open((synap_store_t*)config, 1, &out, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_events_open(store, 1, NULL, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_events_set_wake(NULL, NULL, NULL, NULL, &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_events_set_wake((synap_events_t*)config, NULL, NULL, NULL, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_events_wait(NULL, 0, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_events_wait((synap_events_t*)config, 0, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_events_take(NULL, 1, &batch, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_events_take((synap_events_t*)config, 1, &batch, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_events_take(events, 1, NULL, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_events_take(events, 0, &batch, &err));
    CHECK(batch == NULL);
    CHECK(synap_events_retain(NULL) == NULL);
    synap_events_release(NULL);
    synap_events_release((synap_events_t*)config);
    synap_wake_fd((void*)(intptr_t)-1); /* a closed descriptor is no crash */
}

static void test_batches(void) {
    const synap_batch_t* other = (const synap_batch_t*)config;
    CHECK(synap_batch_count(NULL) == 0 && synap_batch_count(other) == 0);
    CHECK(synap_batch_kind(NULL, 0) == 0 && synap_batch_kind(other, 0) == 0);
    CHECK(synap_batch_tag(NULL, 0) == 0 && synap_batch_tag(other, 0) == 0);
    CHECK(synap_batch_error(NULL, 0) == NULL && synap_batch_error(other, 0) == NULL);
    CHECK(synap_batch_take_reply(NULL, 0) == NULL);
    CHECK(synap_batch_take_reply((synap_batch_t*)config, 0) == NULL);
    synap_batch_free(NULL);
    synap_batch_free((synap_batch_t*)config);
}

static void test_submit(void) {
    synap_reply_t* reply = NULL;
    uint64_t op = 7;
    FAILS(SYNAP_E_INVALID_HANDLE, synap_submit(NULL, ping, 1, NULL, events, 1, &reply, &op, &err));
    CHECK(op == 0);
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_submit((synap_session_t*)config, ping, 1, NULL, events, 1, &reply, &op, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_submit(session, ping, 1, NULL, NULL, 1, &reply, &op, &err));
    FAILS(SYNAP_E_INVALID_HANDLE,
          synap_submit(session, ping, 1, NULL, (synap_events_t*)config, 1, &reply, &op, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_submit(session, ping, 1, NULL, events, 1, NULL, &op, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_submit(session, ping, 1, NULL, events, 1, &reply, NULL, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT,
          synap_submit(session, NULL, 1, NULL, events, 1, &reply, &op, &err));
    FAILS(SYNAP_E_SHUTDOWN, synap_submit(orphan, ping, 1, NULL, events, 1, &reply, &op, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_op_cancel(NULL, 1, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_op_cancel((synap_store_t*)config, 1, &err));
    GIVES(SYNAP_EMPTY, synap_op_cancel(store, 12345, &err));
    GIVES(SYNAP_EMPTY, synap_op_cancel(closed, 1, &err));
    FAILS(SYNAP_E_TIMEOUT, synap_events_wait(events, 0, &err)); /* none of these left an event */
}

static void test_commands(void) {
    const synap_bytes_t nothing = {NULL, 3};
    CHECK(synap_command_at(UINT32_MAX) == NULL);
    CHECK(synap_command_find(text("no such command")) == NULL);
    CHECK(synap_command_find(nothing) == NULL);
    CHECK(synap_command_name(NULL).size == 0);
    CHECK(synap_command_id(NULL) == 0);
    CHECK(synap_command_flags(NULL) == 0);
    CHECK(synap_command_arity(NULL) == 0);
}

static void test_unstable(void) {
    const synap_sink_t sink = any_sink();
    synap_reply_t* reply = NULL;
    FAILS(SYNAP_E_INVALID_HANDLE, synap_stats_walk(NULL, &sink, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_stats_walk((synap_store_t*)config, &sink, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_stats_walk(store, NULL, &err));
    WORKS(synap_stats_walk(closed, &sink, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_host_fact(NULL, text("s"), text("n"), text("v"), &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_host_fact(store, text("s"), text(""), text("v"), &err));
    synap_memory_charge(NULL, 1);
    synap_memory_charge((synap_store_t*)config, 1);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_log_line_take(NULL, &reply, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_log_line_take(store, NULL, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_exec_resume(NULL, &sink, &err));
    FAILS(SYNAP_E_INVALID_HANDLE, synap_exec_resume((synap_session_t*)store, &sink, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_resume(session, NULL, &err));
    WORKS(synap_exec_resume(orphan, &sink, &err)); /* owes nothing */
    CHECK(synap_exec_held(NULL) == 0 && synap_exec_held((synap_session_t*)config) == 0);
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_check(text(""), &sink, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_check(text("."), NULL, &err));
    FAILS(SYNAP_E_IO, synap_check(text("/proc/no-such-place"), &sink, &err));
}

#if !SANITIZED /* as in test_config */
static void test_stale_handles(void) {
    const synap_sink_t sink = any_sink();
    synap_store_t* brief = open_store(":memory:");
    synap_session_t* client = open_session(brief);
    synap_events_t* q = open_events(brief, 1);
    synap_reply_t* reply = run(client, "PING");
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    synap_reply_t* none = NULL;
    synap_batch_t* batch = NULL;
    synap_reply_release(reply);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_reply_walk(reply, &sink, &err));
    synap_events_release(q);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_events_take(q, 1, &batch, &err));
    synap_session_release(client);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_exec(client, ping, 1, NULL, &none, &err));
    synap_session_release(client);
    WORKS(synap_store_close(brief, 0, &err));
    synap_store_release(brief);
    FAILS(SYNAP_E_INVALID_HANDLE, synap_store_get_state(brief, &state, &err));
    synap_store_release(brief);
}
#endif

int main(void) {
    config = synap_config_new();
    store = open_store(":memory:");
    closed = open_store(":memory:");
    session = open_session(store);
    orphan = open_session(closed);
    events = open_events(store, 4);
    ping[0] = text_arg("PING");
    WORKS(synap_store_close(closed, 0, &err));

    RUN(test_version);
    RUN(test_errors);
    RUN(test_config);
    RUN(test_open);
    RUN(test_store);
    RUN(test_options);
    RUN(test_sessions);
    RUN(test_exec);
    RUN(test_exec_sink);
    RUN(test_exec_many);
    RUN(test_replies);
    RUN(test_log);
    RUN(test_events);
    RUN(test_batches);
    RUN(test_submit);
    RUN(test_commands);
    RUN(test_unstable);
#if !SANITIZED
    RUN(test_stale_handles);
#endif

    CHECK(says(session, "PING", "PONG")); /* and the handles are as good as new */
    synap_events_release(events);
    synap_session_release(session);
    synap_session_release(orphan);
    synap_store_release(store);
    synap_store_release(closed);
    synap_config_free(config);
    return check_result();
}
