// What the configuration tests share: a table over the linked engine, and short ways to load.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "server/config/config.h"
#include "server/config/yaml_file.h"

namespace synap::server::config {

inline const OptionTable& table() {
    static const OptionTable built(engine_catalog());
    return built;
}

inline std::string all_text(const Problems& problems) {
    std::string text;
    for (const Problem& problem : problems) {
        text += problem.text() + "\n";
    }
    return text;
}

inline Setting flag(const std::string& key, const std::string& value) {
    return {key, {value}, false, {Layer::kFlag, "--set"}};
}

class ConfigTest : public testing::Test {
protected:
    ConfigTest() {
        std::string pattern = testing::TempDir() + "synap-config-XXXXXX";
        directory_ = mkdtemp(pattern.data());
    }
    ~ConfigTest() override { std::filesystem::remove_all(directory_); }

    std::string write(const std::string& name, std::string_view text) const {
        const std::filesystem::path path = std::filesystem::path(directory_) / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }

    Loaded load_yaml_text(std::string_view text, const Environment& environment = {},
                          const std::vector<Setting>& flags = {}) const {
        return load({table(), write("config.yml", text), environment, flags, {}, 4});
    }

    // The errors of a file, with its directory cut off.
    std::string errors_of(std::string_view text) const {
        std::string errors = all_text(load_yaml_text(text).problems);
        for (auto at = errors.find(directory_); at != std::string::npos;
             at = errors.find(directory_)) {
            errors.erase(at, directory_.size() + 1);
        }
        return errors;
    }

    std::string directory_;
};

inline Loaded load_flags(const std::vector<Setting>& flags) {
    return load({table(), "", {}, flags, {}, 4});
}

}  // namespace synap::server::config
