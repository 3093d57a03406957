#include "capi/tests/faulty_memory.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>

// The allocator below this one: that of the C library, or of a sanitizer.
#if defined(ABOVE_A_SANITIZER)
#define BELOW(name) __interceptor_##name
#else
#define BELOW(name) __libc_##name
#endif

extern "C" {
void* BELOW(malloc)(size_t size);
void* BELOW(calloc)(size_t count, size_t size);
void* BELOW(realloc)(void* old, size_t size);
void* BELOW(memalign)(size_t alignment, size_t size);
void BELOW(free)(void* memory);
}

namespace synap::memory {
namespace {

// Of a thread. Must not need an allocation itself.
struct Mine {
    bool failing = false;
    Failing how = Failing::kOnce;
    uint64_t left = 0;  // allocations that still work
    uint64_t failed = 0;
    bool noting = false;
    bool spared = false;   // inside of something that may not fail halfway
    bool started = false;  // inside of a thread's function: fail_elsewhere() means this one
};
constinit thread_local Mine mine;

constinit std::atomic<bool> elsewhere{false};
constinit std::atomic<uint64_t> failed_there{0};

bool must_fail() noexcept {
    if (mine.spared) return false;
    if (mine.started && elsewhere.load(std::memory_order_relaxed)) {
        failed_there.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    if (!mine.failing) return false;
    if (mine.left > 0) {
        --mine.left;
        return false;
    }
    if (mine.how == Failing::kOnce && mine.failed > 0) return false;
    ++mine.failed;
    return true;
}

// What a thread does before and after its function is not the engine's.
struct Start {
    void* (*function)(void*);
    void* argument;
};

void* run_thread(void* given) noexcept {
    const Start start = *static_cast<Start*>(given);
    BELOW(free)(given);
    mine.started = true;
    void* result = start.function(start.argument);
    mine.started = false;
    return result;
}

// Noted allocations: open addressing, of a size that no test fills.
constexpr size_t kNotesMax = size_t{1} << 16;
struct Note {
    void* memory;
    size_t size;
};
Note notes[kNotesMax];
void* const kFreed = &notes;
constinit std::atomic_flag notes_lock = ATOMIC_FLAG_INIT;
constinit std::atomic<bool> anybody_notes{false};

class NotesLocked {
public:
    NotesLocked() noexcept {
        while (notes_lock.test_and_set(std::memory_order_acquire)) {
        }
    }
    ~NotesLocked() { notes_lock.clear(std::memory_order_release); }
    NotesLocked(const NotesLocked&) = delete;
    NotesLocked& operator=(const NotesLocked&) = delete;
};

size_t place_of(const void* memory) noexcept {
    return (reinterpret_cast<uintptr_t>(memory) >> 4) * 0x9e3779b97f4a7c15u >> 48;
}

void* note(void* memory, size_t size) noexcept {
    if (memory == nullptr || !mine.noting || mine.spared) return memory;
    const NotesLocked locked;
    size_t at = place_of(memory);
    size_t looked = 0;
    while (notes[at].memory != nullptr && notes[at].memory != kFreed) {
        if (++looked == kNotesMax) std::abort();
        at = (at + 1) % kNotesMax;
    }
    notes[at] = {memory, size};
    return memory;
}

void forget(const void* memory) noexcept {
    if (memory == nullptr || !anybody_notes.load(std::memory_order_relaxed)) return;
    const NotesLocked locked;
    size_t looked = 0;
    for (size_t at = place_of(memory); notes[at].memory != nullptr; at = (at + 1) % kNotesMax) {
        if (notes[at].memory == memory) notes[at].memory = kFreed;
        if (++looked == kNotesMax) return;
    }
}

size_t count_notes(size_t& size_of_first) noexcept {
    const NotesLocked locked;
    size_t left = 0;
    for (const Note& each : notes) {
        if (each.memory == nullptr || each.memory == kFreed) continue;
        if (left++ == 0) size_of_first = each.size;
    }
    return left;
}

}  // namespace

void fail(uint64_t n, Failing how) noexcept {
    mine.left = n - 1;
    mine.how = how;
    mine.failed = 0;
    mine.failing = true;
}

uint64_t stop_failing() noexcept {
    mine.failing = false;
    return mine.failed;
}

void fail_elsewhere(bool on) noexcept {
    if (on) failed_there = 0;
    elsewhere = on;
}

uint64_t failed_elsewhere() noexcept { return failed_there; }

void start_noting() noexcept {
    {
        const NotesLocked locked;
        for (Note& each : notes) each = {nullptr, 0};
    }
    mine.noting = true;
    anybody_notes = true;
}

size_t stop_noting() noexcept {
    constexpr int kTries = 3'000;
    constexpr timespec kPause{0, 1'000'000};
    mine.noting = false;
    size_t left = 0;
    size_t size = 0;
    for (int i = 0; i < kTries; ++i) {
        left = count_notes(size);
        if (left == 0) break;
        nanosleep(&kPause, nullptr);
    }
    anybody_notes = false;
    if (left > 0) std::fprintf(stderr, "left behind: %zu bytes and others\n", size);
    return left;
}

}  // namespace synap::memory

using synap::memory::forget;
using synap::memory::mine;
using synap::memory::must_fail;
using synap::memory::note;
using synap::memory::run_thread;
using synap::memory::Start;

#define IN_PLACE_OF_THE_LIBRARY __attribute__((visibility("default")))

extern "C" {

IN_PLACE_OF_THE_LIBRARY void* malloc(size_t size) noexcept {
    if (!must_fail()) return note(BELOW(malloc)(size), size);
    errno = ENOMEM;
    return nullptr;
}

IN_PLACE_OF_THE_LIBRARY void* calloc(size_t count, size_t size) noexcept {
    if (!must_fail()) return note(BELOW(calloc)(count, size), count * size);
    errno = ENOMEM;
    return nullptr;
}

IN_PLACE_OF_THE_LIBRARY void* realloc(void* old, size_t size) noexcept {
    if (must_fail()) {
        errno = ENOMEM;
        return nullptr;
    }
    forget(old);
    return note(BELOW(realloc)(old, size), size);
}

IN_PLACE_OF_THE_LIBRARY void* memalign(size_t alignment, size_t size) noexcept {
    if (!must_fail()) return note(BELOW(memalign)(alignment, size), size);
    errno = ENOMEM;
    return nullptr;
}

IN_PLACE_OF_THE_LIBRARY void* aligned_alloc(size_t alignment, size_t size) noexcept {
    return memalign(alignment, size);
}

IN_PLACE_OF_THE_LIBRARY int posix_memalign(void** to, size_t alignment, size_t size) noexcept {
    *to = memalign(alignment, size);
    return *to == nullptr ? ENOMEM : 0;
}

IN_PLACE_OF_THE_LIBRARY void free(void* memory) noexcept {
    forget(memory);
    BELOW(free)(memory);
}

// Files are not memory: mapping one is left alone.
IN_PLACE_OF_THE_LIBRARY void* mmap(void* at, size_t size, int protection, int flags, int file,
                                   off_t offset) noexcept {
    using Function = void* (*)(void*, size_t, int, int, int, off_t);
    static const auto below = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "mmap"));
    if ((flags & MAP_ANONYMOUS) == 0 || !must_fail()) {
        return below(at, size, protection, flags, file, offset);
    }
    errno = ENOMEM;
    return MAP_FAILED;
}

// What the C library keeps for a thread outlives it, in a cache: it is no leak.
IN_PLACE_OF_THE_LIBRARY int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                           void* (*start)(void*), void* argument) noexcept {
    using Function = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto below = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "pthread_create"));
    if (must_fail()) return EAGAIN;
    auto* given = static_cast<Start*>(BELOW(malloc)(sizeof(Start)));
    *given = {start, argument};
    mine.spared = true;
    const int result = below(thread, attributes, run_thread, given);
    mine.spared = false;
    if (result != 0) BELOW(free)(given);
    return result;
}

}  // extern "C"

// As those of the library, in terms of the above; sanitizers would pair them with their own.
void* operator new(size_t size) {
    void* memory = malloc(size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
void* operator new(size_t size, std::align_val_t alignment) {
    void* memory = memalign(static_cast<size_t>(alignment), size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { free(memory); }
