// The log's reader and the effects in it. The first byte chooses what the rest is: a segment file
// as it is, or a record's payload that gets a frame with a valid checksum, so that the codec of
// effects is reached behind it.
#include <cstdint>
#include <string>

#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/reader.h"
#include "core/platform/sim_disk.h"

namespace synap {
namespace {

constexpr LogHistory kHistory{{1, 2}, 0, format::kLevel};

std::string framed(std::string_view payload) {
    FrameHeader header;
    header.length = static_cast<uint32_t>(payload.size());
    header.kind = format::kKindEffects;
    header.flags = format::kFlagFirst | format::kFlagLast;
    std::string frame(format::kFrameHeaderBytes, '\0');
    encode_frame_header(header, frame.data());
    store(frame.data() + format::kFrameCrcOffset,
          frame_crc(frame.data(), crc32c(payload, kHistory.frame_seed)));
    return encode_segment_header({format::kLevel, kHistory.id, 0, 0}) + frame +
           std::string(payload);
}

void read_everything(Disk& disk) {
    auto opened = LogReader::open(disk, kHistory, 0);
    if (!opened) return;
    LogReader& reader = **opened;
    LogRecord record;
    uint64_t before = 0;
    for (;;) {
        auto more = reader.next(record);
        if (!more || !*more) break;
        SYNAP_ASSERT(record.end > before && record.end == reader.end());
        before = record.end;
        while (!record.effects.empty()) {
            auto effect = decode_effect(record.effects);
            if (!effect) break;
            SYNAP_ASSERT(effect->name_space < limits::kNamespaces);
            EffectBuffer again;
            again.add(*effect);
        }
    }
    if (!reader.proven_durable()) return;
    // What was cut is gone: a second reading ends cleanly at the same place.
    if (!reader.erase_behind_end()) return;
    auto second = LogReader::open(disk, kHistory, 0);
    if (!second) return;
    for (;;) {
        auto more = (*second)->next(record);
        if (!more || !*more) break;
    }
    SYNAP_ASSERT((*second)->end() == reader.end());
}

}  // namespace
}  // namespace synap

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace synap;
    if (size == 0 || size > limits::kFrameBytes) return 0;
    const std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    const bool payload = (data[0] & 1) != 0;
    SimDisk disk;
    auto file = disk.open(format::file_name(format::kSegmentPrefix, 0), OpenMode::kCreate);
    SYNAP_ASSERT(file);
    SYNAP_ASSERT((*file)->write_at(0, payload ? framed(rest) : std::string(rest)));
    read_everything(disk);
    return 0;
}
