// The addon: a mechanical layer over synap.h. What people use is in src/*.js.
#include <node_api.h>
#include <synap/synap.h>

#include <string>

#include "environment.h"
#include "errors.h"
#include "replies.h"
#include "store.h"

namespace synap_js {
namespace {

void set(napi_env env, napi_value object, const char* name, napi_value value) {
    napi_set_named_property(env, object, name, value);
}

void set(napi_env env, napi_value object, const char* name, uint32_t number) {
    napi_value value = nullptr;
    napi_create_uint32(env, number, &value);
    set(env, object, name, value);
}

void set(napi_env env, napi_value object, const char* name, synap_bytes_t text) {
    set(env, object, name, make_string(env, text));
}

// options(): an array of {name, type, default, range, help, mutable}
napi_value options(napi_env env, napi_callback_info) {
    napi_value list = nullptr;
    napi_create_array(env, &list);
    for (uint32_t i = 0;; ++i) {
        synap_option_info_t info = SYNAP_OPTION_INFO_INIT;
        if (synap_option_at(i, &info, nullptr) != SYNAP_OK) return list;
        napi_value option = nullptr, is_mutable = nullptr;
        napi_create_object(env, &option);
        set(env, option, "name", info.name);
        set(env, option, "type", info.type);
        set(env, option, "default", info.default_value);
        set(env, option, "range", info.range);
        set(env, option, "help", info.help);
        napi_get_boolean(env, info.is_mutable != 0, &is_mutable);
        set(env, option, "mutable", is_mutable);
        napi_set_element(env, list, i, option);
    }
}

napi_value group(napi_env env, std::initializer_list<std::pair<const char*, int>> numbers) {
    napi_value object = nullptr;
    napi_create_object(env, &object);
    for (const auto& [name, number] : numbers) {
        set(env, object, name, static_cast<uint32_t>(number));
    }
    return object;
}

// So that JavaScript never repeats a number of the C interface.
napi_value constants(napi_env env) {
    napi_value all = nullptr;
    napi_create_object(env, &all);
    set(env, all, "durability",
        group(env, {{"default", SYNAP_DURABILITY_DEFAULT},
                    {"memory", SYNAP_DURABILITY_MEMORY},
                    {"os", SYNAP_DURABILITY_OS},
                    {"disk", SYNAP_DURABILITY_DISK}}));
    set(env, all, "encoding",
        group(env, {{"utf8", static_cast<int>(Encoding::kUtf8)},
                    {"auto", static_cast<int>(Encoding::kAuto)},
                    {"buffer", static_cast<int>(Encoding::kBuffer)}}));
    set(env, all, "state",
        group(env, {{"loading", SYNAP_STATE_LOADING},
                    {"ready", SYNAP_STATE_READY},
                    {"blocked", SYNAP_STATE_BLOCKED},
                    {"failed", SYNAP_STATE_FAILED},
                    {"closed", SYNAP_STATE_CLOSED}}));
    set(env, all, "trait",
        group(env, {{"retryable", SYNAP_TRAIT_RETRYABLE},
                    {"fatal", SYNAP_TRAIT_FATAL},
                    {"outcomeUnknown", SYNAP_TRAIT_OUTCOME_UNKNOWN}}));
    return all;
}

// bind(makeError, makeReplyError, makeEncodingError, makeArgumentError, complete): called once, by
// the JavaScript half.
napi_value bind(napi_env env, napi_callback_info info) {
    napi_value hooks[Environment::kHookCount];
    size_t count = Environment::kHookCount;
    napi_get_cb_info(env, info, &count, hooks, nullptr, nullptr);
    if (count != Environment::kHookCount || !Environment::create(env, hooks)) {
        return throw_type_error(env, "synap could not be set up in this environment");
    }
    return nullptr;
}

void add_function(napi_env env, napi_value exports, const char* name, napi_callback callback) {
    napi_value function = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    set(env, exports, name, function);
}

napi_value start(napi_env env, napi_value exports) {
    const uint32_t version = synap_api_version();
    if (version / 1000 != SYNAP_API_MAJOR || version < SYNAP_API_VERSION) {
        const std::string text = "synap was built for interface " +
                                 std::to_string(SYNAP_API_VERSION) + " of libsynap and found " +
                                 std::to_string(version);
        napi_throw_error(env, nullptr, text.c_str());
        return nullptr;
    }
    const char* const build = synap_build_id();
    set(env, exports, "build", synap_bytes_t{build, std::char_traits<char>::length(build)});
    set(env, exports, "constants", constants(env));
    add_function(env, exports, "bind", guarded<bind>);
    add_function(env, exports, "open", guarded<open>);
    add_function(env, exports, "options", guarded<options>);
    return exports;
}

}  // namespace
}  // namespace synap_js

NAPI_MODULE_INIT() { return synap_js::start(env, exports); }
