#include "core/log/manifest.h"

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"

namespace synap {

// magic[8] level:u32 history[16] secret:u64 count:u32 count x (number:u32 start:u64 id:u64)
// crc:u32 over everything before it.
std::string Manifest::encode() const {
    std::string bytes(format::kManifestMagic);
    put(bytes, level);
    put(bytes, history.high);
    put(bytes, history.low);
    put(bytes, secret);
    put(bytes, static_cast<uint32_t>(epochs.size()));
    for (const Epoch& epoch : epochs) {
        put(bytes, epoch.number);
        put(bytes, epoch.start);
        put(bytes, epoch.id);
    }
    put(bytes, crc32c(bytes));
    return bytes;
}

Result<Manifest> Manifest::decode(std::string_view bytes, const std::string& file) {
    const Error damaged{Code::kCorrupt, file + " is damaged: restore it from a backup"};
    Manifest manifest;
    std::string_view magic;
    uint32_t crc = 0;
    uint32_t count = 0;
    if (bytes.size() < sizeof crc) return damaged;
    const std::string_view covered = bytes.substr(0, bytes.size() - sizeof crc);
    if (load<uint32_t>(bytes.data() + covered.size()) != crc32c(covered)) return damaged;
    ByteReader in(covered);
    if (!in.take_bytes(format::kManifestMagic.size(), magic) || magic != format::kManifestMagic ||
        !in.take(manifest.level)) {
        return damaged;
    }
    SYNAP_TRY(check_level(manifest.level, file));
    if (!in.take(manifest.history.high) || !in.take(manifest.history.low) ||
        !in.take(manifest.secret) || !in.take(count) || count > limits::kManifestEpochs) {
        return damaged;
    }
    for (uint32_t i = 0; i < count; ++i) {
        Epoch epoch;
        if (!in.take(epoch.number) || !in.take(epoch.start) || !in.take(epoch.id)) return damaged;
        manifest.epochs.push_back(epoch);
    }
    if (!in.empty()) return damaged;
    return manifest;
}

Result<std::string> read_file(Disk& disk, std::string_view name, uint64_t limit) {
    auto file = disk.open(name, OpenMode::kRead);
    if (!file) return file.take_error();
    auto size = (*file)->size();
    if (!size) return size.take_error();
    if (*size > limit) {
        return Error{Code::kCorrupt, disk.describe(name) + " is larger than any such file can be"};
    }
    std::string bytes(*size, '\0');
    auto got = (*file)->read_at(0, bytes.data(), bytes.size());
    if (!got) return got.take_error();
    bytes.resize(*got);
    return bytes;
}

Result<Manifest> read_manifest(Disk& disk) {
    auto names = disk.list();
    if (!names) return names.take_error();
    bool present = false;
    for (const std::string& name : *names) present = present || name == format::kManifestName;
    if (!present) return Error{Code::kEmpty, "there is no MANIFEST"};
    constexpr uint64_t kBytesMax = 64 + limits::kManifestEpochs * 20;
    auto bytes = read_file(disk, format::kManifestName, kBytesMax);
    if (!bytes) return bytes.take_error();
    return Manifest::decode(*bytes, disk.describe(format::kManifestName));
}

Status write_file_durably(Disk& disk, std::string_view name, std::string_view bytes) {
    const std::string temporary = std::string(name) + std::string(format::kTemporarySuffix);
    auto names = disk.list();
    if (!names) return names.take_error();
    for (const std::string& present : *names) {
        if (present == temporary) SYNAP_TRY(disk.remove(temporary));
    }
    auto file = disk.open(temporary, OpenMode::kCreate);
    if (!file) return file.take_error();
    const auto put = [&]() -> Status {
        SYNAP_TRY((*file)->write_at(0, bytes));
        SYNAP_TRY((*file)->sync());
        return disk.rename(temporary, name);
    };
    if (Status done = put(); !done) {
        disk.remove(temporary).ignore();
        return done;
    }
    return disk.sync_names();
}

Status write_manifest(Disk& disk, const Manifest& manifest) {
    return write_file_durably(disk, format::kManifestName, manifest.encode());
}

}  // namespace synap
