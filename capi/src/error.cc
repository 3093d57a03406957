#include <pthread.h>

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

synap_error_t* no_memory_error() noexcept {
    // Never freed: whoever is told that memory is exhausted can not be asked to allocate the news.
    static synap_error immortal({Code::kNoMemory, "out of memory"}, traits_of(Code::kNoMemory),
                                {0, 0});
    return &immortal;
}

synap_error_t* make_error(Error error, synap_token_t token, bool applied) noexcept {
    uint32_t traits = traits_of(error.code);
    if (applied) {
        traits = (traits & ~uint32_t{SYNAP_TRAIT_NOT_APPLIED}) | SYNAP_TRAIT_OUTCOME_UNKNOWN;
    }
    try {
        return new synap_error(std::move(error), traits, token);
    } catch (...) {
        return no_memory_error();
    }
}

synap_status_t report(synap_error_t** err, Error error, synap_token_t token,
                      bool applied) noexcept {
    const auto status = static_cast<synap_status_t>(error.code);
    if (err != nullptr) *err = make_error(std::move(error), token, applied);
    return status;
}

}  // namespace synap::capi

using synap::capi::bytes_of;
using synap::capi::no_memory_error;

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
    if (e == nullptr || e == no_memory_error() || e->magic != synap_error::kMagic) return;
    delete e;
}
