#include "core/platform/tls_words.h"

namespace synap {
namespace {

std::string words(const std::string& peer, TlsRefusal why, const std::string& detail) {
    switch (why) {
        case TlsRefusal::kPeerIsPlain:
            return peer +
                   " does not speak TLS, and here it is configured: configure TLS on both "
                   "sides or on none";
        case TlsRefusal::kPeerIsTls:
            return peer +
                   " speaks TLS, and here it is not configured: configure TLS on both sides "
                   "or on none";
        case TlsRefusal::kPeerShowsNone:
            return peer +
                   " shows no certificate, and one is required here: configure certificate "
                   "and key there";
        case TlsRefusal::kPeerWantsOne:
            return peer +
                   " requires a certificate, and none is shown: configure certificate and "
                   "key here";
        case TlsRefusal::kPeerUntrusted:
            return "the certificate of " + peer + " leads to no authority that is trusted here" +
                   detail + ": have it signed by one, or add its authority to the CA file here";
        case TlsRefusal::kUntrustedThere:
            return peer +
                   " trusts no authority of our certificate: have it signed by one of its "
                   "CA file, or add ours there";
        case TlsRefusal::kPeerExpired:
            return "the certificate of " + peer + " has expired or is not valid yet: renew it " +
                   "there, or set the clock here";
        case TlsRefusal::kExpiredThere:
            return peer +
                   " says that our certificate has expired: renew it here, or set the "
                   "clock there";
        case TlsRefusal::kPeerHasOtherName:
            return "the certificate of " + peer + " is not for " + detail +
                   ": have this name in "
                   "it, or configure the name that is";
        case TlsRefusal::kRefusedThere:
            return peer + " refuses our certificate" + detail + ": its log says why";
        case TlsRefusal::kFailed:
            break;
    }
    return "TLS with " + peer + " failed: " + detail;
}

}  // namespace

Error tls_error(std::string_view peer, TlsRefusal why, std::string_view detail) {
    const bool mismatch = why == TlsRefusal::kPeerIsPlain || why == TlsRefusal::kPeerIsTls;
    return {mismatch ? Code::kUnsupported : Code::kIo,
            words(std::string(peer), why, std::string(detail))};
}

Error slow_error(std::string_view peer, std::string_view what, uint64_t limit_us) {
    return {Code::kTimeout, std::string(peer) + " did not " + std::string(what) + " within " +
                                std::to_string(limit_us / 1000) + " ms"};
}

Error too_many_error(std::string_view peer, std::string_view what) {
    return {Code::kIo,
            "nothing is done for " + std::string(peer) + ": there are too many " +
                std::string(what) + " already",
            Cause::kShortage};
}

Error no_client_ca_error() {
    return {Code::kInvalidArgument,
            "certificates of clients are required and no CA file says which to trust"};
}

Error unresolved_error(std::string_view name, std::string_view reason) {
    return {Code::kIo,
            "cannot find the address of " + std::string(name) + ": " + std::string(reason)};
}

}  // namespace synap
