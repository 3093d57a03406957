#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/platform/descriptor.h"
#include "core/platform/real.h"

namespace synap {
namespace {

bool has_open(pid_t process, const std::filesystem::path& path) {
    std::error_code error;
    const std::string folder = "/proc/" + std::to_string(process) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (std::filesystem::read_symlink(entry.path(), error) == path) return true;
    }
    return false;
}

class RealDiskTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "synap-disk-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(path_); }

    std::unique_ptr<Disk> open() {
        auto disk = open_real_disk(path_.string(), false);
        EXPECT_TRUE(disk);
        return *std::move(disk);
    }

    std::filesystem::path path_;
};

TEST_F(RealDiskTest, WritesReadsAndTruncates) {
    const auto disk = open();
    auto file = disk->open("a", OpenMode::kCreate);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(3, "defg"));
    ASSERT_TRUE((*file)->write_at(0, "abc"));
    ASSERT_TRUE((*file)->truncate(6));
    ASSERT_TRUE((*file)->sync());
    EXPECT_EQ(*(*file)->size(), 6u);
    char bytes[8] = {};
    EXPECT_EQ(*(*file)->read_at(1, bytes, 8), 5u) << "short only at the end";
    EXPECT_STREQ(bytes, "bcdef");
    EXPECT_EQ(*(*file)->read_at(6, bytes, 8), 0u);

    const auto again = disk->open("a", OpenMode::kReadWrite);
    ASSERT_TRUE(again);
    EXPECT_EQ(disk->describe("a"), (path_ / "a").string());
}

TEST_F(RealDiskTest, ErrorsNameThePathAndTheReason) {
    const auto disk = open();
    const auto missing = disk->open("none", OpenMode::kRead);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Code::kIo);
    EXPECT_NE(missing.error().message.find((path_ / "none").string()), std::string::npos);
    EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
    EXPECT_FALSE(disk->rename("none", "other"));
    EXPECT_FALSE(disk->remove("none"));

    ASSERT_TRUE(disk->open("a", OpenMode::kCreate));
    EXPECT_FALSE(disk->open("a", OpenMode::kCreate));
    const auto reader = disk->open("a", OpenMode::kRead);
    ASSERT_TRUE(reader);
}

TEST_F(RealDiskTest, NamesMoveAndAreListedInOrder) {
    const auto disk = open();
    for (const char* name : {"b", "c", "a"}) ASSERT_TRUE(disk->open(name, OpenMode::kCreate));
    ASSERT_TRUE(disk->rename("c", "b"));
    ASSERT_TRUE(disk->remove("a"));
    ASSERT_TRUE(disk->sync_names());
    EXPECT_EQ(*disk->list(), (std::vector<std::string>{"b"}));
}

TEST_F(RealDiskTest, ADirectoryIsCreatedOnlyWhenAsked) {
    const std::string deep = (path_ / "x" / "y").string();
    EXPECT_FALSE(open_real_disk(deep, false));
    EXPECT_TRUE(open_real_disk(deep, true));
    EXPECT_TRUE(open_real_disk(deep, false));
    EXPECT_TRUE(open_real_disk((path_ / "z" / "").string(), true));
    EXPECT_TRUE(open_real_disk((path_ / "x" / ".." / "w").string(), true));
    // ".." behind a link leads where the kernel says, not where the text does.
    std::filesystem::create_directory_symlink(path_ / "x" / "y", path_ / "link");
    EXPECT_TRUE(open_real_disk((path_ / "link" / ".." / "v").string(), true));
    EXPECT_TRUE(std::filesystem::exists(path_ / "x" / "v"));
    EXPECT_FALSE(std::filesystem::exists(path_ / "v"));
    std::ofstream(path_ / "file") << "x";
    EXPECT_FALSE(open_real_disk((path_ / "file").string(), true));
}

TEST_F(RealDiskTest, TheSecondLockIsRefusedWithTheOwnersPid) {
    const auto disk = open();
    auto lock = disk->lock();
    ASSERT_TRUE(lock);
    for (int i = 0; i < 2; ++i) {
        const auto second = open()->lock();
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, Code::kLocked);
        EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())),
                  std::string::npos)
            << second.error().message;
    }
    *lock = nullptr;
    EXPECT_TRUE(open()->lock());
}

// Fault case 16.
TEST_F(RealDiskTest, ReadersShareTheLockAndKeepOwnersOut) {
    const auto disk = open();
    ASSERT_TRUE(disk->lock_shared()) << "there is no LOCK";
    EXPECT_TRUE(disk->list()->empty()) << "and none was made";
    ASSERT_TRUE(disk->lock());
    {
        const auto reader = open()->lock_shared();
        const auto second = open()->lock_shared();
        ASSERT_TRUE(reader && second);
        const auto owner = disk->lock();
        ASSERT_FALSE(owner);
        EXPECT_EQ(owner.error().code, Code::kLocked);
        EXPECT_NE(owner.error().message.find("reads the directory"), std::string::npos)
            << "no pid: the one in LOCK is of an earlier owner. " << owner.error().message;
    }
    const auto owner = disk->lock();
    ASSERT_TRUE(owner);
    const auto reader = open()->lock_shared();
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, Code::kLocked);
    EXPECT_NE(reader.error().message.find("process " + std::to_string(getpid())), std::string::npos)
        << reader.error().message;
}

