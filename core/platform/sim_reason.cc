#include "core/platform/sim_reason.h"

namespace synap {

std::string_view to_string(DiskCall call) noexcept {
    constexpr std::string_view kNames[kDiskCalls] = {"open",   "create",     "read",    "write",
                                                     "sync",   "truncate",   "reserve", "rename",
                                                     "remove", "sync_names", "list"};
    return kNames[static_cast<size_t>(call)];
}

Reason reason_of(DiskFault fault) noexcept {
    switch (fault) {
        case DiskFault::kInputOutput:
            break;
        case DiskFault::kNoSpace:
            return {"No space left on device", Cause::kShortage};
        case DiskFault::kQuota:
            return {"Disk quota exceeded", Cause::kShortage};
        case DiskFault::kNoDescriptors:
            return {"Too many open files", Cause::kShortage};
        case DiskFault::kReadOnly:
            return {"Read-only file system", Cause::kReadOnly};
    }
    return {"Input/output error"};
}

bool hinders(DiskFault fault, DiskCall call, bool grows) noexcept {
    switch (fault) {
        case DiskFault::kInputOutput:
            return true;
        case DiskFault::kNoSpace:
        case DiskFault::kQuota:
            return call == DiskCall::kCreate || grows;
        case DiskFault::kNoDescriptors:
            return call == DiskCall::kCreate || call == DiskCall::kOpen || call == DiskCall::kList;
        case DiskFault::kReadOnly:
            break;
    }
    return call != DiskCall::kOpen && call != DiskCall::kRead && call != DiskCall::kList;
}

Error refused(std::string_view what, const std::string& path, const Reason& why) {
    return {Code::kIo,
            std::string("cannot ") + std::string(what) + " " + path + ": " + std::string(why.text),
            what == "sync" ? Cause::kUnknown : why.cause};
}

}  // namespace synap
