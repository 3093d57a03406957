// A key with its value in one allocation: header, deadline if any, key bytes, value.
//
// Guarded by the lock of the slot that holds it. Never moves; replaced when it must grow into
// another size class.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include "core/base/equal_bytes.h"
#include "core/base/hash.h"
#include "core/base/heap.h"
#include "core/base/heap_size.h"
#include "core/types/registry.h"

namespace synap {

// Of two times of which each may be 0, for never.
constexpr int64_t sooner(int64_t a, int64_t b) noexcept {
    return a == 0 || b == 0 ? a + b : std::min(a, b);
}
inline int64_t element_due_at(const ValueView& value) noexcept {
    return value.type == ValueType::kString ? 0 : ops_of(value).earliest(value);
}

class Node {
public:
    struct Shape {
        uint8_t name_space;
        ValueType type;
        Encoding encoding;
        bool has_deadline;
        bool grown;
        uint32_t key_size;
        uint32_t value_size;  // bytes that stand in the node: 8 for integers and references

        size_t bytes() const noexcept {
            return sizeof(Node) + (has_deadline ? 8 : 0) + size_t{key_size} + value_size;
        }
    };

    // Key, deadline and value are left for the caller to fill; throws std::bad_alloc.
    static Node* make(const Shape& shape, Heap& heap, unsigned stripe) {
        void* memory = heap.allocate(heap_size(shape.bytes()), stripe);
        if (memory == nullptr) throw std::bad_alloc();
        return new (memory) Node(shape);
    }
    // The node alone: what its value holds beside it is the caller's to free.
    static void free(Node* node, Heap& heap) noexcept {
        heap.free(node, heap_size(node->shape().bytes()));
    }

    ValueType type() const noexcept { return static_cast<ValueType>(kind_ >> 4); }
    Encoding encoding() const noexcept { return static_cast<Encoding>(kind_ & 0xf); }
    uint8_t name_space() const noexcept { return name_space_; }
    bool grown() const noexcept { return (flags_ & kGrown) != 0; }
    bool has_deadline() const noexcept { return (flags_ & kHasDeadline) != 0; }
    int64_t deadline() const noexcept { return has_deadline() ? read<int64_t>(body()) : 0; }
    bool expired(int64_t now_ms) const noexcept { return has_deadline() && deadline() <= now_ms; }

    std::string_view key() const noexcept { return {key_at(), key_size_}; }
    bool is(uint8_t name_space, std::string_view key) const noexcept {
        return name_space_ == name_space && key_size_ == key.size() &&
               equal_bytes(key_at(), key.data(), key.size());
    }

    // Bytes of the value in this node.
    std::string_view inline_value() const noexcept { return {value_at(), value_size_}; }
    int64_t integer() const noexcept { return read<int64_t>(value_at()); }
    ValueView value() const noexcept { return {type(), encoding(), grown(), inline_value()}; }
    // Of a string.
    void view(StringView& out) const noexcept { out.read(value()); }
    size_t string_size() const noexcept {
        StringView string;
        view(string);
        return string.text.size();
    }

    // When something of it expires, the key or an element: 0 for never.
    int64_t due_at() const noexcept { return sooner(deadline(), element_due_at(value())); }

    // Bytes charged for the node and what only it holds.
    size_t memory() const noexcept {
        const size_t beside = is_reference(encoding()) ? ops_of(type()).memory(value()) : 0;
        return heap_size(shape().bytes()) + beside;
    }
    // Of everything that a follower must have as well. O(value).
    uint64_t digest() const noexcept {
        const uint64_t words[] = {
            hash_bytes(key()), ops_of(type()).digest(value()), static_cast<uint64_t>(deadline()),
            uint64_t{name_space_} << 16 | uint64_t{kind_ & 0xf0u} << 8 | uint64_t{grown()}};
        return hash_bytes({reinterpret_cast<const char*>(words), sizeof words});
    }
    Shape shape() const noexcept {
        return {name_space_, type(), encoding(), has_deadline(), grown(), key_size_, value_size_};
    }

    // Takes over a shape that fits the same allocation. Contents are the caller's to refill.
    void reshape(const Shape& shape) noexcept {
        kind_ = kind_of(shape);
        flags_ = flags_of(shape);
        key_size_ = shape.key_size;
        value_size_ = shape.value_size;
    }
    void set_key(std::string_view key) noexcept { std::memcpy(key_at(), key.data(), key.size()); }
    void set_deadline(int64_t deadline) noexcept { write(body(), deadline); }
    void set_value(std::string_view bytes) noexcept {
        std::memcpy(value_at(), bytes.data(), bytes.size());
    }
    void set_grown(bool grown) noexcept {
        flags_ = static_cast<uint8_t>(grown ? flags_ | kGrown : flags_ & ~kGrown);
    }
    char* value_at() noexcept { return key_at() + key_size_; }

    // What eviction and OBJECT look at: seconds of the engine's clock, and Redis' logarithmic
    // access counter.
    uint32_t last_access() const noexcept { return access_; }
    uint8_t frequency() const noexcept { return frequency_; }
    void set_access(uint32_t seconds, uint8_t frequency) noexcept {
        access_ = seconds;
        frequency_ = frequency;
    }

private:
    static constexpr uint8_t kHasDeadline = 1;
    static constexpr uint8_t kGrown = 2;

    explicit Node(const Shape& shape) noexcept
        : kind_(kind_of(shape)),
          flags_(flags_of(shape)),
          name_space_(shape.name_space),
          frequency_(0),
          access_(0),
          key_size_(shape.key_size),
          value_size_(shape.value_size) {}

    static uint8_t kind_of(const Shape& shape) noexcept {
        return static_cast<uint8_t>((static_cast<unsigned>(shape.type) << 4) |
                                    static_cast<unsigned>(shape.encoding));
    }
    static uint8_t flags_of(const Shape& shape) noexcept {
        return static_cast<uint8_t>((shape.has_deadline ? kHasDeadline : 0) |
                                    (shape.grown ? kGrown : 0));
    }
    template <typename T>
    static T read(const char* at) noexcept {
        T value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }
    template <typename T>
    static void write(char* at, T value) noexcept {
        std::memcpy(at, &value, sizeof value);
    }
    char* body() noexcept { return reinterpret_cast<char*>(this + 1); }
    const char* body() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    char* key_at() noexcept { return body() + (has_deadline() ? 8 : 0); }
    const char* key_at() const noexcept { return body() + (has_deadline() ? 8 : 0); }
    const char* value_at() const noexcept { return key_at() + key_size_; }

    uint8_t kind_;
    uint8_t flags_;
    uint8_t name_space_;
    uint8_t frequency_;
    uint32_t access_;
    uint32_t key_size_;
    uint32_t value_size_;
};

static_assert(sizeof(Node) == 16);

}  // namespace synap
