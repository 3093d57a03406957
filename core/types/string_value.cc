#include "core/types/string_value.h"

#include <algorithm>
#include <cstring>

#include "core/base/hash.h"
#include "core/base/varint.h"

namespace synap::string_value {
namespace {

// Longer strings have their header and bytes in two allocations in Redis, which calls that "raw".
constexpr size_t kEmbeddedBytes = 44;

// The spare room that an edited value gets, so that a thousand appends are not a thousand copies.
size_t roomy(size_t size) noexcept { return size < (1u << 20) ? size * 2 : size + (1u << 20); }

void fill(char* data, std::string_view old, uint64_t at, std::string_view bytes) noexcept {
    if (at > old.size()) std::memset(data + old.size(), 0, at - old.size());
    std::memcpy(data + at, bytes.data(), bytes.size());
}

}  // namespace

Blob* edited_copy(std::string_view old, uint64_t offset, std::string_view bytes) {
    const size_t size = std::max<size_t>(old.size(), offset + bytes.size());
    Blob* blob = Blob::make(size, roomy(size));
    std::memcpy(blob->data(), old.data(), old.size());
    fill(blob->data(), old, offset, bytes);
    return blob;
}

Blob* roomy_copy(std::string_view old, size_t size) {
    Blob* blob = Blob::make(old.size(), roomy(size));
    std::memcpy(blob->data(), old.data(), old.size());
    return blob;
}

const char* check_value(const Body& body) noexcept {
    if (body.argument > kStringInteger) return "a string of unknown form";
    if (body.argument == kStringInteger && body.bytes.size() != sizeof(int64_t)) {
        return "an integer of a wrong size";
    }
    return body.bytes.size() > limits::kValueBytes ? "a string that is too long" : nullptr;
}

const char* check_edit(const Body& body) noexcept {
    const bool fits = body.argument <= limits::kValueBytes &&
                      body.bytes.size() <= limits::kValueBytes - body.argument;
    return fits ? nullptr : "a string that is too long";
}

EditOutcome begin(const Body& body, const ValueHome&, NewValue& made) {
    made.grown = body.grown;
    if (body.argument == kStringInteger) {
        made.set_integer(load<int64_t>(body.bytes.data()));
    } else if (body.bytes.size() <= limits::kInlineValueBytes) {
        made.bytes = body.bytes;
    } else if (body.blob != nullptr) {
        body.blob->retain();
        made.own(body.blob);
    } else {
        made.own(Blob::copy(body.bytes));
    }
    return EditOutcome::kStored;
}

// Values that are edited become blobs with spare room once they are too long to copy each time.
EditOutcome edit(const ValueView* old_value, const Body& body, const ValueHome&, NewValue& made) {
    constexpr size_t kEditedInNodeBytes = 256;
    static_assert(kEditedInNodeBytes <= NewValue::kScratchBytes);
    StringView old;
    if (old_value != nullptr) old.read(*old_value);
    const size_t size = std::max<size_t>(old.text.size(), body.argument + body.bytes.size());
    made.grown = true;
    if (body.prepared != nullptr && body.prepared->fits(old)) {
        body.prepared->result.get()->retain();
        made.own(body.prepared->result.get());
        return EditOutcome::kStored;
    }
    if (old.blob != nullptr && old.blob->unique() && size <= old.blob->capacity()) {
        fill(old.blob->data(), old.text, body.argument, body.bytes);
        old.blob->set_size(size);
        return EditOutcome::kInPlace;
    }
    for (StringRoom& room : body.rooms) {
        if (!room.fits(old, size)) continue;
        Blob* copy = room.copy.take();
        fill(copy->data(), old.text, body.argument, body.bytes);
        copy->set_size(size);
        made.own(copy);
        return EditOutcome::kStored;
    }
    if (size <= kEditedInNodeBytes) {
        std::memcpy(made.scratch, old.text.data(), old.text.size());
        fill(made.scratch, old.text, body.argument, body.bytes);
        made.bytes = {made.scratch, size};
    } else {
        made.own(edited_copy(old.text, body.argument, body.bytes));
    }
    return EditOutcome::kStored;
}

void copy(const ValueView& from, const ValueHome&, NewValue& made) {
    made.grown = from.grown;
    made.encoding = from.encoding;
    made.bytes = from.bytes;
    if (from.encoding != Encoding::kBlob) return;
    from.blob()->retain();
    made.own(from.blob());
}

bool free_some(const ValueView& value, size_t&) noexcept {
    if (value.encoding == Encoding::kBlob) value.blob()->release();
    return true;
}

size_t memory(const ValueView& value) noexcept {
    return value.encoding == Encoding::kBlob ? value.blob()->memory() : 0;
}

std::string_view encoding(const ValueView& value) noexcept {
    if (value.encoding == Encoding::kInteger) return "int";
    const bool is_short =
        value.encoding == Encoding::kInline && value.bytes.size() <= kEmbeddedBytes;
    return is_short && !value.grown ? "embstr" : "raw";
}

int64_t earliest(const ValueView&) noexcept { return 0; }

bool body(const ValueView& value, Body& body) noexcept {
    body = {};
    body.grown = value.grown;
    body.bytes = value.bytes;
    if (value.encoding == Encoding::kInteger) body.argument = kStringInteger;
    if (value.encoding == Encoding::kBlob) {
        body.blob = value.blob();
        body.bytes = body.blob->bytes();
    }
    return true;
}

uint64_t digest(const ValueView& value) noexcept {
    StringView string;
    string.read(value);
    return hash_bytes(string.text);
}

}  // namespace synap::string_value

namespace synap {

// A string outside of a blob is short: it is compared, but for what is written over.
bool PreparedString::fits(const StringView& old) const noexcept {
    if (old.blob != from.get() || old.text.size() != from_size) return false;
    if (old.blob != nullptr) return true;
    const size_t kept = std::min<uint64_t>(offset, from_size);
    return offset + bytes.size() >= from_size &&
           old.text.substr(0, kept) == result.get()->bytes().substr(0, kept);
}

}  // namespace synap
