// Files in PEM become contexts of OpenSSL.
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "core/platform/descriptor.h"
#include "core/platform/openssl.h"
#include "core/platform/tls.h"
#include "core/platform/tls_words.h"

namespace synap {
namespace {

using Context = OpensslOwned<SSL_CTX>;
using Certificates = std::vector<OpensslOwned<X509>>;

Error unfit(const std::string& file, const std::string& why) {
    return {Code::kInvalidArgument, file + ": " + why};
}

Result<std::string> read_file(const std::string& path) {
    const auto failed = [&] {
        return Error{Code::kIo,
                     "cannot read " + path + ": " + std::generic_category().message(errno)};
    };
    const Descriptor file = open_descriptor(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK);
    if (file.get() < 0) return failed();
    std::string text(kPemBytes + 1, 0);
    size_t size = 0;
    while (size < text.size()) {
        const ssize_t n = unless_interrupted(
            [&] { return ::read(file.get(), text.data() + size, text.size() - size); });
        if (n < 0) return failed();
        if (n == 0) break;
        size += static_cast<size_t>(n);
    }
    if (size > kPemBytes) {
        return unfit(path, "more than " + std::to_string(kPemBytes) + " bytes");
    }
    text.resize(size);
    return text;
}

// Without this OpenSSL would ask a terminal.
int no_password(char*, int, int, void*) { return 0; }

Result<Certificates> read_certificates(const std::string& path) {
    auto text = read_file(path);
    if (!text) return text.take_failure();
    const OpensslOwned<BIO> bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    Certificates found;
    for (;;) {
        OpensslOwned<X509> next(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
        if (next == nullptr) break;
        found.push_back(std::move(next));
    }
    const unsigned long end = ERR_peek_last_error();
    const bool clean =
        ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE;
    const std::string why = take_openssl_error();
    if (!clean) return unfit(path, "not a certificate in PEM: " + why);
    if (found.empty()) return unfit(path, "there is no certificate in PEM in it");
    return found;
}

Result<Context> new_context() {
    begin_openssl();
    if (OPENSSL_version_major() != OPENSSL_VERSION_MAJOR) {
        return Error{Code::kUnsupported, std::string("this program brings ") +
                                             OpenSSL_version(OPENSSL_VERSION) +
                                             ", and Synap was built for " + OPENSSL_VERSION_TEXT};
    }
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_method()));
    if (context == nullptr) {
        return Error{Code::kUnsupported, "OpenSSL gives no TLS: " + take_openssl_error()};
    }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(),
                        SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 0);
    return context;
}

Status use_own(SSL_CTX* context, const std::string& file, const std::string& key_file) {
    auto chain = read_certificates(file);
    if (!chain) return chain.take_failure();
    auto text = read_file(key_file);
    if (!text) return text.take_failure();
    const OpensslOwned<BIO> bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    const OpensslOwned<EVP_PKEY> key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    if (key == nullptr) {
        return unfit(key_file,
                     "not a private key in PEM without a password: " + take_openssl_error());
    }
    if (X509_check_private_key(chain->front().get(), key.get()) != 1) {
        ERR_clear_error();
        return unfit(key_file, "not the key of the certificate in " + file);
    }
    const bool used = SSL_CTX_use_certificate(context, chain->front().get()) == 1 &&
                      SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    if (!used) return unfit(file, "OpenSSL does not take it: " + take_openssl_error());
    for (size_t i = 1; i < chain->size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) == 1) continue;
        return unfit(file, "OpenSSL does not take it: " + take_openssl_error());
    }
    return {};
}

// `names`: a server also tells clients of whom it takes certificates.
Status trust(SSL_CTX* context, const std::string& file, bool names) {
    auto authorities = read_certificates(file);
    if (!authorities) return authorities.take_failure();
    for (const OpensslOwned<X509>& authority : *authorities) {
        const bool taken =
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) == 1 &&
            (!names || SSL_CTX_add_client_CA(context, authority.get()) == 1);
        if (!taken) return unfit(file, "OpenSSL does not take it: " + take_openssl_error());
    }
    return {};
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsServer& files) {
    if (files.require_client_certificate && files.client_ca.empty()) return no_client_ca_error();
    auto context = new_context();
    if (!context) return context.take_failure();
    SSL_CTX* raw = context->get();
    SYNAP_TRY(use_own(raw, files.certificate, files.key));
    if (!files.client_ca.empty()) {
        SYNAP_TRY(trust(raw, files.client_ca, true));
        const int strict = files.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
        SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | strict, nullptr);
    }
    std::shared_ptr<const TlsContext> made(new TlsContext(raw));
    static_cast<void>(context->release());
    return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsClient& files) {
    auto context = new_context();
    if (!context) return context.take_failure();
    SSL_CTX* raw = context->get();
    if (!files.certificate.empty() || !files.key.empty()) {
        SYNAP_TRY(use_own(raw, files.certificate, files.key));
    }
    if (files.verify) {
        if (!files.ca.empty()) SYNAP_TRY(trust(raw, files.ca, false));
        if (files.ca.empty() && SSL_CTX_set_default_verify_paths(raw) != 1) {
            return Error{Code::kIo, "the authorities that this system trusts cannot be read: " +
                                        take_openssl_error()};
        }
        SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    }
    std::shared_ptr<const TlsContext> made(new TlsContext(raw));
    static_cast<void>(context->release());
    return made;
}

}  // namespace synap
