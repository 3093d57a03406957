#include "core/replication/settings.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"
#include "core/platform/real.h"
#include "core/replication/service.h"

namespace synap::replication {
namespace {

constexpr std::array<SettingSpec, kSettingCount> kSpecs = {{
    {"replication.role", "master or replica",
     "What this node is when its directory has no role yet, or when this has changed since the "
     "last start; a role that was given while it ran counts otherwise."},
    {"replication.master", "host:port", "The replication port of the master to follow."},
    {"replication.listen", "host:port, [address]:port or :port",
     "Where followers connect; empty: nowhere."},
    {"replication.secret", "16 to 1024 bytes",
     "What both ends have to know; empty: whoever may connect is believed.", true},
    {"replication.former_secret", "16 to 1024 bytes",
     "Believed beside the secret while it is being changed.", true},
    {"replication.node_name", "up to 256 printable bytes", "What this node is called; its host."},
    {"replication.announce", "host:port", "Where others reach its replication port."},
    {"replication.clients", "host:port, or :port", "Where it serves clients, as others are told."},
    {"replication.protected", "true or false",
     "Whether only this machine's own connections are accepted; without a secret they are, unless "
     "this is false."},
    {"replication.tls_certificate", "a file", "Certificate chain of the port, PEM."},
    {"replication.tls_key", "a file", "Its key, PEM."},
    {"replication.tls_client_ca", "a file",
     "Who connects has to show a certificate that leads to one of these."},
    {"replication.tls_ca", "a file", "What the master's certificate has to lead to."},
    {"replication.tls", "true or false", "Whether to connect to the master over TLS."},
}};

Error wrong(const SettingSpec& spec, std::string_view value) {
    std::string text = std::string(spec.name) + ": expected " + std::string(spec.expected);
    if (!spec.is_secret) text += ", not \"" + std::string(value.substr(0, 128)) + "\"";
    return {Code::kInvalidArgument, text};
}

bool is_flag(std::string_view value) noexcept { return value == "true" || value == "false"; }

bool is_printable(std::string_view value) noexcept {
    return std::all_of(value.begin(), value.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) != 0x7f;
    });
}

}  // namespace

const std::array<SettingSpec, kSettingCount>& setting_specs() noexcept { return kSpecs; }

bool Settings::empty() const noexcept {
    return std::all_of(values_.begin(), values_.end(),
                       [](const std::string& value) { return value.empty(); });
}

Status Settings::check(SettingId id, std::string_view value) const {
    const SettingSpec& spec = kSpecs[static_cast<size_t>(id)];
    bool good = value.size() <= limits::kKeyBytes;
    switch (id) {
        case SettingId::kRole:
            good = to_lower(value) == "master" || to_lower(value) == "replica";
            break;
        case SettingId::kMaster:
        case SettingId::kAnnounce:
            good = static_cast<bool>(parse_endpoint(value));
            break;
        case SettingId::kListen:
        case SettingId::kClients:
            good = static_cast<bool>(parse_endpoint("x" + std::string(value))) ||
                   static_cast<bool>(parse_endpoint(value));
            break;
        case SettingId::kSecret:
        case SettingId::kFormerSecret:
            good = value.size() >= kSecretBytesMin && value.size() <= kSecretBytesMost;
            break;
        case SettingId::kNodeName:
            good = value.size() <= kNameBytes && is_printable(value);
            break;
        case SettingId::kTls:
        case SettingId::kProtected:
            good = is_flag(value);
            break;
        default:
            good = value.size() < 4096;
            break;
    }
    return good ? Status{} : Status{wrong(spec, value)};
}

Status Settings::set(std::string_view name, std::string_view value) {
    for (size_t i = 0; i < kSettingCount; ++i) {
        if (kSpecs[i].name != name) continue;
        if (!value.empty()) SYNAP_TRY(check(static_cast<SettingId>(i), value));
        values_[i] = std::string(value);
        return {};
    }
    return Error{Code::kInvalidArgument, "unknown option '" + std::string(name) + "'"};
}

Result<NodeSettings> Settings::read() const {
    NodeSettings node;
    node.name = get(SettingId::kNodeName);
    node.address = get(SettingId::kAnnounce);
    node.clients = get(SettingId::kClients);
    node.role = {get(SettingId::kRole), get(SettingId::kMaster)};
    if (has(SettingId::kListen)) {
        const std::string& at = get(SettingId::kListen);
        auto listen = parse_endpoint(at.front() == ':' ? "*" + at : at);
        if (!listen) return listen.take_failure();
        if (listen->host == "*") listen->host.clear();
        node.listen = *listen;
        if (node.address.empty()) node.address = ":" + std::to_string(listen->port);
    }
    std::vector<std::string> secrets;
    for (const SettingId id : {SettingId::kSecret, SettingId::kFormerSecret}) {
        if (has(id)) secrets.push_back(get(id));
    }
    auto made = Secrets::make(std::move(secrets));
    if (!made) return made.take_failure();
    node.secrets = std::move(*made);
    if (has(SettingId::kTlsCertificate)) {
        node.tls_server = TlsServer{get(SettingId::kTlsCertificate), get(SettingId::kTlsKey),
                                    get(SettingId::kTlsClientCa), has(SettingId::kTlsClientCa)};
    }
    if (get(SettingId::kTls) == "true") {
        TlsClient client;
        client.ca = get(SettingId::kTlsCa);
        client.certificate = get(SettingId::kTlsCertificate);
        client.key = get(SettingId::kTlsKey);
        node.tls_client = client;
    }
    node.is_protected = node.secrets.empty() && get(SettingId::kProtected) != "false";
    return node;
}

Result<std::shared_ptr<Engine>> open_node(const EnginePlatform& platform, const Options& options,
                                          const Settings& settings) {
    std::optional<RoleFile> last;
    const bool is_kept = platform.disk != nullptr && options.get(OptionId::kReadOnly) == 0;
    if (is_kept) {
        auto found = read_role_file(*platform.disk);
        if (!found && found.error().code != Code::kEmpty) return found.take_failure();
        if (found) last = *found;
    }
    if (settings.empty() && !last) return Engine::open(platform, options);
    auto node = settings.read();
    if (!node) return node.take_failure();
    auto choice = choose_role(last, node->role);
    if (!choice) return choice.take_failure();
    if (platform.disk == nullptr && choice->file.role == NodeRole::kReplica) {
        return Error{Code::kUnsupported, std::string(kInMemoryText)};
    }
    EnginePlatform as_role = platform;
    as_role.follows = choice->file.role == NodeRole::kReplica || choice->file.fenced_by.term != 0;
    auto engine = Engine::open(as_role, options);
    if (!engine) return engine;
    if (!choice->line.empty()) (*engine)->log_line(LogLine::Level::kInfo, choice->line);
    node->threads = platform.threads;
    if (node->name.empty()) node->name = host_name();
    SYNAP_TRY(Service::attach(*engine, *platform.clock, *platform.entropy, *node, choice->file));
    return engine;
}

}  // namespace synap::replication
