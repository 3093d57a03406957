// Who a client says it is, and from where it comes: shown by CLIENT LIST.
// Thread safety: from any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace synap {

class ClientIdentity {
public:
    struct Facts {
        std::string name;
        std::string library;
        std::string library_version;
        std::string peer;
        std::string transport;
    };

    ClientIdentity(std::string peer, std::string transport) {
        facts_.peer = std::move(peer);
        facts_.transport = std::move(transport);
    }

    Facts facts() const {
        const std::lock_guard<std::mutex> guard(mutex_);
        return facts_;
    }
    void set(std::string Facts::*fact, std::string_view value) {
        const std::lock_guard<std::mutex> guard(mutex_);
        (facts_.*fact) = value;
    }

private:
    mutable std::mutex mutex_;
    Facts facts_;
};

}  // namespace synap
