// Values as their types see them: where a value stands, what an effect says of it, and what is to
// become of it. Types know nothing of keys, slots or locks; whoever calls them holds the slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/base/heap.h"
#include "core/base/limits.h"
#include "core/types/blob.h"

namespace synap {

class HashTree;
struct PreparedString;
struct StringRoom;

// Numbers on disk: append-only, never reused.
enum class ValueType : uint8_t { kString = 1, kHash = 2 };
inline constexpr unsigned kValueTypes = 2;

// How a value stands in its node.
enum class Encoding : uint8_t {
    kInline = 0,   // as bytes, in a form of the type's own
    kInteger = 1,  // int64_t
    kBlob = 2,     // Blob*
    kTree = 3,     // HashTree*
};

constexpr bool is_reference(Encoding encoding) noexcept { return encoding >= Encoding::kBlob; }

// A value in its node. Borrowed: valid until the slot changes.
struct ValueView {
    ValueType type = ValueType::kString;
    Encoding encoding = Encoding::kInline;
    bool grown = false;      // was once beyond the limits of Redis' small encodings
    std::string_view bytes;  // those that stand in the node

    int64_t integer() const noexcept { return read<int64_t>(); }
    Blob* blob() const noexcept { return read<Blob*>(); }
    HashTree* tree() const noexcept { return read<HashTree*>(); }

private:
    template <typename T>
    T read() const noexcept {
        T value;
        std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }
};

// What an effect says of a value; see docs/formats.md for each type's.
struct Body {
    uint64_t argument = 0;  // what it means is the type's: a form, an offset, a number of elements
    std::string_view bytes;
    Blob* blob = nullptr;  // borrowed; holds `bytes`, and may be retained instead of copied
    bool grown = false;    // of a whole value: as ValueView::grown
    bool timed = false;    // some element has a deadline
    // Of an edit of a string, borrowed: what it comes to, where the string is still the one that
    // this was made of.
    const PreparedString* prepared = nullptr;
    // The same, borrowed and used up: copies of strings with room for edits that are to come.
    std::span<StringRoom> rooms;
};

// What a value needs from the keyspace it lives in.
struct ValueHome {
    Heap& heap;
    unsigned stripe;
    uint64_t seed;  // of the history, for the order of hashes
};

enum class EditOutcome : uint8_t {
    kStored,   // `NewValue` is to stand in the node
    kInPlace,  // the value was changed where it is; of `NewValue` only `grown` counts
    kEmpty,    // nothing is left of it, and the key is to go
};

// What is to stand in a node. Owns a blob or tree until release(), when a node has it.
struct NewValue {
    Encoding encoding = Encoding::kInline;
    bool grown = false;
    std::string_view bytes;  // in `scratch`, in the body, or in `word`

    NewValue() noexcept {}  // leaves scratch as it is
    ~NewValue();
    NewValue(const NewValue&) = delete;
    NewValue& operator=(const NewValue&) = delete;

    void set_integer(int64_t value) noexcept { set_word(Encoding::kInteger, &value); }
    void own(Blob* blob) noexcept { set_word(Encoding::kBlob, &blob); }
    void own(HashTree* tree) noexcept { set_word(Encoding::kTree, &tree); }
    bool owns() const noexcept { return is_reference(encoding); }
    void release() noexcept { encoding = Encoding::kInline; }

    static constexpr size_t kScratchBytes = limits::kPackedBytes;
    char word[8];
    char scratch[kScratchBytes];

private:
    void set_word(Encoding as, const void* value) noexcept {
        encoding = as;
        std::memcpy(word, value, sizeof word);
        bytes = {word, sizeof word};
    }
};

}  // namespace synap
