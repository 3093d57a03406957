#include "core/types/packed_hash.h"

#include "core/base/equal_bytes.h"

namespace synap {

using hash_body::Element;
using hash_body::Op;

bool PackedHash::assign(std::string_view elements, uint64_t count) noexcept {
    if (count > kCountMax || elements.size() > limits::kPackedBytes - kHeaderBytes) return false;
    std::memcpy(buffer_ + kHeaderBytes, elements.data(), elements.size());
    end_ = buffer_ + kHeaderBytes + elements.size();
    count_ = static_cast<unsigned>(count);
    return true;
}

bool PackedHash::assign(std::string_view packed) noexcept {
    const PackedHeader header = read_packed_header(packed);
    assign(packed.substr(header.bytes()), header.count);
    return header.earliest != 0;
}

char* PackedHash::find(std::string_view field, Element& found, char*& next) noexcept {
    const char* at = elements();
    for (unsigned i = 0; i < count_; ++i) {
        const char* const behind = hash_body::read(at, found);
        if (found.field.size() == field.size() &&
            equal_bytes(found.field.data(), field.data(), field.size())) {
            next = buffer_ + (behind - buffer_);
            return buffer_ + (at - buffer_);
        }
        at = behind;
    }
    return nullptr;
}

void PackedHash::cut(char* begin, const char* end) noexcept {
    std::memmove(begin, end, static_cast<size_t>(end_ - end));
    end_ -= end - begin;
}

bool PackedHash::replace(char* begin, char* end, const Element& element) noexcept {
    const size_t size = hash_body::size_of(element);
    const size_t used = static_cast<size_t>(end_ - buffer_) - static_cast<size_t>(end - begin);
    if (used + size > limits::kPackedBytes) return false;
    std::memmove(begin + size, end, static_cast<size_t>(end_ - end));
    end_ = buffer_ + used + size;
    hash_body::write(begin, element);
    return true;
}

bool PackedHash::apply(const Element& element) noexcept {
    Element found;
    char* next = nullptr;
    char* at = find(element.field, found, next);
    switch (element.op) {
        case Op::kSet:
        case Op::kSetTimed:
            if (at != nullptr) return replace(at, next, element);
            if (count_ == kCountMax || !replace(end_, end_, element)) return false;
            ++count_;
            return true;
        case Op::kRemove:
            if (at == nullptr) return true;
            cut(at, next);
            --count_;
            return true;
        case Op::kDeadline:
            break;
    }
    if (at == nullptr || found.deadline == element.deadline) return true;
    // Only the eight bytes of the deadline, and the op before them, differ: from the back on, as
    // the field and value stand in the very bytes that move.
    char copy[limits::kPackedBytes];
    const size_t field = found.field.size();
    const size_t value = found.value.size();
    std::memcpy(copy, found.field.data(), field + value);
    return replace(at, next,
                   hash_body::set({copy, field}, {copy + field, value}, element.deadline));
}

std::string_view PackedHash::finish(bool timed) noexcept {
    constexpr unsigned kTimed = 0x80;
    int64_t earliest = 0;
    if (timed) {
        const char* at = elements();
        Element element;
        for (unsigned i = 0; i < count_; ++i) {
            at = hash_body::read(at, element);
            const bool sooner =
                element.deadline != 0 && (earliest == 0 || element.deadline < earliest);
            if (sooner) earliest = element.deadline;
        }
    }
    const PackedHeader header{count_, earliest};
    char* const first = buffer_ + kHeaderBytes - header.bytes();
    *first = static_cast<char>(count_ | (earliest != 0 ? kTimed : 0));
    if (earliest != 0) store(first + 1, earliest);
    return {first, static_cast<size_t>(end_ - first)};
}

}  // namespace synap
