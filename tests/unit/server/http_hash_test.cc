// Hashes over HTTP: names and routes that are data in the command table, from bytes to bytes.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/engine_fixture.h"

namespace synap::server::http {
namespace {

class HttpHash : public testing::Test {
protected:
    // "200 body".
    std::string ask(const std::string& line, const std::string& body = "") {
        std::string text = line + " HTTP/1.1\r\nHost: localhost:15500\r\n";
        if (!body.empty()) {
            text +=
                "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n";
        }
        const std::string answer = client_.send(text + "\r\n" + body);
        const size_t end = answer.find("\r\n\r\n");
        if (answer.size() < 12 || end == std::string::npos) return "no response: " + answer;
        return answer.substr(9, 3) + " " + answer.substr(end + 4);
    }
    // The payload, or the error.
    std::string run(const std::string& name, const std::string& payload) {
        const std::string answer =
            ask("POST /api/v1/command",
                R"({"command":")" + name + R"(","request_id":"r","payload":)" + payload + "}");
        const std::string good = R"(200 {"success":true,"request_id":"r","payload":)";
        const std::string bad = R"(200 {"success":false,"request_id":"r","payload":null,"error":)";
        if (answer.starts_with(bad))
            return answer.substr(bad.size(), answer.size() - bad.size() - 1);
        if (!answer.starts_with(good)) return answer;
        return answer.substr(good.size(), answer.find(R"(,"error":null})") - good.size());
    }

