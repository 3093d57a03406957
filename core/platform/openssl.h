// What all uses of OpenSSL share. Included by sources of this folder only.
#pragma once

#include <memory>
#include <string>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

namespace synap {

struct OpensslFree {
    void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};

template <typename T>
using OpensslOwned = std::unique_ptr<T, OpensslFree>;

// Call before anything else of OpenSSL. It is initialised without a handler of exit(): a program
// that exits while a thread of a store still talks to a peer would pull OpenSSL from under it. A
// host program that uses OpenSSL first decides for itself.
void begin_openssl() noexcept;

// Empties the thread's queue of OpenSSL's errors; the words of its first one, for a person.
std::string take_openssl_error();

}  // namespace synap
