/* synap.h - the stable C interface of Synap.
 *
 * One library, one store, one way to run a command. A program opens a store (a data directory, or
 * ":memory:"), opens sessions on it, and executes commands given as argument vectors; replies come
 * back as an immutable tree or through a sink of callbacks. Everything else here is lifecycle,
 * waiting and enumeration.
 *
 * Conventions
 *  - Every fallible call returns synap_status_t: 0 is success, positive values are normal outcomes
 *    that are not failures, negative values are failures. Expect values this header does not name.
 *  - On failure every *_out parameter is set to NULL or zero and, when `err` is not NULL, *err
 *    receives an owned error object that the caller passes to synap_error_free. On success *err
 *    is set to NULL.
 *  - Memory of the library is released only by the library; memory of the caller is borrowed for
 *    the duration of the call. Releases accept NULL, never block, never fail, and may run on any
 *    thread in any order.
 *  - Durations are milliseconds; 0 does not wait, UINT32_MAX waits for ever.
 *  - Structures that start with struct_size are initialised with their _INIT macro and grow at the
 *    end only. A library that meets a non-zero field it does not know answers SYNAP_E_VERSION.
 *
 * Each prototype states three things:
 *   Blocking:  never | disk | other party   (what the call may wait for)
 *   Threads:   any | one (at a time)        (how the handle may be shared)
 *   Ownership: who owns what is passed or returned
 *
 * Since 1.0 unless a declaration says otherwise.
 */
#ifndef SYNAP_H
#define SYNAP_H

#if defined(__cplusplus) ? __cplusplus < 201103L : __STDC_VERSION__ + 0 < 199901L
#error "synap.h needs C99 or C++11: add -std=c99 (or -std=c++11), or a later one, to the compiler"
#endif

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define SYNAP_CALL __cdecl
#if defined(SYNAP_STATIC)
#define SYNAP_API
#elif defined(SYNAP_BUILDING)
#define SYNAP_API __declspec(dllexport)
#else
#define SYNAP_API __declspec(dllimport)
#endif
#else
#define SYNAP_CALL
#if defined(__GNUC__)
#define SYNAP_API __attribute__((visibility("default")))
#else
#define SYNAP_API
#endif
#endif

#if defined(__GNUC__)
#define SYNAP_NODISCARD __attribute__((warn_unused_result))
#else
#define SYNAP_NODISCARD
#endif

