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
//
// The first record of this open begins an epoch, which is durable in MANIFEST before it. Until then
// NODE vouches for the end of the log.
//
// Steps 1 to 4 only read. Where 5 meets a shortage or a place that cannot be written, what was
// read is served, writes are refused, and the maintenance thread does them later.
#include <algorithm>

#include "core/base/exhaustion.h"
#include "core/engine/engine.h"
#include "core/log/format.h"
#include "core/log/reader.h"

namespace synap {
namespace {

bool holds_nothing(const Error& error) noexcept {
    return error.code == Code::kEmpty || error.code == Code::kCorrupt;
}

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
    is_new_store_ = true;
    manifest_.level = format::kLevel;
    manifest_.history = {platform_.entropy->next(), platform_.entropy->next()};
    manifest_.secret = platform_.entropy->next();
    return {};
}

// Who writes here. A copy of a directory is another node, and so is one whose NODE was lost.
Status Engine::read_node() {
    auto found = read_node_file(*platform_.disk);
    if (!found && !holds_nothing(found.error())) return found.take_error();
    node_ = found ? *found : node_of_writers(manifest_);
    if (!found || node_.is_copy) {
        const uint64_t id = platform_.entropy->next();
        if (!found) node_.id = id;
        if (found) node_.take_id(id);
        node_is_new_ = true;
        is_copied_ = !is_new_store_;
    }
    if (is_copied_ && found) {
        log_line(LogLine::Level::kInfo,
                 "the directory is a copy of another node's: it goes on as a node of its own");
    } else if (is_copied_) {
        log_line(LogLine::Level::kWarn,
                 found.error().message + ": the directory goes on as a node of its own");
    }
    if (!(node_.history == manifest_.history)) {
        node_.durable = 0;
        node_.history = manifest_.history;
        node_is_new_ = true;
    }
    return {};
}

// All up to the end of the log is durable. So are the names that a process which was killed left
// unsynced, MANIFEST's among them: files are about to be made that mean nothing without it.
Status Engine::note_node(uint64_t end) {
    if (!node_is_new_ && node_.durable == end) return platform_.disk->sync_names();
    NodeFile node = node_;
    node.durable = end;
    SYNAP_TRY(write_node_file(*platform_.disk, node));
    node_ = std::move(node);
    node_is_new_ = false;
    return {};
}

// Of a copy, which nobody may have synced yet.
Status Engine::sync_all_files() {
    auto names = platform_.disk->list();
    if (!names) return names.take_error();
    uint64_t position = 0;
    for (const std::string& name : *names) {
        if (name != format::kManifestName &&
            !format::parse_file_name(name, format::kSegmentPrefix, position) &&
            !format::parse_file_name(name, format::kSnapshotPrefix, position)) {
            continue;
        }
        auto file = platform_.disk->open(name, OpenMode::kReadWrite);
        if (!file) return file.take_failure();
        SYNAP_TRY((*file)->sync());
    }
    return platform_.disk->sync_names();
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
    if (node_.durable > reader.end()) return refuse(platform_.disk->describe(format::kNodeName));
    auto proven = reader.proven_durable();
    if (!proven) return proven.take_error();
    if (*proven > reader.end()) return refuse("a later record");
    return {};
}

Status Engine::make_log(const LogReader& reader) {
    const Epoch last = manifest_.epochs.empty() ? Epoch{1, 0, 0, 0, 0, 0} : manifest_.epochs.back();
    const uint32_t number = last.number + 1;
    SYNAP_TRY(manifest_.add(
        {last.term, number, number, reader.end(), platform_.entropy->next(), node_.id}));
    LogOptions log_options;
    log_options.segment_bytes = options_.get(OptionId::kSegmentBytes);
    log_options.fsync = static_cast<FsyncPolicy>(options_.get(OptionId::kFsync));
    log_options.hand_over = options_.get(OptionId::kAcknowledge) == 0;
    log_options.threads = platform_.threads;
    const LogStart start{manifest_.log_history(), number, reader.end(), node_.id,
                         [this] { return begin_epoch(); }};
    log_ = std::make_unique<Log>(*platform_.disk, *platform_.clock, start, log_options);
    log_->set_oldest_position(std::min(reader.oldest_position(), reader.end()));
    return {};
}

// Of whoever writes the first record, before it is written.
Status Engine::begin_epoch() { return write_manifest(*platform_.disk, manifest_); }

uint64_t Engine::epoch_word_at(uint64_t position) const noexcept {
    if (log() == nullptr) return 0;
    const std::vector<Epoch>& epochs = manifest_.epochs;
    size_t at = epochs.size() - 1;
    while (at > 0 && epochs[at].start >= position) --at;
    return token_word(epochs[at].number, epochs[at].id);
}

Status Engine::check_token(uint64_t epoch_word, uint64_t position) const {
    if (position == 0) return {};
    const Log* log = this->log();
    if (log == nullptr) return Error{Code::kInvalidArgument, "a store in memory gives no tokens"};
    return manifest_.check_token(epoch_word, position, log->appended());
}

// Step 5. After an error that may pass it goes on where it was.
Status Engine::write_recovered() {
    Unwritten& left = *unwritten_;
    if (!left.rewritten) {
        SYNAP_TRY(remove_leftovers());
        if (is_copied_) SYNAP_TRY(sync_all_files());
        SYNAP_TRY(left.reader->rewrite_unproven(left.proven));
        SYNAP_TRY(note_node(left.reader->end()));
        SYNAP_TRY(left.reader->erase_behind_end());
        left.rewritten = true;
    }
    if (is_new_store_ && !left.named) {
        Manifest manifest = manifest_;
        manifest.epochs.clear();
        SYNAP_TRY(write_manifest(*platform_.disk, manifest));
    }
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
    attempt([this] {  // or an empty store stays
        if (unwritten_->named) platform_.disk->remove(format::kManifestName).ignore();
        if (!node_is_new_) platform_.disk->remove(format::kNodeName).ignore();
    });
}

// A store that is there is served without a log that takes records, where it can have one later.
Status Engine::start_log_or_wait() {
    Status started = start_log();
    if (started) return {};
    if (is_new_store_) discard_new_store();
    if (!is_new_store_ && !log_->failed()) return {};
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
    SYNAP_TRY(read_node());
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
