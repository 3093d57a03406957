// What a mapping makes of the replies to its command.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/inputs.h"
#include "server/http/stats.h"

namespace synap::server::http {

// A command that is asked for its answer in one call or in several.
class Question {
public:
    // `words` are the whole command; those from `last` on are of its last field.
    Question(Engine& engine, Ask kind, std::span<const Arg> words, size_t last);

    // Runs another command with the same words, for its integer.
    Failure prepare(std::string_view command);
    int64_t before() const noexcept { return before_; }
    // Runs the command, or its next part; false when there is none.
    bool ask();
    // The last reply; none when nothing was to be asked.
    const Value& reply() const noexcept { return *reply_; }
    // The elements in it.
    Value items() const noexcept { return is_page() ? reply_->first().next() : *reply_; }
    bool is_page() const noexcept { return kind_ == Ask::kPages && !reply_->is_error(); }

private:
    Engine& engine_;
    const Ask kind_;
    const std::span<const Arg> words_;
    const size_t last_;
    size_t asked_ = 0;  // words of the last field
    std::vector<Arg> argv_;
    std::string cursor_;
    std::optional<Value> reply_;
    int64_t before_ = 0;
};

// Writes one answer.
class Answer {
public:
    Answer(Exchange& exchange, const Inputs& inputs, Question& question);

    Failure write(const Mapping& mapping);

private:
    // The keys of a type.
    struct Walk {
        int64_t keys = 0;
        int64_t elements = 0;
    };

    Failure refuse(std::span<const Refusal> refusals);
    bool applies(const Refusal& refusal);
    ApiError error_of(const Refusal& refusal) const;
    bool is_wanted(const Member& member) const;
    void value(const Member& member);
    void items(const Member& member);
    void text(const Value& value);
    void statistic(const Member& member);
    double number() const;
    bool has_written() const;
    const Stats& stats();
    Walk walk(std::string_view type, std::string_view command);

    Exchange& exchange_;
    JsonWriter& json_;
    const Inputs& inputs_;
    Question& question_;
    const size_t most_;
    int64_t integer_ = 0;  // of the first reply, which later ones take the place of
    int64_t limit_ = 0;    // elements at most
    int64_t count_ = 0;    // those written
    Failure failure_;
    bool parsed_ = false;  // values are JSON where they can be
    simdjson::dom::parser parser_;
    std::optional<Stats> stats_;
    std::optional<Walk> walk_;
};

}  // namespace synap::server::http
