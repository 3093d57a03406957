// MANIFEST and NODE: epochs that are merged and never forgotten, tokens that cannot pass for
// another history's, and a copy of a directory, which is a node of its own.
#include "core/log/manifest.h"

#include <gtest/gtest.h>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/node_file.h"
#include "core/platform/sim_disk.h"

namespace synap {
namespace {

Epoch epoch(uint32_t term, uint32_t number, uint64_t start, uint64_t writer = 7) {
    return {term, number, number, start, uint64_t{number} * 1'000'003, writer};
}

Manifest with_epochs(uint32_t count) {
    Manifest manifest;
    manifest.level = format::kLevel;
    manifest.history = {1, 2};
    for (uint32_t i = 1; i <= count; ++i) EXPECT_TRUE(manifest.add(epoch(1, i, i * 100)));
    return manifest;
}

uint64_t word(uint32_t number) { return token_word(number, uint64_t{number} * 1'000'003); }

TEST(Manifest, EpochsComeBack) {
    const Manifest manifest = with_epochs(3);
    auto again = Manifest::decode(manifest.encode(), "M");
    ASSERT_TRUE(again);
    ASSERT_EQ(again->epochs.size(), 3u);
    EXPECT_EQ(again->epochs[2].term, 1u);
    EXPECT_EQ(again->epochs[2].number, 3u);
    EXPECT_EQ(again->epochs[2].start, 300u);
    EXPECT_EQ(again->epochs[2].id, 3'000'009u);
    EXPECT_EQ(again->epochs[2].writer, 7u);
}

TEST(Manifest, OldEpochsAreMergedAndStayKnown) {
    const Manifest manifest = with_epochs(3000);
    EXPECT_EQ(manifest.epochs.size(), 1024u);
    EXPECT_EQ(manifest.epochs.front().first, 1u);
    EXPECT_EQ(manifest.epochs.front().start, 100u);
    for (size_t i = 1; i < manifest.epochs.size(); ++i) {
        ASSERT_EQ(manifest.epochs[i].first, manifest.epochs[i - 1].number + 1);
    }
    EXPECT_TRUE(Manifest::decode(manifest.encode(), "M"));
    const Marks marks(7, {7}, manifest.epochs);
    for (uint32_t i = 1; i <= 3000; ++i) ASSERT_TRUE(marks.count_of_epoch(i));
    EXPECT_FALSE(marks.count_of_epoch(3001));
}

TEST(Manifest, EpochsOfDifferentTermsOrWritersAreNotMerged) {
    Manifest manifest;
    for (uint32_t i = 1; i <= 1500; ++i) {
        ASSERT_TRUE(manifest.add(epoch(1 + i / 2, i, i, 7 + i % 2)));
    }
    EXPECT_EQ(manifest.epochs.size(), 1500u);
    for (const Epoch& kept : manifest.epochs) ASSERT_EQ(kept.first, kept.number);
}

TEST(Manifest, MeaninglessEpochsAreRefused) {
    const auto refused = [](auto&& change) {
        Manifest manifest = with_epochs(3);
        change(manifest.epochs);
        return !Manifest::decode(manifest.encode(), "M");
    };
    EXPECT_FALSE(refused([](auto&) {}));
    EXPECT_TRUE(refused([](auto& epochs) { std::swap(epochs[0], epochs[1]); }));
    EXPECT_TRUE(refused([](auto& epochs) { epochs[1].number = 1; }));
    EXPECT_TRUE(refused([](auto& epochs) { epochs[1].first = 3; }));
    EXPECT_TRUE(refused([](auto& epochs) { epochs[2].start = 10; }));
    EXPECT_TRUE(refused([](auto& epochs) { epochs[0].term = 2; }));
}

TEST(Manifest, ANewerLevelIsRefusedByBothNumbers) {
    Manifest manifest = with_epochs(1);
    manifest.level = format::kLevel + 6;
    const auto again = Manifest::decode(manifest.encode(), "/dir/MANIFEST");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::kVersion);
    EXPECT_EQ(again.error().message,
              "/dir/MANIFEST is of format level " + std::to_string(format::kLevel + 6) +
                  "; this version of Synap knows levels up to " + std::to_string(format::kLevel));
}

TEST(Manifest, TokensAreToldApart) {
    const Manifest manifest = with_epochs(3);  // from 100, 200 and 300
    EXPECT_TRUE(manifest.check_token(word(1), 150, 350));
    EXPECT_TRUE(manifest.check_token(word(1), 200, 350));
    EXPECT_TRUE(manifest.check_token(word(3), 350, 350));
    const auto why = [&](uint64_t of, uint64_t position) {
        const Status status = manifest.check_token(of, position, 350);
        EXPECT_FALSE(status);
        if (status) return std::string();
        EXPECT_EQ(status.error().code, Code::kInvalidArgument);
        return status.error().message;
    };
    EXPECT_NE(why(word(1), 201).find("given up"), std::string::npos);
    EXPECT_NE(why(word(3), 351).find("given up"), std::string::npos);
    EXPECT_NE(why(word(2), 200).find("given up"), std::string::npos) << "it begins there";
    EXPECT_NE(why(word(4), 350).find("not one of this history"), std::string::npos);
    EXPECT_NE(why(token_word(2, 5), 250).find("not one of this history"), std::string::npos);
    EXPECT_NE(why(0, 250).find("not one of this history"), std::string::npos);
}

TEST(Manifest, ATokenOfAMergedEpochIsToldToBeTooOld) {
    const Manifest manifest = with_epochs(2000);
    const Status status = manifest.check_token(word(5), 550, 1'000'000);
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("so old"), std::string::npos);
    EXPECT_TRUE(manifest.check_token(word(1999), 199'950, 1'000'000));
}

TEST(NodeFile, AFileThatIsNotWhereItSaysIsACopy) {
    SimDisk disk;
    NodeFile node;
    node.id = 5;
    node.former = {3, 4};
    node.history = {1, 2};
    node.durable = 77;
    EXPECT_EQ(read_node_file(disk).error().code, Code::kEmpty);
    ASSERT_TRUE(write_node_file(disk, node));
    auto again = read_node_file(disk);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->is_copy);
    EXPECT_EQ(again->id, 5u);
    EXPECT_EQ(again->former, node.former);
    EXPECT_EQ(again->durable, 77u);

    const std::string name(format::kNodeName);
    const std::string bytes = disk.contents(name);
    ASSERT_TRUE((*disk.open("copy", OpenMode::kCreate))->write_at(0, bytes));
    ASSERT_TRUE(disk.rename("copy", name));
    again = read_node_file(disk);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->is_copy);
    again->take_id(6);
    EXPECT_EQ(again->former, (std::vector<uint64_t>{3, 4, 5}));
    for (uint64_t i = 0; i < 2 * NodeFile::kFormerMost; ++i) again->take_id(100 + i);
    ASSERT_TRUE(write_node_file(disk, *again));
    again = read_node_file(disk);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->former.size(), NodeFile::kFormerMost);
    EXPECT_EQ(again->former.back(), 100 + 2 * NodeFile::kFormerMost - 2);
}

TEST(NodeFile, DamageIsSeenAtEveryByte) {
    SimDisk disk;
    NodeFile node;
    node.former = {1};
    ASSERT_TRUE(write_node_file(disk, node));
    const std::string bytes = disk.contents(std::string(format::kNodeName));
    ASSERT_TRUE(decode_node_file(bytes, "N"));
    for (size_t i = 0; i < bytes.size(); ++i) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 4);
        EXPECT_FALSE(decode_node_file(damaged, "N")) << i;
        EXPECT_FALSE(decode_node_file(bytes.substr(0, i), "N")) << i;
    }
}

}  // namespace
}  // namespace synap
