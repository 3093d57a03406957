#include "core/engine/host_facts.h"

namespace synap {

void HostFacts::set(std::string_view section, std::string_view name, std::string_view value) {
    const std::lock_guard<std::mutex> guard(mutex_);
    Facts& facts = sections_[std::string(section)];
    if (value.empty()) {
        facts.erase(std::string(name));
    } else {
        facts.insert_or_assign(std::string(name), std::string(value));  // whole or not at all
    }
}

std::vector<std::pair<std::string, std::string>> HostFacts::of(std::string_view section) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto it = sections_.find(section);
    if (it == sections_.end()) return {};
    return {it->second.begin(), it->second.end()};
}

}  // namespace synap
