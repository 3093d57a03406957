#include "core/log/written_ahead.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/log/format.h"

namespace synap {

Result<std::unique_ptr<WrittenAhead>> WrittenAhead::write(Disk& disk, std::string name,
                                                          std::span<const BlobRef> values,
                                                          uint32_t seed, bool durable) {
    std::unique_ptr<WrittenAhead> ahead(new WrittenAhead(disk, std::move(name)));
    for (const BlobRef& value : values) {
        value.get()->retain();
        ahead->values_.push_back({BlobRef(value.get()), {}});
        ahead->bytes_ += value.get()->size();
    }
    auto file = disk.open(ahead->name_, OpenMode::kCreate);
    if (!file) return file.take_error();
    ahead->file_ = std::move(*file);
    uint64_t offset = format::kSegmentHeaderBytes;
    for (Value& value : ahead->values_) {
        const std::string_view bytes = value.blob.get()->bytes();
        offset += kGapBytes;
        for (size_t at = 0; at < bytes.size(); at += limits::kFrameBytes) {
            const std::string_view part = bytes.substr(at, limits::kFrameBytes);
            value.sums.push_back(crc32c(part, seed));
            offset += format::kFrameHeaderBytes;
            if (Status put = ahead->file_->write_at(offset, part); !put) return put.take_error();
            offset += part.size();
        }
    }
    if (durable) {
        if (Status synced = ahead->file_->sync(); !synced) return synced.take_error();
    }
    return ahead;
}

WrittenAhead::~WrittenAhead() {
    if (file_ != nullptr) disk_.remove(name_).ignore();
}

bool WrittenAhead::fits(const EffectBuffer& effects) const noexcept {
    const auto& splices = effects.splices();
    if (splices.size() != values_.size()) return false;
    size_t before = 0;
    for (size_t i = 0; i < splices.size(); ++i) {
        const size_t gap = splices[i].at - before;
        const bool same = splices[i].blob.get() == values_[i].blob.get();
        if (!same || gap == 0 || gap + 2 * format::kFrameHeaderBytes > kGapBytes) return false;
        before = splices[i].at;
    }
    return effects.bytes().size() - before <= limits::kFrameBytes;
}

}  // namespace synap
