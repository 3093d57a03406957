// The public headers as C++20 sees them: initialisers, and what bindings rely on at compile time.
#include <synap/synap.h>

#include <synap/synap.h>

#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

#include <gtest/gtest.h>

#include <type_traits>

namespace {

template <typename T>
constexpr bool kPlain = std::is_standard_layout_v<T>&& std::is_trivially_copyable_v<T>&&
    std::is_trivially_default_constructible_v<T>;

static_assert(kPlain<synap_bytes_t> && kPlain<synap_token_t> && kPlain<synap_option_info_t> &&
              kPlain<synap_store_state_t> && kPlain<synap_session_options_t> &&
              kPlain<synap_arg_t> && kPlain<synap_exec_options_t> && kPlain<synap_sink_t> &&
              kPlain<synap_call_t>);

// Nothing may be thrown through C frames, and callers may build on that.
static_assert(noexcept(synap_open({}, nullptr, nullptr, nullptr)));
static_assert(noexcept(synap_exec_many(nullptr, nullptr, 0, nullptr, nullptr, nullptr, nullptr,
                                       nullptr)));
static_assert(noexcept(synap_reply_release(nullptr)));

TEST(Header, InitialisersSetTheSizeAndNothingElse) {
    const synap_option_info_t info = SYNAP_OPTION_INFO_INIT;
    const synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    const synap_session_options_t session_options = SYNAP_SESSION_OPTIONS_INIT;
    const synap_exec_options_t exec_options = SYNAP_EXEC_OPTIONS_INIT;
    const synap_sink_t sink = SYNAP_SINK_INIT;
    EXPECT_EQ(info.struct_size, sizeof info);
    EXPECT_EQ(state.struct_size, sizeof state);
    EXPECT_EQ(session_options.struct_size, sizeof session_options);
    EXPECT_EQ(exec_options.struct_size, sizeof exec_options);
    EXPECT_EQ(sink.struct_size, sizeof sink);
    EXPECT_EQ(session_options.events, nullptr);
    EXPECT_EQ(exec_options.after.position, 0u);
    EXPECT_EQ(sink.blob, nullptr);
}

TEST(Header, LibraryIsOfTheVersionOfItsHeader) {
    EXPECT_EQ(synap_api_version(), uint32_t{SYNAP_API_VERSION});
    EXPECT_NE(synap_build_id(), nullptr);
}

}  // namespace
