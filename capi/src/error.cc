#include <pthread.h>

#include <new>
#include <utility>

#include "capi/src/guard.h"

namespace synap::capi {
namespace {

// Constant-initialised; bumped in forked children only.
std::atomic<uint32_t> generation_of_process{0};

void note_fork() { generation_of_process.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

uint32_t fork_generation() noexcept {
    static const int registered = pthread_atfork(nullptr, nullptr, note_fork);
    static_cast<void>(registered);
    return generation_of_process.load(std::memory_order_relaxed);
}

uint32_t traits_of(Code code) noexcept {
    switch (code) {
        case Code::kInvalidArgument:
        case Code::kInvalidHandle:
        case Code::kMisuse:
        case Code::kForked:
            return SYNAP_TRAIT_NOT_APPLIED | SYNAP_TRAIT_CALLER_BUG;
        case Code::kNoMemory:
        case Code::kLocked:
        case Code::kBackpressure:
        case Code::kCancelled:
            return SYNAP_TRAIT_NOT_APPLIED | SYNAP_TRAIT_RETRYABLE;
        case Code::kIo:
        case Code::kInternal:
            return SYNAP_TRAIT_OUTCOME_UNKNOWN | SYNAP_TRAIT_FATAL;
        case Code::kTimeout:
        case Code::kSink:
            return SYNAP_TRAIT_OUTCOME_UNKNOWN;
        case Code::kCorrupt:
        case Code::kShutdown:
        case Code::kVersion:
            return SYNAP_TRAIT_NOT_APPLIED | SYNAP_TRAIT_FATAL;
        default:
            return SYNAP_TRAIT_NOT_APPLIED;
    }
}

namespace {

constexpr size_t kCodes = 18;  // -1 to -18
static_assert(static_cast<int>(Code::kInternal) == -static_cast<int>(kCodes));

uint32_t traits_after(Code code, bool applied) noexcept {
    const uint32_t traits = traits_of(code);
    if (!applied) return traits;
    return (traits & ~uint32_t{SYNAP_TRAIT_NOT_APPLIED}) | SYNAP_TRAIT_OUTCOME_UNKNOWN;
}

// Errors for when there is no memory for one: made once, never freed.
struct Immortal {
    explicit Immortal(Code code) noexcept
        : plain(code, kText, traits_after(code, false), {0, 0}, true),
          applied(code, kText, traits_after(code, true), {0, 0}, true) {}
    static constexpr std::string_view kText = "memory is exhausted";
    synap_error plain;
    synap_error applied;
};

template <size_t... i>
Immortal* make_immortals(void* memory, std::index_sequence<i...>) noexcept {
    auto* errors = static_cast<Immortal*>(memory);
    (new (errors + i) Immortal(static_cast<Code>(-1 - static_cast<int>(i))), ...);
    return errors;
}

synap_error_t* immortal_error(Code code, bool applied) noexcept {
    alignas(Immortal) static unsigned char memory[kCodes * sizeof(Immortal)];
    static Immortal* const errors = make_immortals(memory, std::make_index_sequence<kCodes>());
    Immortal& error = errors[-1 - static_cast<int>(code)];
    return applied ? &error.applied : &error.plain;
}

}  // namespace

synap_error_t* make_error(Code code, std::string_view why, synap_token_t token,
                          bool applied) noexcept {
    if (why.empty()) why = Immortal::kText;  // those who had no memory for a text give none
    try {
        return new synap_error(code, why, traits_after(code, applied), token, false);
    } catch (...) {
        return immortal_error(code, applied);
    }
}

synap_status_t report(synap_error_t** err, Code code, std::string_view why, synap_token_t token,
                      bool applied) noexcept {
    if (err != nullptr) *err = make_error(code, why, token, applied);
    return static_cast<synap_status_t>(code);
}

}  // namespace synap::capi

using synap::capi::bytes_of;

synap_status_t synap_error_status(const synap_error_t* e) noexcept {
    return e == nullptr ? SYNAP_OK : e->status;
}
synap_bytes_t synap_error_message(const synap_error_t* e) noexcept {
    return e == nullptr ? synap_bytes_t{nullptr, 0} : bytes_of(e->message);
}
uint32_t synap_error_traits(const synap_error_t* e) noexcept {
    return e == nullptr ? 0 : e->traits;
}
synap_token_t synap_error_token(const synap_error_t* e) noexcept {
    return e == nullptr ? synap_token_t{0, 0} : e->token;
}
void synap_error_free(synap_error_t* e) noexcept {
    if (e == nullptr || e->magic != synap_error::kMagic || e->immortal) return;
    delete e;
}
