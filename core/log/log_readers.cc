// What the log does for those who read it while it is open, and for whom it keeps its segments.
#include <algorithm>

#include "core/base/exhaustion.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/pins.h"
#include "core/log/stream.h"

namespace synap {

uint64_t Log::oldest_position() const noexcept { return pins_->oldest(); }

void Log::set_oldest_position(uint64_t position) noexcept { pins_->set_oldest(position); }

// Byte for byte what was written: values that were written ahead stand in the file as they are in
// memory, and their gaps and headers are of the tail's bytes. Holds write_.
void Log::keep_for_readers(const Tail& tail) noexcept {
    char* to = stream_->prepare(tail.start, tail.end - tail.start);
    if (to == nullptr) return;
    size_t at = 0;
    const auto put = [&](std::string_view bytes) {
        to = std::copy(bytes.begin(), bytes.end(), to);
    };
    for (const Splice& splice : tail.splices) {
        put({tail.bytes.data() + at, splice.at - at});
        at = splice.at;
        put(splice.bytes);
    }
    put({tail.bytes.data() + at, tail.bytes.size() - at});
    stream_->publish(tail.end - tail.start);
}

Status Log::remove_segments_before(uint64_t position) {
    auto segments = list_segments(disk_);
    if (!segments) return segments.take_error();
    // Nobody can have a place in them from here on.
    const size_t count = pins_->take_front(*segments, position, appended());
    if (count == 0) return {};
    stream_->segments_removed((*segments)[count]);
    for (size_t i = 0; i < count; ++i) {
        SYNAP_TRY(disk_.remove(format::file_name(format::kSegmentPrefix, (*segments)[i])));
    }
    return disk_.sync_names();
}

}  // namespace synap
