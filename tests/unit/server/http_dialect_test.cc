// The REST dialect: any command as an array or as a path, whole requests from bytes to bytes.
#include <gtest/gtest.h>

#include <string>

#include "server/http/base64.h"
#include "tests/unit/server/engine_fixture.h"

namespace synap::server::http {
namespace {

constexpr const char* kBase64 = "Upstash-Encoding: base64\r\n";

class HttpDialect : public testing::Test {
protected:
    // "200 body".
    std::string ask(const std::string& line, const std::string& body = "",
                    const std::string& fields = "") {
        std::string text = line + " HTTP/1.1\r\nHost: localhost:15500\r\n" + fields;
        if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        const std::string answer = client_.send(text + "\r\n" + body);
        const size_t end = answer.find("\r\n\r\n");
        if (answer.size() < 12 || end == std::string::npos) return "no response: " + answer;
        head_ = answer.substr(0, end);
        return answer.substr(9, 3) + " " + answer.substr(end + 4);
    }
    std::string run(const std::string& array) { return ask("POST /", array); }

    EngineFixture engine_;
    HttpClient client_{engine_};
    std::string head_;
};

TEST_F(HttpDialect, AnArrayIsACommand) {
    EXPECT_EQ(run(R"(["SET","a","x"])"), R"(200 {"result":"OK"})");
    EXPECT_EQ(ask("POST /command", R"(["get","a"])"), R"(200 {"result":"x"})");
    EXPECT_EQ(ask("POST /?_token=secret", R"(["GET","none"])"), R"(200 {"result":null})");
    EXPECT_EQ(ask("POST /", R"(["APPEND","a","y"])", "Authorization: Bearer anything\r\n"),
              R"(200 {"result":2})");
    EXPECT_EQ(run(R"(["MGET","a","none"])"), R"(200 {"result":["xy",null]})");
    EXPECT_EQ(run(R"(["INCRBYFLOAT","f","1.5"])"), R"(200 {"result":"1.5"})");
}

TEST_F(HttpDialect, NumbersAndFlagsAreWords) {
    EXPECT_EQ(run(R"(["MSET","i",-7,"u",18446744073709551615,"d",1.5,"t",true,"f",false])"),
              R"(200 {"result":"OK"})");
    EXPECT_EQ(run(R"(["MGET","i","u","d","t","f"])"),
              R"(200 {"result":["-7","18446744073709551615","1.5","true","false"]})");
    // A number is never a command, although the engine's interface knows them by number.
    EXPECT_EQ(run(R"([1,"a"])").substr(0, 32), R"(400 {"error":"ERR unknown comman)");
    EXPECT_EQ(run(R"(["SET","a",null])"),
              R"(400 {"error":"ERR arguments must be strings, numbers or booleans, not null",)"
              R"("code":400})");
    EXPECT_NE(run(R"(["SET","a",["b"]])").find("not arrays"), std::string::npos);
    EXPECT_NE(run(R"(["SET","a",{"b":1}])").find("not objects"), std::string::npos);
}

TEST_F(HttpDialect, FailuresAreJson) {
    EXPECT_EQ(run(R"(["SET","a"])"),
              R"(400 {"error":"ERR wrong number of arguments for 'set' command","code":400})");
    EXPECT_NE(head_.find("Content-Type: application/json"), std::string::npos);
    for (const char* body : {"[]", "{}", "7", R"("GET")", "[", "", R"(["GET","\ud800"])"}) {
        EXPECT_EQ(run(body).substr(0, 18), R"(400 {"error":"ERR )") << body;
    }
    std::string deep(4000, '[');
    EXPECT_EQ(run(deep + std::string(4000, ']')).substr(0, 18), R"(400 {"error":"ERR )");
    EXPECT_EQ(ask("GET /").substr(0, 3), "405");
    EXPECT_EQ(ask("GET /pipeline").substr(0, 3), "405");
    EXPECT_EQ(run(R"(["DEBUG","SLEEP","0"])").substr(0, 3), "400");
}

TEST_F(HttpDialect, TheConnectionStaysAsItIs) {
    for (const char* body :
         {R"(["MULTI"])", R"(["EXEC"])", R"(["select",1])", R"(["WATCH","a"])", R"(["HELLO",3])",
          R"(["client","setname","n"])", R"(["CLIENT","no-touch","on"])", R"(["RESET"])"}) {
        EXPECT_NE(run(body).find("each request stands alone"), std::string::npos) << body;
    }
    EXPECT_EQ(ask("POST /pipeline", R"([["MULTI"],["SET","a","1"]])").find(R"(200 [{"error":)"),
              0U);
    EXPECT_EQ(run(R"(["GET","a"])"), R"(200 {"result":"1"})");
    EXPECT_EQ(run(R"(["CLIENT","GETNAME"])"), R"(200 {"result":null})");
}

TEST_F(HttpDialect, Base64KeepsEveryByte) {
    std::string all;
    for (int i = 0; i < 256; ++i) {
        all += static_cast<char>(i);
    }
    EXPECT_EQ(ask("POST /command/set/bin", all), R"(200 {"result":"OK"})");
    EXPECT_EQ(ask("GET /command/get/bin", "", kBase64),
              "200 {\"result\":\"" + to_base64(all) + "\"}");
    EXPECT_EQ(ask("POST /", R"(["SET","a","OK"])", kBase64), R"(200 {"result":"OK"})");
    EXPECT_EQ(ask("POST /", R"(["MGET","a","none"])", kBase64), R"(200 {"result":["T0s=",null]})");
    EXPECT_EQ(ask("POST /", R"(["PING"])", kBase64), R"(200 {"result":"UE9ORw=="})");
    EXPECT_EQ(ask("POST /", R"(["STRLEN","bin"])", kBase64), R"(200 {"result":256})");
    EXPECT_EQ(ask("POST /", R"(["INCR","bin"])", kBase64).find(R"(400 {"error":"ERR value)"), 0U);
}

TEST_F(HttpDialect, APathIsACommand) {
    EXPECT_EQ(ask("GET /command/set/a%2Fb/c%20d+e"), R"(200 {"result":"OK"})");
    EXPECT_EQ(ask("GET /command/GET/a%2Fb"), R"(200 {"result":"c d+e"})");
    EXPECT_EQ(ask("POST /command/set/k?EX=100&_token=t", "value / ?"), R"(200 {"result":"OK"})");
    EXPECT_EQ(ask("GET /command/get/k"), R"(200 {"result":"value / ?"})");
    EXPECT_EQ(ask("GET /command/ttl/k"), R"(200 {"result":100})");
    EXPECT_EQ(ask("GET /command/set/k/2?NX"), R"(200 {"result":null})");
    EXPECT_EQ(ask("GET /command/set/empty/"), R"(200 {"result":"OK"})");
    EXPECT_EQ(ask("GET /command/strlen/empty"), R"(200 {"result":0})");
    EXPECT_EQ(ask("GET /command/get/%zz").substr(0, 3), "400");
    EXPECT_EQ(ask("GET /command/").substr(0, 3), "400");
    EXPECT_EQ(ask("GET /command").substr(0, 3), "405");
    EXPECT_EQ(ask("DELETE /command/get/k").substr(0, 3), "405");
}

TEST_F(HttpDialect, APipelineGoesOnBehindAnError) {
    EXPECT_EQ(ask("POST /pipeline", R"([["SET","a","x"],["INCR","a"],["GET","a"]])"),
              R"(200 [{"result":"OK"},{"error":"ERR value is not an integer or out of range"},)"
              R"({"result":"x"}])");
    EXPECT_EQ(ask("POST /pipeline", "[]"), "200 []");
    EXPECT_EQ(ask("POST /pipeline", R"([["SET","b","1"],"x"])").substr(0, 3), "400");
    EXPECT_EQ(run(R"(["EXISTS","b"])"), R"(200 {"result":0})") << "nothing has run";
    std::string many = "[";
    for (int i = 0; i < 16 * 1024; ++i) {
        many += "[\"PING\"],";
    }
    EXPECT_EQ(ask("POST /pipeline", many + "[\"PING\"]]").substr(0, 3), "413");
}

TEST_F(HttpDialect, ATransactionRunsWholeOrNotAtAll) {
    EXPECT_EQ(ask("POST /multi-exec", R"([["SET","n",1],["INCR","n"],["LLEN2"]])"),
              R"(400 {"error":"EXECABORT Transaction discarded because of previous errors: ERR )"
              R"(unknown command 'LLEN2', with args beginning with: ","code":400})");
    EXPECT_EQ(run(R"(["EXISTS","n"])"), R"(200 {"result":0})");
    EXPECT_EQ(ask("POST /multi-exec", R"([["SET","n","x"],["INCR","n"],["GET","n"]])"),
              R"(200 [{"result":"OK"},{"error":"ERR value is not an integer or out of range"},)"
              R"({"result":"x"}])");
    EXPECT_EQ(ask("POST /multi-exec", R"([["SET","n","y"],["EXEC"],["GET","n"]])").substr(0, 3),
              "400");
    EXPECT_EQ(run(R"(["GET","n"])"), R"(200 {"result":"x"})");
    EXPECT_EQ(ask("POST /multi-exec", "[]"), "200 []");
}

TEST_F(HttpDialect, AReplyThatDoesNotFitIsAnError) {
    engine_.settings.limits.output_buffer_bytes = 64 * 1024;
    const std::string value(40'000, 'v');
    EXPECT_EQ(ask("POST /command/set/a", value), R"(200 {"result":"OK"})");
    EXPECT_EQ(run(R"(["MGET","a","a"])").substr(0, 3), "413");
    const std::string both = ask("POST /pipeline", R"([["GET","a"],["GET","a"],["PING"]])");
    EXPECT_NE(both.find(R"("},{"error":"ERR the reply exceeds)"), std::string::npos);
    EXPECT_NE(both.find(R"({"result":"PONG"}])"), std::string::npos);
}

TEST_F(HttpDialect, TheRulesForWebPagesHold) {
    for (const char* route : {"POST /", "POST /pipeline", "POST /multi-exec", "GET /command/get/a",
                              "POST /command/set/a/b"}) {
        EXPECT_EQ(ask(route, "", "Origin: http://evil.example\r\n").substr(0, 3), "403") << route;
        EXPECT_EQ(ask(route, "", "Sec-Fetch-Site: cross-site\r\n").substr(0, 3), "403") << route;
        EXPECT_EQ(ask(route, "", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n")
                      .substr(0, 3),
                  "403")
            << route;
    }
    EXPECT_EQ(
        client_.send("GET /command/get/a HTTP/1.1\r\nHost: evil.example\r\n\r\n").substr(9, 3),
        "403");
}

}  // namespace
}  // namespace synap::server::http
