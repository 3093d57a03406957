#include <dirent.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "core/platform/descriptor.h"
#include "core/platform/real.h"

namespace synap {
namespace {

constexpr std::string_view kLockName = "LOCK";

Cause cause_of(int error) noexcept {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EAGAIN:
        case EINTR:
            return Cause::kShortage;
        case EROFS:
        case EACCES:
        case EPERM:
            return Cause::kReadOnly;
        default:
            return Cause::kUnknown;
    }
}

Error io_error(std::string_view what, const std::string& path, int error) {
    return {Code::kIo,
            std::string(what) + " " + path + ": " +
                std::error_code(error, std::generic_category()).message(),
            cause_of(error)};
}

// What was not synced is in doubt, whatever the reason.
Error sync_error(const std::string& path, int error) {
    Error failed = io_error("cannot sync", path, error);
    failed.cause = Cause::kUnknown;
    return failed;
}

class RealFile final : public File {
public:
    RealFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Status write_at(uint64_t offset, std::string_view bytes) override {
        while (!bytes.empty()) {
            const ssize_t n = unless_interrupted([&] {
                return pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            });
            if (n <= 0) return io_error("cannot write", path_, n < 0 ? errno : ENOSPC);
            bytes.remove_prefix(static_cast<size_t>(n));
            offset += static_cast<uint64_t>(n);
        }
        return {};
    }

    Result<size_t> read_at(uint64_t offset, char* to, size_t size) override {
        size_t done = 0;
        while (done < size) {
            const ssize_t n = unless_interrupted([&] {
                return pread(fd_.get(), to + done, size - done, static_cast<off_t>(offset + done));
            });
            if (n < 0) return io_error("cannot read", path_, errno);
            if (n == 0) break;
            done += static_cast<size_t>(n);
        }
        return done;
    }

    // Not again after EINTR: the kernel tells of lost pages once, and may have done so just now.
    Status sync() override {
        if (fdatasync(fd_.get()) != 0) return sync_error(path_, errno);
        return {};
    }

    Status reserve(uint64_t offset, uint64_t size) override {
        if (unless_interrupted([&] {
                return fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                                 static_cast<off_t>(size));
            }) == 0) {
            return {};
        }
        if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) {
            return Error{Code::kUnsupported, "no room can be reserved in " + path_};
        }
        return io_error("cannot reserve room in", path_, errno);
    }

    void begin_sync(uint64_t offset, uint64_t size) noexcept override {
        // Where it is refused, sync() does the work.
        static_cast<void>(sync_file_range(fd_.get(), static_cast<off_t>(offset),
                                          static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE));
    }

    Status truncate(uint64_t size) override {
        const auto length = static_cast<off_t>(size);
        if (unless_interrupted([&] { return ftruncate(fd_.get(), length); }) != 0) {
            return io_error("cannot truncate", path_, errno);
        }
        return {};
    }

    Result<uint64_t> size() override {
        struct stat st {};
        if (fstat(fd_.get(), &st) != 0) return io_error("cannot stat", path_, errno);
        return static_cast<uint64_t>(st.st_size);
    }

    Result<FileIdentity> identity() override {
        struct stat st {};
        if (fstat(fd_.get(), &st) != 0) return io_error("cannot stat", path_, errno);
        return FileIdentity{static_cast<uint64_t>(st.st_dev), static_cast<uint64_t>(st.st_ino)};
    }

private:
    Descriptor fd_;
    std::string path_;
};

// A forked child inherits the lock's open file description and would keep the directory locked
// after its parent died. The kernel has no close-on-fork, so the child's fork handler closes the
// locks that are held, in a list, under a mutex that a fork waits for. It is the one piece of
// process-wide state.
class RealLock final : public DiskLock {
public:
    explicit RealLock(Descriptor& opened) noexcept : fd_(opened.release()) {
        static const int registered =
            pthread_atfork([] { held_.lock(); }, [] { held_.unlock(); }, close_all_in_child);
        static_cast<void>(registered);
        const std::lock_guard<std::mutex> guard(held_);
        next_ = first_;
        if (next_ != nullptr) next_->previous_ = this;
        first_ = this;
    }
    ~RealLock() override {
        const std::lock_guard<std::mutex> guard(held_);
        if (fd_ < 0) return;  // a child after fork
        (previous_ != nullptr ? previous_->next_ : first_) = next_;
        if (next_ != nullptr) next_->previous_ = previous_;
        // A child that was forked just now may not have come to its handler yet.
        flock(fd_, LOCK_UN);
        close(fd_);
    }

private:
    static void close_all_in_child() noexcept {
        for (RealLock* lock = std::exchange(first_, nullptr); lock != nullptr; lock = lock->next_) {
            close(std::exchange(lock->fd_, -1));
        }
        held_.unlock();
    }

