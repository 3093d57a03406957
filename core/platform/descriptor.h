// Descriptors of files, and system calls that a signal may interrupt.
#pragma once

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace synap {

// Closes what it owns.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&&) = delete;
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_;
};

// The answer of a system call that gives -1 and errno, repeated for as long as a signal of the host
// program interrupts it: nothing was done then.
template <typename Call>
auto unless_interrupted(Call&& call) noexcept(noexcept(call())) {
    for (;;) {
        const auto answer = call();
        if (answer != -1 || errno != EINTR) return answer;
    }
}

// openat, close-on-exec. Never gives descriptor 0, 1 or 2, be they free or not: the program, or a C
// library in it, prints there whatever they are. Below 0, with errno set, when it fails; a file
// that O_EXCL made is then gone again.
Descriptor open_descriptor(int folder, const char* name, int flags, mode_t mode = 0) noexcept;

}  // namespace synap
