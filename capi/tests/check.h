/* What the C programs in this folder share: checks that count instead of ending the program, a
 * shorthand for commands, and directories that go away. Include it first. */
#ifndef SYNAP_TESTS_CHECK_H
#define SYNAP_TESTS_CHECK_H

#if defined(__linux__) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif

#include <synap/synap.h>

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static int check_failures;
static synap_error_t* err; /* of the call being checked */

static inline void check_note(const char* what, const char* file, int line) {
    ++check_failures;
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
}

#define CHECK(condition) ((condition) ? (void)0 : check_note(#condition, __FILE__, __LINE__))
/* Where going on makes no sense. */
#define REQUIRE(condition) ((condition) ? (void)0 : (CHECK(!#condition), exit(1)))

static inline int has_one_outcome(uint32_t traits) {
    const uint32_t outcomes = SYNAP_TRAIT_NOT_APPLIED | SYNAP_TRAIT_OUTCOME_UNKNOWN;
    return (traits & outcomes) == SYNAP_TRAIT_NOT_APPLIED ||
           (traits & outcomes) == SYNAP_TRAIT_OUTCOME_UNKNOWN;
}

/* An error object says what the status says, in words, and what a retry needs to know. */
static inline void check_fails(synap_status_t want, synap_status_t got, const char* what,
                               const char* file, int line) {
    if (got != want) {
        const synap_bytes_t message = synap_error_message(err);
        fprintf(stderr, "%s:%d: status %d, not %d: %.*s\n", file, line, (int)got, (int)want,
                (int)message.size, (const char*)message.data);
        check_note(what, file, line);
    } else if (err == NULL || synap_error_status(err) != want ||
               synap_error_message(err).size == 0 || !has_one_outcome(synap_error_traits(err))) {
        check_note("the error object agrees with the status", file, line);
    }
    synap_error_free(err);
    err = NULL;
}

static inline void check_gives(synap_status_t want, synap_status_t got, const char* what,
                               const char* file, int line) {
    if (got != want || err != NULL) {
        const synap_bytes_t message = synap_error_message(err);
        fprintf(stderr, "%s:%d: status %d, not %d: %.*s\n", file, line, (int)got, (int)want,
                (int)message.size, (const char*)message.data);
        check_note(what, file, line);
    }
    synap_error_free(err);
    err = NULL;
}

/* Calls under these are given &err. */
#define FAILS(status, call) check_fails((status), (call), #call, __FILE__, __LINE__)
#define GIVES(status, call) check_gives((status), (call), #call, __FILE__, __LINE__)
#define WORKS(call) GIVES(SYNAP_OK, call)

static inline synap_bytes_t text(const char* string) {
    synap_bytes_t bytes;
    bytes.data = string;
    bytes.size = strlen(string);
    return bytes;
}

static inline int is_text(synap_bytes_t bytes, const char* string) {
    return bytes.size == strlen(string) &&
           (bytes.size == 0 || memcmp(bytes.data, string, bytes.size) == 0);
}

static inline int contains(synap_bytes_t bytes, const char* part) {
    const size_t length = strlen(part);
    size_t i;
    for (i = 0; i + length <= bytes.size; ++i) {
        if (memcmp((const char*)bytes.data + i, part, length) == 0) return 1;
    }
    return 0;
}

static inline synap_arg_t bytes_arg(const void* data, size_t size) {
    synap_arg_t arg;
    memset(&arg, 0, sizeof arg);
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b.data = data;
    arg.as.b.size = size;
    return arg;
}

static inline synap_arg_t text_arg(const char* string) { return bytes_arg(string, strlen(string)); }

enum { WORDS_MAX = 16 };

/* Splits at blanks; the words point into `line`. */
static inline size_t words_of(const char* line, synap_arg_t argv[WORDS_MAX]) {
    size_t argc = 0;
    while (*line != '\0' && argc < WORDS_MAX) {
        const size_t length = strcspn(line, " ");
        argv[argc++] = bytes_arg(line, length);
        line += length;
        line += strspn(line, " ");
    }
    return argc;
}

/* Runs "SET a 1"; the caller releases the reply. NULL when the call failed, which is counted. */
static inline synap_reply_t* run(synap_session_t* session, const char* line) {
    synap_arg_t argv[WORDS_MAX];
    const size_t argc = words_of(line, argv);
    synap_reply_t* reply = NULL;
    WORKS(synap_exec(session, argv, argc, NULL, &reply, &err));
    return reply;
}

/* Whether the reply to a command is one value that reads `want`: "OK", "1", "" for nil. */
static inline int says(synap_session_t* session, const char* line, const char* want) {
    char number[32];
    synap_reply_t* reply = run(session, line);
    const synap_node_t* root = synap_reply_root(reply);
    int same = 0;
    if (root != NULL && synap_node_type(root) == SYNAP_TYPE_NULL) {
        same = want[0] == '\0';
    } else if (root != NULL && synap_node_type(root) == SYNAP_TYPE_INT) {
        snprintf(number, sizeof number, "%lld", (long long)synap_node_int(root));
        same = strcmp(number, want) == 0;
    } else if (root != NULL) {
        same = is_text(synap_node_bytes(root), want);
    }
    synap_reply_release(reply);
    return same;
}

static inline synap_store_t* open_store(const char* path) {
    synap_store_t* store = NULL;
    WORKS(synap_open(text(path), NULL, &store, &err));
    REQUIRE(store != NULL);
    return store;
}

static inline synap_session_t* open_session(synap_store_t* store) {
    synap_session_t* session = NULL;
    WORKS(synap_session_open(store, NULL, &session, &err));
    REQUIRE(session != NULL);
    return session;
}

static inline synap_events_t* open_events(synap_store_t* store, uint32_t capacity) {
    synap_events_t* events = NULL;
    WORKS(synap_events_open(store, capacity, &events, &err));
    REQUIRE(events != NULL);
    return events;
}

static inline void pause_ms(long ms) {
    struct timespec time;
    time.tv_sec = ms / 1000;
    time.tv_nsec = ms % 1000 * 1000000;
    nanosleep(&time, NULL);
}

enum { PATH_BYTES = 256 };

static inline void make_directory(char path[PATH_BYTES]) {
    const char* base = getenv("TMPDIR");
    snprintf(path, PATH_BYTES, "%s/synap-capi-XXXXXX", base != NULL ? base : "/tmp");
    REQUIRE(mkdtemp(path) != NULL);
}

/* A data directory has no folders in it. */
static inline void remove_directory(const char* path) {
    char file[2 * PATH_BYTES + 256];
    struct dirent* entry;
    DIR* directory = opendir(path);
    REQUIRE(directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) unlink(file);
    }
    closedir(directory);
    CHECK(rmdir(path) == 0);
}

#define RUN(test)                                                                        \
    do {                                                                                 \
        const int failed_before = check_failures;                                        \
        test();                                                                          \
        printf("%s %s\n", check_failures == failed_before ? "ok    " : "FAILED", #test); \
    } while (0)

static inline int check_result(void) {
    if (check_failures > 0) fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures > 0;
}

#endif