    static inline std::mutex held_;
    static inline RealLock* first_ = nullptr;

    int fd_;
    RealLock* previous_ = nullptr;
    RealLock* next_ = nullptr;
};

class RealDisk final : public Disk {
public:
    RealDisk(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override {
        int flags = O_RDONLY;
        if (mode == OpenMode::kReadWrite) flags = O_RDWR;
        if (mode == OpenMode::kCreate) flags = O_RDWR | O_CREAT | O_EXCL;
        Descriptor fd = open_descriptor(fd_.get(), std::string(name).c_str(), flags, 0600);
        if (fd.get() < 0) return io_error("cannot open", describe(name), errno);
        return std::unique_ptr<File>(std::make_unique<RealFile>(std::move(fd), describe(name)));
    }

    Status rename(std::string_view from, std::string_view to) override {
        const std::string old_name(from);
        const std::string new_name(to);
        if (unless_interrupted([&] {
                return renameat(fd_.get(), old_name.c_str(), fd_.get(), new_name.c_str());
            }) != 0) {
            return io_error("cannot rename", describe(from), errno);
        }
        return {};
    }

    Status remove(std::string_view name) override {
        const std::string text(name);
        if (unless_interrupted([&] { return unlinkat(fd_.get(), text.c_str(), 0); }) != 0) {
            return io_error("cannot remove", describe(name), errno);
        }
        return {};
    }

    Result<std::vector<std::string>> list() override {
        // Not a directory_iterator: without memory it ends the program.
        struct Close {
            void operator()(DIR* folder) const noexcept { closedir(folder); }
        };
        // By the descriptor: the path may be relative to where the program no longer is.
        Descriptor fd = open_descriptor(fd_.get(), ".", O_RDONLY | O_DIRECTORY);
        if (fd.get() < 0) return io_error("cannot list", path_, errno);
        const std::unique_ptr<DIR, Close> folder(fdopendir(fd.get()));
        if (folder == nullptr && errno == ENOMEM) throw std::bad_alloc();
        if (folder == nullptr) return io_error("cannot list", path_, errno);
        fd.release();  // the folder's now
        std::vector<std::string> names;
        for (;;) {
            errno = 0;
            const dirent* entry = readdir(folder.get());  // NOLINT(concurrency-mt-unsafe): our own
            if (entry == nullptr) break;
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
        }
        if (errno != 0) return io_error("cannot list", path_, errno);
        std::sort(names.begin(), names.end());
        return names;
    }

    Status sync_names() override {
        if (fsync(fd_.get()) != 0) return sync_error(path_, errno);
        return {};
    }

    Result<std::unique_ptr<DiskLock>> lock() override;
    Result<std::unique_ptr<DiskLock>> lock_shared() override;

    std::string describe(std::string_view name) const override {
        return (std::filesystem::path(path_) / name).string();
    }

private:
    Descriptor fd_;
    std::string path_;
};

// Who keeps LOCK, as far as can be told.
Error refused_lock(int fd, const std::string& path) {
    // flock belongs to the open file description: those of this process are told apart too.
    if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
        flock(fd, LOCK_UN);
        return {Code::kLocked,
                path + " is held by a process that reads the directory; wait until it is done"};
    }
    char owner[32] = {};
    const ssize_t n = pread(fd, owner, sizeof owner - 1, 0);
    std::string pid = n > 0 ? std::string(owner, static_cast<size_t>(n)) : "unknown";
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    return {Code::kLocked,
            path + " is in use by process " + pid + "; close it there or choose another directory"};
}