#ifdef __cplusplus
#define SYNAP_NOEXCEPT noexcept
extern "C" {
#else
#define SYNAP_NOEXCEPT
#endif

#define SYNAP_API_MAJOR 1
#define SYNAP_API_MINOR 0
#define SYNAP_API_VERSION (SYNAP_API_MAJOR * 1000 + SYNAP_API_MINOR)

/* ---- Status ---------------------------------------------------------------------------------- */

typedef int32_t synap_status_t;
enum {
    SYNAP_OK = 0,
    SYNAP_PENDING = 1, /* started; one completion event will follow, or (exec_many) would wait */
    SYNAP_EMPTY = 2,   /* nothing to take */
    SYNAP_HOST = 3,    /* the command belongs to the embedding program; nothing was done */
    SYNAP_E_INVALID_ARGUMENT = -1,
    SYNAP_E_INVALID_HANDLE = -2,
    SYNAP_E_MISUSE = -3, /* a threading or re-entrancy rule was broken */
    SYNAP_E_NO_MEMORY = -4,
    SYNAP_E_IO = -5,      /* a disk failed; the store accepts no more writes */
    SYNAP_E_CORRUPT = -6, /* the directory holds damaged data; the message says where */
    SYNAP_E_LOCKED = -7,  /* another process owns the directory; the message names it */
    SYNAP_E_BACKPRESSURE = -8,
    SYNAP_E_TIMEOUT = -9,
    SYNAP_E_CANCELLED = -10,
    SYNAP_E_SHUTDOWN = -11,
    SYNAP_E_READONLY = -12,
    SYNAP_E_UNSUPPORTED = -13,
    SYNAP_E_VERSION = -14, /* data or structure is newer than this library */
    SYNAP_E_SINK = -15,    /* a sink callback asked to stop */
    SYNAP_E_NEED_SNAPSHOT = -16,
    SYNAP_E_FORKED = -17, /* the handle was made before fork() */
    SYNAP_E_INTERNAL = -18
};

/* Binary-safe string; data may be NULL only when size is 0. */
typedef struct synap_bytes {
    const void *data;
    size_t size;
} synap_bytes_t;

/* Place in the history of a store. A write's token lies behind its record, so position is never 0
 * for one. `epoch` says which stretch of which history: its number in the upper half, and in the
 * lower half of the random id that the stretch has. A token of another history, or of a write that
 * this history has given up, is INVALID_ARGUMENT at once wherever it is passed, with the reason in
 * the message. Compare tokens of one store only. */
typedef struct synap_token {
    uint64_t epoch;
    uint64_t position;
} synap_token_t;

typedef struct synap_config synap_config_t;
typedef struct synap_store synap_store_t;
typedef struct synap_session synap_session_t;
typedef struct synap_reply synap_reply_t;
typedef struct synap_node synap_node_t;
typedef struct synap_blob synap_blob_t;
typedef struct synap_events synap_events_t;
typedef struct synap_batch synap_batch_t;
typedef struct synap_error synap_error_t;
typedef struct synap_command synap_command_t;

/* ---- Version --------------------------------------------------------------------------------- */

/* SYNAP_API_VERSION of the library at run time. A binding accepts the same major and a minor at
 * least its own.
 * Blocking: never. Threads: any. Ownership: none. */
SYNAP_API uint32_t SYNAP_CALL synap_api_version(void) SYNAP_NOEXCEPT;

/* Version and build flavour as text, for bug reports: "0.1.0 release".
 * Blocking: never. Threads: any. Ownership: static. */
SYNAP_API const char *SYNAP_CALL synap_build_id(void) SYNAP_NOEXCEPT;

/* ---- Errors ---------------------------------------------------------------------------------- */

/* What a retry loop needs to know. Exactly one of NOT_APPLIED and OUTCOME_UNKNOWN is set. */
enum {
    SYNAP_TRAIT_RETRYABLE = 1,
    SYNAP_TRAIT_FATAL = 2,       /* the handle refuses everything from now on */
    SYNAP_TRAIT_NOT_APPLIED = 4, /* the command had no effect */
    SYNAP_TRAIT_OUTCOME_UNKNOWN = 8,
    SYNAP_TRAIT_CALLER_BUG = 16
};

/* Blocking: never. Threads: any. Ownership: `e` is borrowed; NULL gives SYNAP_OK. */
SYNAP_API synap_status_t SYNAP_CALL synap_error_status(const synap_error_t *e) SYNAP_NOEXCEPT;
/* One sentence for people; never parse it.
 * Blocking: never. Threads: any. Ownership: valid until synap_error_free. */
SYNAP_API synap_bytes_t SYNAP_CALL synap_error_message(const synap_error_t *e) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: `e` is borrowed. */
SYNAP_API uint32_t SYNAP_CALL synap_error_traits(const synap_error_t *e) SYNAP_NOEXCEPT;
/* Token already assigned to the command when it failed, so that a caller can wait again after a
 * timeout instead of writing twice; {0,0} when there is none.
 * Blocking: never. Threads: any. Ownership: `e` is borrowed. */
SYNAP_API synap_token_t SYNAP_CALL synap_error_token(const synap_error_t *e) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: consumes `e`. */
SYNAP_API void SYNAP_CALL synap_error_free(synap_error_t *e) SYNAP_NOEXCEPT;

/* ---- Configuration --------------------------------------------------------------------------- */

/* Facts about one option of the table; every field is static text. */
typedef struct synap_option_info {
    uint32_t struct_size;
    uint32_t is_mutable; /* 1: synap_option_set works on an open store */
    synap_bytes_t name;
    synap_bytes_t type; /* "bool" "int" "bytes" "ms" "text" or "a|b|c" */
    synap_bytes_t default_value;
    synap_bytes_t range;
    synap_bytes_t help;
} synap_option_info_t;
#define SYNAP_OPTION_INFO_INIT                                                                     \
    {                                                                                              \
        (uint32_t)sizeof(synap_option_info_t), 0u, {0, 0}, {0, 0}, {0, 0}, {0, 0}, { 0, 0 }        \
    }

/* NULL when memory is exhausted.
 * Blocking: never. Threads: any. Ownership: caller frees with synap_config_free. */
SYNAP_API synap_config_t *SYNAP_CALL synap_config_new(void) SYNAP_NOEXCEPT;
/* Sets one option by name. The value is checked here: unknown names and values out of range are
 * INVALID_ARGUMENT with a message that names the option and what was expected.
 * Blocking: never. Threads: one. Ownership: name and value are copied. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_config_set(synap_config_t *c,
    synap_bytes_t name, synap_bytes_t value, synap_error_t **err) SYNAP_NOEXCEPT;
/* Walks the option table: index 0, 1, ... until SYNAP_EMPTY.
 * Blocking: never. Threads: any. Ownership: static. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_option_at(uint32_t index,
    synap_option_info_t *info_out, synap_error_t **err) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: one. Ownership: consumes `c`. */
SYNAP_API void SYNAP_CALL synap_config_free(synap_config_t *c) SYNAP_NOEXCEPT;

/* ---- Store ----------------------------------------------------------------------------------- */

/* Opens a data directory (created when absent) or ":memory:". `config` may be NULL. Recovers what
 * the log holds before it returns, unless option open.wait is "false": then it returns once the
 * directory is locked and commands answer LOADING errors until synap_store_get_state says READY.
 * To load and be able to give up: open with open.wait "false", look at the state now and then, and
 * close. Loading ends with its next read, of at most about a MiB, and leaves the directory as a
 * crash would, which loses nothing.
 * LOCKED names the process that has the directory open. With option open.read_only "true" nothing
 * is created or written in the directory, which must hold a store; any number of readers share it,
 * and writes answer READONLY.
 * Blocking: disk. Threads: any. Ownership: config is copied; store is released by the caller. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_open(synap_bytes_t path,
    const synap_config_t *config, synap_store_t **store_out, synap_error_t **err) SYNAP_NOEXCEPT;

enum {
    SYNAP_STATE_LOADING = 1,
    SYNAP_STATE_READY = 2,
    SYNAP_STATE_FAILED = 3,
    SYNAP_STATE_CLOSED = 4,
    SYNAP_STATE_BLOCKED = 5 /* serves reads; refuses writes until a shortage is over */
};
typedef struct synap_store_state {
    uint32_t struct_size;
    uint32_t state;       /* SYNAP_STATE_* */
    uint64_t loaded;      /* bytes of snapshot and log read so far */
    uint64_t total;       /* bytes to read */
    uint64_t used_memory; /* bytes charged to the store */
} synap_store_state_t;
#define SYNAP_STORE_STATE_INIT                                                                     \
    {                                                                                              \
        (uint32_t)sizeof(synap_store_state_t), 0u, 0u, 0u, 0u                                      \
    }
