// The sending half of a full sync: the newest snapshot file, offered and sent piece by piece.
//
// Where the log since the newest snapshot is the larger part, or there is none, a new one is asked
// for first. The file and the log from its beginning on are pinned until the follower has begun to
// stream; where the pin exceeds its bounds the sync ends, and says with which numbers. What was
// received before goes on from there, if it is of the same file. Memory: one piece. Thread safety:
// one thread. Blocking: disk; reading a file once to know its checksum, in steps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/checksum64.h"
#include "core/log/pins.h"
#include "core/replication/link.h"
#include "core/replication/self.h"
#include "core/snapshot/layout.h"

namespace synap::replication {

class FullSource {
public:
    FullSource(Self& self, std::string pin, PinBounds bounds, const FullRequest& request);
    ~FullSource();  // lets go of the pin
    FullSource(const FullSource&) = delete;
    FullSource& operator=(const FullSource&) = delete;

    // Goes on, at most so many bytes. True: there is more to do at once. kNeedSnapshot when the pin
    // was dropped, naming both numbers; kCorrupt, kIo. After an error it is over.
    Result<bool> send(Link& link, size_t most);
    // The follower was heard.
    Status alive();

    bool is_done() const noexcept { return step_ == Step::kDone; }
    // Where the log goes on behind the snapshot.
    uint64_t from() const noexcept { return info_.from; }

private:
    enum class Step : uint8_t { kChooses, kReads, kSends, kDone };

    Result<bool> choose();
    Result<bool> begin(uint64_t name_position);
    Result<bool> read_some(Link& link, size_t most);
    Status read_until(uint64_t offset);
    Status offer(Link& link);
    Result<bool> send_some(Link& link, size_t most);
    bool is_small_part(uint64_t name_position) const;

    Self& self_;
    const std::string pin_;
    const PinBounds bounds_;
    const FullRequest request_;
    Step step_ = Step::kChooses;
    bool asked_ = false;  // for a new snapshot
    uint64_t taken_ = 0;  // snapshots, when it was asked for
    std::unique_ptr<File> file_;
    std::string name_;
    std::unique_ptr<layout::Reader> check_;  // a damaged file is not sent
    SnapshotInfo info_;
    uint64_t size_ = 0;
    uint64_t checksum_ = 0;
    Checksum64 reading_;
    uint64_t read_ = 0;
    uint64_t sent_ = 0;
};

}  // namespace synap::replication
