#include "server/resp/writer.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include <synap/error.hpp>

namespace synap::server::resp {
namespace {

// Plays the engine: calls the sink's functions and collects what was written.
class Stage {
public:
    explicit Stage(uint32_t protocol, size_t limit = 1 << 20) : out_(pool_, limit) {
        writer_.bind(out_, protocol);
    }

    Stage& scalar(uint32_t type, std::string_view text) {
        synap_arg_t value{type, 0, {}};
        value.as.b = to_bytes(text);
        result_ |= sink().scalar(sink().ctx, type, &value);
        return *this;
    }
    Stage& integer(int64_t number, uint32_t type = SYNAP_TYPE_INT) {
        synap_arg_t value{type, 0, {}};
        value.as.i = number;
        result_ |= sink().scalar(sink().ctx, type, &value);
        return *this;
    }
    Stage& number(double number) {
        synap_arg_t value{SYNAP_TYPE_DOUBLE, 0, {}};
        value.as.d = number;
        result_ |= sink().scalar(sink().ctx, SYNAP_TYPE_DOUBLE, &value);
        return *this;
    }
    Stage& null(uint32_t type = SYNAP_TYPE_NULL) {
        result_ |= sink().scalar(sink().ctx, type, nullptr);
        return *this;
    }
    Stage& error(std::string_view text) {
        result_ |= sink().error(sink().ctx, SYNAP_REPLY_ERR, to_bytes(text));
        return *this;
    }
    Stage& begin(uint32_t type, uint64_t count) {
        result_ |= sink().begin(sink().ctx, type, count);
        return *this;
    }
    Stage& end(uint32_t type) {
        result_ |= sink().end(sink().ctx, type);
        return *this;
    }
    Writer& writer() { return writer_; }
    int32_t result() const { return result_; }

    std::string text() const {
        std::array<iovec, OutputBuffer::kMaxPieces> pieces{};
        const int count = out_.gather(pieces);
        std::string all;
        for (int i = 0; i < count; ++i) {
            const iovec& piece = pieces[static_cast<size_t>(i)];
            all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        }
        return all;
    }

private:
    const synap_sink_t& sink() const { return *writer_.sink(); }

