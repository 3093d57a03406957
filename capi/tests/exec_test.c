/* Execution and replies: every way to run a command shows the same values, numbers and bytes stay
 * what they are, and pipelines end where they say they end. */
#include "check.h"

static synap_store_t* store;
static synap_session_t* session;

/* A sink that writes down what it is told: "[2 +OK :1 ]". */
struct transcript {
    char said[4096];
    size_t size;
    int stop_at; /* calls until the sink asks to stop; 0: never */
    synap_blob_t* blob;
    synap_bytes_t blob_bytes;
};

static int32_t say(struct transcript* to, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    to->size +=
        (size_t)vsnprintf(to->said + to->size, sizeof to->said - to->size, format, arguments);
    va_end(arguments);
    REQUIRE(to->size < sizeof to->said);
    return to->stop_at != 0 && --to->stop_at == 0;
}

static int32_t note_scalar(void* ctx, uint32_t type, const synap_arg_t* value) {
    CHECK(value->type == type);
    switch (type) {
        case SYNAP_TYPE_NULL:
            return say(ctx, "nil ");
        case SYNAP_TYPE_NULL_ARRAY:
            return say(ctx, "nil* ");
        case SYNAP_TYPE_INT:
        case SYNAP_TYPE_BOOL:
            return say(ctx, ":%lld ", (long long)value->as.i);
        case SYNAP_TYPE_DOUBLE:
            return say(ctx, ",%g ", value->as.d);
        default:
            return say(ctx, "%lu'%.*s' ", (unsigned long)type, (int)value->as.b.size,
                       (const char*)value->as.b.data);
    }
}
static int32_t note_error(void* ctx, int32_t code, synap_bytes_t message) {
    return say(ctx, "-%ld %.*s ", (long)code, (int)message.size, (const char*)message.data);
}
static int32_t note_begin(void* ctx, uint32_t type, uint64_t count) {
    return say(ctx, "%lu[%lu ", (unsigned long)type, (unsigned long)count);
}
static int32_t note_end(void* ctx, uint32_t type) { return say(ctx, "]%lu ", (unsigned long)type); }
static int32_t keep_blob(void* ctx, synap_bytes_t value, synap_blob_t* owner) {
    struct transcript* to = ctx;
    to->blob = synap_blob_retain(owner);
    to->blob_bytes = value;
    return say(to, "blob ");
}

static int32_t skip_scalar(void* ctx, uint32_t type, const synap_arg_t* value) {
    (void)ctx, (void)type, (void)value;
    return 0;
}

static synap_sink_t sink_into(struct transcript* to) {
    synap_sink_t sink = SYNAP_SINK_INIT;
    memset(to, 0, sizeof *to);
    sink.ctx = to;
    sink.scalar = note_scalar;
    sink.error = note_error;
    sink.begin = note_begin;
    sink.end = note_end;
    return sink;
}

/* Number of nodes of the subtree; children that are out of range are none. */
static uint64_t nodes_of(const synap_node_t* node) {
    const uint64_t count = synap_node_count(node);
    uint64_t total = 1;
    uint64_t i;
    for (i = 0; i < count; ++i) total += nodes_of(synap_node_child(node, i));
    CHECK(synap_node_child(node, count) == NULL);
    return total;
}

/* One line through exec, reply_walk, exec_sink and exec_many says `want`. */
static void check_reply(synap_session_t* from, const char* line, const char* want, uint64_t nodes) {
    struct transcript walked;
    struct transcript direct;
    struct transcript many;
    const synap_sink_t walk_sink = sink_into(&walked);
    const synap_sink_t direct_sink = sink_into(&direct);
    const synap_sink_t many_sink = sink_into(&many);
    synap_arg_t argv[WORDS_MAX];
    synap_call_t call;
    synap_token_t token;
    size_t done = 0;
    synap_reply_t* reply = run(from, line);
    call.argv = argv;
    call.argc = words_of(line, argv);
    WORKS(synap_reply_walk(reply, &walk_sink, &err));
    WORKS(synap_exec_sink(from, argv, call.argc, NULL, &direct_sink, &err));
    WORKS(synap_exec_many(from, &call, 1, NULL, &many_sink, &done, &token, &err));
    CHECK(done == 1);
    CHECK(nodes_of(synap_reply_root(reply)) == nodes);
    synap_reply_release(reply);
    CHECK(strcmp(walked.said, direct.said) == 0 && strcmp(walked.said, many.said) == 0);
    if (strcmp(walked.said, want) != 0) {
        fprintf(stderr, "%s: \"%s\", not \"%s\"\n", line, walked.said, want);
        CHECK(!"the reply is as expected");
    }
}