    EngineFixture engine_;
    HttpClient client_{engine_};
};

TEST_F(HttpHash, Commands) {
    EXPECT_EQ(run("hash.set", R"({"key":"h","field":"a","value":"x"})"),
              R"({"success":true,"created":true,"key":"h","field":"a"})");
    EXPECT_EQ(run("hash.set", R"({"key":"h","field":"a","value":"y"})"),
              R"({"success":true,"created":false,"key":"h","field":"a"})");
    EXPECT_EQ(run("hash.get", R"({"key":"h","field":"a"})"), R"({"found":true,"value":"y"})");
    EXPECT_EQ(run("hash.get", R"({"key":"h","field":"b"})"), R"({"found":false})");
    EXPECT_EQ(run("hash.getall", R"({"key":"h"})"), R"({"fields":{"a":"y"},"count":1})");
    EXPECT_EQ(run("hash.getall", R"({"key":"none"})"), R"({"fields":{},"count":0})");
    EXPECT_EQ(run("hash.keys", R"({"key":"h"})"), R"({"keys":["a"],"fields":["a"],"count":1})");
    for (const char* name : {"hash.vals", "hash.values"}) {
        EXPECT_EQ(run(name, R"({"key":"h"})"), R"({"values":["y"],"count":1})");
    }
    EXPECT_EQ(run("hash.len", R"({"key":"h"})"), R"({"length":1})");
    EXPECT_EQ(run("hash.exists", R"({"key":"h","field":"a"})"), R"({"exists":true})");
    EXPECT_EQ(run("hash.setnx", R"({"key":"h","field":"a","value":"z"})"), R"({"created":false})");
    EXPECT_EQ(run("hash.incrby", R"({"key":"h","field":"n","increment":5})"), R"({"value":5})");
    EXPECT_EQ(run("hash.incrbyfloat", R"({"key":"h","field":"n","increment":0.5})"),
              R"({"value":5.5})");
    EXPECT_EQ(run("hash.incrby", R"({"key":"h","field":"a","increment":1})"),
              R"("Invalid request: hash value is not an integer")");
    EXPECT_EQ(run("hash.mget", R"({"key":"h","fields":["a","none","n"]})"),
              R"({"values":["y",null,5.5]})");
}

// Strings are stored as their bytes and all else as JSON, for every client of the store; what is
// read and is JSON comes back as that, as kv.mget has it.
TEST_F(HttpHash, ValuesThatAreJsonComeBackAsJson) {
    const auto put = [&](const std::string& value) {
        return run("hash.set", R"({"key":"h","field":"f","value":)" + value + "}").substr(0, 15);
    };
    const auto got = [&] { return run("hash.get", R"({"key":"h","field":"f"})"); };
    for (const char* value :
         {R"("plain text")", R"("")", "30", "-1.5", "true", "null", "[]",
          R"({"a":[1,null,"x"],"b":{}})", R"("{broken")", R"("3 0")", R"("tru")", R"("é\n\"")"}) {
        EXPECT_EQ(put(value), R"({"success":true)");
        EXPECT_EQ(got(), R"({"found":true,"value":)" + std::string(value) + "}");
        EXPECT_EQ(ask("GET /hash/h/f"), "200 " + std::string(value));
    }
    put(R"({"a": [1]})");
    RespClient resp(engine_);
    EXPECT_EQ(resp.send("HGET h f\r\n"), "$9\r\n{\"a\":[1]}\r\n");
    EXPECT_EQ(resp.send("HSET h f \xff\r\n"), ":0\r\n");
    EXPECT_EQ(got(), "{\"found\":true,\"value\":\"\xEF\xBF\xBD\"}");
    put(R"("text")");
    EXPECT_EQ(resp.send("HGET h f\r\n"), "$4\r\ntext\r\n");
}

// Whoever wrote it, as a string or not.
TEST_F(HttpHash, NumbersInStringsAreNumbers) {
    EXPECT_EQ(run("hash.set", R"({"key":"h","field":"n","value":"30"})").substr(0, 15),
              R"({"success":true)");
    EXPECT_EQ(run("hash.incrby", R"({"key":"h","field":"n","increment":"1"})"), R"({"value":31})");
    EXPECT_EQ(run("hash.get", R"({"key":"h","field":"n"})"), R"({"found":true,"value":31})");
}

TEST_F(HttpHash, ManyFieldsAreAskedForInParts) {
    std::string fields;
    std::string values;
    for (int i = 0; i < 3000; ++i) {
        const std::string number = std::to_string(i);
        fields += (i == 0 ? "\"f" : ",\"f") + number + "\"";
        values += (i == 0 ? "" : ",") + (i % 2 == 0 ? number : "null");
        if (i % 2 == 0) {
            run("hash.set", R"({"key":"h","field":"f)" + number + R"(","value":)" + number + "}");
        }
    }
    EXPECT_EQ(run("hash.mget", R"({"key":"h","fields":[)" + fields + "]}"),
              R"({"values":[)" + values + "]}");
    EXPECT_EQ(ask("POST /hash/h/mget", R"({"fields":[)" + fields + "]}"), "200 [" + values + "]");
}

TEST_F(HttpHash, StatisticsCountHashesAndTheirFields) {
    const std::string none = R"({"total_hashes":0,"total_fields":0,"operations":)"
                             R"({"hset_count":0,"hget_count":0,"hdel_count":0}})";
    EXPECT_EQ(run("hash.stats", "{}"), none);
    run("hash.mset", R"({"key":"h","fields":{"a":1,"b":2,"c":3}})");
    run("hash.set", R"({"key":"i","field":"a","value":1})");
    run("hash.get", R"({"key":"i","field":"a"})");
    run("hash.del", R"({"key":"h","field":"a"})");
    run("kv.set", R"({"key":"s","value":"no hash"})");
    const std::string some = R"({"total_hashes":2,"total_fields":3,"operations":)"
                             R"({"hset_count":2,"hget_count":1,"hdel_count":1}})";
    EXPECT_EQ(run("hash.stats", "{}"), some);
    EXPECT_EQ(ask("GET /hash/stats"), "200 " + some);
    EXPECT_EQ(ask("GET /hash/stats/len").substr(0, 3), "200") << "a key of that name";
}

TEST_F(HttpHash, ManyFieldsInEitherForm) {
    EXPECT_EQ(run("hash.mset", R"({"key":"h","fields":{"a":"1","b":2}})"), R"({"success":true})");
    EXPECT_EQ(run("hash.mset", R"({"key":"h","fields":[{"field":"c","value":"3"}]})"),
              R"({"success":true})");
    EXPECT_EQ(run("hash.mget", R"({"key":"h","fields":["a","b","c"]})"), R"({"values":[1,2,3]})");
    EXPECT_EQ(run("hash.mset", R"({"key":"h","fields":{}})"),
              R"("Invalid request: 'fields' must not be empty")");
    EXPECT_EQ(run("hash.mset", R"({"key":"h","fields":[{"field":"c"}]})"),
              R"("Invalid request: Missing 'fields[0].value' field")");
    EXPECT_EQ(run("hash.mset", R"({"key":"h","fields":"c"})"),
              R"("Invalid request: 'fields' must be an object, or an array of {field, value}, )"
              R"(not \"c\"")");
    EXPECT_EQ(run("hash.del", R"({"key":"h","fields":["a","none"]})"), R"({"deleted":1})");
    EXPECT_EQ(run("hash.del", R"({"key":"h","field":"b"})"), R"({"deleted":1})");
    EXPECT_EQ(run("hash.del", R"({"key":"h","field":"c","fields":["c"]})"), R"({"deleted":1})");
    EXPECT_EQ(run("hash.del", R"({"key":"h"})"),
              R"("Invalid request: Missing 'fields' array or 'field'")");
    EXPECT_EQ(run("hash.del", R"({"key":"h","fields":[]})"),
              R"("Invalid request: 'fields' must not be empty")");
}

TEST_F(HttpHash, Routes) {
    EXPECT_EQ(ask("POST /hash/a%2Fb/set", R"({"field":"f","value":"x"})"),
              R"(200 {"created":true,"key":"a/b","field":"f"})");
    EXPECT_EQ(ask("POST /hash/a%2Fb/setnx", R"({"field":"f","value":"x"})"),
              R"(200 {"created":false,"key":"a/b","field":"f"})");
    EXPECT_EQ(ask("GET /hash/a%2Fb/f"), R"(200 "x")");
    EXPECT_EQ(ask("GET /hash/a%2Fb/none"), R"(200 {"found":false})");
    EXPECT_EQ(ask("GET /hash/a%2Fb/getall"), R"(200 {"f":"x"})");
    EXPECT_EQ(ask("GET /hash/a%2Fb/keys"), R"(200 ["f"])");
    EXPECT_EQ(ask("GET /hash/a%2Fb/vals"), R"(200 ["x"])");
    EXPECT_EQ(ask("GET /hash/a%2Fb/len"), R"(200 {"length":1})");
    EXPECT_EQ(ask("GET /hash/a%2Fb/f/exists"), R"(200 {"exists":true})");
    EXPECT_EQ(ask("GET /hash/a%2Fb/set").substr(0, 3), "405");
    EXPECT_EQ(ask("POST /hash/h/mset", R"({"fields":{"a":"1"}})"),
              R"(200 {"success":true,"key":"h"})");
    EXPECT_EQ(ask("POST /hash/h/mset", R"([{"field":"b","value":"2"}])"),
              R"(200 {"success":true,"key":"h"})");
    EXPECT_EQ(ask("POST /hash/h/mget", R"({"fields":["a","b","c"]})"), R"(200 [1,2,null])");
    EXPECT_EQ(ask("POST /hash/h/incrby", R"({"field":"a","increment":-3})"), R"(200 {"value":-2})");
    EXPECT_EQ(ask("POST /hash/h/incrbyfloat", R"({"field":"a","increment":"0.5"})"),
              R"(200 {"value":-1.5})");
    EXPECT_EQ(ask("DELETE /hash/h/del", R"({"fields":["a","b"]})"),
              R"(200 {"deleted":2,"key":"h"})");
    EXPECT_EQ(ask("POST /hash/h/mget", R"(["a"])").substr(0, 3), "422");
}

TEST_F(HttpHash, AStringIsNoHash) {
    EXPECT_EQ(run("kv.set", R"({"key":"s","value":"x"})"), R"({"success":true})");
    EXPECT_EQ(run("hash.get", R"({"key":"s","field":"f"})"),
              R"("WRONGTYPE Operation against a key holding the wrong kind of value")");
}

}  // namespace
}  // namespace synap::server::http
