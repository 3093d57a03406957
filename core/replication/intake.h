// What arrives of a master's log, made part of this node: frames are checked and put together, and
// each whole record is stored and applied at once. Nothing is stored of a record that is not whole.
//
// Memory: one record. Thread safety: one thread. Blocking: disk, where the log has no room left in
// memory, and at the beginning of an epoch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/engine/engine.h"
#include "core/replication/frame_stream.h"

namespace synap::replication {

class Intake {
public:
    // From `position` on, where a record begins.
    Intake(Engine& engine, uint64_t position);

    // A piece of the log, which goes on where the last one ended. kCorrupt for what is no log of
    // this history, or does not fit what is here; kIo with a cause where there is no room: nothing
    // is lost by asking for it again from record_end() on.
    Status take(uint64_t position, std::string_view bytes);
    // An epoch that begins here; one that is known changes nothing.
    Status enter(const Epoch& epoch);

    // Behind the last whole record.
    uint64_t record_end() const noexcept { return stream_.record_end(); }

private:
    Status take_frame(const StreamedFrame& frame);
    Status store(std::string_view frames, std::string_view effects);

    Engine& engine_;
    FrameStream stream_;
    std::string frames_;   // of the record that is open
    std::string effects_;  // likewise
};

}  // namespace synap::replication
