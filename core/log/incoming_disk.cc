#include "core/log/incoming_disk.h"

#include <algorithm>

#include "core/log/format.h"

namespace synap {
namespace {

// Empty where there is none.
std::string incoming_name(std::string_view name) {
    uint64_t position = 0;
    for (const auto& [from, to] : format::kIncomingNames) {
        if (format::parse_file_name(name, to, position)) return format::file_name(from, position);
    }
    return {};
}

Error only_read(std::string_view name) {
    return {Code::kReadonly, std::string(name) + " of a full sync is only read here"};
}

}  // namespace

Result<std::unique_ptr<File>> IncomingDisk::open(std::string_view name, OpenMode mode) {
    if (mode != OpenMode::kRead) return only_read(name);
    const std::string incoming = incoming_name(name);
    if (incoming.empty()) return Error{Code::kIo, describe(name) + " is not of a full sync"};
    return disk_.open(incoming, OpenMode::kRead);
}

Result<std::vector<std::string>> IncomingDisk::list() {
    std::vector<std::string> shown;
    if (end_ == 0) return shown;
    auto names = disk_.list();
    if (!names) return names.take_failure();
    uint64_t position = 0;
    for (const std::string& name : *names) {
        for (const auto& [from, to] : format::kIncomingNames) {
            if (!format::parse_file_name(name, from, position)) continue;
            shown.push_back(format::file_name(to, position));
        }
    }
    std::sort(shown.begin(), shown.end());
    return shown;
}

std::string IncomingDisk::describe(std::string_view name) const {
    const std::string incoming = incoming_name(name);
    return disk_.describe(incoming.empty() ? name : std::string_view(incoming));
}

Status IncomingDisk::rename(std::string_view from, std::string_view) { return only_read(from); }
Status IncomingDisk::remove(std::string_view name) { return only_read(name); }
Status IncomingDisk::sync_names() { return only_read("the directory"); }
Result<std::unique_ptr<DiskLock>> IncomingDisk::lock() { return only_read("the directory"); }
Result<std::unique_ptr<DiskLock>> IncomingDisk::lock_shared() { return only_read("the directory"); }

}  // namespace synap
