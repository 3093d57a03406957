#include "server/config/engine_options.h"

#include <synap/synap.h>

#include <algorithm>
#include <memory>

namespace synap::server::config {

namespace {

std::string to_string(synap_bytes_t bytes) {
    return {static_cast<const char*>(bytes.data), bytes.size};
}

synap_bytes_t to_bytes(std::string_view text) { return {text.data(), text.size()}; }

std::string check_value(std::string_view name, std::string_view value) {
    const std::unique_ptr<synap_config_t, decltype(&synap_config_free)> config(synap_config_new(),
                                                                               &synap_config_free);
    if (!config) return "no memory";
    synap_error_t* error = nullptr;
    if (synap_config_set(config.get(), to_bytes(name), to_bytes(value), &error) == SYNAP_OK) {
        return {};
    }
    std::string message = to_string(synap_error_message(error));
    synap_error_free(error);
    return message.empty() ? "not accepted by the engine" : message;
}

}  // namespace

const EngineOption* EngineCatalog::find(std::string_view name) const {
    const auto found =
        std::find_if(options.begin(), options.end(),
                     [&](const EngineOption& option) { return option.name == name; });
    return found == options.end() ? nullptr : &*found;
}

EngineCatalog engine_catalog() {
    EngineCatalog catalog;
    catalog.check = check_value;
    synap_option_info_t info = SYNAP_OPTION_INFO_INIT;
    for (uint32_t i = 0; synap_option_at(i, &info, nullptr) == SYNAP_OK; ++i) {
        catalog.options.push_back({to_string(info.name), to_string(info.type),
                                   to_string(info.default_value), to_string(info.range),
                                   to_string(info.help)});
        info = SYNAP_OPTION_INFO_INIT;
    }
    return catalog;
}

}  // namespace synap::server::config
