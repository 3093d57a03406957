// Replies as a command writes them: one flat tape, without an allocation for each element, replayed
// into a sink or copied into a tree once no lock is held.
//
// Containers state their exact count first; their elements follow; nothing ends them. Large values
// are kept by reference. All appends may throw std::bad_alloc; the tape is then cut back by whoever
// catches.
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/assert.h"
#include "core/base/varint.h"
#include "core/types/blob.h"

namespace synap {

// The numbers are SYNAP_TYPE_* of synap.h.
enum class ReplyType : uint8_t {
    kNull = 0,
    kBool = 1,
    kInteger = 2,
    kDouble = 3,
    kText = 4,
    kBytes = 5,
    kArray = 6,
    kMap = 7,
    kSet = 8,
    kError = 9,
    kStatus = 10,
    kNullArray = 11,
    kPush = 12,
    kVerbatim = 13,
    kBigNumber = 14,
    kPairs = 15,
};

constexpr bool is_container(ReplyType type) noexcept {
    return type == ReplyType::kArray || type == ReplyType::kMap || type == ReplyType::kSet ||
           type == ReplyType::kPush || type == ReplyType::kPairs;
}

constexpr uint64_t children_of(ReplyType type, uint64_t count) noexcept {
    return type == ReplyType::kMap || type == ReplyType::kPairs ? count * 2 : count;
}

class Reply {
public:
    Reply() = default;
    Reply(const Reply&) = delete;
    Reply& operator=(const Reply&) = delete;

    void null() { tag(ReplyType::kNull); }
    void null_array() { tag(ReplyType::kNullArray); }
    void boolean(bool value) { fixed(ReplyType::kBool, int64_t{value}); }
    void integer(int64_t value) { fixed(ReplyType::kInteger, value); }
    void real(double value) { fixed(ReplyType::kDouble, value); }
    void bulk(std::string_view bytes) { sized(ReplyType::kBytes, bytes); }
    // Shares the blob instead of copying it, or a part of it.
    void bulk(Blob* blob);
    void bulk(Blob* blob, std::string_view part);
    void text(std::string_view text) { sized(ReplyType::kText, text); }
    void status(std::string_view text) { sized(ReplyType::kStatus, text); }
    void ok() { status("OK"); }
    void verbatim(std::string_view text) { sized(ReplyType::kVerbatim, text); }
    void big_number(std::string_view digits) { sized(ReplyType::kBigNumber, digits); }
    // "ERR syntax error": the first word is the code. Line breaks become blanks.
    void error(std::string_view message);

    void begin_array(uint64_t count) { fixed(ReplyType::kArray, count); }
    void begin_map(uint64_t entries) { fixed(ReplyType::kMap, entries); }
    void begin_set(uint64_t count) { fixed(ReplyType::kSet, count); }
    void begin_push(uint64_t count) { fixed(ReplyType::kPush, count); }
    // A list of two-element lists in RESP3, flat in RESP2.
    void begin_pairs(uint64_t pairs) { fixed(ReplyType::kPairs, pairs); }

    struct Mark {
        size_t bytes;
        size_t blobs;
        size_t blob_bytes;
    };
    Mark mark() const noexcept { return {used_, blobs_.size(), blob_bytes_}; }
    void cut(const Mark& mark) noexcept {
        used_ = mark.bytes;
        blob_bytes_ = mark.blob_bytes;
        while (blobs_.size() > mark.blobs) blobs_.pop_back();
    }
    void clear() noexcept {
        if (!blobs_.empty()) release_all();
        used_ = blob_bytes_ = 0;
        if (capacity_ > kBytesKept) give_back();
    }
    size_t size() const noexcept { return used_; }
    // Bytes that replaying will produce, roughly: the tape and what it refers to.
    size_t weight() const noexcept { return used_ + blob_bytes_; }
    uint64_t errors() const noexcept { return errors_; }
    // The first word of the last of them, cut where it is long.
    std::string_view last_error_code() const noexcept { return {last_code_, last_code_size_}; }

    // How far a tape was replayed. Stands between any two values, those inside a container too, and
    // so can stop there and go on later. Good until the tape is cleared or cut.
    class Cursor {
    public:
        // Top-level values that were replayed to their end.
        size_t replayed() const noexcept { return replayed_; }
        void clear() noexcept {
            at_ = replayed_ = blobs_ = 0;
            open_.clear();
        }

    private:
        friend class Reply;
        struct Open {
            ReplyType type;
            uint64_t left;  // values not yet begun
        };
        size_t at_ = 0;
        size_t replayed_ = 0;
        size_t blobs_ = 0;  // references behind it
        std::vector<Open> open_;
    };

