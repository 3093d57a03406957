#include "core/platform/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "core/platform/openssl.h"
#include "core/platform/tls_words.h"

namespace synap {
namespace {

constexpr char kAlertRecord = 0x15;
constexpr char kHandshakeRecord = 0x16;
constexpr size_t kRecordBytes = 16 * 1024;

TlsRefusal of_verification(long result) noexcept {
    switch (result) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return TlsRefusal::kPeerExpired;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return TlsRefusal::kPeerHasOtherName;
        default:
            return TlsRefusal::kPeerUntrusted;
    }
}

// Beyond that it leads nowhere.
std::string detail_of_verification(long result) {
    switch (result) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return {};
        default:
            return std::string(" (") + X509_verify_cert_error_string(result) + ")";
    }
}

std::optional<TlsRefusal> of_alert(int reason) noexcept {
    switch (reason) {
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return TlsRefusal::kPeerWantsOne;
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
            return TlsRefusal::kUntrustedThere;
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return TlsRefusal::kExpiredThere;
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
            return TlsRefusal::kRefusedThere;
        default:
            return std::nullopt;
    }
}

}  // namespace

bool begins_as_tls(std::string_view wire) noexcept {
    return !wire.empty() && (wire.front() == kAlertRecord || wire.front() == kHandshakeRecord);
}

TlsStream::TlsStream(std::shared_ptr<const TlsContext> context, SSL* ssl, bool is_server,
                     std::string name, std::string peer)
    : context_(std::move(context)),
      ssl_(ssl),
      is_server_(is_server),
      name_(std::move(name)),
      peer_(std::move(peer)) {}

TlsStream::~TlsStream() { SSL_free(ssl_); }

Result<std::unique_ptr<TlsStream>> TlsStream::begin(std::shared_ptr<const TlsContext> context,
                                                    bool is_server, const std::string& name,
                                                    std::string peer, Clock& clock) {
    ERR_clear_error();
    SSL* const ssl = SSL_new(context->context_);
    if (ssl == nullptr) return tls_error(peer, TlsRefusal::kFailed, take_openssl_error());
    std::unique_ptr<TlsStream> stream(
        new TlsStream(std::move(context), ssl, is_server, name, std::move(peer)));
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    if (in == nullptr || out == nullptr) {
        return tls_error(stream->peer_, TlsRefusal::kFailed, take_openssl_error());
    }
    X509_VERIFY_PARAM* const checks = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_time(checks, static_cast<time_t>(clock.wall_ms() / 1000));
    if (is_server) {
        SSL_set_accept_state(ssl);
        return stream;
    }
    SSL_set_connect_state(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(checks, name.c_str()) == 1) return stream;
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool named = X509_VERIFY_PARAM_set1_host(checks, name.data(), name.size()) == 1 &&
                       SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
    if (!named) return tls_error(stream->peer_, TlsRefusal::kFailed, take_openssl_error());
    return stream;
}

void TlsStream::feed(std::string_view wire) {
    if (wire.empty() || failure_) return;
    const bool plain =
        !heard_ && (is_server_ ? wire.front() != kHandshakeRecord : !begins_as_tls(wire));
    heard_ = true;
    if (plain) {
        if (is_server_) alert_ = kTlsAlert;
        failure_ = tls_error(peer_, TlsRefusal::kPeerIsPlain);
        return;
    }
    const int taken = BIO_write(SSL_get_rbio(ssl_), wire.data(), static_cast<int>(wire.size()));
    if (taken != static_cast<int>(wire.size())) {
        failure_ = tls_error(peer_, TlsRefusal::kFailed, take_openssl_error());
    }
}

bool TlsStream::wants_input() const noexcept {
    return !wire_ended_ && !failure_ && BIO_ctrl_pending(SSL_get_rbio(ssl_)) == 0;
}

std::string_view TlsStream::output() const noexcept {
    if (!alert_.empty()) return alert_;
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &bytes);
    return {bytes, static_cast<size_t>(std::max(size, 0l))};
}

void TlsStream::sent(size_t bytes) noexcept {
    if (!alert_.empty()) {
        alert_.erase(0, bytes);
        return;
    }
    char discarded[4096];
    while (bytes > 0) {
        const int size = static_cast<int>(std::min(bytes, sizeof discarded));
        const int n = BIO_read(SSL_get_wbio(ssl_), discarded, size);
        if (n <= 0) return;
        bytes -= static_cast<size_t>(n);
    }
}

bool TlsStream::handshake() {
    if (established_ || failure_) return established_;
    ERR_clear_error();
    const int outcome = SSL_do_handshake(ssl_);
    established_ = outcome == 1;
    if (!established_) note_outcome(outcome);
    return established_;
}

size_t TlsStream::write(std::string_view bytes) {
    size_t taken = 0;
    while (taken < bytes.size() && established_ && !failure_ && !finished_ &&
           output().size() < kTlsBufferBytes) {
        ERR_clear_error();
        size_t n = 0;
        const size_t size = std::min(bytes.size() - taken, kRecordBytes);
        const int outcome = SSL_write_ex(ssl_, bytes.data() + taken, size, &n);
        if (outcome != 1) {
            note_outcome(outcome);
            break;
        }
        taken += n;
    }
    return taken;
}

ReadOutcome TlsStream::read(std::span<char> into) {
    if (ended_) return {0, true};
    if (!established_ || failure_) return {};
    ERR_clear_error();
    size_t n = 0;
    const int outcome = SSL_read_ex(ssl_, into.data(), into.size(), &n);
    if (outcome == 1) return {n, false};
    note_outcome(outcome);
    return {0, ended_};
}

void TlsStream::finish() {
    if (!established_ || failure_ || std::exchange(finished_, true)) return;
    ERR_clear_error();
    const int outcome = SSL_shutdown(ssl_);
    if (outcome < 0) note_outcome(outcome);
}

// Of a call that did not succeed: it may only lack input.
void TlsStream::note_outcome(int outcome) {
    switch (SSL_get_error(ssl_, outcome)) {
        case SSL_ERROR_WANT_READ:
            if (!wire_ended_) return;
            failure_ = tls_error(peer_, TlsRefusal::kFailed,
                                 heard_ ? "it ended the connection without a word"
                                        : "it ended the connection; it may not speak TLS");
            return;
        case SSL_ERROR_WANT_WRITE:
            return;
        case SSL_ERROR_ZERO_RETURN:
            ended_ = true;
            return;
        default:
            failure_ = reason();
    }
}

Error TlsStream::reason() const {
    const int reason = ERR_GET_REASON(ERR_peek_error());
    std::string words = take_openssl_error();
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        const long result = SSL_get_verify_result(ssl_);
        const TlsRefusal why = of_verification(result);
        if (why == TlsRefusal::kPeerHasOtherName) return tls_error(peer_, why, name_);
        return tls_error(peer_, why, detail_of_verification(result));
    }
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
        return tls_error(peer_, TlsRefusal::kPeerShowsNone);
    }
    if (const auto why = of_alert(reason)) return tls_error(peer_, *why);
    // What TLS 1.2 says to a client that showed nothing, once it has agreed to all else.
    const bool bare = !is_server_ && SSL_get_certificate(ssl_) == nullptr &&
                      SSL_get0_peer_certificate(ssl_) != nullptr;
    if (reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE && bare) {
        return tls_error(peer_, TlsRefusal::kPeerWantsOne);
    }
    return tls_error(peer_, TlsRefusal::kFailed, words);
}

}  // namespace synap
