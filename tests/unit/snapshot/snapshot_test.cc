// Snapshot files: what is captured comes back whatever its size, in chunks of a bounded size, and a
// file that is not the whole of one snapshot, or that means nothing, is refused.
#include "core/snapshot/snapshot.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/crc32c.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"
#include "core/snapshot/layout.h"

namespace synap {
namespace {

constexpr LogHistory kHistory{{1, 2}, 3, format::kLevel};
constexpr uint64_t kSeed = 9;

std::string pattern(size_t size, unsigned salt) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 31 + i / 251 + salt) & 255);
    return bytes;
}

class SnapshotTest : public ::testing::Test {
protected:
    void SetUp() override {
        LogOptions options;
        options.threads = false;
        log = std::make_unique<Log>(disk, clock, LogStart{kHistory, 1, 0}, options);
        ASSERT_TRUE(log->start(0));
    }
    void TearDown() override { log->stop().ignore(); }

    void apply(Effect effect) {
        effect.hash = keyspace.key(effect.name_space, effect.key).hash;
        keyspace.apply(effect, 0);
        EffectBuffer effects;
        effects.add(effect);
        log->append(effects, 1000);
    }
    void set(std::string_view key, std::string_view value, int64_t deadline = 0) {
        Effect effect;
        effect.key = key;
        effect.body.bytes = value;
        effect.expires_at = deadline;
        apply(effect);
    }
    void set_field(std::string_view key, std::string_view field, std::string_view value,
                   int64_t deadline = 0) {
        const auto element = hash_body::set(field, value, deadline);
        std::string body;
        hash_body::append(body, element);
        Effect effect;
        effect.kind = EffectKind::kEdit;
        effect.type = ValueType::kHash;
        effect.key = key;
        effect.body.argument = 1;
        effect.body.bytes = body;
        effect.body.timed = deadline != 0;
        apply(effect);
    }
    // A key in the slot of `like`, so that one slot holds several.
    std::string beside(std::string_view like, int n) {
        const uint32_t slot = keyspace.slot_index(keyspace.key(0, like).hash);
        for (int i = 0;; ++i) {
            const std::string key = std::string(like) + ":" + std::to_string(i);
            if (keyspace.slot_index(keyspace.key(0, key).hash) == slot && n-- == 0) return key;
        }
    }

    std::string take() {
        SnapshotWriter writer(keyspace, *log, disk, kHistory);
        EXPECT_TRUE(writer.begin());
        for (bool all = false; !all;) {
            all = writer.capture_next(100, 1000);
            EXPECT_TRUE(writer.write_captured());
        }
        EXPECT_TRUE(writer.seal(5000));
        for (;;) {
            auto done = writer.check_next();
            EXPECT_TRUE(done) << done.error().message;
            if (!done || *done) break;
        }
        auto info = writer.publish();
        EXPECT_TRUE(info);
        position = info->name_position;
        return format::file_name(format::kSnapshotPrefix, position);
    }
    Result<SnapshotInfo> load(Keyspace& into) {
        SnapshotPositions positions;
        std::atomic<uint64_t> progress{0};
        auto verified = verify_snapshot(disk, position, kHistory.id);
        if (!verified) return verified;
        return load_snapshot(disk, position, kHistory.id, into, positions, progress);
    }
    void expect_round_trip() {
        take();
        Keyspace again(limits::kSlotBitsMin, kSeed);
        const auto loaded = load(again);
        ASSERT_TRUE(loaded) << loaded.error().message;
        EXPECT_EQ(again.digest(), keyspace.digest());
    }
    // The file as it would be with these chunks, its footer and checksums right.
    struct Part {
        uint32_t slot;
        uint8_t flags;
        uint64_t position;
        std::string effects;
    };
    std::vector<Part> parts_of(const std::string& name) {
        auto reader = layout::Reader::open(disk, name, kHistory.id);
        EXPECT_TRUE(reader);
        std::vector<Part> parts;
        layout::Chunk chunk;
        for (;;) {
            auto more = reader->next(chunk);
            EXPECT_TRUE(more);
            if (!more || !*more) break;
            EXPECT_LE(chunk.effects.size(), limits::kSnapshotChunkBytes);
            parts.push_back({chunk.slot, chunk.flags, chunk.position, std::string(chunk.effects)});
        }
        footer = reader->info();
        return parts;
    }
    void put_file(const std::string& name, const std::vector<Part>& parts) {
        std::string bytes = disk.contents(name).substr(0, layout::kHeaderBytes);
        uint32_t number = 0;
        for (const Part& part : parts) {
            std::string head;
            put(head, part.slot);
            put(head, number++);
            put(head, static_cast<uint32_t>(part.effects.size()));
            put(head, part.flags);
            put(head, part.position);
            put(head, crc32c(part.effects, crc32c(head)));
            bytes += head + part.effects;
        }
        std::string end;
        put(end, layout::kFooterSlot);
        put(end, number);
        put(end, footer.from);
        put(end, footer.complete_at);
        put(end, footer.keys);
        put(end, footer.commit_ms);
        put(end, crc32c(end));
        bytes += end;
        EXPECT_TRUE(disk.remove(name));
        auto file = disk.open(name, OpenMode::kCreate);
        EXPECT_TRUE(file);
        EXPECT_TRUE((*file)->write_at(0, bytes));
    }
    // Empty when it loads.
    std::string refusal() {
        Keyspace again(limits::kSlotBitsMin, kSeed);
        const auto loaded = load(again);
        if (loaded) return {};
        EXPECT_EQ(loaded.error().code, Code::kCorrupt) << loaded.error().message;
        EXPECT_NE(loaded.error().message.find("offset"), std::string::npos);
        return loaded.error().message;
    }
    std::string refusal_of(const std::string& name, const std::vector<Part>& parts) {
        put_file(name, parts);
        return refusal();
    }