    // Lets go of the references behind the cursor: they can not be replayed again.
    void drop_replayed(const Cursor& cursor) noexcept;
    // Bytes that are there for what is not replayed, and only for it: the tape's own, and values
    // whose keys gave them up. One look at each reference that is left.
    size_t held_alone(const Cursor& cursor) const noexcept;

    // Replays until `count` top-level values lie behind the cursor. The visitor has
    //   bool scalar(ReplyType, int64_t), bool real(double), bool bytes(ReplyType, string_view),
    //   bool blob(Blob*, string_view), the value being that part of the blob,
    //   bool error(string_view), bool begin(ReplyType, uint64_t), bool end(ReplyType);
    // false stops behind what it was given, and so does this function.
    template <typename Visitor>
    bool replay(Cursor& cursor, size_t count, Visitor& visitor) const;
    // The value at `at`, which is moved behind it.
    template <typename Visitor>
    bool replay_one(size_t& at, Visitor& visitor) const;

private:
    // The value at the cursor, which is no container.
    template <typename Visitor>
    bool replay_scalar(Cursor& cursor, Visitor& visitor) const;
    // A top-level container, or the rest of it.
    template <typename Visitor>
    bool replay_container(Cursor& cursor, Visitor& visitor) const;
    bool container_at(size_t at) const noexcept {
        SYNAP_ASSERT(at < used_);
        return is_container(static_cast<ReplyType>(bytes_[at]));
    }

    char* extend(size_t bytes) {
        if (capacity_ - used_ < bytes) grow(bytes);
        char* at = bytes_ + used_;
        used_ += bytes;
        return at;
    }
    void grow(size_t bytes);
    uint32_t keep(Blob* blob);
    void give_back() noexcept;
    void release_all() noexcept;
    void tag(ReplyType type) { *extend(1) = static_cast<char>(type); }
    template <typename T>
    void fixed(ReplyType type, T value) {
        static_assert(sizeof value == 8);
        char* at = extend(9);
        *at = static_cast<char>(type);
        store(at + 1, value);
    }
    void sized(ReplyType type, std::string_view bytes) {
        char* at = extend(5 + bytes.size());
        *at = static_cast<char>(type);
        store(at + 1, static_cast<uint32_t>(bytes.size()));
        std::memcpy(at + 5, bytes.data(), bytes.size());
    }

    static constexpr uint8_t kBlobTag = 255;
    static constexpr uint8_t kPartTag = 254;
    static constexpr size_t kBytesKept = 64 * 1024;

    struct Free {
        void operator()(char* memory) const noexcept { std::free(memory); }
    };
    std::unique_ptr<char, Free> memory_;
    char* bytes_ = nullptr;
    size_t used_ = 0;
    size_t capacity_ = 0;
    std::vector<BlobRef> blobs_;
    size_t dropped_ = 0;  // of them, from the front
    size_t blob_bytes_ = 0;
    uint64_t errors_ = 0;
    char last_code_[32];
    size_t last_code_size_ = 0;
};

template <typename Visitor>
bool Reply::replay(Cursor& cursor, size_t count, Visitor& visitor) const {
    while (cursor.replayed_ < count) {
        if (!cursor.open_.empty() || container_at(cursor.at_)) {
            if (!replay_container(cursor, visitor)) return false;
        } else {
            ++cursor.replayed_;
            if (!replay_scalar(cursor, visitor)) return false;
        }
    }
    return true;
}

template <typename Visitor>
bool Reply::replay_one(size_t& at, Visitor& visitor) const {
    Cursor cursor;
    cursor.at_ = at;
    const bool whole = replay(cursor, 1, visitor);
    at = cursor.at_;
    return whole;
}

template <typename Visitor>
bool Reply::replay_scalar(Cursor& cursor, Visitor& visitor) const {
    size_t& at = cursor.at_;
    const auto raw = static_cast<uint8_t>(bytes_[at]);
    const auto type = static_cast<ReplyType>(raw);
    const char* const value = bytes_ + at + 1;
    if (raw == kBlobTag) {
        at += 5;
        const auto index = load<uint32_t>(value);
        cursor.blobs_ = index + 1;
        Blob* blob = blobs_[index].get();
        return visitor.blob(blob, blob->bytes());
    }
    if (raw == kPartTag) {
        at += 21;
        const auto index = load<uint32_t>(value);
        cursor.blobs_ = index + 1;
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
        if (!open.empty() && open.back().left == 0) {
            const ReplyType type = open.back().type;
            open.pop_back();
            if (open.empty()) ++cursor.replayed_;
            if (!visitor.end(type)) return false;
            continue;
        }
        if (!container_at(cursor.at_)) {
            --open.back().left;
            if (!replay_scalar(cursor, visitor)) return false;
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

}  // namespace synap
