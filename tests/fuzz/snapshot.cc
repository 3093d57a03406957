// The loader of snapshots. The first byte chooses what the rest is: a file as it is, or the effects
// of the slot of their first key, with every checksum around them valid.
#include <atomic>
#include <cstdint>
#include <string>

#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/platform/sim_disk.h"
#include "core/snapshot/layout.h"
#include "core/snapshot/snapshot.h"

namespace synap {
namespace {

constexpr HistoryId kHistory{1, 2};
constexpr uint32_t kSlots = 1u << limits::kSlotBitsMin;

constexpr uint64_t kSecret = 1;

// Where the effects say that they belong, and how many values they begin.
void survey(std::string_view effects, uint32_t& slot, uint64_t& keys) {
    const Keyspace keyspace(limits::kSlotBitsMin, kSecret);
    while (!effects.empty()) {
        auto effect = decode_effect(effects);
        if (!effect) return;
        const uint64_t hash = keyspace.key(effect->name_space, effect->key).hash;
        if (keys == 0) slot = keyspace.slot_index(hash);
        keys += effect->kind == EffectKind::kValue ? 1 : 0;
    }
}

std::string whole_file(std::string_view effects) {
    uint32_t of_effects = 0;
    uint64_t keys = 0;
    survey(effects, of_effects, keys);
    std::string file(format::kSnapshotMagic);
    put(file, format::kLevel);
    put(file, uint32_t{limits::kSlotBitsMin});
    put(file, kHistory.high);
    put(file, kHistory.low);
    for (unsigned i = 0; i < limits::kDatabases; ++i) file.push_back(static_cast<char>(i));
    put(file, uint64_t{0});
    put(file, crc32c(file));
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
        const std::string_view content = slot == of_effects ? effects : std::string_view("");
        std::string head;
        put(head, slot);
        put(head, slot);
        put(head, static_cast<uint32_t>(content.size()));
        put(head, static_cast<uint8_t>(layout::kFlagFirst | layout::kFlagLast));
        put(head, uint64_t{7});
        put(head, crc32c(content, crc32c(head)));
        file += head;
        file += content;
    }
    std::string footer;
    put(footer, layout::kFooterSlot);
    put(footer, kSlots);
    put(footer, uint64_t{0});
    put(footer, uint64_t{7});
    put(footer, keys);
    put(footer, uint64_t{0});
    put(footer, crc32c(footer));
    return file + footer;
}

}  // namespace
}  // namespace synap

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace synap;
    constexpr size_t kInputMax = 1u << 20;
    constexpr uint64_t kPosition = 7;
    if (size == 0 || size > kInputMax) return 0;
    const std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    SimDisk disk;
    auto file = disk.open(format::file_name(format::kSnapshotPrefix, kPosition), OpenMode::kCreate);
    SYNAP_ASSERT(file);
    const bool effects = (data[0] & 1) != 0;
    SYNAP_ASSERT((*file)->write_at(0, effects ? whole_file(rest) : std::string(rest)));

    const auto verified = verify_snapshot(disk, kPosition, kHistory);
    Keyspace keyspace(limits::kSlotBitsMin, kSecret);
    SnapshotPositions positions;
    std::atomic<uint64_t> progress{0};
    const auto loaded = load_snapshot(disk, kPosition, kHistory, keyspace, positions, progress);
    SYNAP_ASSERT(verified || !loaded);  // what does not verify is never loaded
    return 0;
}
