// An object of the process that is made on first use and never destroyed: a program's own static
// objects may use the library in their destructors, in whatever order they were made.
#pragma once

#include <new>
#include <utility>

namespace synap {

// For function-local statics. Has no destructor; memory that the object holds is never freed.
template <typename T>
class Immortal {
public:
    template <typename... Args>
    explicit Immortal(Args&&... args) : value_(new (memory_) T(std::forward<Args>(args)...)) {}
    Immortal(const Immortal&) = delete;
    Immortal& operator=(const Immortal&) = delete;
    T& get() const noexcept { return *value_; }

private:
    alignas(T) unsigned char memory_[sizeof(T)];
    T* const value_;
};

}  // namespace synap