/* FAILED also returns the error that stopped the store (a disk error after open, for example):
 * the state is filled in and the call's status is that error's. So does BLOCKED, which passes by
 * itself: there is no room on the disk, no descriptor, no memory, or the directory cannot be
 * written.
 * Blocking: never. Threads: any. Ownership: state is the caller's. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_store_get_state(const synap_store_t *s,
    synap_store_state_t *state_out, synap_error_t **err) SYNAP_NOEXCEPT;

/* Refuses new work, completes what is pending with SHUTDOWN, makes the log durable, stops the
 * threads; ends loading where it is. Idempotent. After it returned OK no callback runs. A store
 * that is released without being closed is closed by its last release on a thread of its own.
 * After `timeout_ms` (0 and UINT32_MAX: no limit) it is TIMEOUT: new work is refused, closing goes
 * on on a thread of its own, and the next call waits for that and has its outcome.
 * Blocking: disk, at most timeout_ms. Threads: any. Ownership: `s` stays valid until released. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_store_close(synap_store_t *s,
    uint32_t timeout_ms, synap_error_t **err) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: adds one reference; returns `s`. */
SYNAP_API synap_store_t *SYNAP_CALL synap_store_retain(synap_store_t *s) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: drops one reference. */
SYNAP_API void SYNAP_CALL synap_store_release(synap_store_t *s) SYNAP_NOEXCEPT;

/* Changes an option that is mutable; takes effect before it returns.
 * Blocking: never. Threads: any. Ownership: name and value are copied. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_option_set(synap_store_t *s,
    synap_bytes_t name, synap_bytes_t value, synap_error_t **err) SYNAP_NOEXCEPT;
/* Current value as text.
 * Blocking: never. Threads: any. Ownership: reply_out (one BYTES node) is the caller's. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_option_get(synap_store_t *s,
    synap_bytes_t name, synap_reply_t **reply_out, synap_error_t **err) SYNAP_NOEXCEPT;

/* ---- Sessions -------------------------------------------------------------------------------- */

