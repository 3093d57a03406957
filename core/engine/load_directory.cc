#include "core/engine/load_directory.h"

#include <algorithm>
#include <string>

#include "core/engine/replay.h"
#include "core/log/format.h"

namespace synap {
namespace {

constexpr unsigned kSlotBitsDefault = 13;

unsigned bits_for(uint64_t slots) noexcept {
    unsigned bits = limits::kSlotBitsMin;
    while ((uint64_t{1} << bits) < slots && bits < limits::kSlotBitsMax) ++bits;
    return bits;
}

class Loading {
public:
    explicit Loading(const DirectoryToLoad& from) : from_(from) {}

    Result<LoadedDirectory> load() {
        SYNAP_TRY(load_newest_snapshot());
        SYNAP_TRY(replay());
        return std::move(loaded_);
    }

private:
    void tell(LogLine::Level level, const std::string& text) {
        if (from_.lines != nullptr) from_.lines->add(level, text);
    }

    void make_keyspace(uint64_t keys) {
        const unsigned bits = slot_bits_for(from_.slots, keys);
        loaded_.keyspace = std::make_shared<Keyspace>(bits, from_.manifest.secret, from_.heap);
        loaded_.keyspace->set_seconds(from_.seconds);
    }

    Status load_newest_snapshot() {
        auto snapshots = list_snapshots(from_.disk);
        if (!snapshots) return snapshots.take_failure();
        std::string damage;
        for (const uint64_t position : *snapshots) {
            if (position > from_.until) continue;
            auto sound = verify_snapshot(from_.disk, position, from_.manifest.history);
            if (sound) return load_one(*sound);
            if (sound.error().code != Code::kCorrupt) return sound.take_failure();
            tell(LogLine::Level::kWarn, "a damaged snapshot is not used: " + sound.error().message);
            if (damage.empty()) damage = sound.error().message;
        }
        if (!damage.empty()) SYNAP_TRY(refuse_without_beginning(damage));
        make_keyspace(0);
        return {};
    }

    Status load_one(const SnapshotInfo& sound) {
        make_keyspace(sound.keys);
        LoadProgress unseen;
        LoadProgress& progress = from_.progress == nullptr ? unseen : *from_.progress;
        auto info = load_snapshot(from_.disk, sound.name_position, from_.manifest.history,
                                  *loaded_.keyspace, loaded_.positions, progress.loaded);
        if (!info) return info.take_failure();
        loaded_.snapshot = *info;
        tell(LogLine::Level::kInfo,
             "loaded " + std::to_string(info->keys) + " keys from " +
                 format::file_name(format::kSnapshotPrefix, sound.name_position));
        return {};
    }

    Status refuse_without_beginning(const std::string& damage) {
        auto segments = list_segments(from_.disk);
        if (!segments) return segments.take_failure();
        if (!segments->empty() && segments->front() == 0) return {};
        return Error{Code::kCorrupt, damage +
                                         "; the log does not reach back to the beginning, to do "
                                         "without it: restore the file"};
    }

    Status replay() {
        auto opened = LogReader::open(from_.disk, from_.manifest.log_history(),
                                      loaded_.snapshot.from, marks_of(from_.node, from_.manifest));
        if (!opened) return opened.take_failure();
        LogReader& reader = **opened;
        auto replayed = replay_log(reader, from_, *loaded_.keyspace, loaded_.positions);
        if (!replayed) return replayed.take_failure();
        loaded_.records = replayed->records;
        loaded_.last_commit_ms = replayed->last_commit_ms;
        loaded_.end = replayed->end;
        if (replayed->left_some_out) return {};
        SYNAP_TRY(refuse_if_proven_longer(reader));
        loaded_.log = std::move(*opened);
        return {};
    }

    // Whether anything behind the end of the log proves that records are missing.
    Status refuse_if_proven_longer(LogReader& reader) {
        const auto refuse = [&](const std::string& proof) {
            const std::string where =
                reader.damage().empty() ? "the log ends at position " + std::to_string(reader.end())
                                        : reader.damage();
            return Error{Code::kCorrupt,
                         where + "; " + proof +
                             " proves that what followed had been made durable. Restore the file "
                             "from a backup or a replica, or remove the proof to accept the loss; "
                             "synap-admin check shows what is there"};
        };
        const SnapshotInfo& snapshot = loaded_.snapshot;
        if (snapshot.complete_at > reader.end()) {
            return refuse(from_.disk.describe(
                format::file_name(format::kSnapshotPrefix, snapshot.name_position)));
        }
        for (const Epoch& epoch : from_.manifest.epochs) {
            if (epoch.start <= reader.end()) continue;
            return refuse("epoch " + std::to_string(epoch.number) + " in " +
                          from_.disk.describe(format::kManifestName));
        }
        if (from_.node.durable > reader.end()) {
            return refuse(from_.disk.describe(format::kNodeName));
        }
        auto proven = reader.proven_durable();
        if (!proven) return proven.take_failure();
        if (*proven > reader.end()) return refuse("a later record");
        return {};
    }

    const DirectoryToLoad& from_;
    LoadedDirectory loaded_;
};

}  // namespace

unsigned slot_bits_for(uint64_t wanted, uint64_t keys) noexcept {
    constexpr uint64_t kKeysPerSlot = 512;
    if (wanted != 0) return bits_for(wanted);
    return std::max(kSlotBitsDefault, bits_for(keys / kKeysPerSlot));
}

Result<LoadedDirectory> load_directory(const DirectoryToLoad& from) { return Loading(from).load(); }

}  // namespace synap
