#include "core/replication/heard_marks.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/small_file.h"
#include "core/replication/wire.h"

namespace synap::replication {

namespace {

constexpr std::string_view kMagic = "SYNAPHRD";

}  // namespace

bool HeardMarks::heard(const Epoch& epoch, uint64_t synced) {
    const auto same = [&](const HeardMark& mark) { return mark.id == epoch.id; };
    const auto known = std::find_if(marks_.begin(), marks_.end(), same);
    if (known != marks_.end() && known->synced >= synced) return false;
    std::erase_if(marks_, [&](const HeardMark& mark) {
        return same(mark) || (mark.number < epoch.number && mark.synced <= epoch.start);
    });
    const auto at = std::find_if(marks_.begin(), marks_.end(),
                                 [&](const HeardMark& mark) { return mark.number > epoch.number; });
    marks_.insert(at, HeardMark{epoch.id, epoch.number, synced});
    if (marks_.size() > kMarksTold) marks_.erase(marks_.begin());
    return true;
}

void HeardMarks::give_up(uint64_t point) {
    std::erase_if(marks_, [&](const HeardMark& mark) { return mark.synced > point; });
}

uint64_t HeardMarks::highest() const noexcept {
    uint64_t highest = 0;
    for (const HeardMark& mark : marks_) highest = std::max(highest, mark.synced);
    return highest;
}

// magic[8] level:u32 history[16] count:u32 count x (id:u64 number:u32 synced:u64) crc:u32
std::string HeardMarks::encode(const HistoryId& history) const {
    std::string bytes(kMagic);
    put(bytes, format::kLevel);
    put(bytes, history.high);
    put(bytes, history.low);
    put(bytes, static_cast<uint32_t>(marks_.size()));
    for (const HeardMark& mark : marks_) {
        put(bytes, mark.id);
        put(bytes, mark.number);
        put(bytes, mark.synced);
    }
    put(bytes, crc32c(bytes));
    return bytes;
}

Result<HeardMarks> HeardMarks::decode(std::string_view bytes, const HistoryId& history,
                                      const std::string& file) {
    const Error damaged{Code::kCorrupt, file +
                                            " is damaged: remove it to follow again; what "
                                            "masters promised before is forgotten then"};
    uint32_t count = 0;
    HistoryId of;
    auto fields = fields_of_small_file(bytes, kMagic, file, damaged);
    if (!fields) return fields.take_error();
    ByteReader& in = *fields;
    if (!in.take(of.high) || !in.take(of.low) || !in.take(count) || count > kMarksTold) {
        return damaged;
    }
    HeardMarks marks;
    for (uint32_t i = 0; i < count; ++i) {
        HeardMark mark;
        if (!in.take(mark.id) || !in.take(mark.number) || !in.take(mark.synced)) return damaged;
        marks.marks_.push_back(mark);
    }
    if (!in.empty()) return damaged;
    if (!(of == history)) return HeardMarks();
    return marks;
}

Result<HeardMarks> read_heard_marks(Disk& disk, const HistoryId& history) {
    auto bytes = read_small_file(disk, kHeardName, 64 + kMarksTold * 20);
    if (!bytes && bytes.error().code == Code::kEmpty) return HeardMarks();
    if (!bytes) return bytes.take_error();
    return HeardMarks::decode(*bytes, history, disk.describe(kHeardName));
}

Status write_heard_marks(Disk& disk, const HistoryId& history, const HeardMarks& marks) {
    return write_file_durably(disk, kHeardName, marks.encode(history));
}

}  // namespace synap::replication
