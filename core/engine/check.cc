#include "core/engine/check.h"

#include <algorithm>

#include "core/log/format.h"
#include "core/log/manifest.h"
#include "core/log/node_file.h"
#include "core/log/reader.h"
#include "core/snapshot/snapshot.h"

namespace synap {
namespace {

using Severity = Finding::Severity;

class Checker {
public:
    explicit Checker(Disk& disk) : disk_(disk) {}

    Status run() {
        auto manifest = read_manifest(disk_);
        if (!manifest) {
            if (manifest.error().code == Code::kEmpty) return check_empty();
            return damage_or_error(manifest.error(), format::kManifestName);
        }
        manifest_ = std::move(*manifest);
        add(Severity::kInfo, std::string(format::kManifestName), -1,
            "format level " + std::to_string(manifest_.level) + ", " +
                std::to_string(manifest_.epochs.size()) + " epochs");
        if (manifest_.change.step != DirectoryChange::Step::kNone) {
            add(Severity::kWarning, std::string(format::kManifestName), -1,
                "a change of the directory was interrupted: the next open finishes it. Until then "
                "the rest cannot be judged");
            return {};
        }
        SYNAP_TRY(check_node());
        SYNAP_TRY(check_snapshots());
        return check_log();
    }

    std::vector<Finding> findings;

private:
    void add(Severity severity, std::string file, int64_t offset, std::string message) {
        findings.push_back({std::move(file), offset, severity, std::move(message)});
    }

    // Damage becomes a finding; what kept the check from reading stays an error.
    Status damage_or_error(const Error& error, std::string_view file) {
        if (error.code != Code::kCorrupt && error.code != Code::kVersion) return error;
        add(Severity::kDamage, std::string(file), offset_in(error.message), error.message);
        return {};
    }

    static int64_t offset_in(const std::string& message) {
        constexpr std::string_view kWord = "offset ";
        const size_t at = message.find(kWord);
        if (at == std::string::npos) return -1;
        return std::atoll(message.c_str() + at + kWord.size());
    }

    Status check_empty() {
        auto names = disk_.list();
        if (!names) return names.take_error();
        uint64_t position = 0;
        const bool holds_data = std::any_of(names->begin(), names->end(), [&](const auto& name) {
            return format::parse_file_name(name, format::kSegmentPrefix, position) ||
                   format::parse_file_name(name, format::kSnapshotPrefix, position);
        });
        if (holds_data) {
            add(Severity::kDamage, std::string(format::kManifestName), -1, "MANIFEST is missing");
        } else {
            const bool is_empty = std::all_of(names->begin(), names->end(),
                                              [](const auto& name) { return name == "LOCK"; });
            add(Severity::kEmpty, "", -1,
                is_empty ? "the directory is empty" : "the directory holds no store");
        }
        return {};
    }

    // One that is damaged or lost is made anew by the next open.
    Status check_node() {
        auto node = read_node_file(disk_);
        if (!node && node.error().code == Code::kVersion) {
            return damage_or_error(node.error(), format::kNodeName);
        }
        if (!node && node.error().code == Code::kCorrupt) {
            add(Severity::kWarning, std::string(format::kNodeName), -1, node.error().message);
        } else if (!node && node.error().code != Code::kEmpty) {
            return node.take_error();
        }
        node_ = node ? *node : node_of_writers(manifest_);
        if (!(node_.history == manifest_.history)) node_.durable = 0;
        return {};
    }

    Status check_snapshots() {
        auto snapshots = list_snapshots(disk_);
        if (!snapshots) return snapshots.take_error();
        for (const uint64_t position : *snapshots) {
            const std::string name = format::file_name(format::kSnapshotPrefix, position);
            auto info = verify_snapshot(disk_, position, manifest_.history);
            if (!info) {
                SYNAP_TRY(damage_or_error(info.error(), name));
                continue;
            }
            add(Severity::kInfo, name, -1,
                std::to_string(info->keys) + " keys, " + std::to_string(info->bytes) + " bytes");
            if (!has_snapshot_) from_ = info->from;
            has_snapshot_ = true;
            complete_at_ = std::max(complete_at_, info->complete_at);
        }
        return {};
    }

    Status check_log() {
        auto opened =
            LogReader::open(disk_, manifest_.log_history(), from_, marks_of(node_, manifest_));
        if (!opened) return damage_or_error(opened.error(), "log");
        LogReader& reader = **opened;
        uint64_t records = 0;
        LogRecord record;
        for (;;) {
            auto more = reader.next(record);
            if (!more) return damage_or_error(more.error(), "log");
            if (!*more) break;
            ++records;
            while (!record.effects.empty()) {
                auto effect = decode_effect(record.effects);
                if (!effect) return damage_or_error(effect.error(), "log");
            }
        }
        add(Severity::kInfo, "log", -1,
            std::to_string(records) + " records, ends at position " + std::to_string(reader.end()));
        return judge_end(reader);
    }

    Status judge_end(LogReader& reader) {
        std::string proof;
        if (complete_at_ > reader.end()) proof = "a snapshot";
        for (const Epoch& epoch : manifest_.epochs) {
            if (epoch.start > reader.end()) proof = "MANIFEST";
        }
        if (node_.durable > reader.end()) proof = "NODE";
        const std::string damage = reader.damage();
        auto proven = reader.proven_durable();
        if (!proven) return proven.take_error();
        if (*proven > reader.end()) proof = "a later record";
        if (!proof.empty()) {
            add(Severity::kDamage, "log", offset_in(damage),
                (damage.empty() ? std::string("the log ends early") : damage) + "; " + proof +
                    " proves that what followed had been durable");
        } else if (!damage.empty()) {
            add(Severity::kWarning, "log", offset_in(damage),
                damage + "; it was being written when the process stopped and will be cut");
        }
        return {};
    }

    Disk& disk_;
    Manifest manifest_;
    NodeFile node_;
    bool has_snapshot_ = false;
    uint64_t from_ = 0;
    uint64_t complete_at_ = 0;
};

}  // namespace

Result<std::vector<Finding>> check_directory(Disk& disk) {
    auto lock = disk.lock_shared();
    if (!lock) return lock.take_error();
    Checker checker(disk);
    SYNAP_TRY(checker.run());
    return std::move(checker.findings);
}

}  // namespace synap
