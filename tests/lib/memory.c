// Preloaded into a server: while the eight bytes in the file $FAULTY_MEMORY say n, one in about n
// of its allocations fails, on every thread; 0: none. They may change at any time.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

static const volatile int64_t* one_in;
static __thread uint64_t state;

__attribute__((constructor)) static void begin(void) {
    const char* path = getenv("FAULTY_MEMORY");
    const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void* mapped = mmap(NULL, sizeof *one_in, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) one_in = mapped;
    close(file);
}

static int must_fail(void) {
    const int64_t n = one_in == NULL ? 0 : *one_in;
    if (n == 0) return 0;
    if (state == 0) state = (uint64_t)(uintptr_t)&state;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    if ((state >> 16) % (uint64_t)n != 0) return 0;
    errno = ENOMEM;
    return 1;
}

void* malloc(size_t size) { return must_fail() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return must_fail() ? NULL : __libc_calloc(count, size); }
void* realloc(void* old, size_t size) { return must_fail() ? NULL : __libc_realloc(old, size); }
void* memalign(size_t alignment, size_t size) {
    return must_fail() ? NULL : __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** to, size_t alignment, size_t size) {
    void* made = memalign(alignment, size);
    if (made == NULL) return ENOMEM;
    *to = made;
    return 0;
}
