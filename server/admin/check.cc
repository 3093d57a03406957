#include "server/admin/check.h"

#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>
#include <synap/error.hpp>

#include <filesystem>
#include <ostream>
#include <vector>

#include "server/http/json.h"

namespace synap::server::admin {

namespace {

struct Finding {
    std::string file;
    int64_t offset = -1;
    std::string severity;
    std::string message;
};

// Receives ARRAY of MAP {"file", "offset", "severity", "message"}.
class FindingsSink {
public:
    FindingsSink() {
        sink_.ctx = this;
        sink_.scalar = [](void* ctx, uint32_t type, const synap_arg_t* value) {
            static_cast<FindingsSink*>(ctx)->scalar(type, *value);
            return int32_t{0};
        };
        sink_.error = [](void*, int32_t, synap_bytes_t) { return int32_t{0}; };
        sink_.begin = [](void* ctx, uint32_t type, uint64_t) {
            if (type == SYNAP_TYPE_MAP) static_cast<FindingsSink*>(ctx)->findings_.emplace_back();
            return int32_t{0};
        };
        sink_.end = [](void*, uint32_t) { return int32_t{0}; };
    }
    FindingsSink(const FindingsSink&) = delete;
    FindingsSink& operator=(const FindingsSink&) = delete;

    const synap_sink_t* raw() const { return &sink_; }
    const std::vector<Finding>& findings() const { return findings_; }

private:
    // Names and values take turns.
    void scalar(uint32_t type, const synap_arg_t& value) {
        if (findings_.empty()) return;
        if (!has_name_) {
            name_ = to_view(value.as.b);
            has_name_ = true;
            return;
        }
        has_name_ = false;
        Finding& finding = findings_.back();
        if (type == SYNAP_TYPE_INT) {
            finding.offset = name_ == "offset" ? value.as.i : finding.offset;
        } else if (name_ == "file") {
            finding.file = to_view(value.as.b);
        } else if (name_ == "severity") {
            finding.severity = to_view(value.as.b);
        } else if (name_ == "message") {
            finding.message = to_view(value.as.b);
        }
    }

    synap_sink_t sink_ = SYNAP_SINK_INIT;
    std::vector<Finding> findings_;
    std::string name_;
    bool has_name_ = false;
};

struct Verdict {
    const char* word;
    int exit_code;
};

Verdict verdict_on(synap_status_t status, const std::vector<Finding>& findings) {
    if (status != SYNAP_OK) return {"damaged", kExitDamaged};
    for (const Finding& finding : findings) {
        if (finding.severity == "empty") return {"no store", kExitNotChecked};
    }
    return {"sound", kExitSound};
}

void print_text(const std::string& path, const std::vector<Finding>& findings,
                const Verdict& verdict, std::ostream& out) {
    for (const Finding& finding : findings) {
        out << (finding.file.empty() ? path : finding.file);
        if (finding.offset >= 0) out << " at byte " << finding.offset;
        out << ": " << finding.severity << ": " << finding.message << "\n";
    }
    out << path << ": " << verdict.word << "\n";
}

void print_json(const std::string& path, const std::vector<Finding>& findings,
                const Verdict& verdict, std::ostream& out) {
    std::string text;
    http::JsonWriter json(text);
    json.begin_object();
    json.member("path", path);
    json.member("sound", verdict.exit_code == kExitSound);
    json.key("findings");
    json.begin_array();
    for (const Finding& finding : findings) {
        json.begin_object();
        json.member("file", finding.file);
        json.member("offset", finding.offset);
        json.member("severity", finding.severity);
        json.member("message", finding.message);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    out << text << "\n";
}

}  // namespace

int check_directory(const std::string& path, bool json, std::ostream& out, std::ostream& err) {
    std::error_code code;
    if (!std::filesystem::is_directory(path, code)) {
        const bool exists = std::filesystem::exists(path, code);
        err << "synap-admin: " << path << ": no such data directory: "
            << (exists ? "it is no directory"
                : code ? code.message()
                       : "it does not exist")
            << "\n";
        return kExitNotChecked;
    }
    FindingsSink sink;
    synap_error_t* raw_error = nullptr;
    const auto status = synap_check(to_bytes(path), sink.raw(), &raw_error);
    if (status != SYNAP_OK) {
        const Error error = Error::take(status, raw_error);
        err << "synap-admin: " << error.message() << "\n";
        if (status != SYNAP_E_CORRUPT) return kExitNotChecked;
    }
    const Verdict verdict = verdict_on(status, sink.findings());
    (json ? print_json : print_text)(path, sink.findings(), verdict, out);
    return verdict.exit_code;
}

}  // namespace synap::server::admin
