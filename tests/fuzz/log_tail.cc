// The reader of an open log's tail over a segment that may hold anything: it hands out what stands
// in the file, ends where recovery would, and takes no position in the middle of a record. The
// first byte chooses whether frames get the position and checksum that make them whole, so that
// chains are reached behind these; the second and third, where another reader begins.
#include <cstdint>
#include <set>
#include <string>

#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/reader.h"
#include "core/log/tail_reader.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"

namespace synap {
namespace {

constexpr LogHistory kHistory{{1, 2}, 0, format::kLevel};

void make_whole(std::string& frames) {
    for (size_t at = 0; frames.size() - at >= format::kFrameHeaderBytes;) {
        FrameHeader header = decode_frame_header(frames.data() + at);
        const size_t there = frames.size() - at - format::kFrameHeaderBytes;
        header.length = static_cast<uint32_t>(header.length % (there + 1));
        header.position = at;
        encode_frame_header(header, frames.data() + at);
        const size_t payload = at + format::kFrameHeaderBytes;
        const uint32_t crc = crc32c(std::string_view(frames).substr(payload, header.length));
        store(frames.data() + at + format::kFrameCrcOffset, frame_crc(frames.data() + at, crc));
        at = payload + header.length;
    }
}

// Where records end, through the last one that recovery would keep.
std::set<uint64_t> ends_of_records(Disk& disk) {
    std::set<uint64_t> ends = {0};
    auto reader = LogReader::open(disk, kHistory, 0);
    SYNAP_ASSERT(reader);
    LogRecord record;
    for (;;) {
        auto more = (*reader)->next(record);
        if (!more || !*more) return ends;
        ends.insert(record.end);
    }
}

void read_tail(Log& log, const std::string& frames, uint64_t last_end) {
    TailReader reader(log, 0);
    std::string all;
    uint64_t record_end = 0;
    for (size_t most = 1;; most = most * 2 % 8191) {
        auto read = reader.read(most);
        if (!read || read->bytes.empty()) {
            SYNAP_ASSERT(!read || all.size() == frames.size());
            break;
        }
        all += read->bytes;
        SYNAP_ASSERT(read->end == all.size() && reader.position() == all.size());
        SYNAP_ASSERT(read->record_end >= record_end && read->record_end <= read->end);
        record_end = read->record_end;
    }
    SYNAP_ASSERT(all == std::string_view(frames).substr(0, all.size()));
    SYNAP_ASSERT(record_end == last_end);
}

}  // namespace
}  // namespace synap

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace synap;
    if (size < 3 || size > limits::kFrameBytes) return 0;
    std::string frames(reinterpret_cast<const char*>(data) + 3, size - 3);
    if ((data[0] & 1) != 0) make_whole(frames);
    SimDisk disk;
    SimClock clock;
    auto file = disk.open(format::file_name(format::kSegmentPrefix, 0), OpenMode::kCreate);
    SYNAP_ASSERT(file);
    const std::string head = encode_segment_header({format::kLevel, kHistory.id, 0, 0});
    SYNAP_ASSERT((*file)->write_at(0, head + frames));
    LogOptions options;
    options.threads = false;
    Log log(disk, clock, {kHistory, 1, frames.size()}, options);
    log.set_oldest_position(0);
    const std::set<uint64_t> ends = ends_of_records(disk);
    read_tail(log, frames, *ends.rbegin());
    const uint64_t position = (data[1] + 256u * data[2]) % (frames.size() + 1);
    const auto read = TailReader(log, position).read();
    if (position <= *ends.rbegin()) {
        SYNAP_ASSERT(static_cast<bool>(read) == (ends.count(position) != 0) ||
                     position == *ends.rbegin());
    }
    return 0;
}
