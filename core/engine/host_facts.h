// What the embedding program tells of itself, for INFO and CONFIG GET.
//
// Thread safety: from any thread. All throw std::bad_alloc, having changed nothing.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synap {

class HostFacts {
public:
    // An empty value takes the fact away.
    void set(std::string_view section, std::string_view name, std::string_view value);
    std::vector<std::pair<std::string, std::string>> of(std::string_view section);

private:
    using Facts = std::map<std::string, std::string>;
    std::mutex mutex_;
    std::map<std::string, Facts, std::less<>> sections_;  // guarded by mutex_
};

}  // namespace synap
