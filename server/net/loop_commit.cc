// Group commit of an I/O thread: who waits for the log, and when it is asked.
#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

#include <utility>

#include "server/log/log.h"
#include "server/net/loop.h"

namespace synap::server {
namespace {

constexpr uint64_t kShortSyncUs = 1000;
// Waits for the disk that must have been short, one after the other, before a thread syncs itself.
constexpr unsigned kShortSyncs = 4;

}  // namespace

bool Loop::must_commit(synap_token_t token, uint32_t level) const noexcept {
    if (token.position == 0 || level <= SYNAP_DURABILITY_MEMORY) return false;
    return level > committed_level_ || token.epoch != committed_.epoch ||
           token.position > committed_.position;
}

void Loop::commit_later(const Connection& connection, synap_token_t token, uint32_t level) {
    const bool is_being_synced = !syncing_.members.empty() && token.epoch == syncing_.token.epoch &&
                                 token.position <= syncing_.token.position;
    Group& group = level == SYNAP_DURABILITY_OS ? for_kernel_
                   : is_being_synced            ? syncing_
                                                : for_disk_;
    group.members.push_back(connection.id());
    group.token = later(group.token, token);
}

// A sync costs as much as several requests. So it begins when no socket is ready, and what
// arrives until it ends shares the next one. A short one is not worth handing to another thread
// when hardly anybody waits for something else.
void Loop::sync_gathered() {
    if (for_disk_.members.empty() || !syncing_.members.empty()) return;
    std::swap(syncing_, for_disk_);
    sync_began_us_ = steady_us();
    const bool few_else = syncing_.members.size() * 4 >= connections_.size() * 3;
    if ((few_else && short_syncs_ >= kShortSyncs) || !notify(syncing_)) {
        commit(syncing_, SYNAP_DURABILITY_DISK);
    }
}

void Loop::commit(Group& group, uint32_t level) {
    services_.counters.commits.add();
    const bool reached = wait_for_log(group.token, level);
    now_ms_ = steady_us() / 1000;  // the disk may have taken its time
    if (level == SYNAP_DURABILITY_DISK) note_sync();
    release(group, reached);
}

// Asks for an event when the group's token is on disk. False when it is there already, or when
// the queue of events is full: waiting answers at once then, or in time.
bool Loop::notify(Group& group) {
    group.tag = next_group_++;
    const synap_status_t status =
        synap_log_notify(services_.shared.store.raw(), group.token, SYNAP_DURABILITY_DISK,
                         services_.events.raw(), group.tag, nullptr);
    if (status != SYNAP_PENDING) return false;
    services_.counters.commits.add();
    return true;
}

bool Loop::wait_for_log(synap_token_t token, uint32_t level) {
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_log_wait(services_.shared.store.raw(), token, level, UINT32_MAX, &error);
    if (status != SYNAP_OK) {
        log::error("the log cannot be written; writes stay unanswered",
                   {{"reason", error != nullptr ? to_view(synap_error_message(error)) : "?"}});
        synap_error_free(error);
        return false;
    }
    note_committed(token, level);
    return true;
}

void Loop::note_sync() noexcept {
    const bool was_short = steady_us() - sync_began_us_ < kShortSyncUs;
    short_syncs_ = was_short ? short_syncs_ + 1 : 0;
}

// Remembers how far the log is known to have come, and at which level.
void Loop::note_committed(synap_token_t token, uint32_t level) noexcept {
    committed_ = level > committed_level_ ? token : later(committed_, token);
    committed_level_ = level;
}

void Loop::on_log_event(uint64_t tag, bool reached) {
    if (syncing_.members.empty() || syncing_.tag != tag) return;
    if (reached) note_committed(syncing_.token, SYNAP_DURABILITY_DISK);
    note_sync();
    release(syncing_, reached);
}

// Lets the replies of a group go, or, when the log will never hold their writes, cuts their
// connections. Empties the group and keeps its memory.
void Loop::release(Group& group, bool reached) {
    group.token = {0, 0};
    for (const uint64_t id : group.members) {
        if (Connection* connection = connections_.find(id); connection != nullptr) {
            serve_one(*connection, [=](Connection& waited) { waited.on_committed(reached); });
        }
    }
    group.members.clear();
}

}  // namespace synap::server
