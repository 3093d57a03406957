// Changes of the whole directory while the store stays open: readers see the old state until the
// new one, which is loaded beside it, takes its place.
//
// What is to come is loaded before anything is changed: where it is damaged, or memory does not
// suffice for both, all stays as it was. So it does where a change fails before MANIFEST holds the
// intent. Behind that the store stops, and serves what it has: the next open finishes the change.
#include <algorithm>
#include <new>

#include "core/engine/engine.h"
#include "core/log/directory_change.h"
#include "core/log/incoming_disk.h"

namespace synap {
namespace {

bool is_changing(Disk& disk, const Manifest& manifest) {
    if (manifest.change.step != DirectoryChange::Step::kNone) return true;
    auto found = read_manifest(disk);
    return !found || found->change.step != DirectoryChange::Step::kNone;
}

Result<LoadedDirectory> load_through(const DirectoryToLoad& what, uint64_t end) {
    auto loaded = load_directory(what);
    if (!loaded) return loaded;
    const std::string damage = loaded->log == nullptr ? "" : loaded->log->damage();
    loaded->log.reset();
    if (loaded->end == end && damage.empty()) return loaded;
    return Error{Code::kCorrupt, damage + (damage.empty() ? "" : ": ") + "no record ends at " +
                                     std::to_string(end) + ", but one at " +
                                     std::to_string(loaded->end)};
}

}  // namespace

// The log goes on where it ends now, in the files that are there.
Status Engine::restart_log(const Manifest& manifest, uint64_t end) {
    auto segments = list_segments(*platform_.disk);
    if (!segments) return segments.take_failure();
    const uint32_t number = manifest.epochs.empty() ? 0 : manifest.epochs.back().number;
    const LogStart start{manifest.log_history(), number, end, node_.id,
                         [this] { return begin_epoch(); }};
    const uint64_t last = segments->empty() ? end : segments->back();
    const uint64_t oldest = segments->empty() ? end : std::min(segments->front(), end);
    return log_->restart(start, last, oldest);
}

Status Engine::put_in_place(LoadedDirectory loaded, const Manifest& manifest) {
    auto next = std::make_shared<const Manifest>(manifest);
    replace_keyspace(std::move(loaded.keyspace));
    terms_.replace(std::move(next), false);
    following_.set_applied(loaded.end);
    snapshots_.adopt(loaded.snapshot);
    return restart_log(manifest, loaded.end);
}

// `change` loads what is to come, changes the directory, and puts in place what it loaded.
template <typename Change>
Status Engine::change_directory(Change&& change) {
    if (platform_.disk == nullptr) {
        return Error{Code::kUnsupported, "a store in memory has no directory"};
    }
    const std::lock_guard<std::mutex> one_at_a_time(changing_terms_);
    const auto quiet = snapshots_.pause();
    if (log_->failed()) return log_->failure();
    SYNAP_TRY(log_->rest());
    const auto resume = [this] { return restart_log(*terms_.manifest(), log_->appended()); };
    auto manifest = read_manifest(*platform_.disk);
    if (!manifest) {
        resume().ignore();
        return manifest.take_failure();
    }
    Status changed;
    try {
        changed = change(*manifest);
    } catch (const std::bad_alloc&) {
        changed = Error{Code::kNoMemory,
                        "memory does not suffice for what is to come, beside what is there"};
    }
    if (changed) return {};
    if (directory_is_new_ || is_changing(*platform_.disk, *manifest)) {
        return log_->refuse(Error{
            Code::kInternal, "a change of the directory was begun and could not be finished: " +
                                 changed.error().message +
                                 ". Open the store again, which finishes it"});
    }
    SYNAP_TRY(resume());
    return changed;
}

Status Engine::go_back(uint64_t point) {
    return change_directory([&](Manifest& manifest) -> Status {
        const uint64_t end = log_->appended();
        if (point > end) {
            return Error{Code::kInvalidArgument, "the log ends at position " + std::to_string(end) +
                                                     ", before " + std::to_string(point)};
        }
        DirectoryToLoad what = own_directory(manifest);
        what.until = point;
        auto loaded = load_through(what, point);
        if (!loaded && loaded.error().code == Code::kCorrupt) {
            return Error{Code::kNeedSnapshot, loaded.error().message};
        }
        if (!loaded) return loaded.take_failure();
        SYNAP_TRY(cut_back(*platform_.disk, manifest, node_, point, end));
        directory_is_new_ = true;
        SYNAP_TRY(put_in_place(std::move(*loaded), manifest));
        directory_is_new_ = false;
        return {};
    });
}

Status Engine::adopt_history(const Manifest& next, uint64_t end) {
    return change_directory([&](Manifest& manifest) -> Status {
        IncomingDisk received(*platform_.disk, end);
        NodeFile node = node_;
        node.history = next.history;
        node.durable = 0;  // of what is there now
        DirectoryToLoad what = own_directory(next);
        auto loaded = load_through(
            {received, next, node, what.heap, what.slots, what.seconds, end, what.lines, nullptr},
            end);
        if (!loaded) return loaded.take_failure();
        SYNAP_TRY(adopt(*platform_.disk, manifest, next, node_, end));
        directory_is_new_ = true;
        SYNAP_TRY(put_in_place(std::move(*loaded), manifest));
        directory_is_new_ = false;
        return {};
    });
}

}  // namespace synap
