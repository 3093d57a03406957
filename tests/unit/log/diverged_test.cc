// What a node wrote and gave up, as a file of its own.
#include "core/log/diverged.h"

#include "core/base/limits.h"
#include "tests/unit/log/directory_fixture.h"

namespace synap {
namespace {

class Diverged : public testing::Test {
protected:
    void save(const std::vector<size_t>& sizes) {
        log.manifest = manifest_of_history(5);
        write_log(disk, log, {100}, 'a');
        write_log(disk, log, sizes, 'b');
        write_small_files(disk, log);
        ASSERT_TRUE(save_diverged(disk, log.manifest, log.node, log.ends[0], log.end()));
        auto names = list_diverged(disk);
        ASSERT_TRUE(names);
        ASSERT_EQ(names->size(), 1u);
        name = names->front();
    }
    // How many records are read before an end or an error, each of which is checked.
    Result<size_t> read() {
        auto reader = DivergedReader::open(disk, name);
        if (!reader) return reader.take_failure();
        DivergedReader::Record record;
        for (size_t count = 1;; ++count) {
            auto more = reader->next(record);
            if (!more) return more.take_failure();
            if (!*more) return count - 1;
            std::vector<std::string> values;
            add_value_of(record.effects, values);
            EXPECT_EQ(values, std::vector<std::string>{log.values.at(count)});
            EXPECT_EQ(record.end, log.ends.at(count));
        }
    }

    SimDisk disk;
    RestingLog log;
    std::string name;
};

TEST_F(Diverged, IsNamedByEpochAndPosition) {
    save({200, 300});
    EXPECT_EQ(name, "diverged-1-" + format::file_name("", log.ends[0]) + ".log");
    auto about = read_diverged(disk, name);
    ASSERT_TRUE(about);
    EXPECT_EQ(about->manifest.history, log.manifest.history);
    EXPECT_EQ(about->manifest.secret, log.manifest.secret);
}

TEST_F(Diverged, GivesRecordsOfManyFrames) {
    save({200, limits::kFrameBytes * 5 / 2, 300});
    auto count = read();
    ASSERT_TRUE(count) << count.error().message;
    EXPECT_EQ(*count, 3u);
}

TEST_F(Diverged, IsReadWithoutTheDirectoryThatItCameFrom) {
    save({200, 9000, 300});
    const std::string bytes = disk.contents(name);
    for (const std::string& other : disk.names()) {
        if (other != name) {
            ASSERT_TRUE(disk.remove(other));
        }
    }
    auto count = read();
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 3u);
}

TEST_F(Diverged, TheSameIsSavedOnce) {
    save({200, 300});
    ASSERT_TRUE(save_diverged(disk, log.manifest, log.node, log.ends[0], log.end()));
    EXPECT_EQ(list_diverged(disk)->size(), 1u);
    ASSERT_TRUE(save_diverged(disk, log.manifest, log.node, log.ends[0], log.ends[1]));
    EXPECT_EQ(list_diverged(disk)->size(), 2u);
}

TEST_F(Diverged, AnyByteThatChangedIsFound) {
    save({60, 40});
    const size_t size = disk.contents(name).size();
    for (size_t at = 0; at < size; ++at) {
        const std::string before = disk.contents(name).substr(at, 1);
        disk.rot(name, at, std::string(1, static_cast<char>(before[0] ^ 0x10)));
        auto count = read();
        EXPECT_FALSE(count) << "offset " << at;
        if (!count) {
            const Code code = count.error().code;
            EXPECT_TRUE(code == Code::kCorrupt || code == Code::kVersion) << "offset " << at;
        }
        disk.rot(name, at, before);
    }
    EXPECT_TRUE(read());
}

TEST_F(Diverged, AnyCutIsFound) {
    save({60, 40});
    const size_t size = disk.contents(name).size();
    for (size_t length = size; length-- > 0;) {
        disk.rot_length(name, length);
        auto count = read();
        ASSERT_FALSE(count) << "length " << length;
        EXPECT_EQ(count.error().code, Code::kCorrupt);
    }
}

TEST_F(Diverged, IsNotSavedOfALogThatIsShorter) {
    save({200});
    EXPECT_FALSE(save_diverged(disk, log.manifest, log.node, log.ends[0], log.end() + 100));
    EXPECT_EQ(list_diverged(disk)->size(), 1u);
}

}  // namespace
}  // namespace synap