static void test_all_ways_say_the_same(void) {
    synap_session_options_t options = SYNAP_SESSION_OPTIONS_INIT;
    synap_session_t* third = NULL;
    CHECK(says(session, "MSET a 1 b two", "OK"));
    check_reply(session, "PING", "10'PONG' ", 1);
    check_reply(session, "GET b", "5'two' ", 1);
    check_reply(session, "GET none", "nil ", 1);
    check_reply(session, "EXISTS a b", ":2 ", 1);
    check_reply(session, "MGET a none b", "6[3 5'1' nil 5'two' ]6 ", 4);
    check_reply(session, "MGET none", "6[1 nil ]6 ", 2);
    check_reply(session, "KEYS none", "6[0 ]6 ", 1);
    check_reply(session, "INCR b", "-1 ERR value is not an integer or out of range ", 1);
    check_reply(session, "SCAN 0 MATCH none COUNT 100000", "6[2 5'0' 6[0 ]6 ]6 ", 3);
    options.protocol = SYNAP_PROTOCOL_RESP3;
    WORKS(synap_session_open(store, &options, &third, &err));
    check_reply(third, "CONFIG GET maxmemory", "7[1 4'maxmemory' 4'0' ]7 ", 3);
    synap_session_release(third);
}

static void test_a_transaction_is_a_tree(void) {
    synap_reply_t* reply;
    const synap_node_t* root;
    CHECK(says(session, "MULTI", "OK"));
    CHECK(says(session, "SET a 1", "QUEUED"));
    CHECK(says(session, "MGET a none", "QUEUED"));
    CHECK(says(session, "LPUSH a 1",
               "ERR unknown command 'LPUSH', with args beginning with: 'a' "
               "'1' "));
    reply = run(session, "EXEC");
    CHECK(synap_node_int(synap_reply_root(reply)) == SYNAP_REPLY_EXECABORT);
    synap_reply_release(reply);
    CHECK(says(session, "MULTI", "OK"));
    CHECK(says(session, "MGET a none", "QUEUED"));
    CHECK(says(session, "INCRBY a 5", "QUEUED"));
    reply = run(session, "EXEC");
    root = synap_reply_root(reply);
    CHECK(synap_node_count(root) == 2 && nodes_of(root) == 5);
    CHECK(is_text(synap_node_bytes(synap_node_child(synap_node_child(root, 0), 0)), "1"));
    CHECK(synap_node_int(synap_node_child(root, 1)) == 6); /* behind a child with children */
    /* Accessors on another type say zero. */
    CHECK(synap_node_int(root) == 0 && synap_node_double(root) == 0.0);
    CHECK(synap_node_bytes(root).data == NULL);
    CHECK(synap_node_bytes(synap_node_child(root, 1)).data == NULL);
    CHECK(synap_node_count(synap_node_child(root, 1)) == 0);
    synap_reply_release(reply);
}

static void check_echo(synap_arg_t value, const char* want, size_t size) {
    synap_arg_t args[2];
    synap_reply_t* reply = NULL;
    synap_bytes_t bytes;
    args[0] = text_arg("echo");
    args[1] = value;
    WORKS(synap_exec(session, args, 2, NULL, &reply, &err));
    bytes = synap_node_bytes(synap_reply_root(reply));
    CHECK(bytes.size == size && memcmp(bytes.data, want, size) == 0);
    synap_reply_release(reply);
}

