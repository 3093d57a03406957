#include "server/http/head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/http/chunked.h"
#include "server/http/host.h"
#include "server/http/origin.h"
#include "server/http/peer.h"

namespace synap::server::http {
namespace {

unsigned parse(const std::string& text, Head& head, const Limits& limits = {}) {
    return parse_head(text, limits, head);
}

TEST(HttpHead, ReadsWhatTheServerNeeds) {
    const std::string text =
        "POST /kv/set?a=b HTTP/1.1\r\nHost: localhost:15500\r\nOrigin: http://x\r\n"
        "content-type: application/json\r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\n";
    Head head;
    ASSERT_EQ(parse(text, head), 0U);
    EXPECT_EQ(head.method, Method::kPost);
    EXPECT_EQ(head.target, "/kv/set?a=b");
    EXPECT_EQ(head.host, "localhost:15500");
    EXPECT_EQ(head.origin, "http://x");
    EXPECT_EQ(head.content_type, "application/json");
    EXPECT_EQ(head.content_length, 12U);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_TRUE(head.expect_continue);
    EXPECT_FALSE(head.chunked);
}

TEST(HttpHead, KnowsHowLongTheConnectionLives) {
    Head head;
    ASSERT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", head), 0U);
    EXPECT_FALSE(head.keep_alive);
    ASSERT_EQ(parse("GET / HTTP/1.0\r\n\r\n", head), 0U);
    EXPECT_FALSE(head.keep_alive);
    ASSERT_EQ(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", head), 0U);
    EXPECT_TRUE(head.keep_alive);
}

TEST(HttpHead, RefusesWhatIsBroken) {
    Head head;
    EXPECT_EQ(parse("GET / HTTP/1.1\r\n\r\n", head), 400U) << "no Host";
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", head), 400U);
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost : a\r\n\r\n", head), 400U);
    EXPECT_EQ(parse("GET / HTTP/2.0\r\nHost: a\r\n\r\n", head), 505U);
    EXPECT_EQ(parse("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", head), 400U);
    EXPECT_EQ(
        parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", head),
        400U);
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", head), 400U);
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", head), 501U);
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n",
                    head),
              400U);
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nX: folded\r\n value\r\n\r\n", head), 400U);
}

TEST(HttpHead, LimitsTheNumberOfFields) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 100; ++i) {
        text += "X-" + std::to_string(i) + ": y\r\n";
    }
    Head head;
    EXPECT_EQ(parse(text + "\r\n", head), 431U);
}

TEST(HttpHead, LeavesTheJudgementOfALargeBodyToTheCaller) {
    Head head;
    ASSERT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n", head), 0U);
    EXPECT_EQ(head.content_length, 1073741824U);
}

const std::string kChunkedHead =
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HttpChunkedBody, IsTheSameForEverySplit) {
    const std::string body = "5\r\nhello\r\n1;ext=1\r\n,\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n";
    for (size_t cut = 0; cut <= body.size(); ++cut) {
        ChunkedBody chunked(kChunkedHead, Limits{});
        std::string unconsumed;
        for (const std::string& part : {body.substr(0, cut), body.substr(cut) + "NEXT"}) {
            unconsumed += part;
            size_t consumed = 0;
            ASSERT_EQ(chunked.feed(unconsumed, consumed), 0U) << "cut at " << cut;
            unconsumed.erase(0, consumed);
        }
        ASSERT_TRUE(chunked.done()) << "cut at " << cut;
        EXPECT_EQ(chunked.body(), "hello,0123456789");
        EXPECT_EQ(unconsumed, "NEXT");
        EXPECT_EQ(chunked.head().target, "/x");
    }
}

