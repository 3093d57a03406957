// A log on a simulated disk, for tests of those who read it while it is open.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/limits.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/segment.h"
#include "core/log/tail_reader.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"

namespace synap {

// Everything that is there for a reader.
struct Got {
    std::string bytes;
    size_t reads = 0;
    size_t from_memory = 0;
    uint64_t record_end = 0;
    uint64_t largest = 0;
    Error error{Code::kOk, {}};
};

inline Got drain(TailReader& reader, size_t most = 256 * 1024) {
    Got got;
    for (;;) {
        auto read = reader.read(most);
        if (!read) {
            got.error = read.take_error();
            return got;
        }
        EXPECT_EQ(read->end, reader.position());
        EXPECT_LE(read->record_end, read->end);
        EXPECT_GE(read->record_end, got.record_end);
        got.record_end = read->record_end;
        if (read->bytes.empty()) return got;
        ++got.reads;
        got.from_memory += read->from_memory ? 1 : 0;
        got.largest = std::max<uint64_t>(got.largest, read->bytes.size());
        got.bytes += read->bytes;
    }
}

class OpenLogTest : public testing::Test {
protected:
    static constexpr LogHistory kHistory{{1, 2}, 3, 1};

    OpenLogTest() {
        options.threads = false;
        options.fsync = FsyncPolicy::kNever;
        options.segment_bytes = 4096;
    }
    ~OpenLogTest() override {
        if (log != nullptr) log->stop().ignore();
    }

    // `segment`: the last one that is there.
    void open(uint64_t position = 0, uint64_t segment = UINT64_MAX) {
        if (log != nullptr) log->stop().ignore();
        log = std::make_unique<Log>(disk, clock, LogStart{kHistory, 1, position}, options);
        ASSERT_TRUE(log->start(std::min(segment, position)));
        log->set_oldest_position(0);
    }

    // Positions behind the record; it is not written.
    uint64_t append(std::string_view value, Blob* blob = nullptr) {
        EffectBuffer effects;
        effects.add(effect_of(value, blob));
        return log->append(effects, clock.wall_ms());
    }
    uint64_t append_blob(const std::string& value) {
        const BlobRef blob(Blob::copy(value));
        return append(blob.get()->bytes(), blob.get());
    }
    uint64_t append_ahead(const std::string& value) {
        std::vector<BlobRef> blobs;
        blobs.emplace_back(Blob::copy(value));
        std::unique_ptr<WrittenAhead> ahead = log->write_ahead(blobs);
        EXPECT_NE(ahead, nullptr);
        EffectBuffer effects;
        effects.add(effect_of(blobs[0].get()->bytes(), blobs[0].get()));
        const uint64_t end = log->append(effects, clock.wall_ms(), &ahead);
        EXPECT_EQ(ahead, nullptr) << "it was not taken";
        return end;
    }
    void write() { ASSERT_TRUE(log->write(log->appended())); }
    void sync() { ASSERT_TRUE(log->sync(log->appended())); }

    // What stands in the segments between two positions that are written.
    std::string files(uint64_t from, uint64_t until) {
        const std::vector<uint64_t> segments = *list_segments(disk);
        std::string all;
        for (size_t i = 0; i < segments.size(); ++i) {
            const uint64_t next = i + 1 < segments.size() ? segments[i + 1] : UINT64_MAX;
            const uint64_t begin = std::max(from, segments[i]);
            const uint64_t end = std::min(until, next);
            if (begin >= end) continue;
            const std::string name = format::file_name(format::kSegmentPrefix, segments[i]);
            all += disk.contents(name).substr(format::kSegmentHeaderBytes + begin - segments[i],
                                              end - begin);
        }
        EXPECT_EQ(all.size(), until - from);
        return all;
    }
    std::string files() { return files(0, log->written()); }

    static std::string text_of(size_t size, char first = 'x') {
        std::string text(size, first);
        for (size_t i = 0; i < size; i += 997) text[i] = static_cast<char>('a' + i % 26);
        return text;
    }

    SimDisk disk;
    SimClock clock;
    LogOptions options;
    std::unique_ptr<Log> log;

private:
    static Effect effect_of(std::string_view value, Blob* blob) {
        Effect effect;
        effect.kind = EffectKind::kValue;
        effect.key = "key";
        effect.body.bytes = value;
        effect.body.blob = blob;
        return effect;
    }
};

}  // namespace synap
