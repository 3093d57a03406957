/* The public headers as a strict C99 compiler sees them: alone, included twice, every initialiser.
 */
#include <synap/synap.h>

#include <synap/synap.h>

#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

#include <synap/synap_unstable.h>

#include <stdio.h>

/* Nothing but zero bytes is inside, apart from the size: zero is the default everywhere. */
static int is_initial(const void* object, size_t size) {
    const unsigned char* bytes = object;
    size_t i;
    for (i = sizeof(uint32_t); i < size; ++i) {
        if (bytes[i] != 0) return 0;
    }
    return *(const uint32_t*)object == size;
}

int main(void) {
    static const synap_option_info_t static_info = SYNAP_OPTION_INFO_INIT;
    const synap_option_info_t info = SYNAP_OPTION_INFO_INIT;
    const synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    const synap_session_options_t session_options = SYNAP_SESSION_OPTIONS_INIT;
    const synap_exec_options_t exec_options = SYNAP_EXEC_OPTIONS_INIT;
    const synap_sink_t sink = SYNAP_SINK_INIT;
    const int initial =
        is_initial(&static_info, sizeof static_info) && is_initial(&info, sizeof info) &&
        is_initial(&state, sizeof state) && is_initial(&session_options, sizeof session_options) &&
        is_initial(&exec_options, sizeof exec_options) && is_initial(&sink, sizeof sink);
    if (!initial) {
        fprintf(stderr, "an initialiser sets more than struct_size\n");
        return 1;
    }
    if (SYNAP_API_VERSION != SYNAP_API_MAJOR * 1000 + SYNAP_API_MINOR ||
        synap_api_version() != SYNAP_API_VERSION) {
        fprintf(stderr, "the library is not of the version of its header\n");
        return 1;
    }
    printf("%s\n", synap_build_id());
    return 0;
}
