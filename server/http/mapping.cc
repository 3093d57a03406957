#include "server/http/mapping.h"

#include <charconv>
#include <deque>
#include <string>
#include <vector>

#include "server/http/router.h"

namespace synap::server::http {
namespace {

// What a request says, wherever it says it.
class Inputs {
public:
    explicit Inputs(const Fields& payload) : fields_{&payload} {}
    Inputs(const Mapping& mapping, const RestRequest& request)
        : mapping_(&mapping), request_(&request), fields_{&request.query, &request.body} {}

    bool has(std::string_view name) const {
        if (param(name) != nullptr) return true;
        for (const Fields* fields : fields_) {
            if (fields != nullptr && fields->knows(name)) return fields->has(name);
        }
        return false;
    }
    void add(std::string_view name, std::vector<Arg>& argv, std::deque<std::string>& texts) const {
        if (const std::string* const text = param(name)) {
            argv.emplace_back(std::string_view(*text));
            return;
        }
        for (const Fields* fields : fields_) {
            if (fields != nullptr && fields->knows(name)) fields->add_words(name, argv, texts);
        }
    }

private:
    const std::string* param(std::string_view name) const {
        if (mapping_ == nullptr) return nullptr;
        for (size_t i = 0; i < mapping_->params.size(); ++i) {
            if (mapping_->params[i] == name) return &request_->params[i];
        }
        return nullptr;
    }

    const Mapping* mapping_ = nullptr;
    const RestRequest* request_ = nullptr;
    std::array<const Fields*, 2> fields_;
};

Failure add_word(const Inputs& inputs, const WordSpec& word, std::vector<Arg>& argv,
                 std::deque<std::string>& texts) {
    const size_t before = argv.size();
    const std::string_view name =
        inputs.has(word.field) || word.other.empty() ? word.field : word.other;
    if (inputs.has(name)) {
        inputs.add(name, argv, texts);
        if (argv.size() != before) return std::nullopt;
        return invalid_request("'" + std::string(name) + "' must not be empty");
    }
    if (word.fallback.empty()) {
        return invalid_request("Missing '" + std::string(word.field) + "' or '" +
                               std::string(word.other) + "' field");
    }
    argv.emplace_back(word.fallback);
    return std::nullopt;
}

class Answer {
public:
    Answer(Exchange& exchange, const Value& reply, const std::vector<Arg>& echo,
           std::span<const WordSpec> words)
        : json_(exchange.json),
          reply_(reply),
          argv_(echo),
          words_(words),
          most_(exchange.shared.settings.limits.output_buffer_bytes) {}

    Failure write(const Mapping& mapping) {
        const bool empty = mapping.empty_is_absent && reply_.bytes().empty();
        if (!mapping.absent.empty() && (reply_.is_null() || empty)) {
            json_.raw(mapping.absent);
            return std::nullopt;
        }
        const bool bare = mapping.reply.size() == 1 && mapping.reply[0].name.empty();
        if (!bare) json_.begin_object();
        for (const Member& member : mapping.reply) {
            if (member.unless_null && reply_.is_null()) continue;
            if (!bare) json_.key(member.name);
            value(member);
            if (json_.size() > most_) {
                return ApiError{413, "Invalid request: the reply exceeds " + std::to_string(most_) +
                                         " bytes (limits.output_buffer_bytes)"};
            }
        }
        if (!bare) json_.end_object();
        return std::nullopt;
    }

private:
    void value(const Member& member) {
        switch (member.source) {
            case Source::kTrue:
                return json_.boolean(true);
            case Source::kEcho:
                return echo(member.name);
            case Source::kPresent:
                return json_.boolean(!reply_.is_null());
            case Source::kInteger:
                return json_.integer(reply_.integer());
            case Source::kBoolean:
                return json_.boolean(reply_.integer() != 0);
            case Source::kNumber:
                return json_.number(number());
            case Source::kCount:
                return json_.integer(
                    static_cast<uint64_t>(is_map() ? reply_.size() / 2 : reply_.size()));
            case Source::kText:
                return text(reply_);
            case Source::kTexts:
                json_.begin_array();
                each([&](const Value& item, size_t) { text(item); });
                return json_.end_array();
            case Source::kMap:
                json_.begin_object();
                each([&](const Value& item, size_t at) {
                    at % 2 == 0 ? json_.key(item.bytes()) : text(item);
                });
                return json_.end_object();
        }
    }

    bool is_map() const {
        return reply_.type() == SYNAP_TYPE_MAP || reply_.type() == SYNAP_TYPE_PAIRS;
    }

    // Stops above the limit: what is written then is thrown away.
    template <class Write>
    void each(Write write) {
        Value item = reply_.first();
        for (size_t i = 0; i < reply_.size() && json_.size() <= most_; ++i, item = item.next()) {
            write(item, i);
        }
    }

    void text(const Value& value) {
        if (value.is_null()) {
            json_.null();
        } else {
            json_.stored(value.bytes());
        }
    }

    double number() const {
        if (reply_.type() == SYNAP_TYPE_DOUBLE) return reply_.number();
        const std::string_view text = reply_.bytes();
        double number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        return number;
    }

    void echo(std::string_view name) {
        for (size_t i = 0; i < words_.size(); ++i) {
            if (words_[i].field == name) json_.text(to_view(argv_[i + 1].raw().as.b));
        }
    }

    JsonWriter& json_;
    const Value reply_;
    const std::vector<Arg>& argv_;
    std::span<const WordSpec> words_;
    const size_t most_;
};

Failure run(Exchange& exchange, const Mapping& mapping, const Inputs& inputs) {
    std::vector<Arg> argv{mapping.command};
    std::deque<std::string> texts;
    for (const WordSpec& word : mapping.words) {
        if (auto failure = add_word(inputs, word, argv, texts)) return failure;
    }
    const Value reply = exchange.engine.run(argv);
    if (reply.is_error()) return from_reply(reply);
    return Answer(exchange, reply, argv, mapping.words).write(mapping);
}

}  // namespace

Failure run_mapping(Exchange& exchange, const Mapping& mapping, const Fields& payload) {
    return run(exchange, mapping, Inputs(payload));
}

Failure run_mapping(Exchange& exchange, const Mapping& mapping, const RestRequest& request) {
    return run(exchange, mapping, Inputs(mapping, request));
}

}  // namespace synap::server::http
