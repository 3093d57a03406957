#include "server/config/suggest.h"

#include <algorithm>

namespace synap::server::config {

namespace {

// Words longer than this are no slip of the hand, and the cost is quadratic.
constexpr size_t kWordMax = 128;

std::string_view last_part(std::string_view key) {
    const auto dot = key.rfind('.');
    return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

size_t tolerance(std::string_view word) {
    return std::max<size_t>(1, std::min<size_t>(4, word.size() / 3));
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
    const size_t width = b.size() + 1;
    std::vector<size_t> before_last(width);
    std::vector<size_t> last(width);
    std::vector<size_t> row(width);
    for (size_t j = 0; j < width; ++j) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.size(); ++i) {
        before_last.swap(last);
        last.swap(row);
        row[0] = i;
        for (size_t j = 1; j < width; ++j) {
            const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
    }
    return row[b.size()];
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
    if (word.empty() || word.size() > kWordMax) return {};
    std::string best;
    size_t best_distance = kWordMax;
    const auto offer = [&](const std::string& candidate, size_t distance) {
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    };
    for (const std::string& candidate : candidates) {
        const size_t whole = edit_distance(word, candidate);
        if (whole <= tolerance(word)) offer(candidate, whole);
        // The right name in the wrong section, or in none; one worse than a match of the whole.
        const std::string_view name = last_part(word);
        const size_t part = edit_distance(name, last_part(candidate));
        if (candidate.find('.') != std::string::npos && part < tolerance(name)) {
            offer(candidate, part + tolerance(word));
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    const std::string best = suggest(word, candidates);
    return best.empty() ? "" : "; did you mean " + best + "?";
}

}  // namespace synap::server::config
