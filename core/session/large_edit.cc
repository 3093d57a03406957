// APPEND and SETRANGE that would copy much under the lock of their key's slot: what they come to is
// made outside of all locks, of a reference to what stands there, and only put in its place under
// the lock. Where the string was changed meanwhile it is made again, and at last under the lock, so
// that it ends. Those of a transaction are made under the lock, in copies with room for all of them
// that are made before.
#include <algorithm>

#include "core/base/numbers.h"
#include "core/commands/generated/ids.h"
#include "core/session/session.h"

namespace synap {
namespace {

// Where the string has the room and memory for it is there, instead of copying all of it.
constexpr size_t kWrittenUnderLock = 8 * limits::kCopiedUnderLock;

// Beyond so many large strings a transaction copies under its locks.
constexpr size_t kRoomsMost = 64;

// A string that a transaction edits, and the size to which it comes.
struct Growing {
    unsigned database;
    std::string_view key;
    size_t size;
    bool owned;  // nobody else had the blob
    StringRoom room;

    bool is_copied() const noexcept { return !owned || size > room.from.get()->capacity(); }
    void grow(const CommandRecord& command, std::span<const std::string_view> args) {
        int64_t offset = 0;
        if (command.id == kIdAppend) {
            size += args[2].size();
        } else if (parse_integer(args[2], offset) && offset >= 0) {
            size = std::max(size, static_cast<size_t>(offset) + args[3].size());
        }
    }
};

}  // namespace

bool Session::lock_for_edit(const CommandRecord& command, std::span<const std::string_view> args,
                            const Prepared& prepared) {
    constexpr int kTries = 4;
    std::string text;
    for (int i = 0; i < kTries; ++i) {
        if (!lock_keys(command, args, prepared)) return false;
        if (is_prepared(command, args, text)) return true;
        locks_.unlock(keyspace_);
        enter(Gate::kOut);
        PreparedString& edit = run_.prepared;
        if (is_left(std::max<uint64_t>(edit.from_size, edit.offset + edit.bytes.size()))) {
            edit = {};
            return false;
        }
        Blob* from = edit.from.get();
        const std::string_view old =
            from != nullptr ? from->bytes().substr(0, edit.from_size) : std::string_view(text);
        edit.result = BlobRef(string_value::edited_copy(old, edit.offset, edit.bytes));
    }
    run_.prepared = {};
    return lock_keys(command, args, prepared);
}

// Under the lock. False: it takes a large copy, and what is to be copied stands in run_.prepared,
// or, where it is in no blob, in `text`.
bool Session::is_prepared(const CommandRecord& command, std::span<const std::string_view> args,
                          std::string& text) {
    const bool appends = command.id == kIdAppend;
    const std::string_view bytes = args[appends ? 2 : 3];
    int64_t offset = 0;
    if (!appends && (!parse_integer(args[2], offset) || offset < 0)) return true;
    if (run_.now_ms == 0) run_.now_ms = engine_->now_ms();
    const KeyRef key = keyspace_->key(keyspace_->name_space_of(database_), args[1]);
    const Node* node = keyspace_->find(key);
    StringView old;
    if (node != nullptr && !node->expired(run_.now_ms)) {
        if (node->type() != ValueType::kString) return true;
        node->view(old);
    } else if (appends) {
        return true;  // a SET, which shares its argument
    }
    PreparedString edit;
    edit.from_size = old.text.size();
    edit.offset = appends ? edit.from_size : static_cast<uint64_t>(offset);
    edit.bytes = bytes;
    if (bytes.empty() || edit.offset > run_.value_bytes_max) return true;
    const size_t size = std::max<size_t>(edit.from_size, edit.offset + bytes.size());
    if (size > run_.value_bytes_max || size > run_.data_bytes_max) return true;  // it is refused
    const bool in_place = old.blob != nullptr && old.blob->unique() && size <= old.blob->capacity();
    const size_t gap = edit.offset - std::min<size_t>(edit.offset, edit.from_size);
    const bool copies_little =
        in_place ? gap + bytes.size() <= kWrittenUnderLock : size <= limits::kCopiedUnderLock;
    if (copies_little) return true;
    if (run_.prepared.result.get() != nullptr && run_.prepared.fits(old)) return true;
    if (old.blob != nullptr) {
        old.blob->retain();
        edit.from = BlobRef(old.blob);
    } else {
        text = old.text;
    }
    run_.prepared = std::move(edit);
    return false;
}

bool Session::find_large_string(unsigned database, std::string_view name, StringRoom& room,
                                bool& owned) {
    enter(Gate::kShared);
    if (keyspace_ == nullptr) return false;
    const KeyRef key = keyspace_->key(keyspace_->name_space_of(database), name);
    const std::lock_guard<WordLock> guard(keyspace_->slot_of(key.hash).lock);
    const Node* node = keyspace_->find(key);
    if (node == nullptr || node->encoding() != Encoding::kBlob) return false;
    Blob* blob = node->value().blob();
    if (blob->size() <= limits::kCopiedUnderLock) return false;
    owned = blob->unique();
    blob->retain();
    room.from = BlobRef(blob);
    room.from_size = blob->size();
    return true;
}

bool Session::make_rooms() {
    unsigned database = database_;
    std::vector<Growing> strings;
    for (const Transaction::Queued& queued : transaction_.queued()) {
        queued.note_database(database);
        const CommandRecord& command = *queued.command;
        if (command.id != kIdAppend && command.id != kIdSetrange) continue;
        const std::string_view key = queued.args[1];
        auto known = std::find_if(strings.begin(), strings.end(), [&](const Growing& each) {
            return each.database == database && each.key == key;
        });
        if (known == strings.end()) {
            Growing found{database, key, 0, false, {}};
            if (strings.size() == kRoomsMost) continue;
            if (!find_large_string(database, key, found.room, found.owned)) continue;
            found.size = found.room.from_size;
            known = strings.insert(known, std::move(found));
        }
        known->grow(command, queued.args);
    }
    if (strings.empty()) return true;
    enter(Gate::kOut);
    uint64_t copied = 0;
    for (const Growing& each : strings) copied += each.is_copied() ? each.room.from_size : 0;
    if (is_left(copied)) return false;
    for (Growing& each : strings) {
        if (!each.is_copied()) continue;
        const Blob& from = *each.room.from.get();
        const std::string_view old = from.bytes().substr(0, each.room.from_size);
        const size_t size = std::min(each.size, run_.value_bytes_max);
        each.room.copy = BlobRef(string_value::roomy_copy(old, size));
        run_.rooms.push_back(std::move(each.room));
    }
    return true;
}

}  // namespace synap
