#include "core/platform/sim_disk.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

namespace synap {
namespace {

std::unique_ptr<File> create(Disk& disk, std::string_view name) {
    auto file = disk.open(name, OpenMode::kCreate);
    EXPECT_TRUE(file);
    return *std::move(file);
}

void write(File& file, uint64_t offset, std::string_view bytes) {
    const Status status = file.write_at(offset, bytes);
    ASSERT_TRUE(status) << status.error().message;
}

std::string read(Disk& disk, std::string_view name) {
    auto file = disk.open(name, OpenMode::kRead);
    if (!file) return "(no file)";
    std::string bytes(*(*file)->size(), '\0');
    EXPECT_EQ(*(*file)->read_at(0, bytes.data(), bytes.size()), bytes.size());
    return bytes;
}

// A file with these synced bytes under a durable name.
std::unique_ptr<File> create_durable(Disk& disk, std::string_view name, std::string_view bytes) {
    auto file = create(disk, name);
    write(*file, 0, bytes);
    EXPECT_TRUE(file->sync());
    EXPECT_TRUE(disk.sync_names());
    return file;
}

TEST(SimDisk, ReadersSeeWritesAtOnce) {
    SimDisk disk;
    const auto file = create(disk, "a");
    write(*file, 0, "hello");
    write(*file, 3, "p me");
    EXPECT_EQ(read(disk, "a"), "help me");
    write(*file, 9, "!");
    EXPECT_EQ(read(disk, "a"), std::string("help me\0\0!", 10));
    ASSERT_TRUE(file->truncate(4));
    EXPECT_EQ(read(disk, "a"), "help");
    ASSERT_TRUE(file->truncate(6));
    EXPECT_EQ(read(disk, "a"), std::string("help\0\0", 6));

    char byte = 0;
    EXPECT_EQ(*file->read_at(6, &byte, 1), 0u);
    EXPECT_EQ(*file->read_at(600, &byte, 1), 0u);
}

TEST(SimDisk, ModesAreRespected) {
    SimDisk disk;
    EXPECT_FALSE(disk.open("a", OpenMode::kRead));
    EXPECT_FALSE(disk.open("a", OpenMode::kReadWrite));
    create(disk, "a");
    EXPECT_FALSE(disk.open("a", OpenMode::kCreate));
    const auto reader = disk.open("a", OpenMode::kRead);
    ASSERT_TRUE(reader);
}

TEST(SimDisk, NamesAreListedInByteOrderAndMove) {
    SimDisk disk;
    for (const char* name : {"b", "a", "c"}) create(disk, name);
    ASSERT_TRUE(disk.rename("b", "c"));
    ASSERT_TRUE(disk.rename("a", "z"));
    EXPECT_EQ(*disk.list(), (std::vector<std::string>{"c", "z"}));
    ASSERT_TRUE(disk.remove("c"));
    EXPECT_FALSE(disk.remove("c"));
    EXPECT_FALSE(disk.rename("c", "d"));
    EXPECT_EQ(*disk.list(), (std::vector<std::string>{"z"}));
}

TEST(SimDisk, ARemovedFileIsReadableByItsHandle) {
    SimDisk disk;
    const auto file = create(disk, "a");
    write(*file, 0, "still");
    ASSERT_TRUE(disk.remove("a"));
    char bytes[5];
    EXPECT_EQ(*file->read_at(0, bytes, 5), 5u);
}

TEST(SimDisk, SyncedBytesSurviveEveryPowerCut) {
    for (uint64_t seed = 0; seed < 200; ++seed) {
        SimDisk disk({.seed = seed, .sector_bytes = 4});
        const auto file = create_durable(disk, "a", "the durable part, ");
        write(*file, 18, "and what may go");
        SmallRandom random(seed);
        disk.crash(random);
        EXPECT_EQ(read(disk, "a").substr(0, 18), "the durable part, ");
    }
}

// The four fates, all of which must occur, and mixtures: one write kept behind one dropped.
TEST(SimDisk, UnsyncedWritesMeetEveryFateIndependently) {
    std::set<std::string> first;
    std::set<std::pair<bool, bool>> kept;
    for (uint64_t seed = 0; seed < 400; ++seed) {
        SimDisk disk({.sector_bytes = 4});
        const auto file = create_durable(disk, "a", "----------------");
        write(*file, 0, "AAAAAAAA");
        write(*file, 8, "BBBBBBBB");
        SmallRandom random(seed);
        disk.crash(random);
        const std::string bytes = read(disk, "a");
        ASSERT_EQ(bytes.size(), 16u);
        first.insert(bytes.substr(0, 8));
        kept.insert({bytes.substr(0, 8) == "AAAAAAAA", bytes.substr(8) == "BBBBBBBB"});
    }
    EXPECT_TRUE(first.contains("AAAAAAAA")) << "kept";
    EXPECT_TRUE(first.contains("--------")) << "dropped";
    EXPECT_TRUE(first.contains("AAAA----") && first.contains("----AAAA")) << "torn";
    EXPECT_GT(first.size(), 20u) << "garbled";
    EXPECT_EQ(kept.size(), 4u);
}

TEST(SimDisk, DamageEndsWhereTheUnsyncedWriteEnded) {
    for (uint64_t seed = 0; seed < 200; ++seed) {
        SimDisk disk({.sector_bytes = 4});
        const auto file = create_durable(disk, "a", "0123456789");
        write(*file, 3, "xyz");
        SmallRandom random(seed);
        disk.crash(random);
        const std::string bytes = read(disk, "a");
        EXPECT_EQ(bytes.substr(0, 3), "012");
        EXPECT_EQ(bytes.substr(6), "6789");
    }
}

TEST(SimDisk, ALengthMayArriveWithoutItsBytes) {
    std::set<std::string> found;
    for (uint64_t seed = 0; seed < 200; ++seed) {
        SimDisk disk;
        const auto file = create_durable(disk, "a", "");
        write(*file, 0, "tail");
        SmallRandom random(seed);
        disk.crash(random);
        found.insert(read(disk, "a"));
    }
    EXPECT_TRUE(found.contains(std::string(4, '\0')));
    EXPECT_TRUE(found.contains(""));
    EXPECT_TRUE(found.contains("tail"));
}

TEST(SimDisk, AnUnsyncedTruncationHappensOrDoesNot) {
    std::set<std::string> found;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        SimDisk disk;
        const auto file = create_durable(disk, "a", "0123456789");
        ASSERT_TRUE(file->truncate(4));
        SmallRandom random(seed);
        disk.crash(random);
        found.insert(read(disk, "a"));
    }
    EXPECT_EQ(found, (std::set<std::string>{"0123", "0123456789"}));
}

TEST(SimDisk, UnsyncedNamesSurviveAsAPrefixOfTheirOrder) {
    std::set<std::vector<std::string>> found;
    for (uint64_t seed = 0; seed < 200; ++seed) {
        SimDisk disk;
        create_durable(disk, "old", "");
        create(disk, "tmp");
        ASSERT_TRUE(disk.rename("tmp", "new"));
        ASSERT_TRUE(disk.remove("old"));
        SmallRandom random(seed);
        disk.crash(random);
        found.insert(*disk.list());
    }
    EXPECT_EQ(found, (std::set<std::vector<std::string>>{
                         {"old"}, {"old", "tmp"}, {"new", "old"}, {"new"}}));
}

TEST(SimDisk, NamesOutOfOrderMaySurviveEachByItself) {
    std::set<std::vector<std::string>> found;
    for (uint64_t seed = 0; seed < 400; ++seed) {
        SimDisk disk({.names_in_order = false});
        create(disk, "a");
        create(disk, "b");
        SmallRandom random(seed);
        disk.crash(random);
        found.insert(*disk.list());
    }
    EXPECT_EQ(found, (std::set<std::vector<std::string>>{{}, {"a"}, {"b"}, {"a", "b"}}));
}

TEST(SimDisk, BytesAndNamesAreDurableApart) {
    std::set<std::string> found;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        SimDisk disk;
        const auto file = create(disk, "a");
        write(*file, 0, "synced");
        ASSERT_TRUE(file->sync());
        SmallRandom random(seed);
        disk.crash(random);
        found.insert(read(disk, "a"));
    }
    EXPECT_EQ(found, (std::set<std::string>{"synced", "(no file)"}));
}