TEST(HttpChunkedBody, IsLimited) {
    Limits limits;
    limits.http_body_bytes = 10;
    ChunkedBody chunked(kChunkedHead, limits);
    size_t consumed = 0;
    EXPECT_EQ(chunked.feed("8\r\n12345678\r\n8\r\n12345678\r\n", consumed), 413U);
    const auto refusal = [&](const std::string& text) {
        ChunkedBody body(kChunkedHead, limits);
        return body.feed(text, consumed);
    };
    EXPECT_EQ(refusal("ffffffffffff\r\n"), 413U);
    EXPECT_EQ(refusal("fffffffffffffffffffffff\r\n"), 413U);
    EXPECT_EQ(refusal("zz\r\n"), 400U);
    EXPECT_EQ(refusal("\r\n"), 400U);
    EXPECT_EQ(refusal("-1\r\n"), 400U);
    EXPECT_EQ(refusal("1x\r\n"), 400U);
    EXPECT_EQ(refusal("1\r\nab"), 400U);
    EXPECT_EQ(refusal(std::string(5'000, '1')), 400U);
    std::string trailers = "0\r\n";
    for (int i = 0; i < 5'000; ++i) {
        trailers += "A: bcdef\r\n";
    }
    EXPECT_EQ(refusal(trailers), 400U);
}

TEST(HttpRecognise, TellsProtocolsByTheFirstLine) {
    const Limits limits;
    const auto kind = [&](const char* text) { return recognise(text, limits); };
    EXPECT_EQ(kind("*1\r\n"), Kind::kOther);
    EXPECT_EQ(kind("PING\r\n"), Kind::kOther);
    EXPECT_EQ(kind("GET key\r\n"), Kind::kOther);
    EXPECT_EQ(kind("get /x HTTP/1.1\r\n"), Kind::kOther);
    EXPECT_EQ(kind("\r\n"), Kind::kOther);
    EXPECT_EQ(kind("GET /x HTTP/1.1\r\n"), Kind::kHttp);
    EXPECT_EQ(kind("PRI * HTTP/2.0\r\n"), Kind::kHttp);
    EXPECT_EQ(kind(""), Kind::kUnknown);
    EXPECT_EQ(kind("GE"), Kind::kUnknown);
    EXPECT_EQ(kind("GET /x HTTP/1.1"), Kind::kUnknown);
    EXPECT_EQ(recognise("GET /" + std::string(20'000, 'x'), limits), Kind::kHttp);
    EXPECT_EQ(recognise("SET a " + std::string(20'000, 'x'), limits), Kind::kOther);
    EXPECT_EQ(recognise(std::string(30, 'X'), limits), Kind::kOther);
}

TEST(HttpHead, TakesAbsoluteTargetsApart) {
    Head head;
    std::string text;
    const auto ask = [&](const std::string& line) {
        text = line + " HTTP/1.1\r\nHost: field:1\r\n\r\n";  // which the head views
        return parse(text, head);
    };
    ASSERT_EQ(ask("GET http://host:15500/kv/get/a?type=bytes"), 0U);
    EXPECT_EQ(head.host, "host:15500");
    EXPECT_EQ(head.target, "/kv/get/a?type=bytes");
    ASSERT_EQ(ask("GET HTTPS://[::1]"), 0U);
    EXPECT_EQ(head.host, "[::1]");
    EXPECT_EQ(head.target, "/");
    ASSERT_EQ(ask("GET /http://other/"), 0U);
    EXPECT_EQ(head.host, "field:1");
    ASSERT_EQ(ask("OPTIONS *"), 0U);
    EXPECT_EQ(ask("GET *"), 400U);
    EXPECT_EQ(ask("GET http:///kv/get/a"), 400U);
    EXPECT_EQ(ask("GET http://user@host/kv/get/a"), 400U);
    EXPECT_EQ(ask("GET ftp://host/kv/get/a"), 400U);
    EXPECT_EQ(ask("GET host:15500"), 400U);
    EXPECT_EQ(ask("CONNECT host:15500"), 405U);
}

// fault case 13
TEST(HttpHost, KnowsTheNamesThatNoStrangerOwns) {
    const std::vector<std::string> allowed = {"Synap.Example.com", ".corp.example"};
    const auto accepts = [&](std::string_view host) {
        return accepts_host(host, "db1.rack.example", allowed);
    };
    for (const char* good : {"",
                             "localhost",
                             "LOCALHOST:15500",
                             "localhost.",
                             "replica1:15510",
                             "synap",
                             "127.0.0.1",
                             "127.0.0.1:15500",
                             "10.0.0.7:1",
                             "[::1]:15500",
                             "[fe80::1%25eth0]:15500",
                             "db1.rack.example",
                             "DB1.Rack.Example.:15500",
                             "synap.prod.svc",
                             "synap.prod.svc:15500",
                             "synap.prod.svc.cluster.local",
                             "host.docker.internal:15500",
                             "nas.local",
                             "nas.LOCAL.",
                             "synap.example.com",
                             "synap.example.com.:80",
                             "a.b.corp.example"}) {
        EXPECT_TRUE(accepts(good)) << good;
    }
    for (const char* foreign : {"evil.example",
                                "evil.example:15500",
                                "EVIL.example.",
                                "127.0.0.1.evil.example",
                                "127.0.0.1.nip.io:15500",
                                "localhost.evil.example",
                                "db1.rack.example.evil.example",
                                "rack.example",
                                "synap.example.com.evil.example",
                                "corp.example",
                                "evilcorp.example",
                                ".local",
                                "x.notlocal",
                                "svc.example",
                                "[::1].evil.example",
                                "[evil.example]",
                                "[1.2.3.4]",
                                "1.2.3",
                                "1.2.3.4.5",
                                "256.1.1.1",
                                "0x7f.1",
                                "a..b"}) {
        EXPECT_FALSE(accepts(foreign)) << foreign;
    }
    EXPECT_FALSE(accepts_host("evil.example", "", {}));
    EXPECT_TRUE(accepts_host("evil.example", "", std::vector<std::string>{"*"}));
}

TEST(HttpOrigin, LetsOnlyOwnAndListedPagesIn) {
    Settings settings;
    const auto judge = [&](const char* origin, const char* host) {
        return judge_origin(origin, host, settings);
    };
    EXPECT_EQ(judge("", "localhost:15500"), Origin::kNone);
    EXPECT_EQ(judge("http://localhost:15500", "localhost:15500"), Origin::kNone);
    EXPECT_EQ(judge("http://127.0.0.1:15500", "127.0.0.1:15500"), Origin::kNone);
    EXPECT_EQ(judge("http://[::1]:15500", "[::1]:15500"), Origin::kNone);
    EXPECT_EQ(judge("http://localhost:3000", "localhost:15500"), Origin::kForeign);
    EXPECT_EQ(judge("http://evil.example", "localhost:15500"), Origin::kForeign);
    EXPECT_EQ(judge("null", "localhost:15500"), Origin::kForeign);
    EXPECT_EQ(judge("http://evil.example:15500", "evil.example:15500"), Origin::kForeign)
        << "a name that was made to resolve to this machine";
    settings.cors_origins = {"https://console.example"};
    EXPECT_EQ(judge("https://console.example", "localhost:15500"), Origin::kListed);
    EXPECT_EQ(judge("https://console.example.evil", "localhost:15500"), Origin::kForeign);
    settings.cors_origins = {"*"};
    EXPECT_EQ(judge("http://evil.example", "localhost:15500"), Origin::kListed);
}

}  // namespace
}  // namespace synap::server::http
