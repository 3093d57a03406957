// A directory as it will be once what a full sync has received takes the place of what is there
// (adopt() in directory_change.h): it shows the incoming files, under the names that they will
// have, and nothing else. So all of it can be loaded, or found damaged, before anything is changed.
//
// Reads only: what would change something is kReadonly. Thread safety: as the disk beneath.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/platform/disk.h"

namespace synap {

class IncomingDisk final : public Disk {
public:
    // `end` as for adopt(): where it is 0 nothing is shown. `disk` outlives this.
    IncomingDisk(Disk& disk, uint64_t end) : disk_(disk), end_(end) {}

    Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override;
    Result<std::vector<std::string>> list() override;
    // Of the file as it is called now.
    std::string describe(std::string_view name) const override;

    Status rename(std::string_view from, std::string_view to) override;
    Status remove(std::string_view name) override;
    Status sync_names() override;
    Result<std::unique_ptr<DiskLock>> lock() override;
    Result<std::unique_ptr<DiskLock>> lock_shared() override;

private:
    Disk& disk_;
    const uint64_t end_;
};

}  // namespace synap
