#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class StringLcsTest : public CommandTest {
protected:
    void SetUp() override {
        CommandTest::SetUp();
        run("MSET a ohmytext b mynewtext");
    }
};

TEST_F(StringLcsTest, AnswersTextLengthOrPlaces) {
    EXPECT_EQ(run("LCS a b"), "$mytext");
    EXPECT_EQ(run("LCS a b LEN"), ":6");
    EXPECT_EQ(run("LCS a b idx"), "{$matches [[[:4 :7] [:5 :8]] [[:2 :3] [:0 :1]]] $len :6}");
    EXPECT_EQ(run("LCS a b IDX MINMATCHLEN 4"), "{$matches [[[:4 :7] [:5 :8]]] $len :6}");
    EXPECT_EQ(run("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN"),
              "{$matches [[[:4 :7] [:5 :8] :4]] $len :6}");
    EXPECT_EQ(run("LCS a b IDX MINMATCHLEN -5"), run("LCS a b IDX"));
    EXPECT_EQ(run("LCS a b IDX MINMATCHLEN 5"), "{$matches [] $len :6}");
    // These two change nothing but places.
    EXPECT_EQ(run("LCS a b WITHMATCHLEN MINMATCHLEN 5"), "$mytext");
}

TEST_F(StringLcsTest, MissingKeysAreEmptyAndNumbersAreText) {
    EXPECT_EQ(run("LCS a nosuch"), "$");
    EXPECT_EQ(run("LCS nosuch nosuch LEN"), ":0");
    EXPECT_EQ(run("LCS nosuch a IDX"), "{$matches [] $len :0}");
    run("MSET n 12345 m 1945");
    EXPECT_EQ(run("LCS n m"), "$145");
    EXPECT_EQ(run("LCS n n"), "$12345");
}

TEST_F(StringLcsTest, RefusesWrongOptions) {
    EXPECT_EQ(run("LCS a"), wrong_arguments("lcs"));
    EXPECT_EQ(run("LCS a b nosuch"), kSyntaxError);
    EXPECT_EQ(run("LCS a b MINMATCHLEN"), kSyntaxError);
    EXPECT_EQ(run("LCS a b MINMATCHLEN x"), kNotAnInteger);
    EXPECT_EQ(run("LCS a b LEN IDX"),
              "-ERR If you want both the length and indexes, please just use IDX.");
}

TEST_F(StringLcsTest, RefusesInputsWhoseTableRedisWouldRefuse) {
    run("SETRANGE x 12000 x");
    run("SETRANGE y 12000 y");
    EXPECT_EQ(run("LCS x y"),
              "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    run("SETRANGE z 10000 z");
    EXPECT_EQ(run("LCS z z LEN"), ":10001");
}

}  // namespace
}  // namespace synap
