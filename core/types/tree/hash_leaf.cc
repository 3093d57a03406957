#include "core/types/tree/hash_leaf.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/assert.h"
#include "core/base/equal_bytes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace synap {

HashItem HashItem::read_extended(const char* at) noexcept {
    HashItem item;
    const auto head = static_cast<uint8_t>(*at);
    const char* data = at + 1;
    item.kind = static_cast<Kind>(head & 3);
    size_t member_size = 0;
    size_t value_size = 0;
    const auto take = [&]<typename T>(T& to) {
        to = read_as<T>(data);
        data += sizeof(T);
    };
    if (item.kind == kAllInBlob) {
        uint32_t size = 0;
        take(size);
        take(item.stored_hash);
        member_size = size;
    } else {
        uint16_t size = 0;
        take(size);
        member_size = size;
    }
    if (item.kind == kInline) {
        uint16_t size = 0;
        take(size);
        value_size = size;
    } else {
        take(item.blob);
    }
    if ((head & kTimed) != 0) take(item.deadline);
    if (item.kind == kAllInBlob) {
        item.member = item.blob->bytes().substr(0, member_size);
        item.value = item.blob->bytes().substr(member_size);
        item.bytes = static_cast<uint32_t>(data - at);
        return item;
    }
    item.member = {data, member_size};
    item.value = item.kind == kInline ? std::string_view(data + member_size, value_size)
                                      : item.blob->bytes();
    item.bytes = static_cast<uint32_t>(data - at + member_size + value_size);
    return item;
}

uint32_t HashItem::encoded_bytes() const noexcept {
    size_t size = 1;
    if (compact()) {
        size += value.empty() ? 0 : value.size() < 128 ? 1 : 2;
        return static_cast<uint32_t>(size + member.size() + value.size());
    }
    if (deadline != 0) size += 8;
    switch (kind) {
        case kInline:
            size += 4 + member.size() + value.size();
            break;
        case kValueInBlob:
            size += 2 + 8 + member.size();
            break;
        case kAllInBlob:
            size += 4 + 8 + 8;
            break;
    }
    return static_cast<uint32_t>(size);
}

void HashItem::write(char* at) const noexcept {
    const auto put = [&](std::string_view text) {
        if (!text.empty()) std::memcpy(at, text.data(), text.size());
        at += text.size();
    };
    if (compact()) {
        *at++ = static_cast<char>(member.size() | (value.empty() ? 0 : kHasValue));
        if (value.size() >= 128) {
            *at++ = static_cast<char>(value.size() % 128 + 128);
            *at++ = static_cast<char>(value.size() / 128);
        } else if (!value.empty()) {
            *at++ = static_cast<char>(value.size());
        }
        put(member);
        put(value);
        return;
    }
    *at++ = static_cast<char>(kExtended | kind | (deadline != 0 ? kTimed : 0));
    if (kind == kAllInBlob) {
        at = write_as(at, static_cast<uint32_t>(member.size()));
        at = write_as(at, stored_hash);
    } else {
        at = write_as(at, static_cast<uint16_t>(member.size()));
    }
    if (kind == kInline) {
        at = write_as(at, static_cast<uint16_t>(value.size()));
    } else {
        at = write_as(at, blob);
    }
    if (deadline != 0) at = write_as(at, deadline);
    if (kind != kAllInBlob) put(member);
    if (kind == kInline) put(value);
}

size_t HashLeaf::needed(size_t count, size_t entry_bytes) noexcept {
    const size_t narrow = sizeof(HashLeaf) + directory(count, 2) + entry_bytes;
    if (heap_size(narrow) <= kNarrowBytes) return narrow;
    return sizeof(HashLeaf) + directory(count, 4) + entry_bytes;
}

HashLeaf* HashLeaf::make(Heap& heap, size_t bytes, unsigned stripe) noexcept {
    auto* leaf = allocate_node<HashLeaf>(heap, bytes, stripe);
    if (leaf != nullptr && leaf->bytes() > kNarrowBytes) leaf->flags = kWide;
    return leaf;
}

HashLeaf* HashLeaf::clone(Heap& heap, unsigned stripe) const noexcept {
    HashLeaf* leaf = make(heap, bytes(), stripe);
    if (leaf == nullptr) return nullptr;
    leaf->append_all(*this, kNone);
    if (has_blobs()) {
        for (uint32_t i = 0; i < count; ++i) {
            if (const HashItem found = item(i); found.blob != nullptr) found.blob->retain();
        }
    }
    return leaf;
}

void HashLeaf::set_slot(uint32_t at, uint8_t fingerprint, uint32_t offset) noexcept {
    char* in = group(at);
    in[at % kGroup] = static_cast<char>(fingerprint);
    if ((flags & kWide) != 0) {
        write_as(in + kGroup + at % kGroup * 4, offset);
    } else {
        write_as(in + kGroup + at % kGroup * 2, static_cast<uint16_t>(offset));
    }
}

