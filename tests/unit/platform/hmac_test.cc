// HMAC with SHA-256 against the vectors of RFC 4231.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/platform/hmac.h"

namespace synap {
namespace {

std::string hex(const Mac& mac) {
    std::string text;
    for (const unsigned char byte : mac) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

std::string hmac(std::string_view key, const std::vector<std::string_view>& parts) {
    auto mac = hmac_sha256(key, parts);
    return mac ? hex(*mac) : mac.error().message;
}

TEST(Hmac, TheVectorsOfTheStandard) {
    EXPECT_EQ(hmac(std::string(20, '\x0b'), {"Hi There"}),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hmac("Jefe", {"what do ya want for nothing?"}),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac(std::string(20, '\xaa'), {std::string(50, '\xdd')}),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    EXPECT_EQ(
        hmac(std::string(131, '\xaa'), {"Test Using Larger Than Block-Size Key - Hash Key First"}),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, PartsAreOneText) {
    const std::string whole = hmac("Jefe", {"what do ya want for nothing?"});
    EXPECT_EQ(hmac("Jefe", {"what do ya ", "", "want", std::string_view(), " for nothing?"}),
              whole);
    EXPECT_NE(hmac("Jefe", {"what do ya ", "want for nothing!"}), whole);
}

TEST(Hmac, NothingIsAKeyAndAMessageToo) {
    const std::string nothing = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    EXPECT_EQ(hmac("", {}), nothing);
    EXPECT_EQ(hmac(std::string_view(), {""}), nothing);
}

TEST(Hmac, MacsThatDifferInOneBitAreNotEqual) {
    auto mac = hmac_sha256("key", {});
    ASSERT_TRUE(mac);
    EXPECT_TRUE(equal_macs(*mac, Mac(*mac)));
    for (size_t bit = 0; bit < 8 * mac->size(); ++bit) {
        Mac other = *mac;
        other[bit / 8] = static_cast<unsigned char>(other[bit / 8] ^ (1u << bit % 8));
        EXPECT_FALSE(equal_macs(*mac, other)) << bit;
    }
}

}  // namespace
}  // namespace synap
