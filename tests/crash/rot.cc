#include "tests/crash/rot.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/engine/check.h"
#include "core/log/format.h"
#include "tests/crash/evidence.h"

namespace synap::crash {
namespace {

struct Damage {
    std::string name;
    std::string what;
    // Positions that can no longer be read; empty outside the log.
    uint64_t begin = UINT64_MAX;
    uint64_t end = 0;
};

// Positions of the frames that a file range of a segment touches. The header counts as all of them.
void find_touched(const Evidence& evidence, uint64_t start, uint64_t size, uint64_t from,
                  uint64_t to, Damage& damage) {
    const uint64_t begin =
        from < format::kSegmentHeaderBytes ? start : start + from - format::kSegmentHeaderBytes;
    const uint64_t end = from < format::kSegmentHeaderBytes
                             ? start + size
                             : start + to - format::kSegmentHeaderBytes;
    for (const Claim& frame : evidence.frames) {
        if (frame.end <= begin || frame.begin >= end) continue;
        damage.begin = std::min(damage.begin, frame.begin);
        damage.end = std::max(damage.end, frame.end);
    }
}

Damage damage_once(SimDisk& disk, const Evidence& evidence, SmallRandom& random) {
    std::vector<std::string> names = disk.names();
    std::erase(names, "LOCK");
    Damage damage;
    damage.name = names[random.below(names.size())];
    const std::string bytes = disk.contents(damage.name);
    uint64_t from = 0;
    uint64_t to = bytes.size();
    const uint64_t kind = random.below(8);
    if (kind == 0) {
        damage.what = "removed";
        disk.remove(damage.name).ignore();
        disk.sync_names().ignore();
    } else if (kind == 1 && !bytes.empty()) {
        from = random.below(bytes.size());
        damage.what = "cut to " + std::to_string(from);
        disk.rot_length(damage.name, from);
    } else if (!bytes.empty()) {
        from = random.below(bytes.size());
        const uint64_t size =
            std::min<uint64_t>(1 + random.below(kind < 6 ? 1 : 64), bytes.size() - from);
        to = from + size;
        std::string changed = bytes.substr(from, size);
        for (char& byte : changed) byte = static_cast<char>(byte ^ (1 + random.below(255)));
        damage.what = std::to_string(size) + " bytes changed at " + std::to_string(from);
        disk.rot(damage.name, from, changed);
    }
    uint64_t start = 0;
    if (format::parse_file_name(damage.name, format::kSegmentPrefix, start)) {
        find_touched(evidence, start, bytes.size(), from, to, damage);
    }
    return damage;
}

bool names_place(const Error& error, const Damage& damage) {
    if (error.message.find("/sim/") == std::string::npos) return false;
    const bool needs_offset =
        damage.what.find("changed") != std::string::npos && damage.name != format::kManifestName;
    return !needs_offset || error.message.find("offset") != std::string::npos;
}

}  // namespace

std::shared_ptr<SimDisk> copy_at_rest(SimDisk& from) {
    SimDiskOptions options = from.options();
    ++options.device;
    auto copy = std::make_shared<SimDisk>(options);
    for (const std::string& name : from.names()) {
        auto file = copy->open(name, OpenMode::kCreate);
        const std::string bytes = from.contents(name);
        const bool copied = file && (*file)->write_at(0, bytes) && (*file)->sync();
        SYNAP_ASSERT(copied);
    }
    const Status synced = copy->sync_names();
    SYNAP_ASSERT(synced);
    return copy;
}

// What `synap-admin check` says.
bool finds_damage(SimDisk& disk) {
    auto findings = check_directory(disk);
    SYNAP_ASSERT(findings);
    return std::any_of(findings->begin(), findings->end(), [](const Finding& finding) {
        return finding.severity == Finding::Severity::kDamage;
    });
}

State read_undamaged(Simulation& simulation) {
    SimEntropy entropy(1);
    const std::shared_ptr<SimDisk> disk = copy_at_rest(*simulation.disk());
    SYNAP_ASSERT(!finds_damage(*disk));
    auto store = Store::open(disk, simulation.clock(), entropy, simulation.options());
    SYNAP_ASSERT(store);
    return (*store)->read();
}

std::optional<std::string> rot_once(Simulation& simulation, bool closed, SmallRandom& random,
                                    RotTally& tally) {
    const std::shared_ptr<SimDisk> disk = copy_at_rest(*simulation.disk());
    const Evidence evidence = collect_evidence(*disk);
    const Damage damage = damage_once(*disk, evidence, random);
    const std::string where = damage.name + " " + damage.what + ": ";

    const bool check_refuses = finds_damage(*disk);
    SimEntropy entropy(random.next());
    auto store = Store::open(disk, simulation.clock(), entropy, simulation.options());
    if (!store) {
        ++tally.refused;
        if (store.error().code != Code::kCorrupt) return where + store.error().message;
        if (!names_place(store.error(), damage)) {
            return where + "refused without saying where: " + store.error().message;
        }
        if (!check_refuses) return where + "the check finds nothing: " + store.error().message;
        return std::nullopt;
    }
    const State found = (*store)->read();
    const int64_t now = (*store)->engine().now_ms();
    const State undamaged = read_undamaged(simulation);
    if (found == undamaged) {
        ++tally.exact;
        return std::nullopt;
    }
    const uint64_t recovered_to = (*store)->engine().manifest()->epochs.back().start;
    const uint64_t proven = evidence.proven_without(damage.begin, damage.end);
    if (closed || damage.begin >= damage.end || proven > recovered_to) {
        return where + "opened up to position " + std::to_string(recovered_to) + " although " +
               std::to_string(proven) + " is proven: " + undamaged.difference(found);
    }
    ++tally.cut;
    History history = simulation.history();
    history.release();
    if (auto wrong = history.reopen(found, now)) return where + *wrong;
    return std::nullopt;
}

}  // namespace synap::crash