enum { SYNAP_PROTOCOL_NATIVE = 0, SYNAP_PROTOCOL_RESP2 = 2, SYNAP_PROTOCOL_RESP3 = 3 };
typedef struct synap_session_options {
    uint32_t struct_size;
    uint32_t protocol;         /* SYNAP_PROTOCOL_*; HELLO changes it */
    synap_bytes_t peer;        /* shown by CLIENT LIST, "127.0.0.1:5123"; copied */
    synap_bytes_t transport;   /* "embedded", "resp", "http"; copied */
    synap_events_t *events;    /* receives host events such as kills; may be NULL; retained */
    uint64_t tag;              /* tag of those events */
} synap_session_options_t;
#define SYNAP_SESSION_OPTIONS_INIT                                                                 \
    {                                                                                              \
        (uint32_t)sizeof(synap_session_options_t), 0u, {0, 0}, {0, 0}, 0, 0u                       \
    }

/* A session is one client's state: database, name, protocol, transaction, watched keys.
 * Blocking: never. Threads: any. Ownership: caller releases; the session retains the store. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_session_open(synap_store_t *s,
    const synap_session_options_t *options, synap_session_t **session_out,
    synap_error_t **err) SYNAP_NOEXCEPT;
/* SYNAP_PROTOCOL_* now in force (HELLO and RESET change it).
 * Blocking: never. Threads: one. Ownership: `s` is borrowed. */
SYNAP_API uint32_t SYNAP_CALL synap_session_protocol(const synap_session_t *s) SYNAP_NOEXCEPT;
/* Level that DEFAULT means in this session now, SYNAP_DURABILITY_MEMORY, OS or DISK: what
 * SYNAP.SESSION DURABILITY has set, else that of the store.
 * Blocking: never. Threads: one. Ownership: `s` is borrowed. */
SYNAP_API uint32_t SYNAP_CALL synap_session_durability(const synap_session_t *s) SYNAP_NOEXCEPT;
/* Drops an open transaction and watched keys, cancels what the session waits for.
 * Blocking: never. Threads: any. Ownership: consumes `s`. */
SYNAP_API void SYNAP_CALL synap_session_release(synap_session_t *s) SYNAP_NOEXCEPT;

/* ---- Values ---------------------------------------------------------------------------------- */

/* TEXT is what the engine wrote itself; stored values are always BYTES. A sink or tree may hold
 * PAIRS where RESP3 has nested two-element arrays; count is the number of pairs and children are
 * 2*count. MAP likewise counts entries; its children are 2*count. */
enum {
    SYNAP_TYPE_NULL = 0,
    SYNAP_TYPE_BOOL = 1,
    SYNAP_TYPE_INT = 2,
    SYNAP_TYPE_DOUBLE = 3,
    SYNAP_TYPE_TEXT = 4,
    SYNAP_TYPE_BYTES = 5,
    SYNAP_TYPE_ARRAY = 6,
    SYNAP_TYPE_MAP = 7,
    SYNAP_TYPE_SET = 8,
    SYNAP_TYPE_ERROR = 9,   /* "WRONGTYPE Operation ..."; the code is the first word */
    SYNAP_TYPE_STATUS = 10, /* "OK" */
    SYNAP_TYPE_NULL_ARRAY = 11,
    SYNAP_TYPE_PUSH = 12,
    SYNAP_TYPE_VERBATIM = 13, /* text shown as it is; format "txt" */
    SYNAP_TYPE_BIG_NUMBER = 14,
    SYNAP_TYPE_PAIRS = 15
};

/* One argument or scalar. Input accepts INT, DOUBLE, TEXT and BYTES. */
typedef struct synap_arg {
    uint32_t type;
    uint32_t reserved; /* 0 */
    union {
        int64_t i;
        double d;
        synap_bytes_t b;
    } as;
} synap_arg_t;

/* How far a write must have come before it is answered. DEFAULT follows option
 * persistence.fsync: always is DISK, everysec and never are OS in a server and MEMORY embedded. */
enum {
    SYNAP_DURABILITY_DEFAULT = 0,
    SYNAP_DURABILITY_MEMORY = 1, /* applied; lost when the process dies */
    SYNAP_DURABILITY_OS = 2,     /* written to the kernel; lost when the machine dies */
    SYNAP_DURABILITY_DISK = 3,   /* fsynced */
    SYNAP_DURABILITY_REPLICA = 4 /* fsynced here and on `replicas` followers */
};

