// Changes of the whole directory while the store stays open: readers see the old state until the
// new one is loaded beside it and takes its place.
//
// Where something fails before MANIFEST holds the intent, all is as it was. Behind that the store
// serves what it has, takes no more records of its master, and is what it was to become when it is
// opened again, or when the same is asked for again.
#include <algorithm>

#include "core/engine/engine.h"
#include "core/log/directory_change.h"

namespace synap {

// What MANIFEST says now is loaded, and the log goes on behind it. The directory is not changed by
// anybody meanwhile.
Status Engine::load_changed(Manifest manifest) {
    auto loaded = load_directory(own_directory(manifest));
    if (!loaded) return loaded.take_failure();
    SYNAP_TRY(loaded->log->erase_behind_end());
    const uint32_t number = manifest.epochs.empty() ? 0 : manifest.epochs.back().number;
    const LogStart start{manifest.log_history(), number, loaded->end, node_.id,
                         [this] { return begin_epoch(); }};
    const uint64_t segment = loaded->log->last_segment();
    const uint64_t oldest = std::min(loaded->log->oldest_position(), loaded->end);
    auto next = std::make_shared<const Manifest>(std::move(manifest));
    replace_keyspace(std::move(loaded->keyspace));
    terms_.replace(std::move(next), false);
    following_.set_applied(loaded->end);
    snapshots_.adopt(loaded->snapshot);
    return log_->restart(start, segment, oldest);
}

template <typename Change>
Status Engine::change_directory(Change&& change) {
    if (platform_.disk == nullptr) {
        return Error{Code::kUnsupported, "a store in memory has no directory"};
    }
    const std::lock_guard<std::mutex> one_at_a_time(changing_terms_);
    const auto quiet = snapshots_.pause();
    SYNAP_TRY(log_->rest());
    auto manifest = read_manifest(*platform_.disk);  // with the intent of one that failed
    if (!manifest) return manifest.take_failure();
    if (!changed_) SYNAP_TRY(change(*manifest));
    changed_ = true;
    SYNAP_TRY(load_changed(std::move(*manifest)));
    changed_ = false;
    return {};
}

Status Engine::go_back(uint64_t point) {
    return change_directory([&](Manifest& manifest) {
        return cut_back(*platform_.disk, manifest, node_, point, log_->appended());
    });
}

Status Engine::adopt_history(const Manifest& next, uint64_t end) {
    return change_directory(
        [&](Manifest& manifest) { return adopt(*platform_.disk, manifest, next, node_, end); });
}

}  // namespace synap
