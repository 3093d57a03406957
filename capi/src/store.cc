#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <system_error>
#include <thread>

#include "capi/src/guard.h"
#include "core/base/exhaustion.h"
#include "core/base/immortal.h"
#include "core/platform/real.h"
#include "core/replication/settings.h"

using namespace synap;
using namespace synap::capi;

#ifndef SYNAP_VERSION
#define SYNAP_VERSION "0.1.0"
#endif

struct synap::capi::Closing {
    std::mutex mutex;
    std::condition_variable ended;
    bool done = false;           // guarded by mutex
    Error error{Code::kOk, {}};  // guarded by mutex
};

namespace {

bool has_limit(uint32_t timeout_ms) noexcept { return timeout_ms != 0 && timeout_ms != UINT32_MAX; }

// On a thread of its own, which keeps the engine.
std::shared_ptr<Closing> begin_closing(const std::shared_ptr<Engine>& engine) {
    auto closing = std::make_shared<Closing>();
    const auto close = [engine, closing] {
        Error error{Code::kOk, {}};
        const bool could = attempt([&] {
            if (Status status = engine->close(); !status) error = status.take_error();
        });
        if (!could) error.code = Code::kNoMemory;
        {
            const std::lock_guard<std::mutex> guard(closing->mutex);
            closing->error = std::move(error);
            closing->done = true;
        }
        closing->ended.notify_all();
    };
    try {
        std::thread(close).detach();
    } catch (const std::system_error&) {
        close();  // without a thread there is no limit
    }
    return closing;
}

// A close that outlasted its limit is waited for by the next call, which has its outcome.
Status close_within(synap_store& store, uint32_t timeout_ms) {
    std::shared_ptr<Closing> closing;
    {
        const std::lock_guard<std::mutex> guard(store.closing_mutex);
        if (store.closing == nullptr && has_limit(timeout_ms)) {
            store.closing = begin_closing(store.engine);
        }
        closing = store.closing;
    }
    if (closing == nullptr) return store.engine->close();
    Error error{Code::kOk, {}};
    {
        std::unique_lock<std::mutex> lock(closing->mutex);
        const auto done = [&] { return closing->done; };
        if (!has_limit(timeout_ms)) {
            closing->ended.wait(lock, done);
        } else if (!closing->ended.wait_for(lock, std::chrono::milliseconds(timeout_ms), done)) {
            return Error{Code::kTimeout, "the store was not closed within " +
                                             std::to_string(timeout_ms) + " ms; closing goes on"};
        }
        error = closing->error;
    }
    const std::lock_guard<std::mutex> guard(store.closing_mutex);
    if (store.closing == closing) store.closing.reset();
    if (error.code != Code::kOk) return error;
    return {};
}

}  // namespace

uint32_t synap_api_version() noexcept { return SYNAP_API_VERSION; }

const char* synap_build_id() noexcept {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return SYNAP_VERSION " sanitized";
#elif defined(__OPTIMIZE__)
    return SYNAP_VERSION " release";
#else
    return SYNAP_VERSION " debug";
#endif
}

synap_config_t* synap_config_new() noexcept {
    try {
        return new synap_config;
    } catch (...) {
        return nullptr;
    }
}

void synap_config_free(synap_config_t* c) noexcept {
    if (alive(c)) delete c;
}

synap_status_t synap_config_set(synap_config_t* c, synap_bytes_t name, synap_bytes_t value,
                                synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(c, "config"));
        if (!valid(name) || !valid(value)) return invalid("name or value is NULL");
        if (view_of(name).starts_with(replication::kSettingPrefix)) {
            SYNAP_TRY(c->replication.set(view_of(name), view_of(value)));
            return SYNAP_OK;
        }
        OptionId id{};
        if (find_option(view_of(name), id) == nullptr) return unknown_option(view_of(name));
        SYNAP_TRY(c->options.set(id, view_of(value)));
        return SYNAP_OK;
    });
}