// A bit for each slot of the group from `first` on whose fingerprint fits; those behind the last
// entry may be set as well.
uint32_t HashLeaf::matches(uint32_t first, uint8_t fingerprint) const noexcept {
    const char* at = group(first);
#if defined(__SSE2__)
    const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i wanted = _mm_set1_epi8(static_cast<char>(fingerprint));
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(all, wanted)));
#else
    uint32_t bits = 0;
    for (uint32_t i = 0; i < kGroup; ++i) {
        bits |= static_cast<uint32_t>(static_cast<uint8_t>(at[i]) == fingerprint) << i;
    }
    return bits;
#endif
}

uint32_t HashLeaf::find(uint64_t hash, std::string_view member) const noexcept {
    for (uint32_t first = 0; first < count; first += kGroup) {
        uint32_t bits = matches(first, static_cast<uint8_t>(hash));
        for (; bits != 0; bits &= bits - 1) {
            const uint32_t at = first + static_cast<uint32_t>(std::countr_zero(bits));
            if (at >= count) break;
            const HashItem found = item(at);
            if (found.member.size() == member.size() &&
                equal_bytes(found.member.data(), member.data(), member.size())) {
                return at;
            }
        }
    }
    return kNone;
}

void HashLeaf::prefetch_entry(uint64_t hash) const noexcept {
    for (uint32_t first = 0; first < count; first += kGroup) {
        const uint32_t bits = matches(first, static_cast<uint8_t>(hash));
        if (bits == 0) continue;
        const uint32_t at = first + static_cast<uint32_t>(std::countr_zero(bits));
        if (at >= count) return;
        __builtin_prefetch(entry_at(at));
        __builtin_prefetch(entry_at(at) + 63);
        return;
    }
}

int64_t HashLeaf::earliest() const noexcept {
    int64_t earliest = kNoDeadline;
    if (!timed()) return earliest;
    for (uint32_t i = 0; i < count; ++i) {
        earliest = std::min(earliest, internal_deadline(item(i).deadline));
    }
    return earliest;
}

size_t HashLeaf::blob_bytes() const noexcept {
    size_t sum = 0;
    if (!has_blobs()) return sum;
    for (uint32_t i = 0; i < count; ++i) {
        if (const HashItem found = item(i); found.blob != nullptr) sum += found.blob->memory();
    }
    return sum;
}

bool HashLeaf::has_room(size_t more_entries, size_t more_bytes) const noexcept {
    return sizeof(HashLeaf) + directory(count + more_entries, width()) + used_ + more_bytes <=
           bytes();
}

void HashLeaf::append(const HashItem& item, uint64_t hash) noexcept {
    used_ += item.bytes;
    item.write(end() - used_);
    set_slot(count++, static_cast<uint8_t>(hash), used_);
    note(item);
}

void HashLeaf::append_one(const HashLeaf& source, uint32_t at) noexcept {
    const HashItem item = source.item(at);
    used_ += item.bytes;
    std::memcpy(end() - used_, source.entry_at(at), item.bytes);
    set_slot(count++, source.fingerprint(at), used_);
    note(item);
}

void HashLeaf::append_all(const HashLeaf& source, uint32_t skip) noexcept {
    if (count == 0 && skip == kNone && source.dead_ == 0 && width() == source.width()) {
        std::memcpy(base(), source.base(), directory(source.count, width()));
        std::memcpy(end() - source.used_, source.end() - source.used_, source.used_);
        count = source.count;
        used_ = source.used_;
        flags = source.flags;
        return;
    }
    for (uint32_t i = 0; i < source.count; ++i) {
        if (i != skip) append_one(source, i);
    }
}

void HashLeaf::remove(uint32_t at) noexcept {
    const uint32_t size = item(at).bytes;
    if (offset(at) == used_) {
        used_ -= size;
    } else {
        dead_ += size;
    }
    const uint32_t last = --count;
    if (at != last) set_slot(at, fingerprint(last), offset(last));
}

void HashLeaf::rewrite(uint32_t at, const HashItem& item) noexcept {
    const uint32_t old = this->item(at).bytes;
    note(item);
    if (old == item.bytes) {
        item.write(end() - offset(at));
        return;
    }
    dead_ += old;
    used_ += item.bytes;
    item.write(end() - used_);
    set_slot(at, fingerprint(at), used_);
}

size_t HashLeaf::release_contents() noexcept {
    size_t sum = 0;
    if (!has_blobs()) return sum;
    for (uint32_t i = 0; i < count; ++i) {
        const HashItem found = item(i);
        if (found.blob == nullptr) continue;
        sum += found.blob->memory();
        found.blob->release();
    }
    return sum;
}

}  // namespace synap
