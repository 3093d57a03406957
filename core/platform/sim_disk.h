// The simulated disk: what was synced, what was not, and every way in which a machine may die in
// between. fault_model.md says which faults there are and what is expected of the engine.
//
// A file is a durable image and a list of the changes made since its last sync; readers see both.
// Names work the same way. A power cut decides the fate of each unsynced change by itself.
//
// Thread safety: all methods from any thread, behind one mutex. Deterministic: the same calls with
// the same seeds leave the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/platform/disk.h"
#include "core/platform/entropy.h"
#include "core/platform/sim_image.h"

namespace synap {

enum class DiskCall : uint8_t {
    kOpen,    // of an existing name
    kCreate,  // open with OpenMode::kCreate
    kRead,
    kWrite,
    kSync,
    kTruncate,
    kReserve,
    kRename,
    kRemove,
    kSyncNames,
    kList,
};
inline constexpr size_t kDiskCalls = 11;
std::string_view to_string(DiskCall call) noexcept;

enum class DiskFault : uint8_t { kInputOutput, kNoSpace, kQuota, kNoDescriptors, kReadOnly };

struct SimDiskOptions {
    uint64_t seed = 0;           // of what the disk itself decides: partial writes, failed syncs
    size_t sector_bytes = 512;   // the grain in which writes are torn and garbled
    bool names_in_order = true;  // a power cut keeps a prefix of the unsynced name changes
    bool reserves = true;        // false: reserve() is not supported
    bool lying_sync = false;     // sync reports success and makes nothing durable
    uint64_t device = 1;         // where its files are: a copy of them is on another
};

struct FailedCall {
    DiskCall call;
    std::string name;  // of the file; empty for the directory
    DiskFault fault = DiskFault::kInputOutput;
};

class SimDisk final : public Disk {
public:
    explicit SimDisk(SimDiskOptions options = {});
    ~SimDisk() override;

    Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override;
    Status rename(std::string_view from, std::string_view to) override;
    Status remove(std::string_view name) override;
    Result<std::vector<std::string>> list() override;
    Status sync_names() override;
    Result<std::unique_ptr<DiskLock>> lock() override;
    Result<std::unique_ptr<DiskLock>> lock_shared() override;
    std::string describe(std::string_view name) const override;

    // --- deaths. Files and locks opened before return kIo ever after; faults are cleared. --------

    // The power is cut: what is left is what fault_model.md allows, drawn from `random`.
    void crash(SmallRandom& random);
    // The process dies: all that was written is still there, and still unsynced.
    void kill();

    // --- errors of calls -------------------------------------------------------------------------

    // The nth use (from 1) of `call` from now on fails with kIo, and the `times - 1` uses after it.
    // One such order for each kind of call; a new one replaces the old.
    void fail_at(DiskCall call, uint64_t nth, DiskFault fault, uint64_t times = 1);
    // What the disk is short of, until it is told otherwise or this life ends. kNoSpace and kQuota:
    // files are not made and do not grow beyond what they have and what was reserved for them.
    // kNoDescriptors: nothing is opened or listed. kReadOnly: nothing is changed.
    void set_shortage(std::optional<DiskFault> fault);
    // The nth change (write, sync, truncate, reserve, create, rename, remove, sync_names; from 1)
    // from now on does not return to a living process: it and every later call fail, and a write
    // may have been begun. For deaths in the middle of an operation: follow with crash() or kill().
    void halt_at(uint64_t nth);
    bool halted() const;
    void clear_faults();
    // Calls that failed by order of fail_at or set_shortage in this life.
    std::vector<FailedCall> failures() const;
    // Since construction; what halt_at counts.
    uint64_t changes() const;

    // --- looking, and rot ------------------------------------------------------------------------

    const SimDiskOptions& options() const noexcept;
    // What readers see, whatever list() is ordered to answer.
    std::vector<std::string> names() const;
    // What readers see; empty when there is no such file.
    std::string contents(std::string_view name) const;
    // Parts of the file that a power cut may take; a name that is not durable is unsynced from 0.
    std::vector<ByteRange> unsynced(std::string_view name) const;
    // Replaces bytes at rest, in the durable image as well as for readers. The range lies inside
    // the file.
    void rot(std::string_view name, uint64_t offset, std::string_view bytes);
    // The same for the length: cuts or extends with zeros.
    void rot_length(std::string_view name, uint64_t size);

private:
    struct State;
    class SimFile;
    class SimLock;
    std::shared_ptr<State> state_;
};

}  // namespace synap
