// Where memory may be exhausted: docs/decisions/exhausted-memory.md says who handles it. Code in
// between handles nothing: it lets go of what it holds by these and by destructors.
#pragma once

#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace synap {

// Undoes what was begun, unless all of it was done.
template <typename Undo>
class [[nodiscard]] Rollback {
public:
    explicit Rollback(Undo undo) noexcept : undo_(std::move(undo)) {}
    ~Rollback() {
        if (!done_) undo_();
    }
    Rollback(const Rollback&) = delete;
    Rollback& operator=(const Rollback&) = delete;
    void done() noexcept { done_ = true; }

private:
    Undo undo_;
    bool done_ = false;
};

// False: there was no memory for the work. Of boundaries that go on with something else then, and
// of what may be left out: words, a trace of what was done, what can be done later.
template <typename Work>
bool attempt(Work&& work) noexcept {
    try {
        work();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

// The words, or none: a failure without words is the same failure.
inline void say(std::string& to, std::string_view words) noexcept {
    if (!attempt([&] { to = words; })) to.clear();
}

}  // namespace synap
