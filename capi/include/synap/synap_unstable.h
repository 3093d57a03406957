/* synap_unstable.h - what synap-server needs and has not been frozen. Everything here may change or
 * vanish in any release. Define SYNAP_UNSTABLE_API before including it. */
#ifndef SYNAP_UNSTABLE_H
#define SYNAP_UNSTABLE_H

#ifndef SYNAP_UNSTABLE_API
#error "synap_unstable.h makes no promise: define SYNAP_UNSTABLE_API to accept that"
#endif

#include <synap/synap.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Statistics of the store, walked as one MAP of TEXT -> INT | DOUBLE | TEXT | MAP into the sink.
 * Nested maps: "commands" {name -> {calls, usec, failed_calls, rejected_calls}} (monotonic,
 * usec of sessions with a RESP protocol only), "latency_us" {class ("fast" | "slow" | "linear" |
 * "blocking") -> {"le_<bound>" cumulative counts, "sum", "count"}}, "errors" {first word of an
 * error reply -> how many, monotonic}.
 * Blocking: never. Threads: any. Ownership: sink borrowed. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_stats_walk(synap_store_t *s,
    const synap_sink_t *sink, synap_error_t **err) SYNAP_NOEXCEPT;

/* Facts that only the embedding program knows, shown by INFO in `section` ("server", "clients",
 * "stats") and, for settings, by CONFIG GET under `name`. Replaces an earlier value; an empty value
 * removes it.
 * Blocking: never. Threads: any. Ownership: copied. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_host_fact(synap_store_t *s,
    synap_bytes_t section, synap_bytes_t name, synap_bytes_t value,
    synap_error_t **err) SYNAP_NOEXCEPT;

/* Adds (or, negative, removes) bytes of a host's buffers to the memory that max_memory judges.
 * Blocking: never. Threads: any. Ownership: none. */
SYNAP_API void SYNAP_CALL synap_memory_charge(synap_store_t *s, int64_t bytes) SYNAP_NOEXCEPT;

/* Next line of the engine's own log, oldest first, as JSON-free text: level ("info" | "warn" |
 * "error") and message. EMPTY when there is none. The ring is bounded; lost lines are counted.
 * Blocking: never. Threads: any. Ownership: reply (ARRAY level, message, lost) is the caller's. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_log_line_take(synap_store_t *s,
    synap_reply_t **reply_out, synap_error_t **err) SYNAP_NOEXCEPT;

enum { SYNAP_EXEC_PAUSES = 1 << 16 };
enum { SYNAP_EXEC_BRIEF = 1 << 17 };
enum { SYNAP_SINK_PAUSE = 2 };
enum { SYNAP_PAUSED = 4 };
enum { SYNAP_LONG = 5 };
/* With EXEC_BRIEF in the options of exec_many the run ends with LONG before a call that copies more
 * than some MiB: nothing of that call is done, and exec runs it, on a thread that has the time. */
/* Replies of any size, to who takes them slowly. With EXEC_PAUSES in the options of exec_many, a
 * callback of its sink may answer SINK_PAUSE instead of 0: it has taken its value and wants no more
 * for now. Then exec_many answers PAUSED, with done_out and token_out as ever, and what is left of
 * the replies waits in the session, values and collections by reference; exec_resume delivers it,
 * to this sink or another, from where it stopped, and answers OK when all was delivered or PAUSED
 * again. Go on behind `done` then: a call there that must wait or belongs to the host is met again.
 * A run that ends with an error is not paused. Until all is delivered the session refuses other
 * calls with MISUSE; releasing it drops what is left. Closing the store does not.
 * Blocking: never. Threads: one. Ownership: sink borrowed. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_exec_resume(synap_session_t *s,
    const synap_sink_t *sink, synap_error_t **err) SYNAP_NOEXCEPT;
/* Memory that the replies hold which exec_resume has not delivered: copies, and values that nobody
 * else holds any more. Takes time in proportion to the number of values held by reference.
 * Blocking: never. Threads: one. Ownership: `s` is borrowed. */
SYNAP_API size_t SYNAP_CALL synap_exec_held(const synap_session_t *s) SYNAP_NOEXCEPT;

/* Offline check of a data directory: every segment, snapshot and MANIFEST is read and verified;
 * findings are reported as an ARRAY of MAPs {"file","offset","severity","message"} into the sink,
 * followed by nothing. OK when sound, CORRUPT when not. Severity is "info", "warning", "damage", or
 * "empty" where there is no store. Creates and changes nothing. LOCKED when a writer has it open.
 * Blocking: disk. Threads: any. Ownership: sink borrowed. */
SYNAP_API SYNAP_NODISCARD synap_status_t SYNAP_CALL synap_check(synap_bytes_t path,
    const synap_sink_t *sink, synap_error_t **err) SYNAP_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif /* SYNAP_UNSTABLE_H */
