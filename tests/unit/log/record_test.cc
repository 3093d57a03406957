#include "core/log/record.h"

#include <gtest/gtest.h>

#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/platform/entropy.h"
#include "core/types/string_value.h"

namespace synap {
namespace {

Effect round_trip(const Effect& effect) {
    EffectBuffer buffer;
    buffer.add(effect);
    static std::string bytes;  // the decoded views point here
    bytes = buffer.bytes();
    std::string_view payload = bytes;
    auto decoded = decode_effect(payload);
    EXPECT_TRUE(decoded);
    EXPECT_TRUE(payload.empty());
    return *decoded;
}

TEST(Effects, EveryKindRoundTrips) {
    for (uint8_t kind = 1; kind <= 8; ++kind) {
        Effect effect;
        effect.kind = static_cast<EffectKind>(kind);
        effect.name_space = 3;
        effect.other_name_space = 5;
        effect.reason = Reason::kEvicted;
        effect.command = 300;
        effect.key = std::string_view("k\0y", 3);
        effect.other_key = "other";
        effect.body.bytes = "value";
        effect.expires_at = 1'700'000'000'000;
        const Effect decoded = round_trip(effect);
        EXPECT_EQ(decoded.kind, effect.kind);
        EXPECT_EQ(decoded.name_space, 3);
        EXPECT_EQ(decoded.reason, Reason::kEvicted);
        EXPECT_EQ(decoded.command, 300);
        EXPECT_EQ(decoded.key, effect.key);
    }
}

TEST(Effects, IntegersAndDeadlinesKeepTheirExtremes) {
    for (const int64_t value : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) {
        Effect effect;
        effect.kind = EffectKind::kValue;
        effect.body.argument = kStringInteger;
        effect.body.grown = true;
        effect.body.bytes = {reinterpret_cast<const char*>(&value), sizeof value};
        effect.expires_at = INT64_MAX;
        const Effect decoded = round_trip(effect);
        EXPECT_EQ(decoded.body.argument, kStringInteger);
        EXPECT_TRUE(decoded.body.grown);
        EXPECT_EQ(load<int64_t>(decoded.body.bytes.data()), value);
        EXPECT_EQ(decoded.expires_at, INT64_MAX);
    }
}

TEST(Effects, AnUnknownKindOrFlagIsAVersionAndNeverSkipped) {
    for (const std::string& bytes :
         {std::string("\x63\x00\x00\x00\x00\x00", 6), std::string("\x01\x80\x00\x00\x00\x00", 6)}) {
        std::string_view payload = bytes;
        auto decoded = decode_effect(payload);
        ASSERT_FALSE(decoded);
        EXPECT_EQ(decoded.error().code, Code::kVersion);
    }
}

TEST(Effects, CutAndGarbledBytesAreErrors) {
    Effect effect;
    effect.kind = EffectKind::kMove;
    effect.key = "from";
    effect.other_key = "to";
    EffectBuffer buffer;
    buffer.add(effect);
    for (size_t size = 0; size < buffer.bytes().size(); ++size) {
        std::string_view payload = std::string_view(buffer.bytes()).substr(0, size);
        EXPECT_FALSE(decode_effect(payload)) << size;
    }
    SmallRandom random(1);
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = buffer.bytes();
        bytes[random.below(bytes.size())] = static_cast<char>(random.next());
        std::string_view payload = bytes;
        static_cast<void>(static_cast<bool>(decode_effect(payload)));  // must not crash
    }
}

TEST(EffectBuffer, CutTakesBackWhatWasAdded) {
    EffectBuffer buffer;
    Effect effect;
    effect.kind = EffectKind::kDelete;
    effect.key = "a";
    buffer.add(effect);
    const std::string before = buffer.bytes();
    const auto mark = buffer.mark();
    const BlobRef blob(Blob::copy("blob"));
    effect.kind = EffectKind::kValue;
    effect.body.bytes = blob.get()->bytes();
    effect.body.blob = blob.get();
    buffer.add(effect);
    EXPECT_EQ(buffer.total_bytes(), buffer.bytes().size() + 4);
    buffer.cut(mark);
    EXPECT_EQ(buffer.bytes(), before);
    EXPECT_EQ(buffer.total_bytes(), before.size());
    EXPECT_TRUE(blob.get()->unique());
}

TEST(FrameHeader, RoundTripsAndItsChecksumCoversEveryByte) {
    const FrameHeader header{7, 0, 1, 3, 0, 0, 9, 1000, 900, 1'700'000'000'000};
    char bytes[format::kFrameHeaderBytes];
    encode_frame_header(header, bytes);
    const FrameHeader decoded = decode_frame_header(bytes);
    EXPECT_EQ(decoded.length, 7u);
    EXPECT_EQ(decoded.epoch, 9u);
    EXPECT_EQ(decoded.position, 1000u);
    EXPECT_EQ(decoded.synced, 900u);
    EXPECT_EQ(decoded.commit_ms, 1'700'000'000'000u);
    const uint32_t crc = frame_crc(bytes, 5);
    for (size_t i = 0; i < sizeof bytes; ++i) {
        if (i >= format::kFrameCrcOffset && i < format::kFrameCrcOffset + 4) continue;
        bytes[i] = static_cast<char>(bytes[i] ^ 1);
        EXPECT_NE(frame_crc(bytes, 5), crc) << i;
        bytes[i] = static_cast<char>(bytes[i] ^ 1);
    }
    EXPECT_NE(frame_crc(bytes, frame_seed(1)), frame_crc(bytes, frame_seed(2)));
}

}  // namespace
}  // namespace synap
