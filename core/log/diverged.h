// What a node wrote that its master's history has not: the end of a log, saved as a file of its own
// before the node goes back. It can be read without the directory that it came from.
//
// "diverged-<epoch>-<position>.log", with "-2" and so on where there is one already:
//   magic[8] level:u32 history[16] secret:u64 node:u64 begin:u64 end:u64 count:u32 epochs
//   crc:u32, then the frames as they stood in the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/log/manifest.h"
#include "core/log/node_file.h"
#include "core/platform/disk.h"

namespace synap {

struct DivergedFile {
    std::string name;
    Manifest manifest;  // of the history, with its epochs
    uint64_t node = 0;  // that wrote the file
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t frames_at = 0;  // offset in the file
};

// Saves the log of a directory from `begin` to `end`, both ends of records. Durable when it
// returns; nothing is left where it fails. Blocking: disk.
Status save_diverged(Disk& disk, const Manifest& manifest, const NodeFile& node, uint64_t begin,
                     uint64_t end);

// Those that are there, by name.
Result<std::vector<std::string>> list_diverged(Disk& disk);
// kCorrupt when it is no such file.
Result<DivergedFile> read_diverged(Disk& disk, std::string_view name);

// Its records, from front to back.
class DivergedReader {
public:
    static Result<DivergedReader> open(Disk& disk, std::string_view name);
    const DivergedFile& about() const noexcept { return about_; }
    struct Record {
        uint64_t end = 0;
        uint64_t commit_ms = 0;
        std::string_view effects;  // valid until the next call
    };
    // False behind the last one. kCorrupt naming file and position.
    Result<bool> next(Record& record);

private:
    explicit DivergedReader(DivergedFile about) : about_(std::move(about)) {}

    DivergedFile about_;
    std::unique_ptr<File> file_;
    std::string path_;
    uint64_t position_ = 0;
    std::string frame_;
    std::string record_;
};

}  // namespace synap
