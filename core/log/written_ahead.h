// Large values that were written before their record has its place, so that whoever comes behind
// it need not wait for them: into a file of their own, which becomes the segment that begins with
// the record (see Log::write_ahead()).
//
// In the file each value is cut into frames whose headers are left out, behind a gap for what the
// record holds before the value: the frame of that and a filler, which says nothing. The log fills
// in the headers once it knows the position.
//
// Thread safety: none, its owner's. A crash leaves a temporary file, which the next open removes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/log/record.h"
#include "core/platform/disk.h"
#include "core/types/blob.h"

namespace synap {

class WrittenAhead {
public:
    // For what stands before each value, with the headers of its frame and of the filler.
    static constexpr uint64_t kGapBytes = 4096;

    // Writes the values, and syncs them where `durable`. `seed` is that of the history's frames.
    // When it fails there is no file. Throws std::bad_alloc likewise. Blocking: disk.
    static Result<std::unique_ptr<WrittenAhead>> write(Disk& disk, std::string name,
                                                       std::span<const BlobRef> values,
                                                       uint32_t seed, bool durable);
    ~WrittenAhead();  // removes the file, unless it was taken
    WrittenAhead(const WrittenAhead&) = delete;
    WrittenAhead& operator=(const WrittenAhead&) = delete;

    // Whether these effects are of a record with these values and no others, and fit around them.
    bool fits(const EffectBuffer& effects) const noexcept;
    // Of the frames of the value, each as long as it can be.
    std::span<const uint32_t> sums(size_t value) const noexcept { return values_[value].sums; }
    size_t values() const noexcept { return values_.size(); }
    uint64_t bytes() const noexcept { return bytes_; }

    const std::string& name() const noexcept { return name_; }
    // Moved from by whoever gives it its name.
    std::shared_ptr<File>& file() noexcept { return file_; }

private:
    struct Value {
        BlobRef blob;
        std::vector<uint32_t> sums;
    };

    WrittenAhead(Disk& disk, std::string name) : disk_(disk), name_(std::move(name)) {}

    Disk& disk_;
    const std::string name_;
    std::shared_ptr<File> file_;  // null: there is none of ours
    std::vector<Value> values_;
    uint64_t bytes_ = 0;  // of the values
};

}  // namespace synap