/* EXEC_NOWAIT: where the call would wait (for disk or another party), exec_many stops before that
 * call with PENDING and done < n, and exec answers BACKPRESSURE with nothing applied. exec_many
 * with NOWAIT never waits for durability: the caller waits for the token it returns. */
enum { SYNAP_EXEC_NOWAIT = 1 };

typedef struct synap_exec_options {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t durability;
    uint32_t timeout_ms; /* for durability waits; 0 is the option default of 10 s */
    uint32_t replicas;
    uint32_t max_stale_ms; /* reads: refuse when this copy is older; 0: any */
    synap_token_t after;   /* reads: wait until this token is applied here; {0,0}: none */
} synap_exec_options_t;
#define SYNAP_EXEC_OPTIONS_INIT                                                                    \
    {                                                                                              \
        (uint32_t)sizeof(synap_exec_options_t), 0u, 0u, 0u, 0u, 0u, { 0u, 0u }                     \
    }

/* ---- Sinks ----------------------------------------------------------------------------------- */

/* Receives replies, on the calling thread, before the call returns, with no engine lock held.
 * A non-zero return stops with SYNAP_E_SINK. The callbacks must not use the same session, change
 * this structure or throw. begin/end bracket ARRAY, MAP, SET, PUSH and PAIRS with exact counts.
 *  scalar: NULL, NULL_ARRAY, BOOL, INT, DOUBLE, TEXT, BYTES, STATUS, VERBATIM, BIG_NUMBER;
 *          bytes are valid during the callback.
 *  error:  code is a synap_reply_code, message includes the code word.
 *  blob:   may be NULL. When set, values above 16 KiB come here; the callback may keep them beyond
 *          the call with synap_blob_retain. */
typedef struct synap_sink {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    int32_t(SYNAP_CALL *scalar)(void *ctx, uint32_t type, const synap_arg_t *value);
    int32_t(SYNAP_CALL *error)(void *ctx, int32_t code, synap_bytes_t message);
    int32_t(SYNAP_CALL *begin)(void *ctx, uint32_t type, uint64_t count);
    int32_t(SYNAP_CALL *end)(void *ctx, uint32_t type);
    int32_t(SYNAP_CALL *blob)(void *ctx, synap_bytes_t value, synap_blob_t *owner);
} synap_sink_t;
#define SYNAP_SINK_INIT                                                                            \
    {                                                                                              \
        (uint32_t)sizeof(synap_sink_t), 0u, 0, 0, 0, 0, 0, 0                                       \
    }

/* Codes of error replies, stable; the message's first word says the same. */
enum {
    SYNAP_REPLY_ERR = 1,
    SYNAP_REPLY_WRONGTYPE = 2,
    SYNAP_REPLY_OOM = 3,
    SYNAP_REPLY_EXECABORT = 4,
    SYNAP_REPLY_NOAUTH = 5,
    SYNAP_REPLY_NOPERM = 6,
    SYNAP_REPLY_READONLY = 7,
    SYNAP_REPLY_LOADING = 8,
    SYNAP_REPLY_NOPROTO = 9,
    SYNAP_REPLY_MISCONF = 10, /* the store stopped accepting writes after a disk error */
    SYNAP_REPLY_BUSY = 11,
    SYNAP_REPLY_NOSCRIPT = 12,
    SYNAP_REPLY_OTHER = 13
};

/* Blocking: never. Threads: any. Ownership: adds one reference; returns `b`. */
SYNAP_API synap_blob_t *SYNAP_CALL synap_blob_retain(synap_blob_t *b) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: drops one reference. */
SYNAP_API void SYNAP_CALL synap_blob_release(synap_blob_t *b) SYNAP_NOEXCEPT;

/* ---- Execution ------------------------------------------------------------------------------- */

