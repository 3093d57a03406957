#include "server/admin/spelling.h"

#include <string_view>
#include <vector>

#include "server/config/suggest.h"

namespace synap::server::admin {

namespace {

// Visible ones: what a later release brings is no suggestion.
std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) {
        if (!command->get_group().empty()) names.push_back(command->get_name());
    }
    return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options({})) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

const CLI::App* find_command(const CLI::App& app, std::string_view word) {
    for (const CLI::App* command : app.get_subcommands({})) {
        if (command->get_name() == word) return command;
    }
    return nullptr;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

std::string unknown_command(const CLI::App& app, const std::string& word) {
    const std::vector<std::string> names = command_names(app);
    const std::string guess = config::did_you_mean(word, names);
    return "unknown command '" + word + "'" +
           (guess.empty() ? "; expected one of " + joined(names) : guess);
}

}  // namespace

std::string unknown_word(const CLI::App& app, std::span<const char* const> words) {
    const CLI::App* command = &app;
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string word = words[i];
        if (word == "--" || command->get_allow_extras()) return {};
        if (!word.starts_with("-") || word == "-") {
            const CLI::App* inner = find_command(*command, word);
            if (inner == nullptr && command->get_require_subcommand_min() > 0) {
                return unknown_command(*command, word);
            }
            command = inner != nullptr ? inner : command;
            continue;
        }
        const std::string name = word.substr(0, word.find('='));
        const CLI::Option* option =
            command->get_option_no_throw(name.starts_with("--") ? name : name.substr(0, 2));
        if (option == nullptr) {
            return "unknown option '" + name + "'" +
                   config::did_you_mean(name, option_names(*command));
        }
        const bool has_value = name != word || (!name.starts_with("--") && name.size() > 2);
        if (option->get_items_expected_max() > 0 && !has_value) ++i;
    }
    return {};
}

}  // namespace synap::server::admin
