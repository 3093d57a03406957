/* What structures, texts, tokens and threads can get wrong. Handles are in misuse_test.c. */
#include "check.h"

static synap_store_t* store;
static synap_session_t* session;
static synap_arg_t ping[1];

/* A structure of a caller that is newer than the library. */
struct newer_options {
    synap_exec_options_t known;
    uint64_t unknown;
};

static synap_status_t exec_with(const synap_exec_options_t* options) {
    synap_reply_t* reply = NULL;
    const synap_status_t status = synap_exec(session, ping, 1, options, &reply, &err);
    CHECK((reply != NULL) == (status == SYNAP_OK));
    synap_reply_release(reply);
    return status;
}

static void test_sizes(void) {
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    struct newer_options newer;
    WORKS(exec_with(&options));
    options.struct_size = 0;
    FAILS(SYNAP_E_INVALID_ARGUMENT, exec_with(&options));
    options.struct_size = UINT32_MAX;
    FAILS(SYNAP_E_INVALID_ARGUMENT, exec_with(&options));
    /* An older caller knows less: what it does not have is zero, whatever stands behind it. */
    memset(&options, 0xff, sizeof options);
    options.struct_size = offsetof(synap_exec_options_t, durability);
    options.flags = 0;
    WORKS(exec_with(&options));
    /* A newer one may not ask for what would not be done. */
    memset(&newer, 0, sizeof newer);
    newer.known.struct_size = sizeof newer;
    WORKS(exec_with(&newer.known));
    newer.unknown = 1;
    FAILS(SYNAP_E_VERSION, exec_with(&newer.known));
}

static void test_exec_options(void) {
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.flags = 1u << 31;
    FAILS(SYNAP_E_INVALID_ARGUMENT, exec_with(&options));
    options.flags = 0;
    options.durability = SYNAP_DURABILITY_REPLICA;
    FAILS(SYNAP_E_UNSUPPORTED, exec_with(&options));
    options.durability = 99;
    FAILS(SYNAP_E_INVALID_ARGUMENT, exec_with(&options));
    options.durability = SYNAP_DURABILITY_DEFAULT;
    options.replicas = 1;
    FAILS(SYNAP_E_UNSUPPORTED, exec_with(&options));
    options.replicas = 0;
    options.after.position = 1; /* this store has no such thing */
    FAILS(SYNAP_E_INVALID_ARGUMENT, exec_with(&options));
    options.after.position = 0;
    WORKS(exec_with(&options));
}

static void test_session_options(void) {
    synap_session_options_t options = SYNAP_SESSION_OPTIONS_INIT;
    synap_session_t* made = session;
    options.protocol = 1;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_session_open(store, &options, &made, &err));
    CHECK(made == NULL);
    options.protocol = SYNAP_PROTOCOL_RESP3;
    options.peer.size = 3;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_session_open(store, &options, &made, &err));
    options.peer.size = 0;
    options.transport.size = 3;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_session_open(store, &options, &made, &err));
    options.transport.size = 0;
    options.events = (synap_events_t*)store;
    FAILS(SYNAP_E_INVALID_HANDLE, synap_session_open(store, &options, &made, &err));
    options.events = NULL;
    options.struct_size = 1;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_session_open(store, &options, &made, &err));
    options.struct_size = sizeof options;
    WORKS(synap_session_open(store, &options, &made, &err));
    CHECK(synap_session_protocol(made) == SYNAP_PROTOCOL_RESP3);
    synap_session_release(made);
}

static void test_outputs_that_are_not_initialised(void) {
    synap_option_info_t info = SYNAP_OPTION_INFO_INIT;
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    info.struct_size = 0;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_option_at(0, &info, &err));
    state.struct_size = 0;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_store_get_state(store, &state, &err));
}

