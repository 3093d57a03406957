// A leaf of a tree in hash order: members, each with a value (empty in sets) and perhaps a
// deadline.
//
// Layout: header; a directory of groups of sixteen slots, each group sixteen one-byte fingerprints
// and then its offsets, the last one cut short; room; and from the end backwards the entries, in
// the order in which they came. An offset counts from the end, so that a leaf that grows or shrinks
// is copied as it is. Offsets have sixteen bits, but thirty-two in a leaf above 64 KiB: one whose
// members all have the same 32 bits of hash, as equal ones stay in one leaf, however large.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/limits.h"
#include "core/types/blob.h"
#include "core/types/tree/node.h"

namespace synap {

struct TreeEntry {
    std::string_view member;
    std::string_view value;
    int64_t deadline = 0;  // 0: none
    Blob* blob = nullptr;  // set where the value, and it alone, stands in one
};

// How members are hashed. The upper 32 bits order the tree, the lowest eight are the fingerprint.
struct HashOrder {
    uint64_t seed = 0;
    uint64_t mask = ~uint64_t{0};  // fewer bits let tests provoke equal hashes

    uint64_t hash(std::string_view member) const noexcept {
        return hash_member(seed, member) & mask;
    }
    static uint32_t key(uint64_t hash) noexcept { return static_cast<uint32_t>(hash >> 32); }
};

// An entry as it stands in a leaf, or is about to.
//
// Compact, members to 63 bytes without a deadline: a byte with their size and whether there is a
// value, the value's size as one or two bytes, both. Else: a byte of flags, sizes, hash and blob as
// the kind needs them, the deadline if any, and what stands inline.
struct HashItem {
    enum Kind : uint8_t {
        kInline = 0,
        kValueInBlob = 1,
        kAllInBlob = 2,  // member, then value; with the hash, so that nobody has to read it
    };
    static constexpr size_t kCompactMember = 63;
    static constexpr size_t kInlineMember = limits::kTreeInlineBytes / 2;  // beside a blob

    std::string_view member;
    std::string_view value;
    int64_t deadline = 0;
    Blob* blob = nullptr;
    Kind kind = kInline;
    uint32_t bytes = 0;  // encoded
    uint64_t stored_hash = 0;

    static HashItem read(const char* at) noexcept;
    // Of the member, value, deadline, blob and kind.
    uint32_t encoded_bytes() const noexcept;
    void write(char* at) const noexcept;
    uint64_t hash(const HashOrder& order) const noexcept {
        return kind == kAllInBlob ? stored_hash : order.hash(member);
    }
    TreeEntry entry() const noexcept {
        return {member, value, deadline, kind == kValueInBlob ? blob : nullptr};
    }

private:
    static constexpr uint8_t kHasValue = 0x40;
    static constexpr uint8_t kExtended = 0x80;
    static constexpr uint8_t kTimed = 4;

    static HashItem read_extended(const char* at) noexcept;
    bool compact() const noexcept {
        return kind == kInline && deadline == 0 && member.size() <= kCompactMember;
    }
};

class HashLeaf : public TreeNode {
public:
    using Key = uint32_t;
    static constexpr uint32_t kNone = ~uint32_t{0};
    static constexpr uint8_t kWide = 1;
    static constexpr uint8_t kTimed = 2;  // some entry may have a deadline
    static constexpr uint8_t kBlobs = 4;  // or a blob

    // Empty, with room for `bytes` in all; null without memory.
    static HashLeaf* make(Heap& heap, size_t bytes, unsigned stripe) noexcept;
    // The same in a node of its own, its blobs retained; null without memory.
    HashLeaf* clone(Heap& heap, unsigned stripe) const noexcept;

    // What a leaf takes, for this many entries of so many bytes together.
    static size_t needed(size_t count, size_t entry_bytes) noexcept;
    size_t entry_bytes() const noexcept { return used_ - dead_; }
    bool timed() const noexcept { return (flags & kTimed) != 0; }
    bool has_blobs() const noexcept { return (flags & kBlobs) != 0; }

