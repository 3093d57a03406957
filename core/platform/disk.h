// The disk as the engine sees it: one data directory of flat files.
//
// Promise that everything above builds on, real or simulated:
//  - write_at puts bytes into the kernel: they survive the death of the process, not a power cut.
//  - sync makes the file's bytes and length durable. Until it returns, each write made since the
//    last sync may be found after a power cut kept, dropped, torn or garbled, independently.
//  - creating, renaming and removing names is durable after sync_names, and not before.
//  - any call may fail with kIo. Where the error's cause is a shortage or a read-only place, the
//  call
//    has damaged nothing and may be made again: a write with the same bytes, of which a part may be
//    there already. After a failed sync, whatever its reason, the state of the unsynced bytes is
//    unknown; retrying it proves nothing, and its cause is never said to pass.
//
// Thread safety: Disk from any thread; a File from one thread at a time, except that read_at and
// sync may run beside a write_at (sync then covers what was written before it began).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace synap {

// Which file it is on this machine. Renaming keeps it, a copy has another.
struct FileIdentity {
    uint64_t device = 0;
    uint64_t inode = 0;
    bool operator==(const FileIdentity&) const = default;
};

class File {
public:
    virtual ~File() = default;  // closes; unsynced bytes stay unsynced
    virtual Status write_at(uint64_t offset, std::string_view bytes) = 0;
    // Up to size bytes into `to`; the count is short only at the end of the file.
    virtual Result<size_t> read_at(uint64_t offset, char* to, size_t size) = 0;
    virtual Status sync() = 0;
    // Has the kernel begin to write these bytes to the disk, so that a sync later finds little to
    // do. Promises nothing, and does not wait.
    virtual void begin_sync(uint64_t /*offset*/, uint64_t /*size*/) noexcept {}
    // Sets blocks aside for these bytes, so that writing them finds room; the length stays what it
    // is. truncate() gives back what lies behind it. kUnsupported where the file system cannot.
    virtual Status reserve(uint64_t offset, uint64_t size) = 0;
    // Durable after the next sync. Growing fills with zeros.
    virtual Status truncate(uint64_t size) = 0;
    virtual Result<uint64_t> size() = 0;
    virtual Result<FileIdentity> identity() = 0;
};

// Held for as long as the directory is in use.
class DiskLock {
public:
    virtual ~DiskLock() = default;
};

enum class OpenMode { kRead, kReadWrite, kCreate /* fails when the name exists */ };

class Disk {
public:
    virtual ~Disk() = default;
    // Names are single components; the directory itself exists (and was made durable) once the
    // Disk does.
    virtual Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) = 0;
    virtual Status rename(std::string_view from, std::string_view to) = 0;
    virtual Status remove(std::string_view name) = 0;
    // Names in byte order.
    virtual Result<std::vector<std::string>> list() = 0;
    virtual Status sync_names() = 0;
    // For the one who writes. kLocked when it is held, with the owner's pid in the message.
    virtual Result<std::unique_ptr<DiskLock>> lock() = 0;
    // For those who read: any number of them, and no owner meanwhile. kLocked as above. Creates and
    // writes nothing; a directory that never had an owner (a copy without LOCK) is not locked.
    virtual Result<std::unique_ptr<DiskLock>> lock_shared() = 0;
    // For messages: the path of a name as an operator would type it.
    virtual std::string describe(std::string_view name) const = 0;
};

}  // namespace synap
