// Strings: bytes, or an integer where they are one. Long ones are blobs, which replies, snapshots
// and the log share.
//
// Body of a value: argument 0, the bytes; argument 1, an int64_t.
// Body of an edit: bytes to be written at offset `argument`; zeros fill a gap.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/numbers.h"
#include "core/types/type_ops.h"

namespace synap {

inline constexpr uint64_t kStringBytes = 0;
inline constexpr uint64_t kStringInteger = 1;

// A string as a reader sees it; `text` points into the node, the blob, or `digits`, and is empty,
// not null, where there is no key.
struct StringView {
    std::string_view text = "";
    Blob* blob = nullptr;  // set when the text lives in one
    char digits[kIntegerCharsMax];

    StringView() noexcept {}  // leaves digits as they are
    void read(const ValueView& value) noexcept {
        switch (value.encoding) {
            case Encoding::kInteger:
                text = {digits, print_integer(digits, value.integer())};
                return;
            case Encoding::kBlob:
                blob = value.blob();
                text = blob->bytes();
                return;
            default:
                text = value.bytes;
        }
    }
};

// A large edit of a string, done before the slot was locked. Keeps what it was made of: so nobody
// changes that in place, and it is not freed under the lock.
struct PreparedString {
    BlobRef from;  // none: a string that is not in a blob, or none at all
    size_t from_size = 0;
    uint64_t offset = 0;
    std::string_view bytes;  // those that are written there
    BlobRef result;          // none: nothing is prepared

    bool is_edit(uint64_t at, std::string_view what) const noexcept {
        return result.get() != nullptr && at == offset && what.data() == bytes.data() &&
               what.size() == bytes.size();
    }
    // Whether it is what the edit makes of this string.
    bool fits(const StringView& old) const noexcept;
};

// A copy of a large string with room to grow, made before its slot was locked for several edits.
// Keeps the string as PreparedString does.
struct StringRoom {
    BlobRef from;
    size_t from_size = 0;
    BlobRef copy;  // none: it has been used

    bool fits(const StringView& old, size_t size) const noexcept {
        return old.blob == from.get() && old.text.size() == from_size && copy.get() != nullptr &&
               size <= copy.get()->capacity();
    }
};

namespace string_value {

// The string with `bytes` written at `offset`, zeros in a gap, and room to grow. Throws
// std::bad_alloc.
Blob* edited_copy(std::string_view old, uint64_t offset, std::string_view bytes);
// The string with room for `size` bytes, and more. Throws std::bad_alloc.
Blob* roomy_copy(std::string_view old, size_t size);

const char* check_value(const Body& body) noexcept;
const char* check_edit(const Body& body) noexcept;
EditOutcome begin(const Body& body, const ValueHome& home, NewValue& made);
EditOutcome edit(const ValueView* old, const Body& body, const ValueHome& home, NewValue& made);
void copy(const ValueView& from, const ValueHome& home, NewValue& made);
bool free_some(const ValueView& value, size_t& budget) noexcept;
size_t memory(const ValueView& value) noexcept;
std::string_view encoding(const ValueView& value) noexcept;
int64_t earliest(const ValueView& value) noexcept;
bool body(const ValueView& value, Body& body) noexcept;
uint64_t digest(const ValueView& value) noexcept;

}  // namespace string_value

inline constexpr TypeOps kStringOps{
    ValueType::kString,
    "string",
    true,
    string_value::check_value,
    string_value::check_edit,
    string_value::begin,
    string_value::edit,
    string_value::copy,
    string_value::free_some,
    string_value::memory,
    string_value::encoding,
    string_value::earliest,
    string_value::body,
    string_value::digest,
};

}  // namespace synap
