// How far other nodes were heard to be durable. A sender that lacks what it called durable once was
// rolled back: whoever heard it does not follow it unasked (common_point.h).
//
// Kept durably by who follows, before what was heard is acted on. A crash may leave marks that are
// lower than what was heard, never higher ones. Thread safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/platform/disk.h"
#include "core/replication/facts.h"

namespace synap::replication {

class HeardMarks {
public:
    // The sender called `synced` durable while `epoch` was its newest. True when that says more
    // than was known. Marks that this one implies are dropped: who holds an epoch holds all that
    // lies before its start.
    bool heard(const Epoch& epoch, uint64_t synced);
    // What lies behind `point` was given up by order, and so were the promises about it.
    void give_up(uint64_t point);
    void clear() { marks_.clear(); }

    const std::vector<HeardMark>& all() const noexcept { return marks_; }
    // The highest position of any epoch.
    uint64_t highest() const noexcept;

    std::string encode(const HistoryId& history) const;
    // Those of another history count for nothing: none are read then.
    static Result<HeardMarks> decode(std::string_view bytes, const HistoryId& history,
                                     const std::string& file);

private:
    std::vector<HeardMark> marks_;  // by number
};

inline constexpr std::string_view kHeardName = "HEARD";

// None where there is no such file. kCorrupt when it is damaged.
Result<HeardMarks> read_heard_marks(Disk& disk, const HistoryId& history);
// Durable when it returns; a crash leaves the old file or the new one.
Status write_heard_marks(Disk& disk, const HistoryId& history, const HeardMarks& marks);

}  // namespace synap::replication