Result<std::unique_ptr<DiskLock>> lock_opened(Descriptor& opened, const std::string& path,
                                              int operation) {
    const int fd = opened.get();
    auto lock = std::make_unique<RealLock>(opened);
    if (unless_interrupted([&] { return flock(fd, operation | LOCK_NB); }) == 0) {
        return std::unique_ptr<DiskLock>(std::move(lock));
    }
    if (errno != EWOULDBLOCK) return io_error("cannot lock", path, errno);
    return refused_lock(fd, path);
}

Result<std::unique_ptr<DiskLock>> RealDisk::lock() {
    const std::string path = describe(kLockName);
    const std::string name(kLockName);
    Descriptor opened = open_descriptor(fd_.get(), name.c_str(), O_RDWR | O_CREAT, 0600);
    if (opened.get() < 0) {
        const Error refused = io_error("cannot open", path, errno);
        // What cannot be written now may be served, and written later.
        if (refused.cause != Cause::kReadOnly) return refused;
        Descriptor readable = open_descriptor(fd_.get(), name.c_str(), O_RDONLY);
        if (readable.get() < 0) return refused;
        return lock_opened(readable, path, LOCK_EX);
    }
    const int fd = opened.get();
    auto lock = lock_opened(opened, path, LOCK_EX);
    if (!lock) return lock;
    // Before it is cut: a full disk keeps the block that the file has. The pid serves messages
    // only, and a lock without it is a lock; but it is not to be another's.
    const std::string pid = std::to_string(getpid()) + "\n";
    const ssize_t written = pwrite(fd, pid.data(), pid.size(), 0);
    const bool is_whole = written == static_cast<ssize_t>(pid.size());
    [[maybe_unused]] const int cut = ftruncate(fd, is_whole ? written : 0);
    return lock;
}

Result<std::unique_ptr<DiskLock>> RealDisk::lock_shared() {
    const std::string path = describe(kLockName);
    Descriptor opened = open_descriptor(fd_.get(), std::string(kLockName).c_str(), O_RDONLY);
    if (opened.get() < 0 && errno == ENOENT) return std::make_unique<DiskLock>();
    if (opened.get() < 0) return io_error("cannot open", path, errno);
    return lock_opened(opened, path, LOCK_SH);
}

// How many of the last names of a path are still to be created.
unsigned missing_names(const std::filesystem::path& directory) {
    unsigned missing = 0;
    std::error_code error;
    std::filesystem::path at = directory;
    while (!at.empty() && !std::filesystem::exists(at, error) && at.has_relative_path()) {
        ++missing;
        at = at.parent_path();
    }
    return missing;
}

// Of an fsync of a directory.
bool means_unsupported(int error) noexcept {
    return error == EINVAL || error == EBADF || error == ENOTSUP || error == ENOSYS;
}

// What was created is durable with its name in its parent, and writes in it may be acknowledged.
// The last name is synced in any case, as whoever created it may have died before that. Parents
// are those of the directory itself, whatever path led to it. One that can not be opened for
// reading, or whose file system does not sync directories, is left as it is.
Status sync_names_above(const Descriptor& directory, const std::string& path, unsigned created) {
    int below = directory.get();
    std::vector<Descriptor> parents;
    for (unsigned level = 0; level < std::max(created, 1u); ++level) {
        Descriptor parent = open_descriptor(below, "..", O_RDONLY | O_DIRECTORY);
        if (parent.get() < 0) return {};
        const int synced = unless_interrupted([&] { return fsync(parent.get()); });
        if (synced != 0 && created > 0 && !means_unsupported(errno)) {
            return io_error("cannot sync the parent of", path, errno);
        }
        below = parent.get();
        parents.push_back(std::move(parent));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Disk>> open_real_disk(std::string_view path, bool create) {
    const std::filesystem::path directory{path};
    const unsigned missing = create ? missing_names(directory) : 0;
    if (missing > 0) {
        std::error_code error;
        std::filesystem::create_directories(directory, error);
        if (error) return io_error("cannot create", directory.string(), error.value());
    }
    Descriptor fd = open_descriptor(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY);
    if (fd.get() < 0) return io_error("cannot open", directory.string(), errno);
    if (create) SYNAP_TRY(sync_names_above(fd, directory.string(), missing));
    return std::unique_ptr<Disk>(std::make_unique<RealDisk>(std::move(fd), directory.string()));
}

}  // namespace synap
