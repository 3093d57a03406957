// What is wrong with the words of a command line, in a sentence that helps.
#pragma once

#include <CLI/CLI.hpp>

#include <span>
#include <string>

namespace synap::server::admin {

// The first command or option among the words that `app` does not have, as a sentence with the name
// that was probably meant; empty when all are known. Values of options are passed over.
std::string unknown_word(const CLI::App& app, std::span<const char* const> words);

}  // namespace synap::server::admin