    HashItem item(uint32_t at) const noexcept { return HashItem::read(entry_at(at)); }
    uint32_t entries() const noexcept { return count; }
    // Where a member stands, or kNone.
    uint32_t find(uint64_t hash, std::string_view member) const noexcept;
    int64_t earliest() const noexcept;
    size_t blob_bytes() const noexcept;

    // Changes, for the owner. Blobs go with their entries; nothing is retained or released here.
    bool has_room(size_t more_entries, size_t more_bytes) const noexcept;
    void append(const HashItem& item, uint64_t hash) noexcept;  // there must be room
    void append_all(const HashLeaf& source, uint32_t skip) noexcept;
    void append_one(const HashLeaf& source, uint32_t at) noexcept;
    void remove(uint32_t at) noexcept;
    // Another encoding of an entry: of the same size, or at the end, where there is room.
    void rewrite(uint32_t at, const HashItem& item) noexcept;

    // Releases what the entries hold, before the node is freed; answers the blobs' bytes.
    size_t release_contents() noexcept;

    [[gnu::always_inline]] void prefetch() const noexcept { prefetch_bytes(this, kDirectoryBytes); }
    // The first entry whose fingerprint fits.
    void prefetch_entry(uint64_t hash) const noexcept;

private:
    template <class>
    friend class NodeReaper;  // links nodes that are to be freed through used_ and dead_

    static constexpr uint32_t kGroup = 16;
    static constexpr size_t kDirectoryBytes = 256;  // of some sixty entries
    static constexpr size_t kNarrowBytes = 65535;

    static size_t directory(size_t count, size_t width) noexcept {
        const size_t rest = count % kGroup;
        return count / kGroup * kGroup * (1 + width) + (rest == 0 ? 0 : kGroup + rest * width);
    }
    size_t width() const noexcept { return (flags & kWide) != 0 ? 4 : 2; }
    char* base() noexcept { return reinterpret_cast<char*>(this + 1); }
    const char* base() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    const char* end() const noexcept { return reinterpret_cast<const char*>(this) + bytes(); }
    char* end() noexcept { return reinterpret_cast<char*>(this) + bytes(); }
    const char* group(uint32_t at) const noexcept {
        return base() + at / kGroup * kGroup * (1 + width());
    }
    char* group(uint32_t at) noexcept { return base() + at / kGroup * kGroup * (1 + width()); }
    uint8_t fingerprint(uint32_t at) const noexcept {
        return static_cast<uint8_t>(group(at)[at % kGroup]);
    }
    uint32_t offset(uint32_t at) const noexcept {
        const char* offsets = group(at) + kGroup;
        return (flags & kWide) != 0 ? read_as<uint32_t>(offsets + at % kGroup * 4)
                                    : read_as<uint16_t>(offsets + at % kGroup * 2);
    }
    void set_slot(uint32_t at, uint8_t fingerprint, uint32_t offset) noexcept;
    const char* entry_at(uint32_t at) const noexcept { return end() - offset(at); }
    uint32_t matches(uint32_t first, uint8_t fingerprint) const noexcept;
    void note(const HashItem& item) noexcept {
        if (item.deadline != 0) flags |= kTimed;
        if (item.kind != HashItem::kInline) flags |= kBlobs;
    }

    uint32_t used_ = 0;  // bytes behind the room, holes included
    uint32_t dead_ = 0;  // bytes of the holes
};
static_assert(sizeof(HashLeaf) == 24);

inline HashItem HashItem::read(const char* at) noexcept {
    const auto head = static_cast<uint8_t>(*at);
    if ((head & kExtended) != 0) return read_extended(at);
    HashItem item;
    const char* data = at + 1;
    size_t value_size = 0;
    if ((head & kHasValue) != 0) {
        value_size = static_cast<uint8_t>(*data++);
        if (value_size >= 128) {
            value_size = value_size - 128 + size_t{static_cast<uint8_t>(*data++)} * 128;
        }
    }
    const size_t member_size = head & kCompactMember;
    item.member = {data, member_size};
    item.value = {data + member_size, value_size};
    item.bytes = static_cast<uint32_t>(data - at + member_size + value_size);
    return item;
}

}  // namespace synap
