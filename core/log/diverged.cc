#include "core/log/diverged.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/chain.h"
#include "core/log/format.h"
#include "core/log/record.h"
#include "core/log/segment.h"
#include "core/log/small_file.h"

namespace synap {
namespace {

constexpr std::string_view kSuffix = ".log";
constexpr size_t kCopyBytes = 256 << 10;
constexpr int kNamesMost = 1000;

std::string encode_header(const DivergedFile& about) {
    std::string bytes(format::kDivergedMagic);
    const std::string manifest = about.manifest.encode();
    put(bytes, about.manifest.level);
    put(bytes, about.node);
    put(bytes, about.begin);
    put(bytes, about.end);
    put_varint(bytes, manifest.size());
    bytes += manifest;
    put(bytes, crc32c(bytes));
    return bytes;
}

// The bytes of the log between two positions, from the segments of the directory.
Status copy_log(Disk& disk, uint64_t begin, uint64_t end, File& to, uint64_t offset) {
    auto segments = list_segments(disk);
    if (!segments) return segments.take_failure();
    const Error too_short{Code::kCorrupt, disk.describe("") + ": the log is shorter than it was"};
    std::string bytes(kCopyBytes, '\0');
    for (size_t i = 0; i < segments->size() && begin < end; ++i) {
        const uint64_t start = (*segments)[i];
        const uint64_t until = i + 1 < segments->size() ? std::min(end, (*segments)[i + 1]) : end;
        if (until <= begin) continue;
        if (start > begin) break;
        auto file = disk.open(format::file_name(format::kSegmentPrefix, start), OpenMode::kRead);
        if (!file) return file.take_failure();
        while (begin < until) {
            const size_t want = std::min<uint64_t>(bytes.size(), until - begin);
            const uint64_t at = format::kSegmentHeaderBytes + begin - start;
            auto got = (*file)->read_at(at, bytes.data(), want);
            if (!got) return got.take_failure();
            if (*got != want) return too_short;
            SYNAP_TRY(to.write_at(offset, {bytes.data(), want}));
            offset += want;
            begin += want;
        }
    }
    if (begin < end) return too_short;
    return {};
}

// Of an attempt that was given up, or of a process that died, before it went back.
bool is_saved(Disk& disk, const std::string& name, std::string_view header, uint64_t bytes) {
    auto file = disk.open(name, OpenMode::kRead);
    if (!file) return false;
    auto size = (*file)->size();
    if (!size || *size != header.size() + bytes) return false;
    std::string found(header.size(), '\0');
    auto got = (*file)->read_at(0, found.data(), found.size());
    return got && *got == found.size() && found == header;
}

// Empty where the same is saved already.
Result<std::string> free_name(Disk& disk, uint32_t epoch, uint64_t begin, std::string_view header,
                              uint64_t bytes) {
    auto names = disk.list();
    if (!names) return names.take_failure();
    const std::string stem = format::file_name(
        std::string(format::kDivergedPrefix) + std::to_string(epoch) + "-", begin);
    for (int i = 1; i <= kNamesMost; ++i) {
        std::string name = stem + (i == 1 ? "" : "-" + std::to_string(i)) + std::string(kSuffix);
        if (std::find(names->begin(), names->end(), name) == names->end()) return name;
        if (is_saved(disk, name, header, bytes)) return std::string();
    }
    return Error{Code::kIo, "there are too many files named " + stem};
}

}  // namespace

Status save_diverged(Disk& disk, const Manifest& manifest, const NodeFile& node, uint64_t begin,
                     uint64_t end) {
    const uint32_t epoch = manifest.epochs.empty() ? 0 : manifest.epochs.back().number;
    const std::string header = encode_header({{}, manifest, node.id, begin, end, 0});
    auto name = free_name(disk, epoch, begin, header, end - begin);
    if (!name) return name.take_failure();
    if (name->empty()) return disk.sync_names();
    return write_file_durably(disk, *name, [&](File& file) -> Result<std::string> {
        SYNAP_TRY(copy_log(disk, begin, end, file, header.size()));
        return header;
    });
}

Result<std::vector<std::string>> list_diverged(Disk& disk) {
    auto names = disk.list();
    if (!names) return names.take_failure();
    std::erase_if(*names, [](const std::string& name) {
        return !name.starts_with(format::kDivergedPrefix) || !name.ends_with(kSuffix);
    });
    return names;
}

Result<DivergedFile> read_diverged(Disk& disk, std::string_view name) {
    constexpr uint64_t kHeaderBytesMax = 256 + limits::kManifestEpochs * 40;
    const std::string path = disk.describe(name);
    const Error damaged{Code::kCorrupt, path + " is damaged at its beginning"};
    auto file = disk.open(name, OpenMode::kRead);
    if (!file) return file.take_failure();
    std::string bytes(kHeaderBytesMax, '\0');
    auto got = (*file)->read_at(0, bytes.data(), bytes.size());
    if (!got) return got.take_failure();
    bytes.resize(*got);
    ByteReader in(bytes);
    std::string_view magic;
    std::string_view manifest;
    uint32_t level = 0;
    uint32_t crc = 0;
    DivergedFile about;
    about.name = std::string(name);
    if (!in.take_bytes(format::kDivergedMagic.size(), magic) || magic != format::kDivergedMagic ||
        !in.take(level)) {
        return damaged;
    }
    SYNAP_TRY(check_level(level, path));
    if (!in.take(about.node) || !in.take(about.begin) || !in.take(about.end) ||
        !in.take_string(manifest)) {
        return damaged;
    }
    const size_t covered = bytes.size() - in.remaining();
    if (!in.take(crc) || crc != crc32c(std::string_view(bytes).substr(0, covered))) return damaged;
    about.frames_at = covered + sizeof crc;
    auto decoded = Manifest::decode(manifest, path);
    if (!decoded) return decoded.take_failure();
    about.manifest = std::move(*decoded);
    return about;
}

Result<DivergedReader> DivergedReader::open(Disk& disk, std::string_view name) {
    auto about = read_diverged(disk, name);
    if (!about) return about.take_failure();
    DivergedReader reader(std::move(*about));
    auto file = disk.open(name, OpenMode::kRead);
    if (!file) return file.take_failure();
    reader.file_ = std::move(*file);
    reader.path_ = disk.describe(name);
    reader.position_ = reader.about_.begin;
    return reader;
}

Result<bool> DivergedReader::next(Record& record) {
    const auto damaged = [&](const char* what) {
        return Error{Code::kCorrupt,
                     path_ + ": position " + std::to_string(position_) + ": " + what};
    };
    const uint32_t seed = about_.manifest.log_history().frame_seed;
    record_.clear();
    bool in_chain = false;
    while (position_ < about_.end) {
        const uint64_t at = about_.frames_at + position_ - about_.begin;
        char bytes[format::kFrameHeaderBytes];
        auto got = file_->read_at(at, bytes, sizeof bytes);
        if (!got) return got.take_failure();
        if (*got != sizeof bytes) return damaged("the file is cut off");
        const FrameHeader header = decode_frame_header(bytes);
        if (header.position != position_ || header.length > limits::kFrameBytes) {
            return damaged("this is no frame");
        }
        frame_.resize(header.length);
        got = file_->read_at(at + sizeof bytes, frame_.data(), frame_.size());
        if (!got) return got.take_failure();
        if (*got != frame_.size()) return damaged("the file is cut off");
        if (frame_crc(bytes, crc32c(frame_, seed)) != header.crc) {
            return damaged("the checksum does not match");
        }
        const FrameFault fault = fault_of(header, in_chain);
        if (fault == FrameFault::kBroken) return damaged("a chain of frames is broken");
        if (fault == FrameFault::kUnknown) {
            return Error{Code::kVersion, path_ + ": position " + std::to_string(position_) +
                                             ": a record of a kind this version does not know"};
        }
        in_chain = true;
        position_ += sizeof bytes + header.length;
        if (!is_filler(header)) record_.append(frame_);
        if ((header.flags & format::kFlagLast) == 0) continue;
        record = {position_, header.commit_ms, record_};
        return true;
    }
    if (in_chain) return damaged("the last record is not whole");
    return false;
}

}  // namespace synap