TEST(SimDisk, AKilledProcessLosesNothingThatItWrote) {
    SimDisk disk;
    const auto file = create(disk, "a");
    write(*file, 0, "written");
    disk.kill();
    EXPECT_EQ(read(disk, "a"), "written");
    // It is still unsynced: the next power cut may take it.
    EXPECT_FALSE(disk.unsynced("a").empty());
}

TEST(SimDisk, HandlesDieWithTheirLife) {
    for (const bool power_cut : {false, true}) {
        SimDisk disk;
        const auto file = create_durable(disk, "a", "x");
        if (power_cut) {
            SmallRandom random(1);
            disk.crash(random);
        } else {
            disk.kill();
        }
        char byte = 0;
        EXPECT_EQ(file->write_at(0, "y").error().code, Code::kIo);
        EXPECT_EQ(file->read_at(0, &byte, 1).error().code, Code::kIo);
        EXPECT_EQ(file->sync().error().code, Code::kIo);
        EXPECT_EQ(file->truncate(0).error().code, Code::kIo);
        EXPECT_EQ(file->size().error().code, Code::kIo);
        EXPECT_EQ(read(disk, "a"), "x");
    }
}

TEST(SimDisk, OneLockAtATime) {
    SimDisk disk;
    auto lock = disk.lock();
    ASSERT_TRUE(lock);
    EXPECT_EQ(disk.lock().error().code, Code::kLocked);
    *std::move(lock) = nullptr;
    lock = disk.lock();
    ASSERT_TRUE(lock);

    // The lock dies with its holder; what is left of the holder does not unlock the next one.
    disk.kill();
    const auto next = disk.lock();
    ASSERT_TRUE(next);
    lock = Error{Code::kIo, "gone"};
    EXPECT_EQ(disk.lock().error().code, Code::kLocked);
}

TEST(SimDisk, RepeatsFromItsSeeds) {
    const auto run = [](uint64_t seed) {
        SimDisk disk({.seed = seed, .sector_bytes = 8});
        const auto file = create_durable(disk, "a", "");
        SmallRandom random(seed);
        for (uint64_t i = 0; i < 50; ++i) {
            write(*file, random.below(500), std::string(random.below(60) + 1, 'x'));
        }
        disk.crash(random);
        return read(disk, "a");
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

TEST(SimDisk, RotReachesReadersAndTheDurableBytes) {
    SimDisk disk;
    create_durable(disk, "a", "0123456789");
    disk.rot("a", 3, "xx");
    EXPECT_EQ(read(disk, "a"), "012xx56789");
    disk.rot_length("a", 6);
    SmallRandom random(1);
    disk.crash(random);
    EXPECT_EQ(read(disk, "a"), "012xx5");
}

}  // namespace
}  // namespace synap
