// Members of answers that are statistics: of the engine, and of the keys of a type.
#include <array>

#include "server/http/answer.h"

namespace synap::server::http {

const Stats& Answer::stats() {
    if (!stats_) stats_ = read_stats(exchange_.shared.store);
    return *stats_;
}

// Linear in the keys of the database: no count of each type is kept.
Answer::Walk Answer::walk(std::string_view type, std::string_view command) {
    Walk walk;
    std::string cursor = "0";
    std::vector<std::string> keys;
    do {
        const Value page = exchange_.engine.run({"SCAN", cursor, "COUNT", 1000, "TYPE", type});
        if (page.is_error()) {
            failure_ = from_reply(page);
            return walk;
        }
        cursor = page.first().bytes();
        const Value found = page.first().next();
        keys.clear();
        Value key = found.first();
        for (size_t i = 0; i < found.size(); ++i, key = key.next()) {
            keys.emplace_back(key.bytes());
        }
        for (const std::string& name : keys) {
            const int64_t elements = exchange_.engine.run({command, name}).integer();
            if (elements == 0) continue;  // it has gone
            ++walk.keys;
            walk.elements += elements;
        }
    } while (cursor != "0");
    return walk;
}

void Answer::statistic(const Member& member) {
    std::array<std::string_view, 2> names;
    size_t count = 0;
    uint64_t calls = 0;
    each_word(member.of, [&](std::string_view name) {
        if (count < names.size()) names[count++] = name;
        if (member.source == Source::kCalls) calls += stats().calls_of(name);
    });
    if (member.source == Source::kCalls) return json_.integer(calls);
    if (member.source == Source::kStat) return json_.integer(stats().count(names[0]));
    if (member.source == Source::kRate) {
        const auto first = static_cast<double>(stats().count(names[0]));
        const double both = first + static_cast<double>(stats().count(names[1]));
        return json_.number(both == 0 ? 0 : first / both);
    }
    if (!walk_) walk_ = walk(names[0], names[1]);
    json_.integer(member.source == Source::kKeys ? walk_->keys : walk_->elements);
}

}  // namespace synap::server::http
