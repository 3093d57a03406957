#include "core/base/map_memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace synap {

void* map_memory(size_t bytes, bool huge) noexcept {
    constexpr int kProtection = PROT_READ | PROT_WRITE;
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
    const auto misplaced = [&](void* memory) {
        return reinterpret_cast<uintptr_t>(memory) & (bytes - 1);
    };
    // Often in its place by luck, as the kernel puts mappings side by side.
    void* memory = mmap(nullptr, bytes, kProtection, kFlags, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    if (misplaced(memory) != 0) {
        munmap(memory, bytes);
        memory = mmap(nullptr, 2 * bytes, kProtection, kFlags, -1, 0);
        if (memory == MAP_FAILED) return nullptr;
        const size_t before = (bytes - misplaced(memory)) & (bytes - 1);
        char* begin = static_cast<char*>(memory) + before;
        if (before != 0) munmap(memory, before);
        munmap(begin + bytes, bytes - before);
        memory = begin;
    }
    // Both are wishes: without them it costs more, and works.
    static_cast<void>(madvise(memory, bytes, MADV_DONTFORK));
    if (huge) static_cast<void>(madvise(memory, bytes, MADV_HUGEPAGE));
    return memory;
}

void* map_pages(size_t bytes) noexcept {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    static_cast<void>(madvise(memory, bytes, MADV_HUGEPAGE));  // a wish
    return memory;
}

void unmap_memory(void* memory, size_t bytes) noexcept { munmap(memory, bytes); }

}  // namespace synap
