#include "core/log/manifest.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/small_file.h"

namespace synap {

// magic[8] level:u32 history[16] secret:u64 step:u8 position:u64 count:u32 count x (term:u32
// number:u32 first:u32 start:u64 id:u64 writer:u64) crc:u32 over everything before it.
std::string Manifest::encode() const {
    std::string bytes(format::kManifestMagic);
    put(bytes, level);
    put(bytes, history.high);
    put(bytes, history.low);
    put(bytes, secret);
    put(bytes, static_cast<uint8_t>(change.step));
    put(bytes, change.position);
    put(bytes, static_cast<uint32_t>(epochs.size()));
    for (const Epoch& epoch : epochs) {
        put(bytes, epoch.term);
        put(bytes, epoch.number);
        put(bytes, epoch.first);
        put(bytes, epoch.start);
        put(bytes, epoch.id);
        put(bytes, epoch.writer);
    }
    put(bytes, crc32c(bytes));
    return bytes;
}

Result<Manifest> Manifest::decode(std::string_view bytes, const std::string& file) {
    const Error damaged{Code::kCorrupt, file + " is damaged: restore it from a backup"};
    Manifest manifest;
    uint32_t count = 0;
    uint8_t step = 0;
    auto fields =
        fields_of_small_file(bytes, format::kManifestMagic, file, damaged, &manifest.level);
    if (!fields) return fields.take_error();
    ByteReader& in = *fields;
    if (!in.take(manifest.history.high) || !in.take(manifest.history.low) ||
        !in.take(manifest.secret) || !in.take(step) || !in.take(manifest.change.position) ||
        step > static_cast<uint8_t>(DirectoryChange::Step::kMovesIn) || !in.take(count) ||
        count > limits::kManifestEpochs) {
        return damaged;
    }
    manifest.change.step = static_cast<DirectoryChange::Step>(step);
    for (uint32_t i = 0; i < count; ++i) {
        Epoch epoch;
        if (!in.take(epoch.term) || !in.take(epoch.number) || !in.take(epoch.first) ||
            !in.take(epoch.start) || !in.take(epoch.id) || !in.take(epoch.writer)) {
            return damaged;
        }
        const Epoch before = i == 0 ? Epoch() : manifest.epochs.back();
        if (epoch.first <= before.number || epoch.number < epoch.first ||
            epoch.term < before.term || epoch.start < before.start) {
            return damaged;
        }
        manifest.epochs.push_back(epoch);
    }
    if (!in.empty()) return damaged;
    return manifest;
}

Status Manifest::add(const Epoch& epoch) {
    constexpr size_t kKept = 1024;
    epochs.push_back(epoch);
    if (epochs.size() <= kKept) return {};
    for (size_t i = 0; i + 2 < epochs.size(); ++i) {
        Epoch& older = epochs[i];
        Epoch& newer = epochs[i + 1];
        if (older.term != newer.term || older.writer != newer.writer) continue;
        newer.first = older.first;
        newer.start = older.start;
        epochs.erase(epochs.begin() + static_cast<ptrdiff_t>(i));
        return {};
    }
    if (epochs.size() <= limits::kManifestEpochs) return {};
    return Error{Code::kUnsupported, "the history has changed hands more often than can be kept"};
}

Status Manifest::check_token(uint64_t word, uint64_t position, uint64_t end) const {
    const auto wrong = [](const char* why) { return Error{Code::kInvalidArgument, why}; };
    for (size_t i = epochs.size(); i-- > 0;) {
        const Epoch& epoch = epochs[i];
        const auto number = static_cast<uint32_t>(word >> 32);
        if (number > epoch.number) break;
        if (number < epoch.first) continue;
        if (number < epoch.number) {
            return wrong("the token is of an epoch so old that it can no longer be told");
        }
        if (word != token_word(epoch.number, epoch.id)) break;
        const uint64_t until = i + 1 < epochs.size() ? epochs[i + 1].start : end;
        if (position > epoch.start && position <= until) return {};
        return wrong("the token is of a write that this history has given up");
    }
    return wrong("the token is not one of this history");
}

bool Marks::count_of_node(uint64_t writer) const noexcept {
    return all_ || std::find(nodes_.begin(), nodes_.end(), writer) != nodes_.end();
}

bool Marks::count_of_epoch(uint32_t number) const noexcept {
    if (all_) return true;
    const auto found = std::find_if(epochs_.rbegin(), epochs_.rend(), [&](const Epoch& epoch) {
        return epoch.first <= number && number <= epoch.number;
    });
    return found != epochs_.rend() && count_of_node(found->writer);
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
    constexpr uint64_t kBytesMax = 64 + limits::kManifestEpochs * 36;
    auto bytes = read_small_file(disk, format::kManifestName, kBytesMax);
    if (!bytes) return bytes.take_error();
    return Manifest::decode(*bytes, disk.describe(format::kManifestName));
}

Status write_file_durably(Disk& disk, std::string_view name, std::string_view bytes) {
    return write_file_durably(disk, name,
                              [&](File&) -> Result<std::string> { return std::string(bytes); });
}

Status write_file_durably(Disk& disk, std::string_view name,
                          const std::function<Result<std::string>(File&)>& contents) {
    const std::string temporary = std::string(name) + std::string(format::kTemporarySuffix);
    auto names = disk.list();
    if (!names) return names.take_error();
    for (const std::string& present : *names) {
        if (present == temporary) SYNAP_TRY(disk.remove(temporary));
    }
    auto file = disk.open(temporary, OpenMode::kCreate);
    if (!file) return file.take_error();
    const auto put = [&]() -> Status {
        auto bytes = contents(**file);
        if (!bytes) return bytes.take_failure();
        SYNAP_TRY((*file)->write_at(0, *bytes));
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