synap_status_t synap_option_at(uint32_t index, synap_option_info_t* info_out,
                               synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        if (info_out == nullptr) return invalid("info_out is NULL");
        if (info_out->struct_size < sizeof(synap_option_info_t)) {
            return invalid("info_out: struct_size is not set; use SYNAP_OPTION_INFO_INIT");
        }
        if (index >= kOptionCount) return SYNAP_EMPTY;
        // Ranges are composed from numbers; the texts live as long as the process.
        static const Immortal<std::array<std::string, kOptionCount>> ranges([] {
            std::array<std::string, kOptionCount> texts;
            for (size_t i = 0; i < kOptionCount; ++i) texts[i] = option_specs()[i].range();
            return texts;
        }());
        const OptionSpec& spec = option_specs()[index];
        info_out->is_mutable = spec.is_mutable ? 1 : 0;
        info_out->name = bytes_of(spec.name);
        info_out->type = bytes_of(spec.type);
        info_out->default_value = bytes_of(spec.default_text);
        info_out->range = bytes_of(ranges.get()[index]);
        info_out->help = bytes_of(spec.help);
        return SYNAP_OK;
    });
}

synap_status_t synap_open(synap_bytes_t path, const synap_config_t* config,
                          synap_store_t** store_out, synap_error_t** err) noexcept {
    if (store_out != nullptr) *store_out = nullptr;
    return guard(err, [&]() -> Result<synap_status_t> {
        if (store_out == nullptr) return invalid("store_out is NULL");
        if (path.data == nullptr || path.size == 0) {
            return invalid("path is empty; expected a directory or \":memory:\"");
        }
        if (config != nullptr) SYNAP_TRY(check(config, "config"));
        const std::string_view where = view_of(path);
        if (where.find("://") != std::string_view::npos) {
            return Error{Code::kUnsupported,
                         "this version opens directories and \":memory:\", "
                         "not URLs: " +
                             std::string(where.substr(0, 128))};
        }
        EnginePlatform platform;
        platform.clock = &real_clock();
        platform.entropy = &real_entropy();
        const Options defaults;
        const Options& options = config != nullptr ? config->options : defaults;
        if (where != ":memory:") {
            auto disk = open_real_disk(where, options.get(OptionId::kReadOnly) == 0);
            if (!disk) return disk.take_error();
            platform.disk = std::move(*disk);
        }
        const replication::Settings none;
        auto engine = replication::open_node(platform, options,
                                             config != nullptr ? config->replication : none);
        if (!engine) return engine.take_error();
        *store_out = std::make_unique<synap_store>(std::move(*engine)).release();
        return SYNAP_OK;
    });
}

synap_status_t synap_store_get_state(const synap_store_t* s, synap_store_state_t* state_out,
                                     synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        if (state_out == nullptr || state_out->struct_size < sizeof(synap_store_state_t)) {
            return invalid("state_out is NULL or its struct_size is not set");
        }
        Engine& engine = *s->engine;
        state_out->state = static_cast<uint32_t>(engine.state());
        state_out->loaded = engine.loaded_bytes();
        state_out->total = engine.total_bytes();
        state_out->used_memory = engine.used_memory();
        const Status failure = engine.failure();
        if (!failure) {
            state_out->state = engine.waits_to_write() ? SYNAP_STATE_BLOCKED : SYNAP_STATE_FAILED;
            return failure.error();
        }
        return SYNAP_OK;
    });
}

synap_status_t synap_store_close(synap_store_t* s, uint32_t timeout_ms,
                                 synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        SYNAP_TRY(close_within(*s, timeout_ms));
        return SYNAP_OK;
    });
}

synap_store_t* synap_store_retain(synap_store_t* s) noexcept {
    if (s != nullptr) s->retain();
    return s;
}

void synap_store_release(synap_store_t* s) noexcept {
    if (s == nullptr || s->magic != synap_store::kMagic || !s->release()) return;
    if (s->generation != fork_generation()) return;  // threads and locks are the parent's
    std::shared_ptr<Engine> engine = std::move(s->engine);
    delete s;
    if (engine->state() == EngineState::kClosed) return;
    try {
        std::thread([engine] { engine->close_in_any_case(); }).detach();
    } catch (...) {
        engine->close_in_any_case();
    }
}

synap_status_t synap_option_set(synap_store_t* s, synap_bytes_t name, synap_bytes_t value,
                                synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        if (!valid(name) || !valid(value)) return invalid("name or value is NULL");
        SYNAP_TRY(s->engine->set_option(view_of(name), view_of(value)));
        return SYNAP_OK;
    });
}
