// Long arguments of writes: what is large of them is done before any lock is taken.
#include "core/base/exhaustion.h"
#include "core/session/session.h"

namespace synap {
namespace {

// Of a record whose values are written ahead; with more of them it takes its usual way.
constexpr size_t kAheadMost = 64;

}  // namespace

uint64_t Session::large_bytes_of(std::span<const std::string_view> args) noexcept {
    uint64_t bytes = 0;
    for (const std::string_view arg : args) {
        if (arg.size() > limits::kInlineValueBytes) bytes += arg.size();
    }
    return bytes;
}

void Session::copy_large_arguments(std::span<const std::string_view> args) {
    for (const std::string_view arg : args) {
        if (arg.size() <= limits::kInlineValueBytes) continue;
        run_.large_arguments.push_back({arg.data(), BlobRef(Blob::copy(arg))});
    }
}

bool Session::place_large_arguments(std::span<const std::string_view> args, uint64_t bytes) {
    copy_large_arguments(args);
    if (has_place_for(bytes)) return true;
    drop_large_arguments();
    return false;
}

// What is written ahead has its place. Where it is not of the record that it comes to, because a
// command of a transaction changed nothing, say, that one has the place that others leave.
bool Session::has_place_for(uint64_t bytes) {
    const auto& values = run_.large_arguments;
    uint64_t large = 0;
    for (const LargeArgument& value : values) large += value.blob.get()->size();
    if (run_.logging && large > limits::kLargeRecordBytes && values.size() <= kAheadMost) {
        enter(Gate::kOut);
        attempt([&] {
            std::vector<BlobRef> blobs;
            for (const LargeArgument& value : values) {
                value.blob.get()->retain();
                blobs.emplace_back(value.blob.get());
            }
            ahead_ = engine_->log()->write_ahead(blobs);
        });
    }
    return ahead_ != nullptr || has_log_room(bytes) || make_log_room(bytes);
}

void Session::drop_large_arguments() noexcept {
    run_.large_arguments.clear();
    if (ahead_ != nullptr) [[unlikely]] {
        enter(Gate::kOut);
        ahead_.reset();
    }
}

}  // namespace synap
