// How a tape is replayed; included by reply.h.
#pragma once

#include <algorithm>

#include "core/commands/reply.h"

namespace synap {

template <typename Visitor>
bool Reply::replay(Cursor& cursor, size_t count, Visitor& visitor) const {
    while (cursor.replayed_ < count) {
        const bool inside = !cursor.open_.empty() || cursor.walk_.tree != nullptr;
        if (inside || container_at(cursor.at_)) {
            if (!replay_container(cursor, visitor)) return false;
        } else {
            ++cursor.replayed_;
            if (!replay_scalar(cursor.at_, cursor.blobs_, visitor)) return false;
        }
    }
    return true;
}

template <typename Visitor>
bool Reply::replay_one(size_t& at, Visitor& visitor) const {
    if (container_at(at)) [[unlikely]]
        return replay_one_container(at, visitor);
    size_t blobs = 0;
    return replay_scalar(at, blobs, visitor);
}

template <typename Visitor>
bool Reply::replay_one_container(size_t& at, Visitor& visitor) const {
    Cursor cursor;
    cursor.at_ = at;
    const bool whole = replay(cursor, 1, visitor);
    at = cursor.at_;
    return whole;
}

template <typename Visitor>
bool Reply::replay_scalar(size_t& at, size_t& blobs, Visitor& visitor) const {
    const auto raw = static_cast<uint8_t>(bytes_[at]);
    const auto type = static_cast<ReplyType>(raw);
    const char* const value = bytes_ + at + 1;
    if (raw == kBlobTag) {
        at += 5;
        const auto index = load<uint32_t>(value);
        blobs = index + 1;
        Blob* blob = blobs_[index].get();
        return visitor.blob(blob, blob->bytes());
    }
    if (raw == kPartTag) {
        at += 21;
        const auto index = load<uint32_t>(value);
        blobs = index + 1;
        Blob* blob = blobs_[index].get();
        return visitor.blob(
            blob, blob->bytes().substr(load<uint64_t>(value + 4), load<uint64_t>(value + 12)));
    }
    switch (type) {
        case ReplyType::kNull:
        case ReplyType::kNullArray:
            at += 1;
            return visitor.scalar(type, 0);
        case ReplyType::kBool:
        case ReplyType::kInteger:
            at += 9;
            return visitor.scalar(type, load<int64_t>(value));
        case ReplyType::kDouble:
            at += 9;
            return visitor.real(load<double>(value));
        default:
            break;
    }
    const std::string_view bytes{value + 4, load<uint32_t>(value)};
    at += 5 + bytes.size();
    return type == ReplyType::kError ? visitor.error(bytes) : visitor.bytes(type, bytes);
}

// The cursor is moved before the visitor is called: where that stops, the rest is what follows.
template <typename Visitor>
bool Reply::replay_container(Cursor& cursor, Visitor& visitor) const {
    auto& open = cursor.open_;
    do {
        if (cursor.walk_.tree != nullptr) {
            if (!replay_hash(cursor, visitor)) return false;
            continue;
        }
        if (!open.empty() && open.back().left == 0) {
            const ReplyType type = open.back().type;
            open.pop_back();
            if (open.empty()) ++cursor.replayed_;
            if (!visitor.end(type)) return false;
            continue;
        }
        if (!container_at(cursor.at_)) {
            --open.back().left;
            if (!replay_scalar(cursor.at_, cursor.blobs_, visitor)) return false;
            continue;
        }
        if (hash_at(cursor.at_)) {
            if (!open.empty()) --open.back().left;
            cursor.walk_.tree = &trees_[load<uint32_t>(bytes_ + cursor.at_ + 1)];
            cursor.at_ += 5;
            if (!replay_hash(cursor, visitor)) return false;
            continue;
        }
        const auto type = static_cast<ReplyType>(bytes_[cursor.at_]);
        const auto count = load<uint64_t>(bytes_ + cursor.at_ + 1);
        const size_t parents = open.size();
        open.push_back({type, children_of(type, count)});
        if (parents != 0) --open[parents - 1].left;
        cursor.at_ += 9;
        if (!visitor.begin(type, count)) return false;
    } while (!open.empty());
    return true;
}

// Asked for each field that is not shown.
template <typename Visitor>
bool Reply::may_go_on(Cursor::Walk& walk, Visitor& visitor) {
    if (++walk.passed % kFieldsAStep != 0) return true;
    if constexpr (requires { visitor.rest(); }) return visitor.rest();
    return true;
}

template <typename Visitor>
bool Reply::count_fields(Cursor::Walk& walk, Visitor& visitor) {
    const HashTreeRef& all = walk.tree->held->all;
    const HashChoice& choice = walk.tree->choice;
    const int64_t earliest = all.earliest_deadline();
    if (earliest == 0 || earliest > choice.now_ms) {
        walk.alive = all.count();
    } else {
        if (!walk.at) walk.at.emplace(all.begin());
        TreeEntry entry;
        while (walk.at->next(entry)) {
            if (entry.deadline == 0 || entry.deadline > choice.now_ms) ++walk.alive;
            if (!may_go_on(walk, visitor)) return false;
        }
    }
    walk.at.emplace(all.begin());
    walk.left =
        choice.repeats && walk.alive > 0 ? choice.count : std::min(walk.alive, choice.count);
    walk.random = SmallRandom(choice.seed);
    walk.counted = true;
    return true;
}

// The next field to be shown; of the living ones each has the same chance.
template <typename Visitor>
bool Reply::next_field(Cursor::Walk& walk, Visitor& visitor) {
    const HashTreeRef& all = walk.tree->held->all;
    const HashChoice& choice = walk.tree->choice;
    for (;;) {
        const bool found =
            choice.repeats ? all.random(walk.random.next(), walk.entry) : walk.at->next(walk.entry);
        SYNAP_ASSERT(found);
        if (walk.entry.deadline == 0 || walk.entry.deadline > choice.now_ms) {
            if (choice.repeats) return true;
            const uint64_t among = walk.alive--;
            if (among == walk.left || walk.random.below(among) < walk.left) return true;
        }
        if (!may_go_on(walk, visitor)) return false;
    }
}

template <typename Visitor>
bool Reply::replay_hash(Cursor& cursor, Visitor& visitor) const {
    auto& walk = cursor.walk_;
    if (!walk.counted && !count_fields(walk, visitor)) return false;
    const HashPart part = walk.tree->choice.part;
    const ReplyType type = type_of(part);
    if (!std::exchange(walk.begun, true) && !visitor.begin(type, walk.left)) return false;
    for (;;) {
        if (std::exchange(walk.owes_value, false) && !show_value(walk.entry, visitor)) return false;
        if (walk.left == 0) break;
        if (!next_field(walk, visitor)) return false;
        --walk.left;
        walk.owes_value = part != HashPart::kFields;
        if (part == HashPart::kValues) continue;
        if (!visitor.bytes(ReplyType::kBytes, walk.entry.member)) return false;
    }
    walk = {};
    ++cursor.trees_;
    if (cursor.open_.empty()) ++cursor.replayed_;
    return visitor.end(type);
}

}  // namespace synap
