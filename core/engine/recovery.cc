// Recovery: from a directory to a keyspace and a log that goes on.
//
// 1. MANIFEST says which history this is; a directory without one is new.
// 2. The newest snapshot that is sound is loaded. One that is ahead of the log proves that the log
//    lost durable records, and opening is refused.
// 3. The log is replayed from the snapshot's first position; each effect skips what its slot
//    already contains.
// 4. The log ends at the first bad record, unless something behind it proves that more had been
//    durable: then opening is refused, with file, offset and remedy.
// 5. What was accepted and is not known to be durable is written again and synced, and what was
//    cut is erased, before anything is served.
// 6. A new epoch is made durable in MANIFEST, and only then may records of it be written.
//
// Steps 1 to 4 only read. Where 5 or 6 meet a shortage or a place that cannot be written, what was
// read is served, writes are refused, and the maintenance thread does them later.
#include <algorithm>

#include "core/engine/engine.h"
#include "core/log/format.h"
#include "core/log/reader.h"

namespace synap {
namespace {

constexpr size_t kEpochsKept = 1024;

}  // namespace

Status Engine::read_or_create_manifest() {
    auto manifest = read_manifest(*platform_.disk);
    if (manifest) {
        manifest_ = std::move(*manifest);
        return {};
    }
    if (manifest.error().code != Code::kEmpty) return manifest.take_error();
    // Segments or snapshots without a MANIFEST are somebody's data, not a new directory.
    auto segments = list_segments(*platform_.disk);
    if (!segments) return segments.take_error();
    auto snapshots = list_snapshots(*platform_.disk);
    if (!snapshots) return snapshots.take_error();
    for (const uint64_t position : *segments) {
        const std::string name = format::file_name(format::kSegmentPrefix, position);
        return Error{Code::kCorrupt, platform_.disk->describe(format::kManifestName) +
                                         " is missing but " + name +
                                         " is there: restore MANIFEST from a backup"};
    }
    if (!snapshots->empty()) {
        return Error{Code::kCorrupt, platform_.disk->describe(format::kManifestName) +
                                         " is missing but there are snapshots: restore it"};
    }
    if (read_only()) {
        return Error{Code::kIo, platform_.disk->describe("") + " holds no store"};
    }
    manifest_.level = format::kLevel;
    manifest_.history = {platform_.entropy->next(), platform_.entropy->next()};
    manifest_.secret = platform_.entropy->next();
    return {};
}

Status Engine::remove_leftovers() {
    auto names = platform_.disk->list();
    if (!names) return names.take_error();
    for (const std::string& name : *names) {
        const auto suffix = format::kTemporarySuffix;
        if (name.size() > suffix.size() && name.ends_with(suffix)) {
            SYNAP_TRY(platform_.disk->remove(name));
        }
    }
    return {};
}

Status Engine::load_newest_snapshot(SnapshotPositions& positions, uint64_t& from,
                                    SnapshotInfo& info) {
    auto snapshots = list_snapshots(*platform_.disk);
    if (!snapshots) return snapshots.take_error();
    std::string damage;
    for (const uint64_t position : *snapshots) {
        auto sound = verify_snapshot(*platform_.disk, position, manifest_.history);
        if (!sound) {
            if (sound.error().code != Code::kCorrupt) return sound.take_error();
            log_line(LogLine::Level::kWarn,
                     "a damaged snapshot is not used: " + sound.error().message);
            if (damage.empty()) damage = sound.error().message;
            continue;
        }
        make_keyspace(sound->keys);
        auto loaded = load_snapshot(*platform_.disk, position, manifest_.history, *loading_,
                                    positions, loaded_bytes_);
        if (!loaded) return loaded.take_error();
        info = *loaded;
        from = info.from;
        log_line(LogLine::Level::kInfo, "loaded " + std::to_string(info.keys) + " keys from " +
                                            format::file_name(format::kSnapshotPrefix, position));
        return {};
    }
    if (!damage.empty()) {
        auto segments = list_segments(*platform_.disk);
        if (!segments) return segments.take_error();
        if (segments->empty() || segments->front() > 0) {
            return Error{Code::kCorrupt, damage +
                                             "; the log does not reach back to the beginning, "
                                             "to do without it: restore the file"};
        }
    }
    make_keyspace(0);
    return {};
}

// Whether anything behind the end of the log proves that records are missing.
Status Engine::refuse_if_proven_longer(LogReader& reader, const SnapshotInfo& info) {
    const auto refuse = [&](const std::string& proof) {
        const std::string where = reader.damage().empty()
                                      ? "the log ends at position " + std::to_string(reader.end())
                                      : reader.damage();
        return Error{Code::kCorrupt,
                     where + "; " + proof +
                         " proves that what followed had been made durable. Restore the file "
                         "from a backup or a replica, or remove the proof to accept the loss; "
                         "synap-admin check shows what is there"};
    };
    if (info.complete_at > reader.end()) {
        return refuse(platform_.disk->describe(
            format::file_name(format::kSnapshotPrefix, info.name_position)));
    }
    for (const Epoch& epoch : manifest_.epochs) {
        if (epoch.start > reader.end()) {
            return refuse("epoch " + std::to_string(epoch.number) + " in " +
                          platform_.disk->describe(format::kManifestName));
        }
    }
    auto proven = reader.proven_durable();
    if (!proven) return proven.take_error();
    if (*proven > reader.end()) return refuse("a later record");
    return {};
}

void Engine::make_log(const LogReader& reader) {
    const uint32_t number = manifest_.epochs.empty() ? 1 : manifest_.epochs.back().number + 1;
    manifest_.epochs.push_back({number, reader.end(), platform_.entropy->next()});
    if (manifest_.epochs.size() > kEpochsKept) {
        manifest_.epochs.erase(manifest_.epochs.begin(), manifest_.epochs.end() - kEpochsKept);
    }
    LogOptions log_options;
    log_options.segment_bytes = options_.get(OptionId::kSegmentBytes);
    log_options.fsync = static_cast<FsyncPolicy>(options_.get(OptionId::kFsync));
    log_options.hand_over = options_.get(OptionId::kAcknowledge) == 0;
    log_options.threads = platform_.threads;
    const LogStart start{manifest_.log_history(), number, reader.end()};
    log_ = std::make_unique<Log>(*platform_.disk, *platform_.clock, start, log_options);
    log_->set_oldest_position(std::min(reader.oldest_position(), reader.end()));
}

// Steps 5 and 6. After an error that may pass it goes on where it was.
Status Engine::write_recovered() {
    Unwritten& left = *unwritten_;
    if (!left.rewritten) {
        SYNAP_TRY(remove_leftovers());
        SYNAP_TRY(left.reader->rewrite_unproven(left.proven));
        SYNAP_TRY(left.reader->erase_behind_end());
        left.rewritten = true;
    }
    if (!left.named) SYNAP_TRY(write_manifest(*platform_.disk, manifest_));
    left.named = true;
    return {};
}

Status Engine::start_log() {
    unwritten_->tried_at_us = platform_.clock->monotonic_us();
    Status written = write_recovered();
    SYNAP_TRY(written ? log_->start(unwritten_->reader->last_segment())
                      : log_->refuse(written.take_error()));
    unwritten_.reset();
    return {};
}

// A directory without a store is left as it was.
void Engine::discard_new_store() noexcept {
    try {
        if (unwritten_->named) platform_.disk->remove(format::kManifestName).ignore();
    } catch (const std::bad_alloc&) {
        // An empty store stays.
    }
}

// A store that is there is served without a log that takes records, where it can have one later.
Status Engine::start_log_or_wait() {
    Status started = start_log();
    if (started) return {};
    if (unwritten_->is_new) discard_new_store();
    if (!unwritten_->is_new && !log_->failed()) return {};
    log_->stop().ignore();
    log_.reset();
    return started;
}

// Of the maintenance thread: what was read is served, and written when there is room for it.
void Engine::start_log_later() {
    constexpr uint64_t kTryAgainUs = 1'000'000;
    if (unwritten_ == nullptr || log_->failed()) return;
    if (platform_.clock->monotonic_us() - unwritten_->tried_at_us < kTryAgainUs) return;
    start_log().ignore();  // the log has the error
    if (log_->failed()) log_line(LogLine::Level::kError, log_->failure().error().message);
}

Status Engine::recover() {
    SYNAP_TRY(read_or_create_manifest());
    SnapshotPositions positions;
    SnapshotInfo info;
    uint64_t from = 0;
    SYNAP_TRY(load_newest_snapshot(positions, from, info));
    SYNAP_TRY(replay(positions, from, info));
    if (!read_only()) SYNAP_TRY(start_log_or_wait());
    snapshots_.adopt(info);
    return {};
}

}  // namespace synap
