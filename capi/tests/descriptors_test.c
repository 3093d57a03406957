/* The process' descriptors: those of the standard streams are never ours, and what many stores held
 * is free again once they are closed. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { STORES = 300, KEYS = 200 };

/* As a C library would that has something to say. */
static void print_to_standard_streams(void) {
    static const char line[] = "a warning of some library that nobody asked for\n";
    int fd;
    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        CHECK(write(fd, line, sizeof line - 1) == -1 && errno == EBADF);
    }
}

static void write_keys(synap_session_t* session) {
    char line[64];
    int i;
    for (i = 0; i < KEYS; ++i) {
        snprintf(line, sizeof line, "SET key%d %0*d", i, 40, i);
        CHECK(says(session, line, "OK"));
        print_to_standard_streams();
    }
}

static void check_keys(synap_session_t* session) {
    char line[64];
    char value[64];
    int i;
    for (i = 0; i < KEYS; ++i) {
        snprintf(line, sizeof line, "GET key%d", i);
        snprintf(value, sizeof value, "%0*d", 40, i);
        CHECK(says(session, line, value));
    }
}

/* Fault case 2: a program is started without descriptors 0 to 2, and something in it prints. */
static void open_and_print(const char* directory) {
    synap_config_t* config = synap_config_new();
    synap_store_t* store = NULL;
    synap_session_t* session;
    WORKS(synap_config_set(config, text("log.segment_bytes"), text("4096"), &err));
    WORKS(synap_open(text(directory), config, &store, &err));
    synap_config_free(config);
    REQUIRE(store != NULL);
    session = open_session(store);
    write_keys(session); /* through several segments */
    CHECK(says(session, "SAVE", "OK"));
    print_to_standard_streams();
    synap_reply_release(run(session, "INFO memory"));
    print_to_standard_streams();
    synap_session_release(session);
    WORKS(synap_store_close(store, 0, &err));
    print_to_standard_streams();
    synap_store_release(store);
}

static void test_standard_streams_that_are_closed(void) {
    char directory[PATH_BYTES];
    int kept[STDERR_FILENO + 1];
    int fd;
    synap_store_t* store;
    synap_session_t* session;
    make_directory(directory);
    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        kept[fd] = fcntl(fd, F_DUPFD, 10);
        close(fd);
    }
    open_and_print(directory);
    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (kept[fd] < 0) continue;
        REQUIRE(dup2(kept[fd], fd) == fd);
        close(kept[fd]);
    }
    store = open_store(directory);
    session = open_session(store);
    check_keys(session);
    synap_session_release(session);
    WORKS(synap_store_close(store, 0, &err));
    synap_store_release(store);
    remove_directory(directory);
}

static int open_descriptors(void) {
    int count = 0;
    DIR* folder = opendir("/proc/self/fd");
    if (folder == NULL) return 0;
    while (readdir(folder) != NULL) ++count;
    closedir(folder);
    return count;
}

static void close_all(synap_store_t* stores[STORES]) {
    int i;
    for (i = 0; i < STORES; ++i) {
        WORKS(synap_store_close(stores[i], 0, &err));
        synap_store_release(stores[i]);
    }
}

static void open_all(char directories[STORES][PATH_BYTES], synap_store_t* stores[STORES]) {
    int i;
    for (i = 0; i < STORES; ++i) stores[i] = open_store(directories[i]);
}

/* A child keeps no directory locked, however many its parent had open. */
static void check_child_holds_none(char directories[STORES][PATH_BYTES],
                                   synap_store_t* stores[STORES]) {
    int to_child[2];
    char byte = 0;
    pid_t child;
    REQUIRE(pipe(to_child) == 0);
    fflush(NULL);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        close(to_child[1]);
        _exit(read(to_child[0], &byte, 1) == 0 ? 0 : 1); /* when the parent closes its end */
    }
    close(to_child[0]);
    close_all(stores);
    open_all(directories, stores);
    close(to_child[1]);
    CHECK(waitpid(child, NULL, 0) == child);
}

static void test_many_stores(void) {
    static char directories[STORES][PATH_BYTES];
    static synap_store_t* stores[STORES];
    struct rlimit limit;
    int before;
    int i;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (i = 0; i < STORES; ++i) make_directory(directories[i]);
    before = open_descriptors();
    open_all(directories, stores);
    check_child_holds_none(directories, stores);
    close_all(stores);
    CHECK(open_descriptors() == before);
    open_all(directories, stores);
    close_all(stores);
    for (i = 0; i < STORES; ++i) remove_directory(directories[i]);
}

int main(void) {
    RUN(test_standard_streams_that_are_closed);
    RUN(test_many_stores);
    return check_result();
}