static synap_arg_t int_arg(int64_t value) {
    synap_arg_t arg = bytes_arg(NULL, 0);
    arg.type = SYNAP_TYPE_INT;
    arg.as.i = value;
    return arg;
}

static synap_arg_t double_arg(double value) {
    synap_arg_t arg = bytes_arg(NULL, 0);
    arg.type = SYNAP_TYPE_DOUBLE;
    arg.as.d = value;
    return arg;
}

static void test_values(void) {
    check_echo(bytes_arg("\0\r\n\xff", 4), "\0\r\n\xff", 4);
    check_echo(int_arg(INT64_MIN), "-9223372036854775808", 20);
    check_echo(int_arg(INT64_MAX), "9223372036854775807", 19);
    check_echo(int_arg(0), "0", 1);
    check_echo(int_arg((int64_t)1 << 53), "9007199254740992", 16);
    check_echo(double_arg(0.1), "0.1", 3);
    check_echo(double_arg(-0.0), "-0", 2);
    CHECK(says(session, "SET big 9223372036854775807", "OK"));
    CHECK(says(session, "INCR big", "ERR increment or decrement would overflow"));
}

/* A command by its number, one that has two words among them. */
static void test_commands_by_number(void) {
    enum { CLIENT_SETNAME = 65 }; /* numbers are for ever */
    const synap_command_t* get = synap_command_find(text("gEt"));
    synap_arg_t args[2];
    synap_reply_t* reply = NULL;
    uint32_t count = 0;
    CHECK(is_text(synap_command_name(get), "GET") && synap_command_arity(get) == 2);
    CHECK((synap_command_flags(get) & SYNAP_COMMAND_READONLY) != 0);
    CHECK(says(session, "SET a 1", "OK"));
    args[0] = int_arg(synap_command_id(get));
    args[1] = text_arg("a");
    WORKS(synap_exec(session, args, 2, NULL, &reply, &err));
    CHECK(is_text(synap_node_bytes(synap_reply_root(reply)), "1"));
    synap_reply_release(reply);
    args[0] = int_arg(CLIENT_SETNAME);
    args[1] = text_arg("somebody");
    WORKS(synap_exec(session, args, 2, NULL, &reply, &err));
    CHECK(is_text(synap_node_bytes(synap_reply_root(reply)), "OK"));
    synap_reply_release(reply);
    CHECK(says(session, "CLIENT GETNAME", "somebody"));
    /* The number of a container is as good as its name: its subcommand is the next word. */
    args[0] = int_arg(synap_command_id(synap_command_find(text("client"))));
    args[1] = text_arg("getname");
    WORKS(synap_exec(session, args, 2, NULL, &reply, &err));
    CHECK(is_text(synap_node_bytes(synap_reply_root(reply)), "somebody"));
    synap_reply_release(reply);
    while (synap_command_at(count) != NULL) {
        CHECK(synap_command_find(synap_command_name(synap_command_at(count))) ==
              synap_command_at(count));
        ++count;
    }
    CHECK(count > 50);
}

static void test_a_sink_that_stops(void) {
    struct transcript noted;
    const synap_sink_t sink = sink_into(&noted);
    synap_arg_t argv[WORDS_MAX];
    const size_t argc = words_of("MGET a b none", argv);
    synap_reply_t* reply = run(session, "MGET a b none");
    int at;
    for (at = 1; at <= 5; ++at) {
        noted.stop_at = at;
        FAILS(SYNAP_E_SINK, synap_exec_sink(session, argv, argc, NULL, &sink, &err));
        noted.stop_at = at;
        FAILS(SYNAP_E_SINK, synap_reply_walk(reply, &sink, &err));
    }
    WORKS(synap_exec_sink(session, argv, argc, NULL, &sink, &err));
    synap_reply_release(reply);
}

