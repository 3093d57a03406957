// The receiving half of a full sync: the snapshot and the log that completes it are written beside
// what is here, and take its place once all of both is there.
//
// Readers see the old state until then. A cut link costs what was received of the log; of the
// snapshot, what is here already is not asked for again while the process lives. Memory: one
// record. Thread safety: one thread, but for adopt(), which runs aside while nothing else is
// called. Blocking: disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/checksum64.h"
#include "core/replication/frame_stream.h"
#include "core/replication/framing.h"
#include "core/replication/messages.h"
#include "core/replication/self.h"

namespace synap::replication {

class FullTarget {
public:
    FullTarget(Self& self, const Answer& answer);

    // What is here from before, of a file that may be offered again.
    FullRequest request() const;
    // FULL_OFFER, CHUNK, FULL_END. kCorrupt where one is not what has to come; kIo.
    Status take(const Message& message);
    // Of the snapshot: all of it is here, and START is due.
    bool has_snapshot() const noexcept { return has_snapshot_; }
    Status take_log(uint64_t position, std::string_view bytes);
    Status take_epoch(const Epoch& epoch);
    // The log reaches as far as the snapshot needs.
    bool is_complete() const noexcept { return is_complete_; }
    // Takes the place of what was here.
    Status adopt();
    // What came of the log behind that.
    const std::string& left() const noexcept { return left_; }

    uint64_t from() const noexcept { return offer_.from; }
    uint64_t size() const noexcept { return offer_.size; }
    uint64_t received() const noexcept { return received_; }

private:
    Status take_offer(std::string_view body);
    Status go_on_with_file();
    Status take_chunk(std::string_view body);
    Status take_end(std::string_view body);
    Status store_record();
    std::string snapshot_name() const;

    Self& self_;
    const Manifest history_;  // with the epochs of the answer
    PartialSync& partial_;
    FullOffer offer_;
    bool has_offer_ = false;
    bool has_snapshot_ = false;
    bool is_complete_ = false;
    std::unique_ptr<File> file_;
    uint64_t received_ = 0;
    Checksum64 checksum_;
    std::unique_ptr<FrameStream> stream_;
    std::unique_ptr<File> log_;
    uint64_t stored_ = 0;  // of the log, in its file
    std::string record_;   // that is open
    std::string left_;
    std::vector<Epoch> epochs_;  // told since
};

}  // namespace synap::replication
