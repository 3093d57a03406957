// The log of a master, cut anywhere: records are whole or not there, and nothing is taken twice.
#include "core/replication/frame_stream.h"

#include <gtest/gtest.h>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"

namespace synap::replication {
namespace {

const LogHistory kHistory{{1, 2}, frame_seed(99), format::kLevel};
constexpr uint64_t kStart = 1000;
constexpr uint8_t kFirst = format::kFlagFirst;
constexpr uint8_t kLast = format::kFlagLast;

// A log that grows by frames.
class Written {
public:
    Written& add(uint8_t flags, std::string_view payload, uint32_t epoch = 1) {
        FrameHeader header;
        header.length = static_cast<uint32_t>(payload.size());
        header.kind = format::kKindEffects;
        header.flags = flags;
        header.epoch = epoch;
        header.position = kStart + bytes_.size();
        add(header, payload);
        return *this;
    }
    void add(FrameHeader header, std::string_view payload) {
        std::string frame(format::kFrameHeaderBytes, '\0');
        encode_frame_header(header, frame.data());
        store(frame.data() + format::kFrameCrcOffset,
              frame_crc(frame.data(), crc32c(payload, kHistory.frame_seed)));
        bytes_ += frame;
        bytes_ += payload;
        ends_.push_back(bytes_.size());
    }
    const std::string& bytes() const { return bytes_; }
    const std::vector<size_t>& ends() const { return ends_; }

private:
    std::string bytes_;
    std::vector<size_t> ends_;
};

struct Taken {
    std::string bytes;
    std::vector<std::string> payloads;
    Code code = Code::kOk;
    uint64_t record_end = 0;
    uint64_t received = 0;
};

Taken feed(FrameStream& stream, std::string_view bytes, const std::vector<size_t>& cuts) {
    Taken taken;
    size_t from = 0;
    for (size_t i = 0; i <= cuts.size() && taken.code == Code::kOk; ++i) {
        const size_t to = i < cuts.size() ? cuts[i] : bytes.size();
        const std::vector<char> piece(bytes.begin() + static_cast<ptrdiff_t>(from),
                                      bytes.begin() + static_cast<ptrdiff_t>(to));
        std::string_view rest(piece.data(), piece.size());
        for (;;) {
            StreamedFrame frame;
            auto more = stream.next(rest, frame);
            if (!more) taken.code = more.error().code;
            if (!more || !*more) break;
            taken.bytes += frame.bytes;
            taken.payloads.emplace_back(frame.payload);
        }
        from = to;
    }
    taken.record_end = stream.record_end();
    taken.received = stream.received();
    return taken;
}

Taken feed(std::string_view bytes, const std::vector<size_t>& cuts = {}) {
    FrameStream stream(kHistory, kStart);
    return feed(stream, bytes, cuts);
}

Written a_log() {
    Written log;
    log.add(kFirst | kLast, "one").add(kFirst, "a chain").add(0, "").add(kLast, "of three");
    log.add(kFirst | kLast, "last", 2);
    return log;
}

TEST(FrameStream, TheSameFramesHoweverTheyAreCut) {
    const Written log = a_log();
    const Taken whole = feed(log.bytes());
    EXPECT_EQ(whole.payloads.size(), 5u);
    EXPECT_EQ(whole.bytes, log.bytes());
    EXPECT_EQ(whole.record_end, kStart + log.bytes().size());
    for (size_t a = 0; a <= log.bytes().size(); ++a) {
        for (size_t b = a; b <= log.bytes().size(); b += 3) {
            const Taken taken = feed(log.bytes(), {a, b});
            ASSERT_EQ(taken.payloads, whole.payloads) << a << " " << b;
            ASSERT_EQ(taken.received, whole.received);
        }
    }
}

TEST(FrameStream, ACutLinkGoesOnAtTheEndOfARecord) {
    const Written log = a_log();
    for (size_t cut = 0; cut <= log.bytes().size(); ++cut) {
        const Taken before = feed(std::string_view(log.bytes()).substr(0, cut));
        EXPECT_EQ(before.received, kStart + cut);
        const size_t end = before.record_end - kStart;
        ASSERT_TRUE(end == 0 || end == log.ends()[0] || end == log.ends()[3] ||
                    end == log.ends()[4]);
        ASSERT_LE(end, cut);
        FrameStream again(kHistory, before.record_end);
        EXPECT_TRUE(again.follows_on(before.record_end));
        EXPECT_FALSE(again.follows_on(before.record_end + 1));
        const Taken rest = feed(again, std::string_view(log.bytes()).substr(end), {});
        ASSERT_EQ(rest.code, Code::kOk);
        ASSERT_EQ(rest.record_end, kStart + log.bytes().size());
    }
}

TEST(FrameStream, EveryFlippedBitIsNoticed) {
    const Written log = a_log();
    for (size_t at = 0; at < log.bytes().size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = log.bytes();
            damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
            const Taken taken = feed(damaged);
            ASSERT_TRUE(taken.code != Code::kOk || taken.payloads.size() < 5) << at;
            ASSERT_EQ(taken.bytes, log.bytes().substr(0, taken.bytes.size())) << at;
        }
    }
    // Another history has other checksums.
    FrameStream other({kHistory.id, frame_seed(98), format::kLevel}, kStart);
    EXPECT_EQ(feed(other, log.bytes(), {}).code, Code::kCorrupt);
}

TEST(FrameStream, WellFormedFramesThatMakeNoRecord) {
    EXPECT_EQ(feed(Written().add(kLast, "end").bytes()).code, Code::kCorrupt);
    EXPECT_EQ(feed(Written().add(0, "middle").bytes()).code, Code::kCorrupt);
    EXPECT_EQ(feed(Written().add(kFirst, "a").add(kFirst | kLast, "b").bytes()).code,
              Code::kCorrupt);
    EXPECT_EQ(feed(Written().add(kFirst, "a").add(kLast, "b", 2).bytes()).code, Code::kCorrupt);
    FrameHeader header;
    header.position = kStart;
    header.kind = format::kKindEffects;
    header.flags = kFirst | kLast;
    const auto changed = [&](auto&& change) {
        FrameHeader other = header;
        change(other);
        Written log;
        log.add(other, "");
        return feed(log.bytes()).code;
    };
    EXPECT_EQ(changed([](FrameHeader&) {}), Code::kOk);
    EXPECT_EQ(changed([](FrameHeader& h) { h.position = kStart + 1; }), Code::kCorrupt);
    EXPECT_EQ(changed([](FrameHeader& h) { h.length = limits::kFrameBytes + 1; }), Code::kCorrupt);
    EXPECT_EQ(changed([](FrameHeader& h) { h.kind = format::kKindEmpty; }), Code::kVersion);
    EXPECT_EQ(changed([](FrameHeader& h) { h.kind = 7; }), Code::kVersion);
    EXPECT_EQ(changed([](FrameHeader& h) { h.codec = 1; }), Code::kVersion);
    EXPECT_EQ(changed([](FrameHeader& h) { h.key_id = 1; }), Code::kVersion);
    EXPECT_EQ(changed([](FrameHeader& h) { h.flags = 7; }), Code::kVersion);
}

// Values that were written ahead of their record stand behind fillers.
TEST(FrameStream, FillersSayNothing) {
    Written log;
    const auto filler = [&log](uint8_t flags) {
        FrameHeader header;
        header.length = 30;
        header.kind = format::kKindFiller;
        header.flags = flags;
        header.epoch = 1;
        header.position = kStart + log.bytes().size();
        log.add(header, std::string(30, '\0'));
    };
    log.add(kFirst, "head");
    filler(0);
    log.add(kLast, "value");
    const Taken taken = feed(log.bytes());
    EXPECT_EQ(taken.code, Code::kOk);
    EXPECT_EQ(taken.payloads, (std::vector<std::string>{"head", "", "value"}));
    EXPECT_EQ(taken.bytes, log.bytes());
    EXPECT_EQ(taken.record_end, kStart + log.bytes().size());
    filler(0);
    EXPECT_EQ(feed(log.bytes()).code, Code::kCorrupt);  // outside of a record
    Written ends;
    std::swap(log, ends);
    log.add(kFirst, "head");
    filler(kLast);
    EXPECT_EQ(feed(log.bytes()).code, Code::kCorrupt);
}

}  // namespace
}  // namespace synap::replication
