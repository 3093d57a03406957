#include "server/http/answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace synap::server::http {
namespace {

// Words of one call: so many short values are copied before anyone can say that they are too much;
// long ones are shared.
constexpr size_t kBatch = 1024;

std::string human(int64_t bytes) {
    constexpr std::array<const char*, 5> kUnits = {"B", "KB", "MB", "GB", "TB"};
    double amount = static_cast<double>(bytes);
    size_t unit = 0;
    while (amount >= 1024 && unit + 1 < kUnits.size()) {
        amount /= 1024;
        ++unit;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f%s" : "%.2f%s", amount, kUnits[unit]);
    return text.data();
}

}  // namespace

Question::Question(Engine& engine, Ask kind, std::span<const Arg> words, size_t last)
    : engine_(engine), kind_(kind), words_(words), last_(last) {}

Failure Question::prepare(std::string_view command) {
    argv_.assign(words_.begin(), words_.end());
    argv_[0] = command;
    const Value reply = engine_.run(argv_);
    if (reply.is_error()) return from_reply(reply);
    before_ = reply.integer();
    return std::nullopt;
}

bool Question::ask() {
    const bool first = !reply_;
    if (kind_ == Ask::kOnce) {
        if (first) reply_ = engine_.run(words_);
        return first;
    }
    if (kind_ == Ask::kPages) {
        argv_.assign(words_.begin(), words_.end());
        cursor_ = first ? "0" : reply_->first().bytes();
        if (!first && cursor_ == "0") return false;
        argv_[1] = cursor_;
    } else {
        const std::span<const Arg> left = words_.subspan(last_ + asked_);
        if (!first && left.empty()) return false;
        const std::span<const Arg> some = left.first(std::min(kBatch, left.size()));
        argv_.assign(words_.begin(), words_.begin() + static_cast<ptrdiff_t>(last_));
        argv_.insert(argv_.end(), some.begin(), some.end());
        asked_ += some.size();
    }
    reply_ = engine_.run(argv_);
    return true;
}

Answer::Answer(Exchange& exchange, const Inputs& inputs, Question& question)
    : exchange_(exchange),
      json_(exchange.json),
      inputs_(inputs),
      question_(question),
      most_(exchange.shared.settings.limits.output_buffer_bytes) {}

Failure Answer::write(const Mapping& mapping) {
    limit_ = mapping.limit;
    if (mapping.ask != Ask::kNothing) {
        question_.ask();
        if (auto failure = refuse(mapping.refusals)) return failure;
        const Value& reply = question_.reply();
        const bool empty = mapping.empty_is_absent && reply.bytes().empty();
        if (!mapping.absent.empty() && (reply.is_null() || empty)) {
            json_.raw(mapping.absent);
            return std::nullopt;
        }
    }
    const bool bare = mapping.reply.size() == 1 && mapping.reply[0].name.empty();
    if (!bare) json_.begin_object();
    for (const Member& member : mapping.reply) {
        if (!is_wanted(member)) continue;
        if (!member.name.empty()) json_.key(member.name);
        value(member);
        if (failure_) return failure_;
        if (json_.size() > most_) {
            return ApiError{413, "Invalid request: the reply exceeds " + std::to_string(most_) +
                                     " bytes (limits.output_buffer_bytes)"};
        }
    }
    if (!bare) json_.end_object();
    return std::nullopt;
}

Failure Answer::refuse(std::span<const Refusal> refusals) {
    integer_ = question_.reply().is_error() ? 0 : question_.reply().integer();
    for (const Refusal& refusal : refusals) {
        if (applies(refusal)) return error_of(refusal);
    }
    if (question_.reply().is_error()) return from_reply(question_.reply());
    return std::nullopt;
}

bool Answer::applies(const Refusal& refusal) {
    if (question_.reply().is_error() || !refusal.error.empty()) {
        return !refusal.error.empty() && question_.reply().bytes() == refusal.error;
    }
    if (integer_ != refusal.integer) return false;
    return refusal.without.empty() ||
           exchange_.engine.run({"EXISTS", inputs_.text(refusal.without)}).integer() == 0;
}

ApiError Answer::error_of(const Refusal& refusal) const {
    ApiError error{refusal.status, std::string(refusal.text)};
    const size_t begin = error.text.find('{');
    if (begin == std::string::npos) return error;
    const size_t size = error.text.find('}') - begin + 1;
    const std::string name = error.text.substr(begin + 1, size - 2);
    error.text.replace(begin, size, inputs_.text(name));
    return error;
}

bool Answer::is_wanted(const Member& member) const {
    if (member.unless_null && question_.reply().is_null()) return false;
    bool wanted = member.when.empty();
    each_word(member.when, [&](std::string_view flag) { wanted = wanted || inputs_.given(flag); });
    return wanted;
}

void Answer::value(const Member& member) {
    parsed_ = member.source >= Source::kJson && member.source <= Source::kJsonMap;
    switch (member.source) {
        case Source::kTrue:
            return json_.boolean(true);
        case Source::kEcho:
            return json_.text(inputs_.text(member.name));
        case Source::kPresent:
            return json_.boolean(!question_.reply().is_null());
        case Source::kInteger:
            return json_.integer(integer_);
        case Source::kBefore:
            return json_.integer(question_.before());
        case Source::kBoolean:
            return json_.boolean(integer_ != 0);
        case Source::kNumber:
            return json_.number(number());
        case Source::kSeconds:
            return integer_ < 0 ? json_.null() : json_.integer(integer_ / 1000);
        case Source::kSize:
            return json_.text(human(integer_));
        case Source::kCount:
            return json_.integer(count_);
        case Source::kText:
        case Source::kJson:
            return text(question_.reply());
        case Source::kValue:
            return inputs_.text("type") == "bytes" ? json_.octets(question_.reply().bytes())
                                                   : text(question_.reply());
        case Source::kWritten:
            return json_.boolean(has_written());
        case Source::kObject:
            return json_.begin_object();
        case Source::kEnd:
            return json_.end_object();
        case Source::kTexts:
        case Source::kJsons:
        case Source::kMap:
        case Source::kJsonMap:
            return items(member);
        default:
            return statistic(member);
    }
}

// Stops above the limit: what is written then is thrown away.
void Answer::items(const Member& member) {
    const bool map = member.source == Source::kMap || member.source == Source::kJsonMap;
    const int64_t limit = inputs_.integer("limit", limit_);
    count_ = 0;
    map ? json_.begin_object() : json_.begin_array();
    do {
        const Value all = question_.items();
        Value item = all.first();
        for (size_t i = 0; i < all.size() && json_.size() <= most_ && count_ < limit; ++i) {
            if (map && i % 2 == 0) {
                json_.key(item.bytes());
            } else {
                text(item);
                ++count_;
            }
            item = item.next();
        }
        if (json_.size() > most_ || count_ >= limit || !question_.ask()) break;
        if (question_.reply().is_error()) failure_ = from_reply(question_.reply());
    } while (!failure_);
    map ? json_.end_object() : json_.end_array();
}

void Answer::text(const Value& value) {
    if (value.is_null()) return json_.null();
    const std::string_view bytes = value.bytes();
    Json document;
    // What begins with another byte is no JSON; of an empty value the address may be null.
    const bool maybe =
        parsed_ && !bytes.empty() &&
        std::string_view("{[\"-0123456789tfn \t\r\n").find(bytes.front()) != std::string_view::npos;
    if (maybe && parser_.parse(bytes.data(), bytes.size()).get(document) == simdjson::SUCCESS) {
        return json_.raw(simdjson::minify(document));
    }
    parsed_ ? json_.text(bytes) : json_.stored(bytes);
}

double Answer::number() const {
    if (question_.reply().type() == SYNAP_TYPE_DOUBLE) return question_.reply().number();
    const std::string_view text = question_.reply().bytes();
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool Answer::has_written() const {
    const bool null = question_.reply().is_null();
    if (!inputs_.given("get")) return !null;
    return inputs_.given("nx") ? null : inputs_.given("xx") ? !null : true;
}

}  // namespace synap::server::http