    SimDisk disk;
    SimClock clock;
    Keyspace keyspace{limits::kSlotBitsMin, kSeed};
    std::unique_ptr<Log> log;
    uint64_t position = 0;
    SnapshotInfo footer;
};

TEST_F(SnapshotTest, ValuesOfEverySizeComeBack) {
    set("small", "1");
    set("timed", "2", 99'000);
    set(std::string(3u << 20, 'k'), "a long key");
    set("inline", pattern(limits::kInlineValueBytes, 1));
    set("chunk", pattern(limits::kSnapshotChunkBytes, 2));
    set("larger", pattern(limits::kSnapshotChunkBytes + 1, 3), 77'000);
    set("whole", pattern(limits::kSnapshotStringBytes, 4));
    set("parts", pattern(limits::kSnapshotStringBytes + 1, 5), 88'000);
    set("more parts", pattern(limits::kSnapshotStringBytes + (1u << 20), 6));
    set_field("packed", "f", "v", 66'000);
    set_field("large field", "f", pattern(5u << 20, 7));
    for (int i = 0; i < 60'000; ++i) {
        set_field("large hash", "field:" + std::to_string(i), pattern(60, static_cast<unsigned>(i)),
                  i % 3 == 0 ? 55'000 + i : 0);
    }
    expect_round_trip();
}

// More than any chunk, and more than a slot could once hold beside others.
TEST_F(SnapshotTest, ASlotOfManyValuesIsManyChunks) {
    for (int i = 0; i < 40; ++i) set(beside("a", i), pattern(200'000, static_cast<unsigned>(i)));
    for (int i = 40; i < 60; ++i) set(beside("a", i), pattern(9'000, static_cast<unsigned>(i)));
    const std::string name = take();
    const uint32_t slot = keyspace.slot_index(keyspace.key(0, "a").hash);
    size_t chunks = 0;
    for (const Part& part : parts_of(name)) chunks += part.slot == slot ? 1 : 0;
    EXPECT_GE(chunks, 8u);
    EXPECT_LE(chunks, 20u);
    Keyspace again(limits::kSlotBitsMin, kSeed);
    ASSERT_TRUE(load(again));
    EXPECT_EQ(again.digest(), keyspace.digest());
}

// A writer changes what a snapshot has captured and not yet written.
TEST_F(SnapshotTest, WhatWasCapturedIsWrittenAsItWas) {
    set("string", pattern(limits::kSnapshotStringBytes + 10, 1));
    for (int i = 0; i < 3000; ++i) set_field("hash", std::to_string(i), "before");
    const uint64_t before = keyspace.digest();
    SnapshotWriter writer(keyspace, *log, disk, kHistory);
    ASSERT_TRUE(writer.begin());
    while (!writer.capture_next(SIZE_MAX, SIZE_MAX)) {
    }
    set("string", "after");
    for (int i = 0; i < 3000; ++i) set_field("hash", std::to_string(i), "after");
    ASSERT_TRUE(writer.write_captured());
    ASSERT_TRUE(writer.seal(1));
    while (!*writer.check_next()) {
    }
    auto info = writer.publish();
    ASSERT_TRUE(info);
    position = info->name_position;
    Keyspace again(limits::kSlotBitsMin, kSeed);
    ASSERT_TRUE(load(again));
    EXPECT_EQ(again.digest(), before);
}

TEST_F(SnapshotTest, ChunksThatAreMissingOrOutOfOrderAreRefused) {
    for (int i = 0; i < 6; ++i) set(beside("a", i), pattern(900'000, static_cast<unsigned>(i)));
    set("b", pattern(3u << 20, 9));
    const std::string name = take();
    const std::vector<Part> whole = parts_of(name);
    ASSERT_EQ(refusal_of(name, whole), "");
    size_t several = 0;  // the first chunk of a slot that has several
    while ((whole[several].flags & layout::kFlagLast) != 0) ++several;

    std::vector<Part> parts = whole;
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(several));
    EXPECT_NE(refusal_of(name, parts), "") << "the first chunk of a slot is missing";
    parts = whole;
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(several) + 1);
    EXPECT_NE(refusal_of(name, parts), "") << "a middle chunk is missing";
    parts = whole;
    std::swap(parts[several], parts[several + 1]);
    EXPECT_NE(refusal_of(name, parts), "") << "two chunks are swapped";
    parts = whole;
    parts.push_back(parts[0]);
    EXPECT_NE(refusal_of(name, parts), "") << "a slot is there twice";
    parts = whole;
    parts.pop_back();
    EXPECT_NE(refusal_of(name, parts), "") << "a slot is missing";
    parts = whole;
    parts[several + 1].position += 1;
    EXPECT_NE(refusal_of(name, parts), "") << "two positions of a slot";
    parts = whole;
    parts[several].slot = 1u << limits::kSlotBitsMin;
    EXPECT_NE(refusal_of(name, parts), "") << "a slot out of range";
    parts = whole;
    parts[several].flags |= 8;
    EXPECT_NE(refusal_of(name, parts), "") << "an unknown flag";
    footer.keys += 1;
    EXPECT_NE(refusal_of(name, whole), "") << "a wrong number of keys";
    footer.keys -= 1;
    footer.from += 1;
    EXPECT_NE(refusal_of(name, whole), "") << "a position that no slot has";
}

// Every place where a file may end early, and every chunk that may be swapped with its neighbour
// as it stands, with the checksums that it had.
TEST_F(SnapshotTest, ATruncatedFileIsRefused) {
    set("b", pattern(2u << 20, 9));
    const std::string name = take();
    const std::string bytes = disk.contents(name);
    for (size_t cut = 0; cut < bytes.size(); cut += 1 + bytes.size() / 200) {
        disk.rot_length(name, cut);
        EXPECT_NE(refusal(), "") << cut;
        ASSERT_TRUE(disk.remove(name));
        ASSERT_TRUE((*disk.open(name, OpenMode::kCreate))->write_at(0, bytes));
    }
    EXPECT_EQ(refusal(), "");
}

// Case 31: right checksums, no meaning.
TEST_F(SnapshotTest, WhatMeansNothingIsRefused) {
    set("a", "1");
    const std::string name = take();
    const std::vector<Part> whole = parts_of(name);
    const uint32_t slot = keyspace.slot_index(keyspace.key(0, "a").hash);
    const auto with = [&](const std::vector<Effect>& effects) {
        std::vector<Part> parts = whole;
        for (Part& part : parts) {
            if (part.slot != slot) continue;
            EffectBuffer buffer;
            for (const Effect& effect : effects) buffer.add(effect);
            part.effects = buffer.bytes();
        }
        return refusal_of(name, parts);
    };
    Effect value;
    value.key = "a";
    value.body.bytes = "1";
    ASSERT_EQ(with({value}), "");
    EXPECT_NE(with({value, value}), "") << "a key twice";
    EXPECT_NE(with({}), "") << "fewer keys than the footer says";
    Effect other = value;
    other.key = "in another slot";
    EXPECT_NE(with({other}), "") << "a key that is not in its slot";
    Effect edit = value;
    edit.kind = EffectKind::kEdit;
    EXPECT_NE(with({edit}), "") << "an edit of nothing";
    edit.type = ValueType::kHash;
    std::string body;
    hash_body::append(body, hash_body::set("f", "v", 0));
    edit.body.bytes = body;
    edit.body.argument = 1;
    EXPECT_NE(with({value, edit}), "") << "an edit of another type";
    Effect hash = edit;
    hash.kind = EffectKind::kValue;
    EXPECT_EQ(with({hash}), "");
    EXPECT_EQ(with({hash, edit}), "");
    hash.body.argument = 2;
    EXPECT_NE(with({hash}), "") << "a wrong count";
    hash.body.argument = 0;
    EXPECT_NE(with({hash}), "") << "a hash without fields";
    Effect past = value;
    past.expires_at = INT64_MIN;  // 2^63
    EXPECT_NE(with({past}), "") << "a deadline that is none";
    Effect gone = value;
    gone.kind = EffectKind::kDelete;
    EXPECT_NE(with({gone}), "") << "not a value";
}

TEST_F(SnapshotTest, ANewerLevelIsRefusedByBothNumbers) {
    set("a", "1");
    const std::string name = take();
    std::string bytes = disk.contents(name);
    const uint32_t level = format::kLevel + 6;
    store(bytes.data() + 8, level);
    store(bytes.data() + layout::kHeaderBytes - 4,
          crc32c(std::string_view(bytes).substr(0, layout::kHeaderBytes - 4)));
    ASSERT_TRUE(disk.remove(name));
    ASSERT_TRUE((*disk.open(name, OpenMode::kCreate))->write_at(0, bytes));
    const auto verified = verify_snapshot(disk, position, kHistory.id);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, Code::kVersion);
    EXPECT_NE(verified.error().message.find("level " + std::to_string(level)), std::string::npos);
    EXPECT_NE(verified.error().message.find("up to " + std::to_string(format::kLevel)),
              std::string::npos);
}

}  // namespace
}  // namespace synap
