#include "server/http/mapping.h"

#include <string>

#include "server/http/answer.h"
#include "server/http/inputs.h"

namespace synap::server::http {
namespace {

constexpr size_t kUsualWords = 8;
// Of one page of SCAN.
constexpr std::string_view kPageKeys = "1000";

// "EX" of "seconds=EX milliseconds=PX".
std::string_view choose(std::string_view choices, std::string_view name) {
    std::string_view found;
    each_word(choices, [&](std::string_view choice) {
        const size_t equals = choice.find('=');
        if (choice.substr(0, equals) == name) found = choice.substr(equals + 1);
    });
    return found;
}

Failure missing(const WordSpec& word) {
    if (!word.missing.empty()) return invalid_request(word.missing);
    std::string text = "Missing '" + std::string(word.field) + "'";
    for (const std::string_view other : word.others) {
        if (!other.empty()) text += " or '" + std::string(other) + "'";
    }
    return invalid_request(text + " field");
}

// Makes the words of a command out of what the request says.
class WordMaker {
public:
    WordMaker(const Inputs& inputs, Words& words) : inputs_(inputs), words_(words) {}

    Failure add(const WordSpec& word) {
        if (word.silent || (!word.unless.empty() && inputs_.given(word.unless))) {
            return std::nullopt;
        }
        if (word.together && !inputs_.given(word.field)) {
            for (const std::string_view other : word.others) {
                if (!inputs_.given(other)) return missing(word);
                inputs_.add(other, words_);
            }
            return std::nullopt;
        }
        const std::string_view name = given(word);
        if (name.empty()) {
            if (!word.optional) return missing(word);
            if (!word.fallback.empty()) add_after(word.token, word.fallback);
            return std::nullopt;
        }
        add_given(word, name);
        return std::nullopt;
    }
    // Whether a list that was given has no items.
    bool empty_list() const noexcept { return empty_list_; }

private:
    // The name that the request uses for the field; empty: none.
    std::string_view given(const WordSpec& word) const {
        if (inputs_.given(word.field)) return word.field;
        for (const std::string_view other : word.others) {
            if (!other.empty() && inputs_.given(other)) return other;
        }
        return {};
    }
    void add_after(std::string_view token, std::string_view word) {
        if (!token.empty()) words_.argv.emplace_back(token);
        words_.argv.emplace_back(word);
    }
    void add_given(const WordSpec& word, std::string_view name) {
        Fields members;
        const bool amount = inputs_.object(name, members);
        const int64_t number = amount ? members.integer("value") : inputs_.integer(name, 1);
        if (!word.zero.empty() && number == 0) {
            each_word(word.zero, [&](std::string_view part) { words_.argv.emplace_back(part); });
        } else if (amount) {
            words_.argv.emplace_back(choose(word.token, members.text("type")));
            words_.argv.emplace_back(number);
        } else {
            if (!word.token.empty()) words_.argv.emplace_back(word.token);
            const size_t before = words_.argv.size();
            inputs_.add(name, words_);
            empty_list_ = empty_list_ || (words_.argv.size() == before && word.token.empty());
        }
    }

    const Inputs& inputs_;
    Words& words_;
    bool empty_list_ = false;
};

Failure is_disabled(std::string_view command) {
    return invalid_request(std::string(command) +
                           " is disabled. Set kv_store.allow_flush_commands: true to allow it");
}

void add_command(std::string_view command, Words& words) {
    each_word(command, [&](std::string_view part) { words.argv.emplace_back(part); });
}

Failure run(Exchange& exchange, const Mapping& mapping, const Inputs& inputs) {
    if (mapping.flushes && !exchange.shared.settings.allow_flush_commands) {
        return is_disabled(mapping.command);
    }
    Words words;
    words.argv.reserve(kUsualWords);
    add_command(mapping.command, words);
    if (mapping.ask == Ask::kPages) words.argv.emplace_back("0");
    WordMaker maker(inputs, words);
    size_t last = words.argv.size();  // where the words of the last field begin
    for (const WordSpec& word : mapping.words) {
        last = words.argv.size();
        if (auto failure = maker.add(word)) return failure;
        if (!maker.empty_list()) continue;
        if (mapping.empty.empty()) {
            return invalid_request("'" + std::string(word.field) + "' must not be empty");
        }
        exchange.json.raw(mapping.empty);
        return std::nullopt;
    }
    if (mapping.ask == Ask::kPages) {
        words.argv.insert(words.argv.end(), {Arg("COUNT"), Arg(kPageKeys)});
    }
    Question question(exchange.engine, mapping.ask, words.argv, last);
    if (!mapping.before.empty()) {
        if (auto failure = question.prepare(mapping.before)) return failure;
    }
    return Answer(exchange, inputs, question).write(mapping);
}

}  // namespace

Failure run_mapping(Exchange& exchange, const Mapping& mapping, const Fields& payload) {
    return run(exchange, mapping, Inputs(payload));
}

Failure run_mapping(Exchange& exchange, const Mapping& mapping, const RestRequest& request) {
    return run(exchange, mapping, Inputs(mapping, request));
}

}  // namespace synap::server::http