/* Runs one command: argv[0] is its name (any case) or, as INT, its id. Errors of the command
 * (WRONGTYPE, wrong arity, unknown command) are ERROR nodes of the reply with status OK; the status
 * speaks of the call. A durability wait that times out is TIMEOUT with OUTCOME_UNKNOWN and a token.
 * Blocking: disk, at most timeout_ms. Threads: one. Ownership: argv borrowed; reply is the
 * caller's. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_exec(synap_session_t *s,
    const synap_arg_t *argv, size_t argc, const synap_exec_options_t *options,
    synap_reply_t **reply_out, synap_error_t **err) SYNAP_NOEXCEPT;

/* As synap_exec, with the reply delivered to `sink`: no allocation for scalar replies.
 * Blocking: disk, at most timeout_ms. Threads: one. Ownership: argv and sink borrowed. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_exec_sink(synap_session_t *s,
    const synap_arg_t *argv, size_t argc, const synap_exec_options_t *options,
    const synap_sink_t *sink, synap_error_t **err) SYNAP_NOEXCEPT;

typedef struct synap_call {
    const synap_arg_t *argv;
    size_t argc;
} synap_call_t;

/* Runs a pipeline: calls[0..n) in order, exactly one reply each into `sink`; other sessions may run
 * in between. done_out says how many were executed and answered. It stops early, with done < n,
 * with
 *   OK       when the replies of this run reached the session's byte budget: call again;
 *   PENDING  before a call that must wait (NOWAIT given): submit that call, then go on behind it;
 *   HOST     before a call that the embedding program must perform and answer itself;
 *   < 0      when a call could not be run; those before it are done.
 * token_out covers what the replies depend on: wait for it at the level in force before showing
 * them, with synap_log_wait or synap_log_notify; {0,0} when there is nothing to wait for. Without
 * NOWAIT the call has waited already.
 * Blocking: disk, at most timeout_ms; never with NOWAIT. Threads: one. Ownership: all borrowed. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_exec_many(synap_session_t *s,
    const synap_call_t *calls, size_t n, const synap_exec_options_t *options,
    const synap_sink_t *sink, size_t *done_out, synap_token_t *token_out,
    synap_error_t **err) SYNAP_NOEXCEPT;

/* ---- Replies --------------------------------------------------------------------------------- */

/* Blocking: never. Threads: any. Ownership: node borrowed until the reply's last release. */
SYNAP_API const synap_node_t *SYNAP_CALL synap_reply_root(const synap_reply_t *r) SYNAP_NOEXCEPT;
/* Token of the command's last effect; {0,0} for a read.
 * Blocking: never. Threads: any. Ownership: `r` is borrowed. */
SYNAP_API synap_token_t SYNAP_CALL synap_reply_token(const synap_reply_t *r) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: adds one reference; returns `r`. */
SYNAP_API synap_reply_t *SYNAP_CALL synap_reply_retain(synap_reply_t *r) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: drops one reference. */
SYNAP_API void SYNAP_CALL synap_reply_release(synap_reply_t *r) SYNAP_NOEXCEPT;
/* Replays the tree into a sink.
 * Blocking: never. Threads: any. Ownership: all borrowed. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_reply_walk(const synap_reply_t *r,
    const synap_sink_t *sink, synap_error_t **err) SYNAP_NOEXCEPT;

/* Accessors give a zero value on the wrong type; look at the type first.
 * Blocking: never. Threads: any. Ownership: `n` is borrowed from its reply. */
SYNAP_API uint32_t SYNAP_CALL synap_node_type(const synap_node_t *n) SYNAP_NOEXCEPT;
/* INT and BOOL; the reply code of an ERROR.
 * Blocking: never. Threads: any. Ownership: `n` is borrowed. */
SYNAP_API int64_t SYNAP_CALL synap_node_int(const synap_node_t *n) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: `n` is borrowed. */
SYNAP_API double SYNAP_CALL synap_node_double(const synap_node_t *n) SYNAP_NOEXCEPT;
/* TEXT, BYTES, STATUS, ERROR, VERBATIM, BIG_NUMBER.
 * Blocking: never. Threads: any. Ownership: view valid until the reply's last release. */
SYNAP_API synap_bytes_t SYNAP_CALL synap_node_bytes(const synap_node_t *n) SYNAP_NOEXCEPT;
/* Number of children: elements, or twice the entries of MAP and PAIRS.
 * Blocking: never. Threads: any. Ownership: `n` is borrowed. */
SYNAP_API uint64_t SYNAP_CALL synap_node_count(const synap_node_t *n) SYNAP_NOEXCEPT;
/* NULL when index is out of range. Constant time for children that are scalars.
 * Blocking: never. Threads: any. Ownership: child borrowed from the same reply. */
SYNAP_API const synap_node_t *SYNAP_CALL synap_node_child(const synap_node_t *n,
    uint64_t index) SYNAP_NOEXCEPT;

