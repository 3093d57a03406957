// What of replication can be set when a store is opened: names, texts, checks. One table, as
// core/engine/options.h is for the engine.
//
// Thread safety: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/replication/node.h"

namespace synap::replication {

enum class SettingId : uint8_t {
    kRole,
    kMaster,
    kListen,
    kSecret,
    kFormerSecret,
    kNodeName,
    kAnnounce,
    kClients,
    kProtected,
    kTlsCertificate,
    kTlsKey,
    kTlsClientCa,
    kTlsCa,
    kTls,
    kCount,
};

struct SettingSpec {
    std::string_view name;
    std::string_view expected;  // for people
    std::string_view help;
    bool is_secret = false;
};

inline constexpr size_t kSettingCount = static_cast<size_t>(SettingId::kCount);
inline constexpr std::string_view kSettingPrefix = "replication.";
const std::array<SettingSpec, kSettingCount>& setting_specs() noexcept;

class Settings {
public:
    // kInvalidArgument names the setting and what was expected; a secret is not shown.
    Status set(std::string_view name, std::string_view value);
    const std::string& get(SettingId id) const noexcept { return values_[static_cast<size_t>(id)]; }
    bool has(SettingId id) const noexcept { return !get(id).empty(); }
    // Nothing was set: such a store takes no part, unless its directory is a replica's.
    bool empty() const noexcept;

    // What they mean together.
    Result<NodeSettings> read() const;

private:
    Status check(SettingId id, std::string_view value) const;

    std::array<std::string, kSettingCount> values_;
};

// Opens a store that takes part in replication as its settings and its directory say, and attaches
// what that takes. A directory that is a replica's opens as one even where nothing is set, and
// takes no writes then.
Result<std::shared_ptr<Engine>> open_node(const EnginePlatform& platform, const Options& options,
                                          const Settings& settings);

}  // namespace synap::replication