    BufferPool pool_;
    OutputBuffer out_;
    Writer writer_;
    int32_t result_ = 0;
};

TEST(RespWriter, WritesWhatBothProtocolsShare) {
    for (const uint32_t protocol : {SYNAP_PROTOCOL_RESP2, SYNAP_PROTOCOL_RESP3}) {
        Stage stage(protocol);
        stage.scalar(SYNAP_TYPE_STATUS, "OK").integer(0).integer(-7).integer(1234567890);
        stage.scalar(SYNAP_TYPE_BYTES, "hello").scalar(SYNAP_TYPE_TEXT, "");
        stage.error("ERR no\r\nsuch thing").begin(SYNAP_TYPE_ARRAY, 0).end(SYNAP_TYPE_ARRAY);
        EXPECT_EQ(stage.text(),
                  "+OK\r\n:0\r\n:-7\r\n:1234567890\r\n$5\r\nhello\r\n$0\r\n\r\n"
                  "-ERR no  such thing\r\n*0\r\n");
        EXPECT_EQ(stage.result(), 0);
    }
}

TEST(RespWriter, WritesTheLimitsOfIntegers) {
    Stage stage(SYNAP_PROTOCOL_RESP2);
    stage.integer(std::numeric_limits<int64_t>::min());
    stage.integer(std::numeric_limits<int64_t>::max());
    stage.integer(99).integer(100);
    EXPECT_EQ(stage.text(), ":-9223372036854775808\r\n:9223372036854775807\r\n:99\r\n:100\r\n");
}

TEST(RespWriter, WritesNulls) {
    Stage two(SYNAP_PROTOCOL_RESP2);
    EXPECT_EQ(two.null().null(SYNAP_TYPE_NULL_ARRAY).text(), "$-1\r\n*-1\r\n");
    Stage three(SYNAP_PROTOCOL_RESP3);
    EXPECT_EQ(three.null().null(SYNAP_TYPE_NULL_ARRAY).text(), "_\r\n_\r\n");
}

TEST(RespWriter, WritesScalarsThatOnlyResp3Has) {
    Stage two(SYNAP_PROTOCOL_RESP2);
    two.integer(1, SYNAP_TYPE_BOOL).integer(0, SYNAP_TYPE_BOOL).number(1.5);
    two.scalar(SYNAP_TYPE_VERBATIM, "text").scalar(SYNAP_TYPE_BIG_NUMBER, "123");
    EXPECT_EQ(two.text(), ":1\r\n:0\r\n$3\r\n1.5\r\n$4\r\ntext\r\n$3\r\n123\r\n");
    Stage three(SYNAP_PROTOCOL_RESP3);
    three.integer(1, SYNAP_TYPE_BOOL).integer(0, SYNAP_TYPE_BOOL).number(1.5);
    three.scalar(SYNAP_TYPE_VERBATIM, "text").scalar(SYNAP_TYPE_BIG_NUMBER, "123");
    EXPECT_EQ(three.text(), "#t\r\n#f\r\n,1.5\r\n=8\r\ntxt:text\r\n(123\r\n");
}

TEST(RespWriter, WritesDoublesShortest) {
    Stage stage(SYNAP_PROTOCOL_RESP3);
    stage.number(3).number(-0.0).number(0.1).number(1e20).number(-2.5e-7);
    stage.number(std::numeric_limits<double>::infinity());
    stage.number(-std::numeric_limits<double>::infinity()).number(std::nan(""));
    EXPECT_EQ(stage.text(),
              ",3\r\n,-0\r\n,0.1\r\n,1e+20\r\n,-2.5e-07\r\n,inf\r\n,-inf\r\n,nan\r\n");
}

TEST(RespWriter, FlattensContainersInResp2) {
    Stage stage(SYNAP_PROTOCOL_RESP2);
    stage.begin(SYNAP_TYPE_MAP, 1).scalar(SYNAP_TYPE_TEXT, "a").integer(1).end(SYNAP_TYPE_MAP);
    stage.begin(SYNAP_TYPE_SET, 1).integer(2).end(SYNAP_TYPE_SET);
    stage.begin(SYNAP_TYPE_PUSH, 1).integer(3).end(SYNAP_TYPE_PUSH);
    stage.begin(SYNAP_TYPE_PAIRS, 2);
    stage.integer(1).integer(2).integer(3).integer(4).end(SYNAP_TYPE_PAIRS);
    EXPECT_EQ(stage.text(),
              "*2\r\n$1\r\na\r\n:1\r\n*1\r\n:2\r\n*1\r\n:3\r\n*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n");
}

TEST(RespWriter, KeepsContainersInResp3) {
    Stage stage(SYNAP_PROTOCOL_RESP3);
    stage.begin(SYNAP_TYPE_MAP, 1).scalar(SYNAP_TYPE_TEXT, "a").integer(1).end(SYNAP_TYPE_MAP);
    stage.begin(SYNAP_TYPE_SET, 1).integer(2).end(SYNAP_TYPE_SET);
    stage.begin(SYNAP_TYPE_PUSH, 1).integer(3).end(SYNAP_TYPE_PUSH);
    EXPECT_EQ(stage.text(), "%1\r\n$1\r\na\r\n:1\r\n~1\r\n:2\r\n>1\r\n:3\r\n");
}

TEST(RespWriter, NestsPairsInResp3) {
    Stage stage(SYNAP_PROTOCOL_RESP3);
    stage.begin(SYNAP_TYPE_ARRAY, 2);
    stage.begin(SYNAP_TYPE_PAIRS, 2).scalar(SYNAP_TYPE_BYTES, "m").number(1);
    // A pair whose second half is a container: what is inside belongs to no pair.
    stage.scalar(SYNAP_TYPE_BYTES, "n").begin(SYNAP_TYPE_ARRAY, 3);
    stage.integer(7).null().error("ERR x").end(SYNAP_TYPE_ARRAY).end(SYNAP_TYPE_PAIRS);
    stage.integer(9).end(SYNAP_TYPE_ARRAY);
    EXPECT_EQ(stage.text(),
              "*2\r\n*2\r\n*2\r\n$1\r\nm\r\n,1\r\n*2\r\n$1\r\nn\r\n*3\r\n:7\r\n_\r\n-ERR x\r\n"
              ":9\r\n");
}

TEST(RespWriter, SwitchesProtocolBetweenReplies) {
    Stage stage(SYNAP_PROTOCOL_RESP2);
    stage.null();
    stage.writer().set_protocol(SYNAP_PROTOCOL_RESP3);
    stage.null();
    EXPECT_EQ(stage.text(), "$-1\r\n_\r\n");
}

TEST(RespWriter, StopsTheEngineWhenTheOutputIsFull) {
    Stage stage(SYNAP_PROTOCOL_RESP2, 64 * 1024);
    const std::string value(10'000, 'x');
    int written = 0;
    while (stage.result() == 0 && written < 100) {
        stage.scalar(SYNAP_TYPE_BYTES, value);
        ++written;
    }
    EXPECT_EQ(written, 7);
    EXPECT_TRUE(stage.writer().failed());
}

}  // namespace
}  // namespace synap::server::resp