/* ---- Durability ------------------------------------------------------------------------------ */

/* Level that DEFAULT means on this store now: SYNAP_DURABILITY_MEMORY, OS or DISK.
 * Blocking: never. Threads: any. Ownership: `s` is borrowed. */
SYNAP_API uint32_t SYNAP_CALL synap_log_default_level(const synap_store_t *s) SYNAP_NOEXCEPT;
/* Waits until the log has reached `level` through `token`. At level OS the caller's thread writes
 * what is queued itself when nobody else is writing: no hand-over to another thread.
 * Blocking: disk, at most timeout_ms. Threads: any. Ownership: `s` is borrowed. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_log_wait(synap_store_t *s,
    synap_token_t token, uint32_t level, uint32_t timeout_ms, synap_error_t **err) SYNAP_NOEXCEPT;
/* OK when the level is reached already; else PENDING, and one SYNAP_EVENT_LOG with `tag` follows,
 * carrying an error when the log failed or the store closed.
 * Blocking: never. Threads: any. Ownership: events retained until the event is taken. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_log_notify(synap_store_t *s,
    synap_token_t token, uint32_t level, synap_events_t *events, uint64_t tag,
    synap_error_t **err) SYNAP_NOEXCEPT;

/* ---- Events ---------------------------------------------------------------------------------- */

typedef void(SYNAP_CALL *synap_wake_fn)(void *ctx);
typedef void(SYNAP_CALL *synap_release_fn)(void *ctx);

enum {
    SYNAP_EVENT_COMPLETION = 1,
    SYNAP_EVENT_MESSAGE = 2,
    SYNAP_EVENT_GAP = 3,
    SYNAP_EVENT_END = 4,
    SYNAP_EVENT_LOG = 5,  /* a synap_log_notify was reached */
    SYNAP_EVENT_KILL = 6  /* the session with this tag was killed; close its connection */
};

/* A queue of what finishes later; one per event loop serves many sessions. Pending operations and
 * untaken events never exceed `capacity` (1 to 1,048,576): what would is refused with BACKPRESSURE.
 * Blocking: never. Threads: any. Ownership: caller releases. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_events_open(synap_store_t *s,
    uint32_t capacity, synap_events_t **events_out, synap_error_t **err) SYNAP_NOEXCEPT;
/* `wake` runs on an engine thread when the queue goes from empty to non-empty; it may only signal
 * and must not call Synap. Spurious wakes are possible. Setting NULL returns when no wake runs any
 * more. ctx_release(ctx) runs once, when ctx is no longer used.
 * Blocking: other party (a running wake). Threads: any. Ownership: ctx held until ctx_release. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_events_set_wake(synap_events_t *q,
    synap_wake_fn wake, void *ctx, synap_release_fn ctx_release,
    synap_error_t **err) SYNAP_NOEXCEPT;
/* A wake function that writes 8 bytes to the descriptor (eventfd, pipe, socket) given as ctx
 * cast from int. Non-blocking descriptors only.
 * Blocking: never. Threads: any. Ownership: the descriptor stays the caller's. */
SYNAP_API void SYNAP_CALL synap_wake_fd(void *fd_as_pointer) SYNAP_NOEXCEPT;
/* OK when there is something to take, TIMEOUT otherwise.
 * Blocking: other party, at most timeout_ms. Threads: any. Ownership: `q` is borrowed. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_events_wait(synap_events_t *q,
    uint32_t timeout_ms, synap_error_t **err) SYNAP_NOEXCEPT;
/* Up to `max` events; EMPTY (and no batch) when there are none, which re-arms the wake.
 * Blocking: never. Threads: one. Ownership: caller frees the batch. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_events_take(synap_events_t *q,
    uint32_t max, synap_batch_t **batch_out, synap_error_t **err) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: adds one reference; returns `q`. */
SYNAP_API synap_events_t *SYNAP_CALL synap_events_retain(synap_events_t *q) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: drops one reference. */
SYNAP_API void SYNAP_CALL synap_events_release(synap_events_t *q) SYNAP_NOEXCEPT;

/* Blocking: never. Threads: one. Ownership: `b` is borrowed. */
SYNAP_API uint32_t SYNAP_CALL synap_batch_count(const synap_batch_t *b) SYNAP_NOEXCEPT;
/* SYNAP_EVENT_*; 0 when out of range.
 * Blocking: never. Threads: one. Ownership: `b` is borrowed. */
