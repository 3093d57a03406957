#include "core/platform/hmac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "core/platform/openssl.h"

namespace synap {
namespace {

const unsigned char* octets(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Error no_hmac() {
    return {Code::kUnsupported, "OpenSSL gives no HMAC with SHA-256: " + take_openssl_error()};
}

}  // namespace

Result<Mac> hmac_sha256(std::string_view key, std::span<const std::string_view> parts) {
    begin_openssl();
    const OpensslOwned<EVP_MAC> algorithm(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    if (algorithm == nullptr) return no_hmac();
    const OpensslOwned<EVP_MAC_CTX> context(EVP_MAC_CTX_new(algorithm.get()));
    if (context == nullptr) return no_hmac();
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    // A key of no bytes is one too, while a null pointer would mean to keep the previous one.
    if (key.data() == nullptr) key = "";
    if (EVP_MAC_init(context.get(), octets(key), key.size(), params) != 1) return no_hmac();
    for (const std::string_view part : parts) {
        if (EVP_MAC_update(context.get(), octets(part), part.size()) != 1) return no_hmac();
    }
    Mac mac;
    size_t size = 0;
    if (EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) != 1 || size != mac.size()) {
        return no_hmac();
    }
    return mac;
}

bool equal_macs(const Mac& a, const Mac& b) noexcept {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace synap
