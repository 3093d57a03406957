#include "core/replication/intake.h"

#include <algorithm>

namespace synap::replication {
namespace {

constexpr size_t kKeptBytes = 1 << 20;  // of memory, between records

void empty(std::string& bytes) {
    bytes.clear();
    if (bytes.capacity() > kKeptBytes) std::string().swap(bytes);
}

}  // namespace

Intake::Intake(Engine& engine, uint64_t position)
    : engine_(engine), stream_(engine.manifest()->log_history(), position) {}

Status Intake::take(uint64_t position, std::string_view bytes) {
    SYNAP_TRY(stream_.follows_on(position));
    for (;;) {
        StreamedFrame frame;
        auto whole = stream_.next(bytes, frame);
        if (!whole) return whole.take_failure();
        if (!*whole) return {};
        SYNAP_TRY(take_frame(frame));
    }
}

Status Intake::take_frame(const StreamedFrame& frame) {
    if (frame.ends_record && frames_.empty()) return store(frame.bytes, frame.payload);
    frames_.append(frame.bytes);
    effects_.append(frame.payload);
    if (!frame.ends_record) return {};
    SYNAP_TRY(store(frames_, effects_));
    empty(frames_);
    empty(effects_);
    return {};
}

Status Intake::store(std::string_view frames, std::string_view effects) {
    return engine_.following().take(frames, effects, stream_.record_end());
}

Status Intake::enter(const Epoch& epoch) {
    const auto manifest = engine_.durable_manifest();
    const auto same = [&](const Epoch& known) { return known.id == epoch.id; };
    if (std::any_of(manifest->epochs.begin(), manifest->epochs.end(), same)) return {};
    if (epoch.start > stream_.record_end()) {
        return Error{Code::kCorrupt, "an epoch that begins at position " +
                                         std::to_string(epoch.start) + ", told at " +
                                         std::to_string(stream_.record_end())};
    }
    return engine_.enter_epoch(epoch);
}

}  // namespace synap::replication
