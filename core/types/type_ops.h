// What every type of value gives to the keyspace, the log, snapshots and the commands on any key,
// which ask it of a value without knowing its type. See registry.h.
//
// Thread safety: whoever passes a value in its node holds the lock of its slot.
#pragma once

#include <cstdint>
#include <new>
#include <string_view>

#include "core/types/value.h"

namespace synap {

// An edit stopped between two elements for want of memory.
struct HalfApplied : std::bad_alloc {};

// References, so that a table which lacks a function does not compile.
struct TypeOps {
    ValueType type;
    std::string_view name;  // as TYPE and SCAN call it
    bool evictable;         // queues, streams and system state are not

    // Why the body of a whole value, or of an edit, means nothing; null when it is sound. For what
    // comes from a file or a peer: the functions below assert instead.
    const char* (&check_value)(const Body& body) noexcept;
    const char* (&check_edit)(const Body& body) noexcept;

    // Makes a value from the body, or changes `old` (null: there is none) by it. Throws
    // std::bad_alloc, having changed nothing; an edit of several elements in place throws
    // HalfApplied where some of them are changed.
    EditOutcome (&begin)(const Body& body, const ValueHome& home, NewValue& made);
    EditOutcome (&edit)(const ValueView* old, const Body& body, const ValueHome& home,
                        NewValue& made);
    // The same value for another key: in constant time where it is large. Throws std::bad_alloc.
    void (&copy)(const ValueView& from, const ValueHome& home, NewValue& made);

    // Gives back what the value holds beside its node: at most about `budget` elements of it, which
    // it counts down. False when there is more: call again.
    bool (&free_some)(const ValueView& value, size_t& budget) noexcept;
    size_t (&memory)(const ValueView& value) noexcept;              // beside the node; O(1)
    std::string_view (&encoding)(const ValueView& value) noexcept;  // as OBJECT ENCODING says it
    // When the first of its elements expires; 0: none does. O(1).
    int64_t (&earliest)(const ValueView& value) noexcept;
    // The body that begins such a value, pointing into it. False where it is too large to be one:
    // what is by reference is shared then, and written by write_bodies(). O(1).
    bool (&body)(const ValueView& value, Body& body) noexcept;
    // Independent of encodings and of the order in which elements came. O(elements).
    uint64_t (&digest)(const ValueView& value) noexcept;
};

}  // namespace synap
