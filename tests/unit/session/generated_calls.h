// Calls of any command of the table, drawn from its grammar, on few keys, so that they meet.
#pragma once

#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/commands/doc.h"
#include "core/commands/record.h"

namespace synap {

struct Generated {
    std::vector<std::string> words;
    std::set<size_t> keys;  // places
};

class Calls {
public:
    static constexpr unsigned kKeys = 8;

    explicit Calls(uint32_t seed) : random_(seed) {}

    unsigned below(unsigned n) {
        return std::uniform_int_distribution<unsigned>(0, n - 1)(random_);
    }
    std::string key() { return "key:" + std::to_string(below(kKeys)); }

    // By the grammar.
    Generated call(const CommandRecord& command) {
        Generated call;
        std::istringstream name(std::string(command.name));
        for (std::string word; std::getline(name, word, '|');) call.words.push_back(word);
        for (const ArgDoc& arg : command.doc->arguments) add(call, arg);
        return call;
    }
    // With options that it has anywhere behind its name, and words lost, doubled or exchanged.
    std::vector<std::string> distorted(const CommandRecord& command) {
        std::vector<std::string> words = call(command).words;
        const size_t name = words.size() > 1 && command.name.find('|') != std::string::npos ? 2 : 1;
        for (unsigned i = below(4); i > 0 && words.size() > name; --i) {
            const size_t at = name + below(static_cast<unsigned>(words.size() - name));
            const auto place = words.begin() + static_cast<ptrdiff_t>(at);
            Generated more;
            switch (below(4)) {
                case 0:
                    words.erase(place);
                    break;
                case 1:
                    words.insert(place, std::string(words[at]));
                    break;
                case 2:
                    std::swap(words[at], words.back());
                    break;
                default:
                    for (const ArgDoc& arg : command.doc->arguments) {
                        if (arg.optional) add(more, arg);
                    }
                    words.insert(place, more.words.begin(), more.words.end());
            }
        }
        return words;
    }

private:
    void add(Generated& call, const ArgDoc& arg) {
        if (arg.optional && below(2) == 0) return;
        const unsigned times = arg.multiple ? 1 + below(3) : 1;
        for (unsigned i = 0; i < times; ++i) {
            const bool token = !arg.token.empty() && (i == 0 || arg.multiple_token);
            if (token) call.words.emplace_back(arg.token);
            add_value(call, arg);
        }
    }
    void add_value(Generated& call, const ArgDoc& arg) {
        static const char* const kWords[] = {"v", "12", "", "field", "GET", "REPLACE", "DB", "-1"};
        static const char* const kNumbers[] = {"0", "1", "2", "7", "-1", "x"};
        switch (arg.type) {
            case ArgType::kPureToken:
                return;
            case ArgType::kOneOf:
                return add(call, arg.arguments[below(static_cast<unsigned>(arg.arguments.size()))]);
            case ArgType::kBlock:
                for (const ArgDoc& part : arg.arguments) add(call, part);
                return;
            case ArgType::kKey:
                call.keys.insert(call.words.size());
                return call.words.push_back(key());
            case ArgType::kInteger:
            case ArgType::kDouble:
                call.words.emplace_back(kNumbers[below(6)]);
                return;
            case ArgType::kUnixTime:
                return call.words.push_back(std::to_string(1'000'000 + below(1'000'000'000)));
            default:
                call.words.emplace_back(kWords[below(8)]);
        }
    }

    std::mt19937 random_;
};

}  // namespace synap
