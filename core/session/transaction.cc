#include "core/session/transaction.h"

#include <mutex>

#include "core/base/limits.h"
#include "core/base/numbers.h"
#include "core/commands/generated/ids.h"

namespace synap {

bool Transaction::queue(const CommandRecord& command, std::span<const std::string_view> args,
                        uint64_t commands_max) {
    uint64_t bytes = sizeof(Queued);
    for (const std::string_view arg : args) bytes += arg.size() + sizeof(std::string);
    if (queued_.size() >= commands_max || bytes_ + bytes > limits::kTransactionBytes) return false;
    Queued queued{&command, {args.begin(), args.end()}, {}};
    queued.args.assign(queued.words.begin(), queued.words.end());
    queued_.push_back(std::move(queued));  // the words stay where they are
    size_ = queued_.size();
    bytes_ += bytes;
    return true;
}

void Transaction::Queued::note_database(unsigned& database) const noexcept {
    int64_t selected = 0;
    if (command->id == kIdSelect && parse_integer(args[1], selected) && selected >= 0 &&
        selected < limits::kDatabases) {
        database = static_cast<unsigned>(selected);
    }
}

void Transaction::drop_commands() noexcept {
    active_ = false;
    spoiled_ = false;
    queued_.clear();
    size_ = 0;
    bytes_ = 0;
}

Status Transaction::watch(Keyspace& keyspace, const KeyRef& key, bool expired, unsigned database) {
    const auto [first, last] = watches_.equal_range(key.hash);
    for (auto it = first; it != last; ++it) {
        const Watch& watch = *it->second;
        if (watch.name_space == key.name_space &&
            std::string_view(watch.key.data(), watch.key.size()) == key.key) {
            return {};
        }
    }
    if (watches_.size() >= limits::kWatchedKeys) {
        return Error{Code::kBackpressure,
                     "a session watches at most " + std::to_string(limits::kWatchedKeys) + " keys"};
    }
    auto watch = std::make_unique<Watch>();
    watch->changed = &touched_;
    watch->hash = key.hash;
    watch->name_space = key.name_space;
    watch->database = static_cast<uint8_t>(database);
    watch->expired_when_watched = expired;
    watch->key.assign(key.key.begin(), key.key.end());
    Watch& added = *watches_.emplace(key.hash, std::move(watch))->second;
    watch_count_ = watches_.size();
    keyspace.add_watch(added);
    return {};
}

void Transaction::unwatch(Keyspace& keyspace) noexcept {
    for (const auto& [hash, watch] : watches_) {
        Slot& slot = keyspace.slot_of(watch->hash);
        const std::lock_guard<WordLock> guard(slot.lock);
        // Without a link its keyspace has gone, and has let it go.
        if (watch->link != nullptr) keyspace.remove_watch(*watch);
    }
    watches_.clear();
    watch_count_ = 0;
    touched_ = false;
}

bool Transaction::any_changed(Keyspace& keyspace, int64_t now_ms) const noexcept {
    if (touched()) return true;
    for (const auto& [hash, watch] : watches_) {
        const std::string_view name{watch->key.data(), watch->key.size()};
        const Node* node = keyspace.find({name, watch->hash, watch->name_space});
        if (node != nullptr && node->expired(now_ms) && !watch->expired_when_watched) return true;
    }
    return false;
}

}  // namespace synap
