// Whole HTTP requests, from bytes to bytes, against a store in memory.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/engine_fixture.h"

namespace synap::server::http {
namespace {

std::string request(const std::string& line, const std::string& fields = "",
                    const std::string& body = "") {
    std::string text = line + " HTTP/1.1\r\nHost: localhost:15500\r\n" + fields;
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
}

std::string json(const std::string& line, const std::string& body) {
    return request(line, "Content-Type: application/json\r\n", body);
}

// "200 body" of a response; the head stays in `head`.
std::string brief(const std::string& response, std::string* head = nullptr) {
    const size_t end = response.find("\r\n\r\n");
    if (response.size() < 12 || end == std::string::npos) return "no response: " + response;
    if (head != nullptr) *head = response.substr(0, end + 2);
    return response.substr(9, 3) + " " + response.substr(end + 4);
}

class HttpService : public testing::Test {
protected:
    std::string get(const std::string& path) { return ask(request("GET " + path)); }
    std::string post(const std::string& path, const std::string& body) {
        return ask(json("POST " + path, body));
    }
    std::string ask(const std::string& bytes) {
        HttpClient client(engine_);
        const std::string answer = brief(client.send(bytes), &head_);
        fed_ = client.last;
        return answer;
    }

    EngineFixture engine_;
    std::string head_;
    Fed fed_;
};

TEST_F(HttpService, SetsAndGets) {
    EXPECT_EQ(post("/kv/set", R"({"key":"a/b","value":"x"})"),
              R"(200 {"success":true,"key":"a/b","written":true})");
    EXPECT_EQ(get("/kv/get/a%2Fb"), R"(200 "x")");
    EXPECT_NE(head_.find("Content-Type: application/json\r\n"), std::string::npos);
    EXPECT_NE(head_.find("Date: "), std::string::npos);
    EXPECT_EQ(get("/kv/get/a%2Fb?type=bytes"), "200 [120]");
    EXPECT_EQ(get("/kv/get/none"), R"(200 {"error":"Key not found"})");
    EXPECT_EQ(ask(request("DELETE /kv/del/a%2fb")), R"(200 {"deleted":true,"key":"a/b"})");
}

TEST_F(HttpService, SetHonoursItsOptions) {
    const auto set = [&](const std::string& more) {
        return post("/kv/set", R"({"key":"k","value":"2")" + more + "}");
    };
    EXPECT_EQ(set(R"(,"xx":true)"), R"(200 {"success":true,"key":"k","written":false})");
    EXPECT_EQ(set(R"(,"nx":true)"), R"(200 {"success":true,"key":"k","written":true})");
    EXPECT_EQ(set(R"(,"nx":true,"get":true)"),
              R"(200 {"success":true,"key":"k","written":false,"old_value":2})");
    EXPECT_EQ(set(R"(,"get":true)"),
              R"(200 {"success":true,"key":"k","written":true,"old_value":2})");
    EXPECT_EQ(set(R"(,"expiry":{"type":"milliseconds","value":60000},"ttl":1)").substr(0, 4),
              "200 ");
    EXPECT_EQ(set(R"(,"keepttl":true)").substr(0, 4), "200 ");
    EXPECT_EQ(set(R"(,"expiry":{"type":"weeks","value":1})").substr(0, 4), "422 ");
    EXPECT_EQ(set(R"(,"expiry":{"type":"unix_milliseconds","value":1})").substr(0, 4), "200 ");
    EXPECT_EQ(get("/kv/get/k"), R"(200 {"error":"Key not found"})");
}

// fault case 7
TEST_F(HttpService, AFieldOfAWrongTypeIsNotAbsent) {
    const auto set = [&](const std::string& more) {
        return post("/kv/set", R"({"key":"k","value":"2",)" + more + "}");
    };
    const auto expires = [&] {
        return post("/api/v1/command",
                    R"({"command":"kv.ttl","request_id":"","payload":{"key":"k"}})")
                   .find("\"ttl\":null") == std::string::npos;
    };
    for (const char* right : {R"("ttl":60)", R"("ttl":60.0)", R"("ttl":"60")",
                              R"("expiry":{"type":"seconds","value":60.0})"}) {
        EXPECT_EQ(set(right).substr(0, 4), "200 ") << right;
        EXPECT_TRUE(expires()) << right;
    }
    EXPECT_EQ(set(R"("ttl":null)").substr(0, 4), "200 ");
    EXPECT_FALSE(expires());
    EXPECT_EQ(set(R"("ttl":-1)"),
              "422 'ttl' must be a whole number from 0 to 9000000000000000, not -1\n");
    EXPECT_EQ(set(R"("nx":"true")"), "422 'nx' must be true or false, not \"true\"\n");
    for (const char* wrong :
         {R"("ttl":60.5)", R"("ttl":"")", R"("ttl":"1m")", R"("ttl":true)", R"("ttl":[60])",
          R"("ttl":9223372036854775808)", R"("ttl":18446744073709551616)", R"("ttl":1e400)",
          R"("nx":1)", R"("get":"yes")", R"("expiry":60)", R"("expiry":{"type":"seconds"})",
          R"("expiry":{"type":"seconds","value":-1})", R"("ttl":1,"ttl":2)", R"("TTL":60)",
          R"("tll":60)", R"("nx":true,"xx":true)", R"("ttl":1,"keepttl":true)"}) {
        EXPECT_EQ(set(wrong).substr(0, 4), "422 ") << wrong;
        EXPECT_FALSE(expires()) << wrong;
    }
    EXPECT_EQ(
        set(R"("ttl":18446744073709551616)"),
        "422 'ttl': the number 18446744073709551616 does not fit into 64 bits; a value may be "
        "written as a string\n");
    EXPECT_EQ(set(R"("ttl":NaN)").substr(0, 4), "400 ");
    EXPECT_EQ(set(R"("tll":60)"), "422 Unknown field 'tll'; did you mean ttl?\n");
    EXPECT_EQ(get("/kv/get/k?tpye=bytes").substr(0, 4), "400 ");
    EXPECT_EQ(get("/kv/get/k?type=byte").substr(0, 4), "400 ");
    EXPECT_EQ(get("/kv/k/getrange?start=0&end=1.5").substr(0, 4), "400 ");
    EXPECT_EQ(post("/kv/k/append", R"({"vlaue":1})").substr(0, 4), "422 ");
    EXPECT_EQ(post("/key/k/copy", R"({"destination":"l","replace":"no"})").substr(0, 4), "422 ");
    EXPECT_EQ(post("/kv/set", std::string(3'000, '[') + std::string(3'000, ']')).substr(0, 4),
              "400 ");
    EXPECT_EQ(get("/kv/get/k"), R"(200 "2")");
}

TEST_F(HttpService, ServesTheOtherKvRoutes) {
    EXPECT_EQ(post("/kv/a/append", R"({"value":"abc"})"), R"(200 {"length":3})");
    EXPECT_EQ(get("/kv/a/strlen"), R"(200 {"length":3})");
    EXPECT_EQ(get("/kv/a/getrange?start=0&end=1"), R"(200 "ab")");
    EXPECT_EQ(get("/kv/none/getrange?start=0&end=1"),
              R"(200 {"error":"Key not found or range empty"})");
    EXPECT_EQ(get("/kv/a/getrange?start=0"),
              R"(400 {"error":"Invalid request: end parameter required","code":400})");
    EXPECT_EQ(post("/kv/a/setrange", R"({"offset":1,"value":"X"})"), R"(200 {"length":3})");
    EXPECT_EQ(post("/kv/a/getset", R"({"value":"new"})"), R"(200 "aXc")");
    EXPECT_EQ(post("/kv/fresh/getset", R"({"value":"new"})"), "200 null");
    EXPECT_EQ(post("/kv/msetnx", R"({"pairs":[["x","1"],{"key":"y","value":2}]})"),
              R"(200 {"success":true})");
    EXPECT_EQ(get("/kv/stats").substr(0, 20), R"(200 {"total_keys":4,)");
}

TEST_F(HttpService, ServesKeyRoutes) {
    post("/kv/set", R"({"key":"a","value":"x"})");
    EXPECT_EQ(get("/key/a/type"), R"(200 {"key":"a","type":"string"})");
    EXPECT_EQ(get("/key/a/exists"), R"(200 {"key":"a","exists":true})");
    EXPECT_EQ(get("/key/randomkey"), R"(200 {"key":"a"})");
    EXPECT_EQ(post("/key/none/rename", R"({"destination":"b"})"),
              R"(404 {"error":"Key not found: none","code":404})");
    EXPECT_EQ(post("/key/a/copy", R"({"destination":"b"})"),
              R"(200 {"success":true,"source":"a","destination":"b"})");
    EXPECT_EQ(post("/key/a/copy", R"({"destination":"b"})"),
              R"(200 {"success":false,"source":"a","destination":"b"})");
    EXPECT_EQ(post("/key/a/renamenx", R"({"destination":"b"})"),
              R"(400 {"error":"Invalid request: Destination key already exists","code":400})");
    EXPECT_EQ(get("/memory/none/usage"), R"(200 {"key":"none","bytes":0,"human":"0B"})");
}

TEST_F(HttpService, TellsHowTheServerIs) {
    EXPECT_EQ(get("/health").substr(0, 40), R"(200 {"status":"healthy","service":"synap)");
    EXPECT_EQ(get("/health/kv").substr(0, 48),
              R"(200 {"status":"healthy","component":"kv","keys":)");
    EXPECT_EQ(get("/livez"), R"(200 {"status":"alive"})");
    EXPECT_EQ(get("/readyz").substr(0, 22), R"(200 {"status":"ready",)");
    engine_.shared.draining = true;
    EXPECT_EQ(get("/readyz").substr(0, 25), R"(503 {"status":"draining",)");
    const std::string metrics = get("/metrics");
    EXPECT_NE(head_.find("text/plain; version=0.0.4"), std::string::npos);
    EXPECT_NE(metrics.find("\nsynap_memory_used_bytes "), std::string::npos);
    EXPECT_NE(metrics.find("\nsynap_command_duration_seconds_bucket{class="), std::string::npos);
    get("/kv/get/a");
    EXPECT_NE(get("/metrics").find("\nsynap_commands_total{command=\"GET\"} 1\n"),
              std::string::npos);
}

TEST_F(HttpService, ProbesNameTheReason) {
    EXPECT_EQ(get("/health").find("reason"), std::string::npos);
    engine_.shared.draining = true;
    EXPECT_NE(get("/readyz").find(R"("reason":"the server is about to stop"})"), std::string::npos);
    EXPECT_EQ(get("/health").substr(0, 4), "200 ") << "a restart would not help";
    HttpClient client(engine_);
    const auto ask = [&](const char* path) {
        return brief(client.send(request("GET " + std::string(path))));
    };
    engine_.shared.store.close();
    const std::string health = ask("/health");
    EXPECT_TRUE(health.starts_with(R"(503 {"status":"unhealthy","service":"synap",)")) << health;
    EXPECT_NE(health.find(R"("state":"closed","reason":"the store is closed"})"), std::string::npos)
        << health;
    EXPECT_NE(ask("/health/kv").find(R"("reason":"the store is closed"})"), std::string::npos);
    EXPECT_EQ(ask("/livez").substr(0, 4), "200 ");
}

TEST_F(HttpService, FollowsTheRulesOfRouting) {
    EXPECT_EQ(get("/unknown"), "404 ");
    EXPECT_EQ(get("/kv/get/a/"), "404 ");
    EXPECT_EQ(get("/kv/get/"), "404 ");
    EXPECT_EQ(get("/"), "405 ");  // commands are posted there
    EXPECT_EQ(ask(request("GET *")), "400 ");
    EXPECT_EQ(ask(request("OPTIONS *")), "204 ");
    EXPECT_NE(head_.find("Allow: GET, HEAD, POST, DELETE, OPTIONS\r\n"), std::string::npos);
    EXPECT_EQ(ask(request("CONNECT a:80")), "405 ");
    EXPECT_NE(head_.find("Allow: GET, "), std::string::npos);
    EXPECT_EQ(ask(request("PROPFIND /kv/get/a")), "405 ");
    EXPECT_NE(head_.find("Allow: GET, HEAD\r\n"), std::string::npos);
    EXPECT_EQ(ask(request("DELETE /kv/get/a")), "405 ");
    EXPECT_NE(head_.find("Allow: GET, HEAD\r\n"), std::string::npos);
    EXPECT_EQ(get("/kv/set"), "405 ");
    EXPECT_NE(head_.find("Allow: POST\r\n"), std::string::npos);
    EXPECT_EQ(get("/kv/get/%zz").substr(0, 4), "400 ");
}

TEST_F(HttpService, AnswersHeadWithoutABody) {
    EXPECT_EQ(ask(request("HEAD /livez")), "200 ");
    EXPECT_NE(head_.find("Content-Length: 18\r\n"), std::string::npos) << head_;
    EXPECT_EQ(ask(request("HEAD /kv/set")), "405 ");
}

TEST_F(HttpService, RefusesBodiesItCannotRead) {
    EXPECT_EQ(ask(request("POST /kv/set", "", "{}")).substr(0, 4), "415 ");
    EXPECT_EQ(ask(request("POST /kv/set", "Content-Type: text/plain\r\n", "{}")).substr(0, 4),
              "415 ");
    EXPECT_EQ(
        ask(request("POST /kv/set", "Content-Type: application/jsonx\r\n", "{}")).substr(0, 4),
        "415 ");
    EXPECT_EQ(ask(request("POST /kv/set", "Content-Type: Application/JSON; charset=utf-8\r\n",
                          R"({"key":"a","value":1})"))
                  .substr(0, 4),
              "200 ");
    EXPECT_EQ(post("/kv/set", "{\"key\":").substr(0, 4), "400 ");
    EXPECT_EQ(post("/kv/set", "{}").substr(0, 4), "422 ");
    EXPECT_EQ(post("/kv/set", R"({"key":1,"value":1})").substr(0, 4), "422 ");
    EXPECT_EQ(post("/kv/set", std::string(5'000, '[')).substr(0, 4), "400 ");
    EXPECT_NE(head_.find("Content-Type: text/plain"), std::string::npos);
    EXPECT_EQ(
        ask(request("POST /kv/set", "Content-Type: application/x-www-form-urlencoded\r\n", "{}")),
        "415 Expected request with `Content-Type: application/json`, not "
        "`application/x-www-form-urlencoded`; with curl: -H 'Content-Type: "
        "application/json'\n");
    EXPECT_EQ(fed_.verdict, Verdict::kMore) << "the connection goes on";
}

TEST_F(HttpService, CutsWhatIsTooLarge) {
    EXPECT_EQ(ask("POST /kv/set HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n"),
              "413 length limit exceeded\n");
    EXPECT_EQ(fed_.verdict, Verdict::kClose);
    EXPECT_EQ(ask("GET /" + std::string(20'000, 'x')), "431 ");
    EXPECT_EQ(fed_.verdict, Verdict::kClose);
    std::string many = "GET /livez HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 120; ++i) {
        many += "A: b\r\n";
    }
    EXPECT_EQ(ask(many + "\r\n"), "431 ");
    EXPECT_EQ(ask("GET /livez HTTP/1.1\r\n\r\n"), "400 ");
    EXPECT_NE(head_.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(HttpService, KeepsForeignPagesOut) {
    EXPECT_EQ(ask(request("GET /livez", "Origin: http://evil.example\r\n")).substr(0, 4), "403 ");
    EXPECT_EQ(ask(request("OPTIONS /kv/set", "Origin: http://evil.example\r\n")).substr(0, 4),
              "403 ");
    EXPECT_EQ(head_.find("Access-Control"), std::string::npos);
    EXPECT_EQ(ask(request("GET /livez", "Origin: http://localhost:15500\r\n")).substr(0, 4),
              "200 ");
    engine_.settings.cors_origins = {"https://console.example"};
    EXPECT_EQ(ask(request("OPTIONS /kv/set", "Origin: https://console.example\r\n")), "204 ");
    EXPECT_NE(head_.find("Access-Control-Allow-Origin: https://console.example\r\n"),
              std::string::npos);
    EXPECT_EQ(ask(request("GET /livez", "Origin: https://console.example\r\n")).substr(0, 4),
              "200 ");
    EXPECT_NE(head_.find("Vary: Origin\r\n"), std::string::npos);
}

// fault case 13
TEST_F(HttpService, KeepsForeignNamesOut) {
    post("/kv/set", R"({"key":"a","value":"x"})");
    const auto under = [&](const std::string& host, const std::string& fields = "",
                           const std::string& line = "GET /kv/get/a") {
        return ask(line + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n").substr(0, 4);
    };
    EXPECT_EQ(under("evil.example:15500"), "403 ");
    EXPECT_EQ(under("evil.example", "", "DELETE /kv/del/a"), "403 ");
    EXPECT_EQ(under("evil.example", "", "OPTIONS *"), "403 ");
    EXPECT_EQ(under("localhost", "", "GET http://evil.example/kv/get/a"), "403 ");
    EXPECT_EQ(under("evil.example", "", "GET http://localhost:15500/kv/get/a"), "200 ");
    EXPECT_EQ(under("replica1:15510"), "200 ");
    EXPECT_EQ(ask("GET /kv/get/a HTTP/1.0\r\n\r\n"), R"(200 "x")");
    for (const char* probe : {"/health", "/health/kv", "/livez", "/readyz", "/metrics"}) {
        EXPECT_EQ(under("monitor.example", "", "GET " + std::string(probe)), "200 ") << probe;
    }
    EXPECT_EQ(under("localhost", "Sec-Fetch-Site: cross-site\r\n"), "403 ");
    EXPECT_EQ(under("localhost", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"),
              "403 ");
    EXPECT_EQ(under("localhost", "sec-fetch-site: same-origin\r\n"), "200 ");
    EXPECT_EQ(under("localhost", "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n"), "200 ");
    EXPECT_EQ(under("localhost", "Sec-Fetch-Site: cross-site\r\n", "GET /metrics"), "403 ");
    EXPECT_EQ(under("localhost", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
                    "GET /metrics"),
              "200 ");
    engine_.settings.cors_origins = {"https://console.example"};
    EXPECT_EQ(
        under("localhost", "Origin: https://console.example\r\nSec-Fetch-Site: cross-site\r\n"),
        "200 ");
    EXPECT_EQ(ask(request("GET /kv/get/a", "X: y\r\n")), R"(200 "x")");
    engine_.settings.allowed_hosts = {"evil.example"};
    EXPECT_EQ(under("evil.example:15500"), "200 ");
}

TEST_F(HttpService, AnswersPipelinesInOrder) {
    HttpClient client(engine_);
    const std::string set = json("POST /kv/set", R"({"key":"p","value":"1"})");
    const std::string input = set + request("GET /kv/get/p") + request("GET /kv/p/strlen");
    const std::string answers = client.send(input);
    const size_t first = answers.find("\"written\":true}");
    const size_t second = answers.find("\"1\"HTTP/1.1");
    const size_t third = answers.find("{\"length\":1}");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_NE(third, std::string::npos);
}

TEST_F(HttpService, GivesTheSameAnswersForEverySplit) {
    const std::string input =
        json("POST /kv/set", R"({"key":"s","value":"v"})") + "\r\n" + request("GET /kv/get/s") +
        "POST /kv/s/append HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"value\":\r\n4\r\n\"w\"}\r\n0\r\n\r\n" +
        request("GET /kv/get/s", "Connection: close\r\n");
    const std::string whole = HttpClient(engine_).send(input);
    ASSERT_NE(whole.find("\"vw\""), std::string::npos) << whole;
    for (size_t i = 0; i < input.size(); ++i) {
        HttpClient client(engine_);
        std::string answers = client.send(input.substr(0, i));
        answers += client.send(input.substr(i));
        // The clock may have moved on to the next second.
        ASSERT_EQ(answers.size(), whole.size()) << "cut at " << i;
        ASSERT_EQ(client.last.verdict, Verdict::kClose);
    }
}

TEST_F(HttpService, InvitesABodyThatWaits) {
    HttpClient client(engine_);
    const std::string body = R"({"key":"e","value":"x"})";
    const std::string whole =
        request("POST /kv/set", "Content-Type: application/json\r\nExpect: 100-continue\r\n", body);
    const size_t head = whole.size() - body.size();
    EXPECT_EQ(client.send(whole.substr(0, head)), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(client.send(body.substr(0, 5)), "");
    EXPECT_EQ(brief(client.send(body.substr(5))).substr(0, 4), "200 ");
}

TEST_F(HttpService, KeepsHttp10ConnectionsOnlyWhenAsked) {
    EXPECT_EQ(ask("GET /livez HTTP/1.0\r\n\r\n").substr(0, 4), "200 ");
    EXPECT_EQ(fed_.verdict, Verdict::kClose);
    EXPECT_EQ(ask("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").substr(0, 4), "200 ");
    EXPECT_EQ(fed_.verdict, Verdict::kMore);
    EXPECT_NE(head_.find("Connection: keep-alive\r\n"), std::string::npos);
}

TEST_F(HttpService, CountsAnIncompleteRequestAsPending) {
    HttpClient client(engine_);
    client.send("GET /livez HTTP/1.1\r\nHo");
    EXPECT_EQ(client.last.pending, 23U);
    EXPECT_FALSE(client.last.progressed);
    client.send("st: a\r\n\r\n");
    EXPECT_EQ(client.last.pending, 0U);
    EXPECT_TRUE(client.last.progressed);
    client.send("POST /kv/set HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
    EXPECT_GT(client.last.pending, 60U);
}

}  // namespace
}  // namespace synap::server::http
