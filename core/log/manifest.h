// MANIFEST: what a data directory is. Replaced as a whole, atomically and durably.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/log/record.h"
#include "core/log/segment.h"
#include "core/platform/disk.h"

namespace synap {

// What one node wrote from an open, or a promotion, on. It begins with its first record; an open
// that writes nothing leaves none. Ids are compared, not numbers. Only a promotion begins a term.
//
// Old neighbours of one term and one writer are merged: one entry then stands for the epochs
// `first` to `number`, from the start of the first on, and has the id of the last.
struct Epoch {
    uint32_t term = 0;
    uint32_t number = 0;
    uint32_t first = 0;
    uint64_t start = 0;   // position
    uint64_t id = 0;      // random
    uint64_t writer = 0;  // the node; see node_file.h
};

// What a token says of its epoch: the number, and half of the id.
constexpr uint64_t token_word(uint32_t number, uint64_t id) noexcept {
    return uint64_t{number} << 32 | (id & 0xffffffff);
}

// Whose statements about what is durable count in a directory: those of the node itself, and of the
// nodes that it was copied from. What others wrote says how far it was durable with them.
class Marks {
public:
    Marks() = default;  // everybody's
    Marks(uint64_t self, std::vector<uint64_t> nodes, std::vector<Epoch> epochs)
        : self_(self), nodes_(std::move(nodes)), epochs_(std::move(epochs)), all_(false) {}

    uint64_t self() const noexcept { return self_; }
    bool count_of_node(uint64_t writer) const noexcept;
    bool count_of_epoch(uint32_t number) const noexcept;

private:
    uint64_t self_ = 0;
    std::vector<uint64_t> nodes_;
    std::vector<Epoch> epochs_;
    bool all_ = true;
};

// A change of the whole directory that was begun, and is to be finished before it is read; see
// directory_change.h.
struct DirectoryChange {
    enum class Step : uint8_t {
        kNone = 0,
        kCutsBack = 1,  // to `position`
        kEmpties = 2,   // of what there was: what is in MANIFEST already takes its place
        kMovesIn = 3,   // the incoming files, as far as `position`
    };
    Step step = Step::kNone;
    uint64_t position = 0;
};

struct Manifest {
    uint32_t level = 0;
    HistoryId history;
    uint64_t secret = 0;  // of the hash of keys and the checksums of frames; not for clients
    DirectoryChange change;
    std::vector<Epoch> epochs;  // ascending; the last one is current

    static Result<Manifest> decode(std::string_view bytes, const std::string& file);
    std::string encode() const;
    // The next epoch. Merges old ones where there are many. kUnsupported when there are too many
    // that cannot be.
    Status add(const Epoch& epoch);
    // Whether a token of this epoch word (token_word()) and position is one of what this history
    // still holds, which goes on to `end`. kInvalidArgument, with the reason, when it is not.
    Status check_token(uint64_t word, uint64_t position, uint64_t end) const;
    LogHistory log_history() const noexcept { return {history, frame_seed(secret), level}; }
};

// kEmpty when there is none.
Result<Manifest> read_manifest(Disk& disk);
// Durable when it returns; a crash leaves the old one or the new one.
Status write_manifest(Disk& disk, const Manifest& manifest);

// Writes `bytes` under a temporary name, syncs, renames to `name` and syncs the names. Leaves no
// temporary file behind when it fails.
Status write_file_durably(Disk& disk, std::string_view name, std::string_view bytes);
// With contents that depend on which file it is.
Status write_file_durably(Disk& disk, std::string_view name,
                          const std::function<Result<std::string>(File&)>& contents);
// A whole file; kIo when it is larger than `limit`.
Result<std::string> read_file(Disk& disk, std::string_view name, uint64_t limit);

}  // namespace synap
