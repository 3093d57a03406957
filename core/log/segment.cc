#include "core/log/segment.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/varint.h"
#include "core/log/format.h"

namespace synap {

namespace format {

std::string file_name(std::string_view prefix, uint64_t position) {
    std::string digits = std::to_string(position);
    return std::string(prefix) + std::string(20 - digits.size(), '0') + digits;
}

bool parse_file_name(std::string_view name, std::string_view prefix, uint64_t& position) noexcept {
    if (name.size() != prefix.size() + 20 || name.substr(0, prefix.size()) != prefix) return false;
    uint64_t value = 0;
    for (const char c : name.substr(prefix.size())) {
        const unsigned digit = static_cast<unsigned>(c) - '0';
        if (digit > 9 || __builtin_mul_overflow(value, uint64_t{10}, &value) ||
            __builtin_add_overflow(value, uint64_t{digit}, &value)) {
            return false;
        }
    }
    position = value;
    return true;
}

}  // namespace format

namespace {

constexpr size_t kCrcAt = 12;

uint32_t header_crc(std::string_view bytes) noexcept {
    return crc32c(bytes.substr(kCrcAt + 4, format::kSegmentHeaderBytes - kCrcAt - 4),
                  crc32c(bytes.substr(0, kCrcAt)));
}

}  // namespace

Status check_level(uint32_t level, const std::string& file) {
    if (level <= format::kLevel) return {};
    return Error{Code::kVersion, file + " is of format level " + std::to_string(level) +
                                     "; this version of Synap knows levels up to " +
                                     std::to_string(format::kLevel)};
}

std::string encode_segment_header(const SegmentHeader& header) {
    std::string bytes(format::kSegmentMagic);
    put(bytes, header.level);
    put(bytes, uint32_t{0});
    put(bytes, header.history.high);
    put(bytes, header.history.low);
    put(bytes, header.first_position);
    put(bytes, header.synced);
    put(bytes, header.writer);
    bytes.resize(format::kSegmentHeaderBytes);
    store(bytes.data() + kCrcAt, header_crc(bytes));
    return bytes;
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes, const std::string& file) {
    if (bytes.size() < format::kSegmentHeaderBytes ||
        bytes.substr(0, format::kSegmentMagic.size()) != format::kSegmentMagic ||
        load<uint32_t>(bytes.data() + kCrcAt) != header_crc(bytes)) {
        return Error{Code::kCorrupt, file + ": the segment header is damaged (offset 0)"};
    }
    SegmentHeader header;
    header.level = load<uint32_t>(bytes.data() + 8);
    header.history = {load<uint64_t>(bytes.data() + 16), load<uint64_t>(bytes.data() + 24)};
    header.first_position = load<uint64_t>(bytes.data() + 32);
    header.synced = load<uint64_t>(bytes.data() + 40);
    header.writer = load<uint64_t>(bytes.data() + 48);
    SYNAP_TRY(check_level(header.level, file));
    return header;
}

Result<std::unique_ptr<File>> create_segment(Disk& disk, const SegmentHeader& header,
                                             const std::function<Status(File&)>& prepare) {
    const std::string name = format::file_name(format::kSegmentPrefix, header.first_position);
    // A file with its name and without its header would end the log where it stands.
    const std::string temporary = name + std::string(format::kTemporarySuffix);
    auto file = disk.open(temporary, OpenMode::kCreate);
    if (!file && !file.error().may_pass() && disk.remove(temporary)) {  // of an earlier attempt
        file = disk.open(temporary, OpenMode::kCreate);
    }
    if (!file) return file.take_failure();
    const auto fill = [&]() -> Status {
        SYNAP_TRY((*file)->write_at(0, encode_segment_header(header)));
        if (prepare) SYNAP_TRY(prepare(**file));
        return disk.rename(temporary, name);
    };
    if (Status filled = fill(); !filled) {
        disk.remove(temporary).ignore();
        return filled.take_failure();
    }
    return file;
}

Result<std::vector<uint64_t>> list_positions(Disk& disk, std::string_view prefix) {
    auto names = disk.list();
    if (!names) return names.take_error();
    std::vector<uint64_t> positions;
    for (const std::string& name : *names) {
        uint64_t position = 0;
        if (format::parse_file_name(name, prefix, position)) positions.push_back(position);
    }
    std::sort(positions.begin(), positions.end());
    return positions;
}

Result<std::vector<uint64_t>> list_segments(Disk& disk) {
    return list_positions(disk, format::kSegmentPrefix);
}

}  // namespace synap