/* What GETRANGE gives, and whether a sink may keep it. */
static void check_part(synap_session_t* client, const char* line, const char* value, size_t size,
                       int by_reference) {
    struct transcript noted;
    struct transcript walked;
    synap_sink_t sink = sink_into(&noted);
    synap_sink_t walk_sink = sink_into(&walked);
    synap_arg_t argv[WORDS_MAX];
    const size_t argc = words_of(line, argv);
    synap_reply_t* reply = run(client, line);
    const synap_bytes_t bytes = synap_node_bytes(synap_reply_root(reply));
    CHECK(bytes.size == size && memcmp(bytes.data, value, size) == 0);
    sink.blob = keep_blob;
    sink.scalar = skip_scalar;
    walk_sink.blob = keep_blob;
    walk_sink.scalar = skip_scalar;
    WORKS(synap_exec_sink(client, argv, argc, NULL, &sink, &err));
    WORKS(synap_reply_walk(reply, &walk_sink, &err));
    CHECK((noted.blob != NULL) == by_reference && (walked.blob != NULL) == by_reference);
    if (by_reference) CHECK(noted.blob_bytes.size == size && walked.blob_bytes.size == size);
    synap_reply_release(reply);
    if (by_reference) CHECK(memcmp(walked.blob_bytes.data, value, size) == 0);
    synap_blob_release(noted.blob);
    synap_blob_release(walked.blob);
}

/* A large part of a value comes by reference, too, unless that would keep much more alive. */
static void check_parts(synap_session_t* client, const char* value, size_t size) {
    check_part(client, "GETRANGE key 1 -1", value + 1, size - 1, 1);
    check_part(client, "GETRANGE key 5 20004", value + 5, 20000, 1);
    check_part(client, "GETRANGE key 5 20003", value + 5, 19999, 0);
    check_part(client, "GETRANGE key 5 100", value + 5, 96, 0);
}

/* A value that a sink keeps is not copied, and not lost with its key or store. */
static void test_blobs(void) {
    enum { SIZE = 80000 };
    static char value[SIZE];
    synap_store_t* brief = open_store(":memory:");
    synap_session_t* client = open_session(brief);
    struct transcript noted;
    synap_sink_t sink = sink_into(&noted);
    synap_arg_t argv[3];
    synap_reply_t* reply = NULL;
    int i;
    for (i = 0; i < SIZE; ++i) value[i] = (char)(i % 251);
    sink.blob = keep_blob;
    argv[0] = text_arg("SET");
    argv[1] = text_arg("key");
    argv[2] = bytes_arg(value, SIZE);
    WORKS(synap_exec(client, argv, 3, NULL, &reply, &err));
    synap_reply_release(reply);
    argv[0] = text_arg("GET");
    WORKS(synap_exec_sink(client, argv, 2, NULL, &sink, &err));
    CHECK(strcmp(noted.said, "blob ") == 0);
    check_parts(client, value, SIZE);
    CHECK(says(client, "DEL key", "1"));
    synap_session_release(client);
    WORKS(synap_store_close(brief, 0, &err));
    synap_store_release(brief);
    CHECK(noted.blob_bytes.size == SIZE && memcmp(noted.blob_bytes.data, value, SIZE) == 0);
    synap_blob_release(noted.blob);
}

enum { CALLS = 4 };

static synap_status_t run_many(const char* const lines[CALLS], const synap_exec_options_t* options,
                               struct transcript* noted, size_t* done) {
    synap_arg_t argv[CALLS][WORDS_MAX];
    synap_call_t calls[CALLS];
    const synap_sink_t sink = sink_into(noted);
    synap_token_t token = {9, 9};
    synap_status_t status;
    size_t i;
    for (i = 0; i < CALLS; ++i) {
        calls[i].argv = argv[i];
        calls[i].argc = words_of(lines[i], argv[i]);
    }
    status = synap_exec_many(session, calls, CALLS, options, &sink, done, &token, &err);
    CHECK(token.position == 0); /* a store in memory: there is nothing to wait for */
    return status;
}

