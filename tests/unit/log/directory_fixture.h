// Data directories of a log alone, on the simulated disk: written, rested, read back.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/log/directory_change.h"
#include "core/log/diverged.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/reader.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"

namespace synap {

struct RestingLog {
    static constexpr uint64_t kNode = 77;

    Manifest manifest;
    NodeFile node;
    std::vector<std::string> values;  // one a record
    std::vector<uint64_t> ends;       // of the records

    uint64_t end() const { return ends.empty() ? 0 : ends.back(); }
    std::vector<std::string> first(size_t count) const {
        return {values.begin(), values.begin() + static_cast<ptrdiff_t>(count)};
    }
    std::vector<std::string> behind(size_t count) const {
        return {values.begin() + static_cast<ptrdiff_t>(count), values.end()};
    }
};

inline Manifest manifest_of_history(uint64_t number) {
    Manifest manifest;
    manifest.level = format::kLevel;
    manifest.history = {number, number + 1};
    manifest.secret = number * 7;
    manifest.epochs = {{1, 1, 1, 0, number * 10, RestingLog::kNode}};
    return manifest;
}

// Records of values of these sizes, in segments of 4 KiB.
inline void write_log(Disk& disk, RestingLog& to, const std::vector<size_t>& sizes, char mark) {
    SimClock clock;
    LogOptions options;
    options.threads = false;
    options.segment_bytes = 4096;
    Log log(disk, clock, LogStart{to.manifest.log_history(), 1, to.end(), RestingLog::kNode, {}},
            options);
    ASSERT_TRUE(log.start(to.end()));
    for (const size_t size : sizes) {
        std::string value(size, mark);
        value += std::to_string(to.values.size());
        Effect effect;
        effect.kind = EffectKind::kValue;
        effect.key = "k";
        effect.body.bytes = value;
        EffectBuffer effects;
        effects.add(effect);
        to.ends.push_back(log.append(effects, clock.wall_ms()));
        to.values.push_back(value);
        ASSERT_TRUE(log.write(to.end()));
    }
    ASSERT_TRUE(log.stop());
}

inline void write_small_files(Disk& disk, RestingLog& log) {
    log.node.id = RestingLog::kNode;
    log.node.history = log.manifest.history;
    log.node.durable = log.end();
    ASSERT_TRUE(write_manifest(disk, log.manifest));
    ASSERT_TRUE(write_node_file(disk, log.node));
}

// Of 16 records, in epochs of which the second begins behind the tenth.
inline RestingLog make_resting_log(Disk& disk, uint64_t history, char mark) {
    RestingLog log;
    log.manifest = manifest_of_history(history);
    std::vector<size_t> sizes;
    for (size_t i = 0; i < 16; ++i) sizes.push_back(300 + i * 97);
    write_log(disk, log, sizes, mark);
    log.manifest.epochs.push_back({2, 2, 2, log.ends[9], history * 10 + 1, RestingLog::kNode});
    write_small_files(disk, log);
    return log;
}

inline void add_value_of(std::string_view effects, std::vector<std::string>& values) {
    while (!effects.empty()) {
        auto effect = decode_effect(effects);
        ASSERT_TRUE(effect);
        values.emplace_back(effect->body.bytes);
    }
}

struct FoundLog {
    Manifest manifest;
    NodeFile node;
    std::vector<std::string> values;
    uint64_t end = 0;
};

// What recovery finds: an interrupted change is finished, and nothing proves that more was there.
inline Status find_log(Disk& disk, FoundLog& found) {
    auto manifest = read_manifest(disk);
    if (!manifest) return manifest.take_failure();
    auto node = read_node_file(disk);
    if (!node) return node.take_failure();
    SYNAP_TRY(finish_change(disk, *manifest, *node));
    auto reader = LogReader::open(disk, manifest->log_history(), 0, marks_of(*node, *manifest));
    if (!reader) return reader.take_failure();
    LogRecord record;
    for (;;) {
        auto more = (*reader)->next(record);
        if (!more) return more.take_failure();
        if (!*more) break;
        add_value_of(record.effects, found.values);
    }
    EXPECT_EQ((*reader)->damage(), "");
    found.end = (*reader)->end();
    auto proven = (*reader)->proven_durable();
    if (!proven) return proven.take_failure();
    EXPECT_LE(*proven, found.end);
    if (node->history == manifest->history) {
        EXPECT_LE(node->durable, found.end);
    }
    for (const Epoch& epoch : manifest->epochs) EXPECT_LE(epoch.start, found.end);
    found.manifest = std::move(*manifest);
    found.node = std::move(*node);
    return {};
}

inline std::vector<std::string> diverged_values(Disk& disk, std::string_view name) {
    std::vector<std::string> values;
    auto reader = DivergedReader::open(disk, name);
    EXPECT_TRUE(reader) << reader.error().message;
    if (!reader) return values;
    DivergedReader::Record record;
    for (;;) {
        auto more = reader->next(record);
        EXPECT_TRUE(more) << more.error().message;
        if (!more || !*more) return values;
        add_value_of(record.effects, values);
    }
}

// All files, but what is left of temporary ones.
inline std::vector<std::pair<std::string, std::string>> files_of(const SimDisk& disk) {
    std::vector<std::pair<std::string, std::string>> files;
    for (const std::string& name : disk.names()) files.emplace_back(name, disk.contents(name));
    return files;
}

enum class Death { kKill, kPowerCut, kPowerCutOfNamesInAnyOrder };
inline constexpr Death kDeaths[] = {Death::kKill, Death::kPowerCut,
                                    Death::kPowerCutOfNamesInAnyOrder};

inline SimDiskOptions disk_options(Death death, uint64_t seed) {
    SimDiskOptions options;
    options.seed = seed;
    options.names_in_order = death != Death::kPowerCutOfNamesInAnyOrder;
    return options;
}

inline void die(SimDisk& disk, Death death, SmallRandom& random) {
    if (death == Death::kKill) disk.kill();
    if (death != Death::kKill) disk.crash(random);
}

}  // namespace synap
