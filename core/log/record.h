// The codec of effects and frames.
//
// An effect:
//   kind:u8 flags:u8 namespace:u8 reason:u8 command:varint key:string, then by kind
//   value, edit  type:u8 [deadline:varint if flagged] argument:varint body:string
//   deadline     deadline:varint
//   move, copy   other_namespace:u8 other_key:string
//   swap         other_namespace:u8
// string is a varint length and the bytes. What argument and body mean is the type's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/keyspace/effect.h"
#include "core/types/blob.h"

namespace synap {

// Encoded effects of one record. Large values are referenced, not copied.
class EffectBuffer {
public:
    struct Splice {
        size_t at;  // the blob's bytes stand before bytes()[at]
        BlobRef blob;
    };

    // Throws std::bad_alloc, leaving the buffer as it was.
    void add(const Effect& effect);

    struct Mark {
        size_t bytes;
        size_t splices;
        uint64_t spliced_bytes;
    };
    Mark mark() const noexcept { return {bytes_.size(), splices_.size(), spliced_bytes_}; }
    // Takes back what was added since.
    void cut(const Mark& mark) noexcept;

    bool empty() const noexcept { return bytes_.empty(); }
    uint64_t total_bytes() const noexcept { return bytes_.size() + spliced_bytes_; }
    const std::string& bytes() const noexcept { return bytes_; }
    const std::vector<Splice>& splices() const noexcept { return splices_; }
    void clear() noexcept;

private:
    void add_body(const Effect& effect);

    std::string bytes_;
    std::vector<Splice> splices_;
    uint64_t spliced_bytes_ = 0;
};

// The encoded bytes of a buffer from front to back, its blobs in their places. The buffer outlives
// it and stays as it is.
class EffectPieces {
public:
    explicit EffectPieces(const EffectBuffer& effects) noexcept : effects_(effects) {}

    // The next `length` bytes, which are there: calls piece(bytes, blob or null) for each part.
    template <typename Piece>
    void take(size_t length, Piece&& piece) {
        const auto& splices = effects_.splices();
        while (length > 0) {
            const bool has_splice = splice_ < splices.size();
            if (has_splice && splices[splice_].at == at_) {
                Blob* blob = splices[splice_].blob.get();
                const std::string_view part = blob->bytes().substr(in_splice_, length);
                piece(part, blob);
                in_splice_ += part.size();
                length -= part.size();
                if (in_splice_ < blob->size()) continue;
                ++splice_;
                in_splice_ = 0;
                continue;
            }
            const size_t until = has_splice ? splices[splice_].at : effects_.bytes().size();
            const std::string_view part =
                std::string_view(effects_.bytes()).substr(at_, std::min(length, until - at_));
            piece(part, static_cast<Blob*>(nullptr));
            at_ += part.size();
            length -= part.size();
        }
    }

private:
    const EffectBuffer& effects_;
    size_t at_ = 0;
    size_t splice_ = 0;
    size_t in_splice_ = 0;
};

// Takes one effect from the front of `payload`, whose body its type has found to mean something.
// kCorrupt for damage, kVersion for a kind or type this engine does not know. Views point into the
// payload; hashes are not filled in.
Result<Effect> decode_effect(std::string_view& payload);

struct FrameHeader {
    uint32_t length = 0;
    uint32_t crc = 0;
    uint8_t kind = 0;
    uint8_t flags = 0;
    uint8_t codec = 0;
    uint8_t key_id = 0;
    uint32_t epoch = 0;
    uint64_t position = 0;
    uint64_t synced = 0;
    uint64_t commit_ms = 0;
};

void encode_frame_header(const FrameHeader& header, char* to) noexcept;
FrameHeader decode_frame_header(const char* from) noexcept;
// What the checksums of a history's frames begin with. Clients do not know it: a value of theirs
// that looks like a frame, bared by a torn write, is not taken for one.
uint32_t frame_seed(uint64_t secret) noexcept;
// Of a frame: its encoded header, and crc32c() of the payload from the seed on.
uint32_t frame_crc(const char* header, uint32_t payload_crc) noexcept;

}  // namespace synap
