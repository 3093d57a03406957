#include "core/platform/descriptor.h"

namespace synap {

Descriptor open_descriptor(int folder, const char* name, int flags, mode_t mode) noexcept {
    constexpr int kLowest = STDERR_FILENO + 1;
    Descriptor opened(
        unless_interrupted([&] { return ::openat(folder, name, flags | O_CLOEXEC, mode); }));
    if (opened.get() < 0 || opened.get() >= kLowest) return opened;
    Descriptor raised(fcntl(opened.get(), F_DUPFD_CLOEXEC, kLowest));
    if (raised.get() < 0 && (flags & O_EXCL) != 0) {
        const int error = errno;
        static_cast<void>(unlinkat(folder, name, 0));
        errno = error;
    }
    return raised;
}

}  // namespace synap
