#include "tests/unit/platform/transport_world.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/platform/openssl.h"
#include "core/platform/real_transport.h"

namespace synap {
namespace {

using Key = OpensslOwned<EVP_PKEY>;
using Certificate = OpensslOwned<X509>;

constexpr long kHour = 3600;

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    ASSERT_NE(made, nullptr) << value;
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
}

template <typename Write>
void save(const std::string& path, Write write) {
    std::FILE* const file = std::fopen(path.c_str(), "we");
    ASSERT_NE(file, nullptr) << path;
    EXPECT_EQ(write(file), 1);
    std::fclose(file);
}

struct Authority {
    Key key;
    Certificate certificate;
};

// Signed by `by`, or by itself. `names` as of subjectAltName; empty: it is an authority.
Authority make(const std::string& path, const std::string& name, const std::string& names,
               const Authority* by, long valid_seconds) {
    static int serial = 0;
    Authority made{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
    X509* const x509 = made.certificate.get();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509), -24 * kHour);
    X509_gmtime_adj(X509_getm_notAfter(x509), valid_seconds);
    X509_set_pubkey(x509, made.key.get());
    const auto* common = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC, common, -1, -1, 0);
    X509* const issuer = by != nullptr ? by->certificate.get() : x509;
    X509_set_issuer_name(x509, X509_get_subject_name(issuer));
    if (names.empty()) {
        extend(x509, issuer, NID_basic_constraints, "critical,CA:TRUE");
    } else {
        extend(x509, issuer, NID_subject_alt_name, names);
    }
    X509_sign(x509, by != nullptr ? by->key.get() : made.key.get(), EVP_sha256());
    save(path + ".crt", [&](std::FILE* file) { return PEM_write_X509(file, x509); });
    save(path + ".key", [&](std::FILE* file) {
        return PEM_write_PrivateKey(file, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return made;
}

}  // namespace

RealWorld::RealWorld() {
    std::string made = (std::filesystem::temp_directory_path() / "synap-XXXXXX").string();
    EXPECT_NE(mkdtemp(made.data()), nullptr);
    folder = made;
}

RealWorld::~RealWorld() { std::filesystem::remove_all(folder); }

std::unique_ptr<Transport> RealWorld::start(std::string_view, const TransportLimits& limits) {
    auto opened = open_real_transport(clock, limits);
    EXPECT_TRUE(opened);
    return opened ? *std::move(opened) : nullptr;
}

void RealWorld::make_certificates() {
    const std::string here = "IP:" + host() + ",DNS:localhost";
    const Authority ca = make(file("ca"), "Test CA", "", nullptr, 24 * kHour);
    const Authority foreign = make(file("foreign-ca"), "Foreign CA", "", nullptr, 24 * kHour);
    make(file("server"), "server", here, &ca, 24 * kHour);
    make(file("client"), "client", "DNS:client", &ca, 24 * kHour);
    make(file("misnamed"), "misnamed", "DNS:elsewhere", &ca, 24 * kHour);
    make(file("expired"), "expired", here, &ca, -1);
    make(file("stranger"), "stranger", here, &foreign, 24 * kHour);
}

void RealWorld::step(std::vector<Peer*> peers) {
    constexpr uint64_t kMomentUs = 1000;
    for (Peer* peer : peers) {
        if (peer->transport != nullptr) peer->look(now_us() + kMomentUs);
    }
}

std::unique_ptr<World> make_world(WorldKind kind) {
    if (kind == WorldKind::kReal) return std::make_unique<RealWorld>();
    return std::make_unique<SimWorld>();
}

}  // namespace synap
