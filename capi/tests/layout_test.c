/* Size, alignment and members of every public struct, as this compiler lays them out.
 *
 * usage: capi_layout_test FILE      compares with FILE
 *        capi_layout_test --print   prints what FILE should be
 *
 * capi/abi/check.py makes sure that no struct or member of the header is missing here. */
#include <synap/synap.h>

#include <stdio.h>
#include <string.h>

/* One line a struct, "name size alignment", and one a member, "name.member offset size". */
#define STRUCT(name)                                                      \
    do {                                                                  \
        struct aligned {                                                  \
            char before;                                                  \
            struct name value;                                            \
        };                                                                \
        put(#name, sizeof(struct name), offsetof(struct aligned, value)); \
    } while (0)
#define MEMBER(name, member) \
    put(#name "." #member, offsetof(struct name, member), sizeof(((struct name*)0)->member))

static char lines[8192];

static void put(const char* name, size_t first, size_t second) {
    const size_t used = strlen(lines);
    snprintf(lines + used, sizeof lines - used, "%s %lu %lu\n", name, (unsigned long)first,
             (unsigned long)second);
}

static void values(void) {
    STRUCT(synap_bytes);
    MEMBER(synap_bytes, data);
    MEMBER(synap_bytes, size);
    STRUCT(synap_token);
    MEMBER(synap_token, epoch);
    MEMBER(synap_token, position);
    STRUCT(synap_arg);
    MEMBER(synap_arg, type);
    MEMBER(synap_arg, reserved);
    MEMBER(synap_arg, as);
    MEMBER(synap_arg, as.i);
    MEMBER(synap_arg, as.d);
    MEMBER(synap_arg, as.b);
    STRUCT(synap_call);
    MEMBER(synap_call, argv);
    MEMBER(synap_call, argc);
}

static void options(void) {
    STRUCT(synap_option_info);
    MEMBER(synap_option_info, struct_size);
    MEMBER(synap_option_info, is_mutable);
    MEMBER(synap_option_info, name);
    MEMBER(synap_option_info, type);
    MEMBER(synap_option_info, default_value);
    MEMBER(synap_option_info, range);
    MEMBER(synap_option_info, help);
    STRUCT(synap_store_state);
    MEMBER(synap_store_state, struct_size);
    MEMBER(synap_store_state, state);
    MEMBER(synap_store_state, loaded);
    MEMBER(synap_store_state, total);
    MEMBER(synap_store_state, used_memory);
    STRUCT(synap_session_options);
    MEMBER(synap_session_options, struct_size);
    MEMBER(synap_session_options, protocol);
    MEMBER(synap_session_options, peer);
    MEMBER(synap_session_options, transport);
    MEMBER(synap_session_options, events);
    MEMBER(synap_session_options, tag);
    STRUCT(synap_exec_options);
    MEMBER(synap_exec_options, struct_size);
    MEMBER(synap_exec_options, flags);
    MEMBER(synap_exec_options, durability);
    MEMBER(synap_exec_options, timeout_ms);
    MEMBER(synap_exec_options, replicas);
    MEMBER(synap_exec_options, max_stale_ms);
    MEMBER(synap_exec_options, after);
}

static void sinks(void) {
    STRUCT(synap_sink);
    MEMBER(synap_sink, struct_size);
    MEMBER(synap_sink, reserved);
    MEMBER(synap_sink, ctx);
    MEMBER(synap_sink, scalar);
    MEMBER(synap_sink, error);
    MEMBER(synap_sink, begin);
    MEMBER(synap_sink, end);
    MEMBER(synap_sink, blob);
}

int main(int argc, char** argv) {
    static char expected[sizeof lines];
    FILE* file;
#if !defined(__x86_64__)
    printf("layouts are recorded for x86-64 only\n");
    return 77;
#endif
    if (argc != 2) return 2;
    values();
    options();
    sinks();
    if (strcmp(argv[1], "--print") == 0) {
        fputs(lines, stdout);
        return 0;
    }
    file = fopen(argv[1], "r");
    if (file == NULL) {
        perror(argv[1]);
        return 1;
    }
    expected[fread(expected, 1, sizeof expected - 1, file)] = '\0';
    fclose(file);
    if (strcmp(lines, expected) != 0) {
        fprintf(stderr, "%s is not the layout of this build, which is:\n%s", argv[1], lines);
        return 1;
    }
    return 0;
}
