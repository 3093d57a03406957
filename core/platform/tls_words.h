// Why TLS was refused, in words that are the same for the real and the simulated network.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace synap {

enum class TlsRefusal : uint8_t {
    kPeerIsPlain,
    kPeerIsTls,
    kPeerShowsNone,     // no certificate, and one is required here
    kPeerWantsOne,      // a certificate, and none is configured here
    kPeerUntrusted,     // its certificate leads to no authority that is trusted here
    kUntrustedThere,    // ours, at the peer
    kPeerExpired,       // its certificate, or it is not valid yet
    kExpiredThere,      // ours
    kPeerHasOtherName,  // its certificate is for others; `detail` is the name wanted
    kRefusedThere,      // our certificate, for another reason
    kFailed,            // anything else; `detail` says what
};

// `peer` as in TransportEvent.
Error tls_error(std::string_view peer, TlsRefusal why, std::string_view detail = {});
// The rest of the words of errors that both networks have.
Error slow_error(std::string_view peer, std::string_view what, uint64_t limit_us);
Error too_many_error(std::string_view peer, std::string_view what);
Error no_client_ca_error();
Error unresolved_error(std::string_view name, std::string_view reason);

}  // namespace synap
