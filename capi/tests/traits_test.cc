// What a status says to whoever retries, for every code there is.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "capi/src/guard.h"

namespace synap::capi {
namespace {

constexpr int kLast = SYNAP_E_INTERNAL;
constexpr uint32_t kOutcomes = SYNAP_TRAIT_NOT_APPLIED | SYNAP_TRAIT_OUTCOME_UNKNOWN;
constexpr uint32_t kAll =
    kOutcomes | SYNAP_TRAIT_RETRYABLE | SYNAP_TRAIT_FATAL | SYNAP_TRAIT_CALLER_BUG;

bool has_one_outcome(uint32_t traits) {
    const uint32_t outcome = traits & kOutcomes;
    return outcome == SYNAP_TRAIT_NOT_APPLIED || outcome == SYNAP_TRAIT_OUTCOME_UNKNOWN;
}

struct Made {
    explicit Made(synap_error_t* made) : error(made) {}
    ~Made() { synap_error_free(error); }
    Made(const Made&) = delete;
    Made& operator=(const Made&) = delete;
    synap_error_t* const error;
};

TEST(Traits, EveryCodeHasExactlyOneOutcome) {
    for (int code = -1; code >= kLast; --code) {
        const uint32_t traits = traits_of(static_cast<Code>(code));
        EXPECT_TRUE(has_one_outcome(traits)) << code;
        EXPECT_EQ(traits & ~kAll, 0U) << code;
    }
    // A code of a later version, too, must not read as if it had been applied.
    EXPECT_TRUE(has_one_outcome(traits_of(static_cast<Code>(kLast - 1))));
}

TEST(Traits, NobodyIsToldToRepeatWhatCannotSucceed) {
    for (int code = -1; code >= kLast; --code) {
        const uint32_t traits = traits_of(static_cast<Code>(code));
        if ((traits & SYNAP_TRAIT_RETRYABLE) == 0) continue;
        EXPECT_EQ(traits & (SYNAP_TRAIT_FATAL | SYNAP_TRAIT_CALLER_BUG), 0U) << code;
        // A blind retry of what may have been applied would write twice.
        EXPECT_EQ(traits & kOutcomes, uint32_t{SYNAP_TRAIT_NOT_APPLIED}) << code;
    }
}

TEST(Traits, ThoseThatCallersRelyOn) {
    const auto traits = [](int code) { return traits_of(static_cast<Code>(code)); };
    for (const int code : {SYNAP_E_NO_MEMORY, SYNAP_E_LOCKED, SYNAP_E_BACKPRESSURE}) {
        EXPECT_TRUE(traits(code) & SYNAP_TRAIT_RETRYABLE) << code;
    }
    for (const int code :
         {SYNAP_E_INVALID_ARGUMENT, SYNAP_E_INVALID_HANDLE, SYNAP_E_MISUSE, SYNAP_E_FORKED}) {
        EXPECT_TRUE(traits(code) & SYNAP_TRAIT_CALLER_BUG) << code;
    }
    for (const int code : {SYNAP_E_IO, SYNAP_E_SHUTDOWN, SYNAP_E_INTERNAL}) {
        EXPECT_TRUE(traits(code) & SYNAP_TRAIT_FATAL) << code;
    }
    // What may come after the write was applied.
    for (const int code : {SYNAP_E_IO, SYNAP_E_TIMEOUT, SYNAP_E_SINK, SYNAP_E_INTERNAL}) {
        EXPECT_TRUE(traits(code) & SYNAP_TRAIT_OUTCOME_UNKNOWN) << code;
    }
}

TEST(Traits, WhatWasAppliedIsNeverCalledNotApplied) {
    for (int code = -1; code >= kLast; --code) {
        const Made made(make_error(static_cast<Code>(code), "why", {3, 4}, true));
        EXPECT_EQ(synap_error_status(made.error), code);
        EXPECT_EQ(synap_error_traits(made.error) & kOutcomes, uint32_t{SYNAP_TRAIT_OUTCOME_UNKNOWN})
            << code;
        EXPECT_EQ(synap_error_token(made.error).epoch, 3U);
        EXPECT_EQ(synap_error_token(made.error).position, 4U);
    }
}

TEST(Traits, AnErrorWithoutWordsGetsSome) {
    for (int code = -1; code >= kLast; --code) {
        const Made made(make_error(static_cast<Code>(code), {}));
        EXPECT_GT(synap_error_message(made.error).size, 0U) << code;
        EXPECT_EQ(synap_error_traits(made.error), traits_of(static_cast<Code>(code)));
    }
}

// The engine's codes are the interface's: nothing translates between them.
TEST(Traits, CodesAreStatuses) {
    const std::set<int> same{
        static_cast<int>(Code::kInvalidArgument) - SYNAP_E_INVALID_ARGUMENT,
        static_cast<int>(Code::kInvalidHandle) - SYNAP_E_INVALID_HANDLE,
        static_cast<int>(Code::kMisuse) - SYNAP_E_MISUSE,
        static_cast<int>(Code::kNoMemory) - SYNAP_E_NO_MEMORY,
        static_cast<int>(Code::kIo) - SYNAP_E_IO,
        static_cast<int>(Code::kCorrupt) - SYNAP_E_CORRUPT,
        static_cast<int>(Code::kLocked) - SYNAP_E_LOCKED,
        static_cast<int>(Code::kBackpressure) - SYNAP_E_BACKPRESSURE,
        static_cast<int>(Code::kTimeout) - SYNAP_E_TIMEOUT,
        static_cast<int>(Code::kCancelled) - SYNAP_E_CANCELLED,
        static_cast<int>(Code::kShutdown) - SYNAP_E_SHUTDOWN,
        static_cast<int>(Code::kReadonly) - SYNAP_E_READONLY,
        static_cast<int>(Code::kUnsupported) - SYNAP_E_UNSUPPORTED,
        static_cast<int>(Code::kVersion) - SYNAP_E_VERSION,
        static_cast<int>(Code::kSink) - SYNAP_E_SINK,
        static_cast<int>(Code::kNeedSnapshot) - SYNAP_E_NEED_SNAPSHOT,
        static_cast<int>(Code::kForked) - SYNAP_E_FORKED,
        static_cast<int>(Code::kInternal) - SYNAP_E_INTERNAL,
    };
    EXPECT_EQ(same, std::set<int>{0});
    EXPECT_EQ(static_cast<int>(Code::kOk), SYNAP_OK);
}

}  // namespace
}  // namespace synap::capi
