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
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/keyspace/garbage.h"
#include "core/platform/entropy.h"
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

// What a reply shows of a hash; both as a map, or as pairs.
enum class HashPart : uint8_t { kFields, kValues, kBoth, kPairs };

// How much of it.
struct HashChoice {
    HashPart part;
    int64_t now_ms;               // fields whose deadline has come by then are not shown
    uint64_t count = UINT64_MAX;  // of all that are alive, so many that are drawn
    uint64_t seed = 0;            // for the draw
    bool repeats = false;         // each time from all, so `count` of them; else each once
};

constexpr ReplyType type_of(HashPart part) noexcept {
    if (part == HashPart::kBoth) return ReplyType::kMap;
    return part == HashPart::kPairs ? ReplyType::kPairs : ReplyType::kArray;
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
    // The value of an element, of all of the blob, if it is in one: then it is shared where it is
    // large, or where there are many copies already.
    void bulk_of(std::string_view value, Blob* blob) {
        const bool shared = blob != nullptr && (value.size() > limits::kInlineValueBytes ||
                                                used_ > limits::kReplyCopyBytes);
        shared ? bulk(blob) : bulk(value);
    }
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

    // A large hash as it is in `all`. It is walked when the reply is replayed, outside of all
    // locks; how many fields there are is found then, by a walk of its own where deadlines have
    // come.
    void hash(HashTreeRef&& all, const HashChoice& choice);

    struct Mark {
        size_t bytes;
        size_t blobs;
        size_t trees;
        size_t blob_bytes;
    };
    Mark mark() const noexcept { return {used_, blobs_.size(), trees_.size(), blob_bytes_}; }
    void cut(const Mark& mark) noexcept {
        used_ = mark.bytes;
        blob_bytes_ = mark.blob_bytes;
        while (blobs_.size() > mark.blobs) blobs_.pop_back();
        while (trees_.size() > mark.trees) trees_.pop_back();
    }
    void clear() noexcept {
        if (!blobs_.empty() || !trees_.empty()) release_all();
        used_ = blob_bytes_ = 0;
        if (capacity_ > kBytesKept) give_back();
    }
    // Before clear(), which frees at once what nobody else has.
    bool holds_trees() const noexcept { return !trees_.empty(); }
    void give_trees(Garbage& garbage) noexcept;
    size_t size() const noexcept { return used_; }
    // Bytes that replaying will produce, roughly: the tape and what it refers to.
    size_t weight() const noexcept { return used_ + blob_bytes_; }
    uint64_t errors() const noexcept { return errors_; }
    // The first word of the last of them, cut where it is long.
    std::string_view last_error_code() const noexcept { return {last_code_, last_code_size_}; }

private:
    struct Tree {
        std::unique_ptr<HeldTree> held;  // null: given away
        HashChoice choice;
    };

public:
    // How far a tape was replayed. Stands between any two values, those inside a container too, and
    // so can stop there and go on later. Good until the tape is cleared or cut.
    class Cursor {
    public:
        // Top-level values that were replayed to their end.
        size_t replayed() const noexcept { return replayed_; }
        void clear() noexcept {
            at_ = replayed_ = blobs_ = trees_ = 0;
            open_.clear();
            if (walk_.tree != nullptr) walk_ = {};
        }

    private:
        friend class Reply;
        struct Open {
            ReplyType type;
            uint64_t left;  // values not yet begun
        };
        // Of the hash that is being shown.
        struct Walk {
            const Tree* tree = nullptr;  // null: none is
            std::optional<HashTreeRef::Cursor> at;
            bool counted = false;
            bool begun = false;
            bool owes_value = false;  // of `entry`
            uint64_t alive = 0;       // fields that `at` will come to
            uint64_t left = 0;        // of them, to be shown
            uint64_t passed = 0;      // since there was a rest
            SmallRandom random{0};
            TreeEntry entry;
        };
        size_t at_ = 0;
        size_t replayed_ = 0;
        size_t blobs_ = 0;  // references behind it
        size_t trees_ = 0;
        std::vector<Open> open_;
        Walk walk_;
    };

    // Lets go of the references behind the cursor: they can not be replayed again.
    void drop_replayed(const Cursor& cursor) noexcept;
    bool has_trees_behind(const Cursor& cursor) const noexcept {
        return dropped_trees_ < cursor.trees_;
    }
    void give_trees(const Cursor& cursor, Garbage& garbage) noexcept;
    // Bytes that are there for what is not replayed, and only for it: the tape's own, and values
    // whose keys gave them up. One look at each reference that is left.
    size_t held_alone(const Cursor& cursor) const noexcept;

    // Replays until `count` top-level values lie behind the cursor. The visitor has
    //   bool scalar(ReplyType, int64_t), bool real(double), bool bytes(ReplyType, string_view),
    //   bool blob(Blob*, string_view), the value being that part of the blob,
    //   bool error(string_view), bool begin(ReplyType, uint64_t), bool end(ReplyType);
    // false stops behind what it was given, and so does this function. One that has
    //   bool rest() is asked after each step of work that shows nothing.
    template <typename Visitor>
    bool replay(Cursor& cursor, size_t count, Visitor& visitor) const;
    // The value at `at`, which is moved behind it.
    template <typename Visitor>
    bool replay_one(size_t& at, Visitor& visitor) const;

private:
    // The value at `at`, which is no container; `blobs` as in a cursor.
    template <typename Visitor>
    bool replay_scalar(size_t& at, size_t& blobs, Visitor& visitor) const;
    template <typename Visitor>
    [[gnu::noinline]] bool replay_one_container(size_t& at, Visitor& visitor) const;
    // A top-level container, or the rest of it.
    template <typename Visitor>
    bool replay_container(Cursor& cursor, Visitor& visitor) const;
    // A hash, or the rest of it.
    template <typename Visitor>
    bool replay_hash(Cursor& cursor, Visitor& visitor) const;
    template <typename Visitor>
    static bool count_fields(Cursor::Walk& walk, Visitor& visitor);
    template <typename Visitor>
    static bool next_field(Cursor::Walk& walk, Visitor& visitor);
    template <typename Visitor>
    static bool may_go_on(Cursor::Walk& walk, Visitor& visitor);
    template <typename Visitor>
    static bool show_value(const TreeEntry& entry, Visitor& visitor) {
        if (entry.blob != nullptr) return visitor.blob(entry.blob, entry.value);
        return visitor.bytes(ReplyType::kBytes, entry.value);
    }
    bool hash_at(size_t at) const noexcept { return static_cast<uint8_t>(bytes_[at]) == kHashTag; }
    bool container_at(size_t at) const noexcept {
        SYNAP_ASSERT(at < used_);
        return hash_at(at) || is_container(static_cast<ReplyType>(bytes_[at]));
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
    static constexpr uint8_t kHashTag = 253;
    static constexpr uint64_t kFieldsAStep = 16 * 1024;
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
    std::vector<Tree> trees_;
    size_t dropped_trees_ = 0;
    size_t blob_bytes_ = 0;
    uint64_t errors_ = 0;
    char last_code_[32];
    size_t last_code_size_ = 0;
};

}  // namespace synap

#include "core/commands/reply_inl.h"
