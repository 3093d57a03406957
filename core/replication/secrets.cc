#include "core/replication/secrets.h"

#include <algorithm>

#include "core/base/varint.h"

namespace synap::replication {

namespace {

constexpr std::string_view kProofDomain{"synap replication 1\0", 20};
constexpr std::string_view kFingerprintDomain{"synap replication secret\0", 25};

// See docs/replication-protocol.md.
Result<Mac> mac_of(std::string_view secret, Role by, const Hello& initiator,
                   const Hello& acceptor) {
    std::string text(kProofDomain);
    put(text, static_cast<uint8_t>(by));
    for (const Hello* hello : {&initiator, &acceptor}) {
        const std::string body = hello->encode();
        put(text, static_cast<uint32_t>(body.size()));
        text.append(body);
    }
    const std::string_view parts[] = {text};
    return hmac_sha256(secret, parts);
}

Mac mac_in(const Proof& proof) noexcept {
    Mac mac;
    static_assert(sizeof mac == kProofBytes);
    std::copy(proof.mac.begin(), proof.mac.end(), mac.begin());
    return mac;
}

}  // namespace

Result<Secrets> Secrets::make(std::vector<std::string> texts) {
    const auto wrong = [](std::string why) {
        return Error{Code::kInvalidArgument, "replication.secret: " + std::move(why)};
    };
    if (texts.size() > kSecretsMost) return wrong("at most two are held, the new and the old");
    for (const std::string& text : texts) {
        if (text.size() < kSecretBytesMin || text.size() > kSecretBytesMost) {
            return wrong("one has " + std::to_string(text.size()) + " bytes; " +
                         std::to_string(kSecretBytesMin) + " to " +
                         std::to_string(kSecretBytesMost) +
                         " are taken (openssl rand -base64 32 makes a good one)");
        }
    }
    if (texts.size() == 2 && texts[0] == texts[1]) texts.pop_back();
    Secrets secrets;
    secrets.texts_ = std::move(texts);
    return secrets;
}

Result<Mac> Secrets::prove(Role by, const Hello& initiator, const Hello& acceptor) const {
    return mac_of(texts_.front(), by, initiator, acceptor);
}

Result<std::optional<size_t>> Secrets::check(const Proof& proof, Role by, const Hello& initiator,
                                             const Hello& acceptor) const {
    const Mac claimed = mac_in(proof);
    std::optional<size_t> found;
    for (size_t i = 0; i < texts_.size(); ++i) {
        auto mac = mac_of(texts_[i], by, initiator, acceptor);
        if (!mac) return mac.take_failure();
        if (equal_macs(*mac, claimed)) found = i;
    }
    return found;
}

Result<Mac> Secrets::fingerprint(size_t which) const {
    const std::string_view parts[] = {kFingerprintDomain};
    return hmac_sha256(texts_[which], parts);
}

Result<bool> Secrets::still_holds(const Mac& proven_by) const {
    for (size_t i = 0; i < texts_.size(); ++i) {
        auto mac = fingerprint(i);
        if (!mac) return mac.take_failure();
        if (equal_macs(*mac, proven_by)) return true;
    }
    return false;
}

bool is_protected(const Exposure& exposure) noexcept {
    return !exposure.has_secret && exposure.protected_mode.value_or(!exposure.names_host);
}

bool is_exposed(const Exposure& exposure) noexcept {
    return !exposure.has_secret && !is_protected(exposure);
}

}  // namespace synap::replication