static void test_pipelines(void) {
    static const char* const plain[CALLS] = {"SET p 1", "INCR p", "nonsense", "GET p"};
    static const char* const waits[CALLS] = {"SET p 1", "WAIT 1 0", "INCR p", "GET p"};
    static const char* const host[CALLS] = {"SET p 1", "INCR p", "SHUTDOWN", "INCR p"};
    static const char* const multi[CALLS] = {"MULTI", "INCR p", "INCR p", "EXEC"};
    synap_exec_options_t nowait = SYNAP_EXEC_OPTIONS_INIT;
    struct transcript noted;
    synap_arg_t argv[WORDS_MAX];
    synap_reply_t* reply = NULL;
    size_t done = 0;
    nowait.flags = SYNAP_EXEC_NOWAIT;
    WORKS(run_many(plain, NULL, &noted, &done));
    CHECK(done == 4);
    CHECK(strstr(noted.said, "10'OK' :2 -1 ERR unknown command 'nonsense'") == noted.said);
    GIVES(SYNAP_PENDING, run_many(waits, &nowait, &noted, &done));
    CHECK(done == 1 && strcmp(noted.said, "10'OK' ") == 0 && says(session, "GET p", "1"));
    GIVES(SYNAP_HOST, run_many(host, NULL, &noted, &done));
    CHECK(done == 2 && strcmp(noted.said, "10'OK' :2 ") == 0 && says(session, "GET p", "2"));
    WORKS(run_many(multi, NULL, &noted, &done));
    CHECK(done == 4 && strstr(noted.said, "6[2 :3 :4 ]6 ") != NULL);
    /* What would wait is refused to a single call, too. */
    FAILS(SYNAP_E_BACKPRESSURE,
          synap_exec(session, argv, words_of("WAIT 1 0", argv), &nowait, &reply, &err));
    CHECK(reply == NULL);
}

static int32_t count_scalar(void* ctx, uint32_t type, const synap_arg_t* value) {
    (void)type, (void)value;
    ++*(size_t*)ctx;
    return 0;
}

/* Replies beyond the budget are handed over in several runs, each call once. */
static void test_budget(void) {
    enum { SIZE = 3000, MANY = 8 };
    static char value[SIZE];
    struct transcript unused;
    synap_sink_t sink = sink_into(&unused);
    synap_arg_t argv[3];
    synap_call_t calls[MANY];
    synap_token_t token;
    synap_reply_t* reply = NULL;
    size_t replies = 0;
    size_t at = 0;
    size_t runs = 0;
    size_t done = 0;
    memset(value, 'v', SIZE);
    argv[0] = text_arg("SET");
    argv[1] = text_arg("wide");
    argv[2] = bytes_arg(value, SIZE);
    WORKS(synap_exec(session, argv, 3, NULL, &reply, &err));
    synap_reply_release(reply);
    argv[0] = text_arg("GET");
    for (at = 0; at < MANY; ++at) {
        calls[at].argv = argv;
        calls[at].argc = 2;
    }
    sink.ctx = &replies;
    sink.scalar = count_scalar;
    WORKS(synap_option_set(store, text("limits.reply_bytes"), text("4096"), &err));
    for (at = 0; at < MANY; at += done) {
        WORKS(synap_exec_many(session, calls + at, MANY - at, NULL, &sink, &done, &token, &err));
        REQUIRE(done >= 1);
        CHECK(replies == at + done);
        ++runs;
    }
    CHECK(runs == MANY / 2); /* the second value is beyond the budget */
    WORKS(synap_option_set(store, text("limits.reply_bytes"), text("1mb"), &err));
}

int main(void) {
    store = open_store(":memory:");
    session = open_session(store);
    RUN(test_all_ways_say_the_same);
    RUN(test_a_transaction_is_a_tree);
    RUN(test_values);
    RUN(test_commands_by_number);
    RUN(test_a_sink_that_stops);
    RUN(test_blobs);
    RUN(test_pipelines);
    RUN(test_budget);
    synap_session_release(session);
    WORKS(synap_store_close(store, 0, &err));
    synap_store_release(store);
    return check_result();
}
