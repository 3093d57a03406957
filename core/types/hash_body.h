// The elements of hashes as they stand in effects, and in the nodes of small hashes:
//
//   size_and_op:varint = size of the field << 2 | op
//   value_size:varint           set, set_timed
//   deadline:i64                set_timed, deadline
//   field value
//
// An op states what is to be: nothing of what was before shows in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/varint.h"

namespace synap::hash_body {

enum class Op : uint8_t {
    kSet = 0,       // no deadline
    kSetTimed = 1,  // with a deadline
    kRemove = 2,
    kDeadline = 3,  // of a field that is there; 0: none
};

struct Element {
    Op op = Op::kSet;
    std::string_view field;
    std::string_view value;
    int64_t deadline = 0;
    const char* begin = nullptr;
};

constexpr bool has_value(Op op) noexcept { return op == Op::kSet || op == Op::kSetTimed; }
constexpr bool has_deadline(Op op) noexcept { return op == Op::kSetTimed || op == Op::kDeadline; }

// From bytes that were checked.
inline uint64_t read_varint(const char*& at) noexcept {
    auto byte = static_cast<uint8_t>(*at++);
    if (byte < 0x80) [[likely]]
        return byte;
    uint64_t value = byte & 0x7f;
    for (unsigned shift = 7; byte >= 0x80; shift += 7) {
        byte = static_cast<uint8_t>(*at++);
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    }
    return value;
}

// The element at `at`, of checked bytes. Returns what stands behind it.
inline const char* read(const char* at, Element& element) noexcept {
    element.begin = at;
    const uint64_t head = read_varint(at);
    element.op = static_cast<Op>(head & 3);
    const size_t value_size = has_value(element.op) ? read_varint(at) : 0;
    element.deadline = 0;
    if (has_deadline(element.op)) {
        element.deadline = load<int64_t>(at);
        at += sizeof(int64_t);
    }
    element.field = {at, head >> 2};
    element.value = {at + element.field.size(), value_size};
    return element.value.data() + value_size;
}

constexpr size_t size_of_varint(uint64_t value) noexcept {
    size_t bytes = 1;
    for (; value >= 0x80; value >>= 7) ++bytes;
    return bytes;
}

inline size_t size_of(const Element& element) noexcept {
    const size_t value =
        has_value(element.op) ? size_of_varint(element.value.size()) + element.value.size() : 0;
    return size_of_varint(uint64_t{element.field.size()} << 2) + element.field.size() + value +
           (has_deadline(element.op) ? sizeof(int64_t) : 0);
}

// Returns the first byte behind it.
inline char* write(char* at, const Element& element) noexcept {
    at = put_varint(at, uint64_t{element.field.size()} << 2 | static_cast<uint64_t>(element.op));
    if (has_value(element.op)) at = put_varint(at, element.value.size());
    if (has_deadline(element.op)) {
        store(at, element.deadline);
        at += sizeof element.deadline;
    }
    std::memcpy(at, element.field.data(), element.field.size());
    at += element.field.size();
    std::memcpy(at, element.value.data(), element.value.size());
    return at + element.value.size();
}

inline Element set(std::string_view field, std::string_view value, int64_t deadline) noexcept {
    return {deadline == 0 ? Op::kSet : Op::kSetTimed, field, value, deadline, nullptr};
}
inline Element remove(std::string_view field) noexcept { return {Op::kRemove, field, "", 0, {}}; }
inline Element deadline(std::string_view field, int64_t deadline) noexcept {
    return {Op::kDeadline, field, "", deadline, nullptr};
}

inline void append(std::string& bytes, const Element& element) {
    const size_t before = bytes.size();
    bytes.resize(before + size_of(element));
    write(bytes.data() + before, element);
}

// Takes an element from bytes of any origin; false where they hold none.
bool take(ByteReader& in, Element& element) noexcept;

}  // namespace synap::hash_body
