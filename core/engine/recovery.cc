// Recovery: from a directory to a store that goes on in it.
//
// 1. MANIFEST says which history this is; a directory without one is new. NODE says who writes.
// 2. The directory is loaded (load_directory.h), or refused where that can prove a loss.
// 3. What was accepted and is not known to be durable is written again and synced, and what was
//    cut is erased, before anything is served.
//
// The first record of this open begins an epoch, which is durable in MANIFEST before it. Until then
// NODE vouches for the end of the log. One that is opened to follow begins none.
//
// Steps 1 and 2 only read. Where 3 meets a shortage or a place that cannot be written, what was
// read is served, writes are refused, and the maintenance thread does them later.
#include <algorithm>

#include "core/base/exhaustion.h"
#include "core/engine/engine.h"
#include "core/log/directory_change.h"
#include "core/log/format.h"
#include "core/log/reader.h"

namespace synap {
namespace {

bool holds_nothing(const Error& error) noexcept {
    return error.code == Code::kEmpty || error.code == Code::kCorrupt;
}

}  // namespace

Result<Manifest> Engine::read_or_make_manifest() {
    auto manifest = read_manifest(*platform_.disk);
    if (manifest || manifest.error().code != Code::kEmpty) return manifest;
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
    Manifest made;
    made.level = format::kLevel;
    made.history = {platform_.entropy->next(), platform_.entropy->next()};
    made.secret = platform_.entropy->next();
    return made;
}

// Who writes here. A copy of a directory is another node, and so is one whose NODE was lost.
Status Engine::read_node(const Manifest& manifest) {
    auto found = read_node_file(*platform_.disk);
    if (!found && !holds_nothing(found.error())) return found.take_error();
    node_ = found ? *found : node_of_writers(manifest);
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
    if (!(node_.history == manifest.history)) {
        node_.durable = 0;
        node_.history = manifest.history;
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
            !format::parse_file_name(name, format::kSnapshotPrefix, position) &&
            !format::parse_file_name(name, format::kIncomingPrefix, position) &&
            !format::parse_file_name(name, format::kIncomingSnapshotPrefix, position)) {
            continue;
        }
        auto file = platform_.disk->open(name, OpenMode::kReadWrite);
        if (!file) return file.take_failure();
        SYNAP_TRY((*file)->sync());
    }
    return platform_.disk->sync_names();
}

Status Engine::remove_leftovers() {
    SYNAP_TRY(remove_incoming(*platform_.disk));
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

Status Engine::make_log(const LogReader& reader) {
    const std::shared_ptr<const Manifest> manifest = terms_.durable();
    const bool is_first = manifest->epochs.empty();
    const Epoch last = is_first ? Epoch{1, 0, 0, 0, 0, 0} : manifest->epochs.back();
    const uint32_t number = last.number + 1;
    if (!following_.is_on()) {
        SYNAP_TRY(terms_.plan(
            {last.term, number, number, reader.end(), platform_.entropy->next(), node_.id}));
    }
    LogOptions log_options;
    log_options.segment_bytes = options_.get(OptionId::kSegmentBytes);
    log_options.fsync = static_cast<FsyncPolicy>(options_.get(OptionId::kFsync));
    log_options.hand_over = options_.get(OptionId::kAcknowledge) == 0;
    log_options.threads = platform_.threads;
    const LogStart start{manifest->log_history(), number, reader.end(), node_.id,
                         [this] { return begin_epoch(); }};
    log_ = std::make_unique<Log>(*platform_.disk, *platform_.clock, start, log_options);
    log_->set_oldest_position(std::min(reader.oldest_position(), reader.end()));
    return {};
}

// Step 3. After an error that may pass it goes on where it was.
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
        SYNAP_TRY(write_manifest(*platform_.disk, *terms_.durable()));
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

DirectoryToLoad Engine::own_directory(const Manifest& manifest) noexcept {
    return {.disk = *platform_.disk,
            .manifest = manifest,
            .node = node_,
            .heap = heap_,
            .slots = options_.get(OptionId::kSlots),
            .seconds = coarse_seconds(),
            .lines = &lines_,
            .progress = &progress_};
}

void Engine::tell_of(const LoadedDirectory& loaded) {
    if (!loaded.log->damage().empty()) {
        log_line(
            LogLine::Level::kWarn,
            "the log was cut where it was being written when the process or machine stopped: " +
                loaded.log->damage());
    }
    log_line(LogLine::Level::kInfo, "replayed " + std::to_string(loaded.records) +
                                        " records; the log goes on at position " +
                                        std::to_string(loaded.end));
    const int64_t now = now_ms();
    if (loaded.last_commit_ms < static_cast<uint64_t>(now + ClockWatch::kJumpMs)) return;
    const auto commit_ms = static_cast<int64_t>(loaded.last_commit_ms);
    log_line(LogLine::Level::kWarn, "the wall clock shows " + time_text(now) +
                                        ", but the last record was written when it showed " +
                                        time_text(commit_ms) +
                                        ". Deadlines of keys are judged by what it shows now");
}

Result<std::shared_ptr<Keyspace>> Engine::recover() {
    auto found = read_or_make_manifest();
    if (!found) return found.take_failure();
    SYNAP_TRY(read_node(*found));
    if (found->change.step != DirectoryChange::Step::kNone) {
        if (read_only()) {
            return Error{Code::kReadonly,
                         platform_.disk->describe("") +
                             " is in the middle of a change that was interrupted: open it for "
                             "writing once, which finishes that"};
        }
        log_line(LogLine::Level::kWarn,
                 "a change of the directory was interrupted, and is finished now");
        if (is_copied_) SYNAP_TRY(sync_all_files());
        SYNAP_TRY(finish_change(*platform_.disk, *found, node_));
    }
    const auto manifest = std::make_shared<const Manifest>(std::move(*found));
    terms_.replace(manifest, false);
    auto loaded = load_directory(own_directory(*manifest));
    if (!loaded) return loaded.take_failure();
    // What is not proven to be durable is shown all the same: the next owner will accept it.
    if (!read_only()) {
        tell_of(*loaded);
        unwritten_ = std::make_unique<Unwritten>();
        const uint64_t epoch_start = manifest->epochs.empty() ? 0 : manifest->epochs.back().start;
        unwritten_->proven = std::max({loaded->snapshot.complete_at, epoch_start, node_.durable});
        SYNAP_TRY(make_log(*loaded->log));
        if (following_.is_on()) following_.set_applied(loaded->end);
        unwritten_->reader = std::move(loaded->log);
        SYNAP_TRY(start_log_or_wait());
    }
    snapshots_.adopt(loaded->snapshot);
    return std::move(loaded->keyspace);
}

}  // namespace synap