SYNAP_API uint32_t SYNAP_CALL synap_batch_kind(const synap_batch_t *b, uint32_t i) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: one. Ownership: `b` is borrowed. */
SYNAP_API uint64_t SYNAP_CALL synap_batch_tag(const synap_batch_t *b, uint32_t i) SYNAP_NOEXCEPT;
/* NULL when the event is a success.
 * Blocking: never. Threads: one. Ownership: valid until synap_batch_free. */
SYNAP_API const synap_error_t *SYNAP_CALL synap_batch_error(const synap_batch_t *b,
    uint32_t i) SYNAP_NOEXCEPT;
/* The reply of a COMPLETION, once; NULL afterwards.
 * Blocking: never. Threads: one. Ownership: reply is the caller's. */
SYNAP_API synap_reply_t *SYNAP_CALL synap_batch_take_reply(synap_batch_t *b,
    uint32_t i) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: one. Ownership: consumes `b`. */
SYNAP_API void SYNAP_CALL synap_batch_free(synap_batch_t *b) SYNAP_NOEXCEPT;

/* Runs a command without waiting.
 *   OK       the reply is here and no event follows;
 *   PENDING  exactly one COMPLETION with `tag` follows on `q`, also after cancel and close;
 *   HOST     the command belongs to the embedding program;
 *   < 0      nothing was started and no event follows.
 * Effects happen in submit order per session; completions may overtake.
 * Blocking: never. Threads: one (session), any (queue). Ownership: argv is copied where kept. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_submit(synap_session_t *s,
    const synap_arg_t *argv, size_t argc, const synap_exec_options_t *options, synap_events_t *q,
    uint64_t tag, synap_reply_t **reply_out, uint64_t *op_out, synap_error_t **err) SYNAP_NOEXCEPT;
/* Asks a pending operation to end; its one completion arrives with CANCELLED or the real result.
 * Unknown and finished operations answer EMPTY.
 * Blocking: never. Threads: any. Ownership: none. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_op_cancel(synap_store_t *s, uint64_t op,
    synap_error_t **err) SYNAP_NOEXCEPT;

/* ---- Command table --------------------------------------------------------------------------- */

enum {
    SYNAP_COMMAND_WRITE = 1,
    SYNAP_COMMAND_READONLY = 2,
    SYNAP_COMMAND_DENYOOM = 4,
    SYNAP_COMMAND_ADMIN = 8,
    SYNAP_COMMAND_FAST = 16,
    SYNAP_COMMAND_BLOCKING = 32,
    SYNAP_COMMAND_HOST = 64,
    SYNAP_COMMAND_NO_MULTI = 128,
    SYNAP_COMMAND_LOADING = 256,
    SYNAP_COMMAND_LINEAR = 512, /* may take long: release an interpreter lock around it */
    SYNAP_COMMAND_KEYSPACE = 1024,
    SYNAP_COMMAND_SESSION = 2048
};

/* Walks the table; NULL behind its end.
 * Blocking: never. Threads: any. Ownership: static. */
SYNAP_API const synap_command_t *SYNAP_CALL synap_command_at(uint32_t index) SYNAP_NOEXCEPT;
/* By name, in any case, of a subcommand with its parent's ("CONFIG|GET"); NULL when there is none.
 * Blocking: never. Threads: any. Ownership: static. */
SYNAP_API const synap_command_t *SYNAP_CALL synap_command_find(synap_bytes_t name) SYNAP_NOEXCEPT;
/* Upper-case name.
 * Blocking: never. Threads: any. Ownership: static. */
SYNAP_API synap_bytes_t SYNAP_CALL synap_command_name(const synap_command_t *c) SYNAP_NOEXCEPT;
/* Permanent number, accepted as argv[0] of type INT.
 * Blocking: never. Threads: any. Ownership: static. */
SYNAP_API uint32_t SYNAP_CALL synap_command_id(const synap_command_t *c) SYNAP_NOEXCEPT;
/* Blocking: never. Threads: any. Ownership: static. */
SYNAP_API uint32_t SYNAP_CALL synap_command_flags(const synap_command_t *c) SYNAP_NOEXCEPT;
/* Arguments including the name; negative: at least that many.
 * Blocking: never. Threads: any. Ownership: static. */
SYNAP_API int32_t SYNAP_CALL synap_command_arity(const synap_command_t *c) SYNAP_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif /* SYNAP_H */