TEST_F(RealDiskTest, AnotherProcessIsRefusedToo) {
    const auto disk = open();
    const auto lock = disk->lock();
    ASSERT_TRUE(lock);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto other = open_real_disk(path_.string(), false);
        const bool refused = other && (*other)->lock().error().code == Code::kLocked;
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

// A child that outlives its parent must not keep the directory locked.
TEST_F(RealDiskTest, AForkedChildDoesNotKeepTheLock) {
    const auto disk = open();
    const auto lock = disk->lock();
    ASSERT_TRUE(lock);
    int to_child[2];
    int to_parent[2];
    ASSERT_EQ(pipe(to_child), 0);
    ASSERT_EQ(pipe(to_parent), 0);
    char byte = 'x';
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const bool ready = ::write(to_parent[1], &byte, 1) == 1;
        _exit(ready && ::read(to_child[0], &byte, 1) == 1 ? 0 : 1);
    }
    ASSERT_EQ(::read(to_parent[0], &byte, 1), 1);
    EXPECT_FALSE(has_open(child, path_ / "LOCK"));
    EXPECT_TRUE(has_open(getpid(), path_ / "LOCK"));
    EXPECT_EQ(open()->lock().error().code, Code::kLocked) << "the parent still holds it";
    ASSERT_EQ(::write(to_child[1], &byte, 1), 1);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    for (const int fd : {to_child[0], to_child[1], to_parent[0], to_parent[1]}) close(fd);
}

// The child's copy of the lock object must not close a descriptor that is no longer its own.
TEST_F(RealDiskTest, AForkedChildMayDestroyItsCopyOfTheLock) {
    const auto disk = open();
    auto lock = disk->lock();
    ASSERT_TRUE(lock);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const int reused = ::open("/dev/null", O_RDONLY);
        *lock = nullptr;
        _exit(fcntl(reused, F_GETFD) >= 0 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(open()->lock().error().code, Code::kLocked);
}

TEST_F(RealDiskTest, AStaleLockFileOfADeadProcessDoesNotLock) {
    std::ofstream(path_ / "LOCK") << "999999999\n";
    const auto disk = open();
    ASSERT_TRUE(disk->lock());
}

// A host that executes another program (a shell, a pager) must not hand it our files.
TEST_F(RealDiskTest, DescriptorsAreClosedOnExec) {
    const auto disk = open();
    const auto lock = disk->lock();
    const auto file = disk->open("a", OpenMode::kCreate);
    ASSERT_TRUE(lock && file);
    size_t ours = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        const auto target = std::filesystem::read_symlink(entry.path(), error);
        if (error || target.string().rfind(path_.string(), 0) != 0) continue;
        ++ours;
        const int fd = std::stoi(entry.path().filename().string());
        EXPECT_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC) << target;
    }
    EXPECT_EQ(ours, 3u) << "the directory, the lock and the file";
}

TEST(Descriptors, ACallThatASignalInterruptedIsMadeAgain) {
    int calls = 0;
    const auto interrupted_twice = [&] {
        errno = ++calls < 3 ? EINTR : ENOSPC;
        return calls < 4 ? -1 : 0;
    };
    EXPECT_EQ(unless_interrupted(interrupted_twice), -1);
    EXPECT_EQ(errno, ENOSPC) << "other errors are the caller's";
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(unless_interrupted(interrupted_twice), 0);
}

// Fault case 2. Where there is no other descriptor left, nothing was made.
TEST_F(RealDiskTest, AFileThatGotNoDescriptorIsNotThere) {
    const std::string name = (path_ / "a").string();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const rlimit none{3, 3};
        close(STDIN_FILENO);
        if (setrlimit(RLIMIT_NOFILE, &none) != 0) _exit(1);
        const Descriptor fd = open_descriptor(AT_FDCWD, name.c_str(), O_RDWR | O_CREAT | O_EXCL);
        _exit(fd.get() < 0 && (errno == EMFILE || errno == EINVAL) ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_FALSE(std::filesystem::exists(path_ / "a"));
}

TEST(RealClock, MovesForward) {
    const uint64_t before = real_clock().monotonic_us();
    EXPECT_GE(real_clock().monotonic_us(), before);
    EXPECT_GT(real_clock().wall_ms(), 1'600'000'000'000);
}

TEST(RealEntropy, DoesNotRepeat) { EXPECT_NE(real_entropy().next(), real_entropy().next()); }

TEST(Process, ItsMemoryAndPidAreKnown) {
    EXPECT_GT(resident_bytes(), 100'000u);
    EXPECT_EQ(process_id(), getpid());
}

}  // namespace
}  // namespace synap