static void test_texts(void) {
    const synap_bytes_t nothing = {NULL, 3};
    synap_config_t* config = synap_config_new();
    synap_store_t* made = store;
    synap_reply_t* reply = NULL;
    synap_arg_t args[2];
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_config_set(config, nothing, text("1"), &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_config_set(config, text("slots"), nothing, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_option_set(store, nothing, text("1"), &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_option_get(store, nothing, &reply, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_open(nothing, NULL, &made, &err));
    CHECK(made == NULL);
    args[0] = text_arg("ECHO");
    args[1] = bytes_arg(NULL, 3);
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, args, 2, NULL, &reply, &err));
    args[1] = bytes_arg(NULL, 0);
    WORKS(synap_exec(session, args, 2, NULL, &reply, &err));
    CHECK(synap_node_type(synap_reply_root(reply)) == SYNAP_TYPE_BYTES);
    CHECK(synap_node_bytes(synap_reply_root(reply)).size == 0);
    synap_reply_release(reply);
    synap_config_free(config);
}

static void test_arguments(void) {
    synap_reply_t* reply = NULL;
    synap_arg_t args[2];
    args[0] = text_arg("ECHO");
    args[1] = text_arg("x");
    args[1].type = SYNAP_TYPE_ARRAY;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, args, 2, NULL, &reply, &err));
    args[0].type = SYNAP_TYPE_INT;
    args[0].as.i = 0; /* no command has it */
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, args, 1, NULL, &reply, &err));
    args[0].as.i = INT64_MAX;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, args, 1, NULL, &reply, &err));
    args[0].as.i = -1;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec(session, args, 1, NULL, &reply, &err));
    CHECK(reply == NULL);
    CHECK(says(session, "PING", "PONG"));
}

static void test_messages_name_what_is_wrong(void) {
    synap_config_t* config = synap_config_new();
    CHECK(synap_config_set(config, text("max_memroy"), text("1"), &err) ==
          SYNAP_E_INVALID_ARGUMENT);
    CHECK(contains(synap_error_message(err), "max_memroy"));
    CHECK(contains(synap_error_message(err), "max_memory")); /* what was meant */
    synap_error_free(err);
    CHECK(synap_config_set(config, text("slots"), text("three"), &err) == SYNAP_E_INVALID_ARGUMENT);
    CHECK(contains(synap_error_message(err), "slots"));
    CHECK(contains(synap_error_message(err), "three"));
    synap_error_free(err);
    err = NULL;
    FAILS(SYNAP_E_UNSUPPORTED, synap_option_set(store, text("slots"), text("1024"), &err));
    synap_config_free(config);
}

static void test_capacities(void) {
    synap_events_t* q = NULL;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_events_open(store, 0, &q, &err));
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_events_open(store, (1u << 20) + 1, &q, &err));
    CHECK(q == NULL);
    WORKS(synap_events_open(store, 1u << 20, &q, &err));
    synap_events_release(q);
}

static int32_t take_nothing(void* ctx, uint32_t type, const synap_arg_t* value) {
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

static void test_sinks(void) {
    synap_sink_t whole = SYNAP_SINK_INIT;
    synap_sink_t sink;
    whole.scalar = take_nothing;
    whole.error = take_error;
    whole.begin = take_begin;
    whole.end = take_end;
    WORKS(synap_exec_sink(session, ping, 1, NULL, &whole, &err));
    sink = whole;
    sink.scalar = NULL;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_sink(session, ping, 1, NULL, &sink, &err));
    sink = whole;
    sink.error = NULL;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_sink(session, ping, 1, NULL, &sink, &err));
    sink = whole;
    sink.begin = NULL;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_sink(session, ping, 1, NULL, &sink, &err));
    sink = whole;
    sink.end = NULL;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_sink(session, ping, 1, NULL, &sink, &err));
    sink = whole;
    sink.struct_size = 0;
    FAILS(SYNAP_E_INVALID_ARGUMENT, synap_exec_sink(session, ping, 1, NULL, &sink, &err));
}

static synap_status_t inside;

/* What a sink may not do: use the session whose reply it takes. */
static int32_t reenter(void* ctx, uint32_t type, const synap_arg_t* value) {
    synap_reply_t* reply = NULL;
    (void)ctx, (void)type, (void)value;
    inside = synap_exec(session, ping, 1, NULL, &reply, NULL);
    synap_reply_release(reply);
    return 0;
}

static void test_reentering(void) {
    synap_sink_t sink = SYNAP_SINK_INIT;
    sink.scalar = reenter;
    sink.error = take_error;
    sink.begin = take_begin;
    sink.end = take_end;
    inside = SYNAP_OK;
    WORKS(synap_exec_sink(session, ping, 1, NULL, &sink, &err));
    CHECK(inside == SYNAP_E_MISUSE);
    CHECK(says(session, "PING", "PONG"));
}

int main(void) {
    store = open_store(":memory:");
    session = open_session(store);
    ping[0] = text_arg("PING");
    RUN(test_sizes);
    RUN(test_exec_options);
    RUN(test_session_options);
    RUN(test_outputs_that_are_not_initialised);
    RUN(test_texts);
    RUN(test_arguments);
    RUN(test_messages_name_what_is_wrong);
    RUN(test_capacities);
    RUN(test_sinks);
    RUN(test_reentering);
    synap_session_release(session);
    WORKS(synap_store_close(store, 0, &err));
    synap_store_release(store);
    return check_result();
}
