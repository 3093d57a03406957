// Commands in JSON envelopes, against a store in memory.
#include <gtest/gtest.h>

#include <string>

#include "server/http/command.h"
#include "tests/unit/server/engine_fixture.h"

namespace synap::server::http {
namespace {

class HttpCommand : public testing::Test {
protected:
    HttpCommand() : session_(Session::open(engine_.shared.store)) {}

    std::string envelope(const std::string& text) {
        simdjson::dom::parser parser;
        Json document;
        EXPECT_EQ(parser.parse(text).get(document), simdjson::SUCCESS) << text;
        Engine engine;
        engine.begin(session_.raw());
        std::string out;
        std::string scratch;
        Exchange exchange{engine_.shared, engine, JsonWriter(out)};
        Fields fields;
        if (const FieldError error = fields.read(document, envelope_fields(), Unknown::kIgnore)) {
            return "422 " + *error;
        }
        run_envelope(exchange, fields, scratch);
        return out;
    }

    // The payload of a success, or "! " and the error.
    std::string run(const std::string& command, const std::string& payload = "{}") {
        const std::string out = envelope(R"({"command":")" + command +
                                         R"(","request_id":"r","payload":)" + payload + "}");
        const std::string success = R"({"success":true,"request_id":"r","payload":)";
        const std::string failure = R"({"success":false,"request_id":"r","payload":null,"error":")";
        if (out.starts_with(success)) {
            return out.substr(success.size(), out.size() - success.size() - 14);
        }
        EXPECT_TRUE(out.starts_with(failure)) << out;
        return "! " + out.substr(failure.size(), out.size() - failure.size() - 2);
    }

    EngineFixture engine_;
    Session session_;
};

TEST_F(HttpCommand, HasTheFourMembersOfTheContract) {
    EXPECT_EQ(envelope(R"({"command":"kv.set","request_id":"é",)"
                       R"("payload":{"key":"a","value":"x"}})"),
              R"({"success":true,"request_id":"é","payload":{"success":true},"error":null})");
    EXPECT_EQ(envelope(R"({"command":"foo","request_id":"2","payload":null})"),
              R"({"success":false,"request_id":"2","payload":null,)"
              R"("error":"Unknown command: foo"})");
}

TEST_F(HttpCommand, RefusesWhatIsNoEnvelope) {
    EXPECT_EQ(envelope(R"({"request_id":"1","payload":{}})").substr(0, 4), "422 ");
    EXPECT_EQ(envelope(R"({"command":"kv.get","payload":{}})").substr(0, 4), "422 ");
    EXPECT_EQ(envelope(R"({"command":"kv.get","request_id":"1"})").substr(0, 4), "422 ");
    EXPECT_EQ(envelope(R"({"command":1,"request_id":"1","payload":{}})").substr(0, 4), "422 ");
    EXPECT_EQ(envelope("[]").substr(0, 4), "422 ");
}

TEST_F(HttpCommand, StoresStringsRawAndAllElseAsJson) {
    run("kv.set", R"({"key":"s","value":"he\u006clo"})");
    EXPECT_EQ(run("kv.get", R"({"key":"s"})"), R"("hello")");
    run("kv.set", R"({"key":"o","value":{"a": [1, null, "x"], "b": 1.5}})");
    EXPECT_EQ(run("kv.get", R"({"key":"o"})"), R"("{\"a\":[1,null,\"x\"],\"b\":1.5}")");
    run("kv.set", R"({"key":"n","value":null})");
    EXPECT_EQ(run("kv.get", R"({"key":"n"})"), R"("null")");
    EXPECT_EQ(run("kv.get", R"({"key":"none"})"), "null");
    EXPECT_EQ(run("kv.get", R"({"key":"s","type":"bytes"})"), "[104,101,108,108,111]");
}

TEST_F(HttpCommand, NamesMissingFields) {
    EXPECT_EQ(run("kv.set", R"({"value":"x"})"), "! Invalid request: Missing 'key' field");
    EXPECT_EQ(run("kv.set", R"({"key":"x"})"), "! Invalid request: Missing 'value' field");
    EXPECT_EQ(run("kv.get", "null"), "! Invalid request: Missing 'key' field");
    EXPECT_EQ(run("kv.get", R"({"key":5})"), "! Invalid request: 'key' must be a string, not 5");
    EXPECT_EQ(run("kv.expire", R"({"key":"a"})"), "! Invalid request: Missing 'ttl' field");
    EXPECT_EQ(run("kv.mset", "{}"), "! Invalid request: Missing 'pairs' field");
    EXPECT_EQ(run("kv.mset", R"({"pairs":1})"),
              "! Invalid request: 'pairs' must be an array of pairs, not 1");
    EXPECT_EQ(run("kv.mset", R"({"pairs":[{"value":1}]})"),
              "! Invalid request: Each pair must have 'key'");
    EXPECT_EQ(run("kv.mset", R"({"pairs":[{"key":"k"}]})"),
              "! Invalid request: Each pair must have 'value'");
    EXPECT_EQ(run("kv.msetnx", "{}"), "! Invalid request: Missing 'pairs' array");
}

TEST_F(HttpCommand, Counts) {
    EXPECT_EQ(run("kv.incr", R"({"key":"n"})"), R"({"value":1})");
    EXPECT_EQ(run("kv.incr", R"({"key":"n","amount":10})"), R"({"value":11})");
    EXPECT_EQ(run("kv.incrby", R"({"key":"n","delta":5})"), R"({"value":16})");
    EXPECT_EQ(run("kv.decr", R"({"key":"n","amount":null})"), R"({"value":15})");
    EXPECT_EQ(run("kv.decrby", R"({"key":"n","amount":15})"), R"({"value":0})");
    run("kv.set", R"({"key":"s","value":"abc"})");
    EXPECT_EQ(run("kv.incr", R"({"key":"s"})"), "! Invalid value: Value is not a valid integer");
    run("kv.set", R"({"key":"m","value":9223372036854775807})");
    EXPECT_EQ(run("kv.incr", R"({"key":"m"})"), "! Invalid value: Integer overflow on INCR");
}

// fault case 7
TEST_F(HttpCommand, AFieldOfAWrongTypeIsNotAbsent) {
    run("kv.set", R"({"key":"n","value":"5"})");
    EXPECT_EQ(run("kv.incr", R"({"key":"n","amount":"5"})"), R"({"value":10})");
    EXPECT_EQ(run("kv.incr", R"({"key":"n","amount":5.0})"), R"({"value":15})");
    for (const char* wrong : {"5.5", R"("5.0")", "true", "[]", "9223372036854775808", "1e19"}) {
        for (const char* name : {"amount", "delta"}) {
            const std::string reply =
                run("kv.incr", R"({"key":"n",")" + std::string(name) + "\":" + wrong + "}");
            EXPECT_TRUE(reply.starts_with("! Invalid request: '" + std::string(name) +
                                          "' must be a whole number"))
                << reply;
        }
    }
    EXPECT_EQ(run("kv.get", R"({"key":"n"})"), R"("15")") << "nothing was added";
    EXPECT_EQ(run("kv.incr", R"({"key":"n","amount":1,"delta":2})"),
              "! Invalid request: 'amount' and 'delta' exclude each other");
    EXPECT_EQ(run("kv.incr", R"({"key":"n","ammount":1})"),
              "! Invalid request: Unknown field 'ammount'; did you mean amount?");
    EXPECT_EQ(run("kv.incr", "[]"),
              "! Invalid request: the fields must be in an object, not in an array");
    EXPECT_EQ(run("kv.decr", R"({"key":"n","amount":-9223372036854775808})").substr(0, 33),
              "! Invalid value: Integer overflow");
    for (const char* wrong : {R"("ttl":-1)", R"("ttl":0.5)", R"("nx":"true")", R"("xx":1)",
                              R"("expiry":5)", R"("tll":5)"}) {
        const std::string reply =
            run("kv.set", R"({"key":"n","value":"lost",)" + std::string(wrong) + "}");
        EXPECT_TRUE(reply.starts_with("! Invalid request: ")) << reply;
    }
    EXPECT_EQ(run("kv.get", R"({"key":"n"})"), R"("15")") << "nothing was set";
    EXPECT_TRUE(run("kv.get", R"({"key":"n","type":"byte"})").starts_with("! "));
    EXPECT_TRUE(run("kv.scan", R"({"limit":-1})").starts_with("! "));
    EXPECT_TRUE(run("kv.setrange", R"({"key":"n","offset":-1,"value":"x"})").starts_with("! "));
    EXPECT_TRUE(run("key.copy", R"({"source":"n","destination":"m","replace":1})")
                    .starts_with("! Invalid request: 'replace' must be true or false"));
}

TEST_F(HttpCommand, SetTakesTheOptionsOfTheRoute) {
    EXPECT_EQ(run("kv.set", R"({"key":"k","value":"1","nx":true})"),
              R"({"success":true,"written":true})");
    EXPECT_EQ(run("kv.set", R"({"key":"k","value":"2","nx":true})"),
              R"({"success":true,"written":false})");
    EXPECT_EQ(run("kv.set", R"({"key":"k","value":"2","get":true})"),
              R"({"success":true,"written":true,"old_value":1})");
    EXPECT_EQ(run("kv.set", R"({"key":"k","value":"2","client_id":"c"})"), R"({"success":true})");
    EXPECT_EQ(run("kv.set", R"({"key":"k","value":"2","nx":true,"xx":true})"),
              "! Invalid request: 'nx' and 'xx' exclude each other");
    EXPECT_EQ(run("kv.set", R"({"key":"k","value":"2","ttl":5,"keepttl":true})"),
              "! Invalid request: 'keepttl' and 'ttl' exclude each other");
    EXPECT_EQ(run("kv.set", R"({"key":"k","value":"3","nx":false,"xx":true,"keepttl":false,)"
                            R"("ttl":50,"get":false})"),
              R"({"success":true,"written":true})");
    EXPECT_EQ(run("kv.ttl", R"({"key":"k"})").substr(0, 7), R"({"ttl":)");
    EXPECT_EQ(run("kv.set", R"({"key":"k","value":"2","expiry":{"type":"seconds","value":5},)"
                            R"("keepttl":true})"),
              "! Invalid request: 'keepttl' and 'expiry' exclude each other");
    EXPECT_EQ(run("kv.get", R"({"key":"k"})"), R"("3")");
}

// Each kind of expiry, and 0 and the past, which expire at once.
TEST_F(HttpCommand, SetTakesExpiriesOfAnyKind) {
    const auto left = [&](const std::string& type, const std::string& value) {
        const std::string reply =
            run("kv.set", R"({"key":"k","value":"x","ttl":7,"expiry":{"type":")" + type +
                              R"(","value":)" + value + "}}");
        if (reply != R"({"success":true})") return reply;
        return run("kv.ttl", R"({"key":"k"})");
    };
    const std::string day = R"({"ttl":86399})";
    const std::string full = R"({"ttl":86400})";
    for (const auto& [type, value] :
         {std::pair("seconds", "86400"), {"milliseconds", "86400000"}}) {
        const std::string ttl = left(type, value);
        EXPECT_TRUE(ttl == day || ttl == full) << ttl;
    }
    EXPECT_GT(left("unix_seconds", "99999999999").size(), std::string(R"({"ttl":9})").size() + 8);
    EXPECT_GT(left("unix_milliseconds", "99999999999000").size(), day.size());
    for (const char* type : {"seconds", "milliseconds", "unix_seconds", "unix_milliseconds"}) {
        EXPECT_EQ(left(type, "0"), "! Key not found: k") << type;
    }
    EXPECT_EQ(left("unix_seconds", "1"), "! Key not found: k");
    EXPECT_EQ(left("seconds", "9000000000000000000"),
              "! Invalid request: invalid expire time in 'set' command");
    EXPECT_EQ(left("weeks", "1").substr(0, 38), "! Invalid request: 'expiry.type' must ");
}

TEST_F(HttpCommand, CasReplacesWhatItExpects) {
    EXPECT_EQ(run("kv.cas", R"({"key":"k","value":"1","absent":true})"), R"({"success":true})");
    EXPECT_EQ(run("kv.cas", R"({"key":"k","value":"2","absent":true})"), R"({"success":false})");
    EXPECT_EQ(run("kv.cas", R"({"key":"k","value":{"a":1},"expected":1,"ttl":100})"),
              R"({"success":true})");
    EXPECT_EQ(run("kv.cas", R"({"key":"k","value":"3","expected":{"a": 1},"keepttl":true})"),
              R"({"success":true})");
    EXPECT_NE(run("kv.ttl", R"({"key":"k"})"), R"({"ttl":null})");
    EXPECT_EQ(run("kv.cas", R"({"key":"k","value":"4","expected":"3","absent":true})"),
              "! Invalid request: 'expected' and 'absent' exclude each other");
    EXPECT_EQ(run("kv.get", R"({"key":"k"})"), R"("3")");
}

TEST_F(HttpCommand, HandlesManyKeys) {
    EXPECT_EQ(run("kv.mset", R"({"pairs":[{"key":"a","value":"x"},{"key":"b","value":{"c":1}}]})"),
              R"({"success":true})");
    EXPECT_EQ(run("kv.mget", R"({"keys":["a","none","b"]})"), R"({"values":["x",null,{"c":1}]})");
    EXPECT_EQ(run("kv.mget", R"({"keys":[]})"), R"({"values":[]})");
    EXPECT_EQ(run("kv.mget", R"({"keys":[1]})").substr(0, 36),
              "! Invalid request: Invalid keys arra");
    EXPECT_EQ(run("kv.msetnx", R"({"pairs":[{"key":"a","value":1},{"key":"z","value":1}]})"),
              R"({"success":false})");
    EXPECT_EQ(run("kv.msetnx", R"({"key":"y","value":1})"), R"({"success":true})");
    EXPECT_EQ(run("kv.msetnx", R"({"pairs":[["x",1]],"key":"y","value":1})"),
              "! Invalid request: 'pairs' and 'key' exclude each other");
    EXPECT_EQ(run("kv.msetnx", R"({"key":"x"})"), "! Invalid request: Missing 'pairs' array");
    for (const char* name : {"kv.mset", "kv.msetnx"}) {
        EXPECT_EQ(run(name, R"({"pairs":[]})"), R"({"success":true})");
    }
    EXPECT_EQ(run("kv.mdel", R"({"keys":["a","b","none"]})"), R"({"deleted":2})");
    EXPECT_EQ(run("kv.mdel", R"({"keys":[]})"), R"({"deleted":0})");
    EXPECT_EQ(run("kv.exists", R"({"key":"a"})"), R"({"exists":false})");
    EXPECT_EQ(run("kv.del", R"({"key":"y"})"), R"({"deleted":true})");
    EXPECT_EQ(run("kv.del", R"({"key":"y"})"), R"({"deleted":false})");
}

TEST_F(HttpCommand, KnowsTimeToLive) {
    run("kv.set", R"({"key":"a","value":"x"})");
    EXPECT_EQ(run("kv.ttl", R"({"key":"a"})"), R"({"ttl":null})");
    EXPECT_EQ(run("kv.ttl", R"({"key":"none"})"), "! Key not found: none");
    EXPECT_EQ(run("kv.expire", R"({"key":"a","ttl":100})"), R"({"result":true})");
    EXPECT_EQ(run("kv.expire", R"({"key":"none","ttl":100})"), R"({"result":false})");
    const std::string left = run("kv.ttl", R"({"key":"a"})");
    EXPECT_TRUE(left == R"({"ttl":100})" || left == R"({"ttl":99})") << left;
    EXPECT_EQ(run("kv.persist", R"({"key":"a"})"), R"({"result":true})");
    EXPECT_EQ(run("kv.persist", R"({"key":"a"})"), R"({"result":true})");
    EXPECT_EQ(run("kv.persist", R"({"key":"none"})"), R"({"result":false})");
    run("kv.set", R"({"key":"a","value":"x","ttl":0})");
    EXPECT_EQ(run("kv.get", R"({"key":"a"})"), "null");
    // More than a deadline can be: refused, not for ever.
    for (const char* much :
         {"9000000000000001", "9223372036854775807", "9223372036854775808", "1e30"}) {
        const std::string reply =
            run("kv.set", R"({"key":"a","value":"x","ttl":)" + std::string(much) + "}");
        EXPECT_NE(reply.find("'ttl' must be a whole number from 0 to 9000000000000000, not "),
                  std::string::npos)
            << reply;
    }
    EXPECT_EQ(run("kv.set", R"({"key":"a","value":"x","ttl":9000000000000000})"),
              R"({"success":true})");
    run("kv.set", R"({"key":"a","value":"x","ttl":null})");
    EXPECT_EQ(run("kv.ttl", R"({"key":"a"})"), R"({"ttl":null})");
}

TEST_F(HttpCommand, FindsKeys) {
    run("kv.mset", R"({"pairs":[["u:1",1],["u:2",1],["v*1",1]]})");
    EXPECT_EQ(run("kv.keys", R"({"pattern":"v\\*?"})"), R"({"keys":["v*1"],"count":1})");
    EXPECT_EQ(run("kv.keys", R"({"prefix":"v*"})"), R"({"keys":["v*1"],"count":1})");
    EXPECT_EQ(run("kv.scan", R"({"prefix":"u:","limit":1})").back(), '}');
    EXPECT_NE(run("kv.scan", R"({"prefix":"u:","limit":1})").find("\"count\":1"),
              std::string::npos);
    EXPECT_NE(run("kv.keys").find("\"count\":3"), std::string::npos);
    EXPECT_NE(run("kv.keys", R"({"key":"u:"})").find("\"count\":2}"), std::string::npos);
    EXPECT_EQ(run("kv.keys", R"({"pattern":"v*","prefix":"u"})"), R"({"keys":["v*1"],"count":1})");
    EXPECT_EQ(run("kv.keys", R"({"pattern":"","prefix":"v"})"), R"({"keys":["v*1"],"count":1})");
    EXPECT_EQ(run("kv.scan", R"({"limit":0})"), R"({"keys":[],"count":0})");
    EXPECT_EQ(run("kv.dbsize"), R"({"size":3})");
}

TEST_F(HttpCommand, ListsKeysOfManyPages) {
    std::string pairs;
    for (int i = 0; i < 5000; ++i) {
        pairs += (i == 0 ? "[\"k" : ",[\"k") + std::to_string(i) + "\",1]";
    }
    run("kv.mset", R"({"pairs":[)" + pairs + "]}");
    EXPECT_NE(run("kv.keys").find("\"count\":5000}"), std::string::npos);
    EXPECT_NE(run("kv.scan").find("\"count\":100}"), std::string::npos);
    EXPECT_NE(run("kv.scan", R"({"limit":3000})").find("\"count\":3000}"), std::string::npos);
    engine_.settings.limits.output_buffer_bytes = 20'000;
    EXPECT_EQ(run("kv.keys"),
              "! Invalid request: the reply exceeds 20000 bytes "
              "(limits.output_buffer_bytes)");
    engine_.settings.limits.output_buffer_bytes = 1'000;
    EXPECT_EQ(run("kv.mget", R"({"keys":["k1","k2"]})"), R"({"values":[1,1]})");
}

TEST_F(HttpCommand, ChangesParts) {
    EXPECT_EQ(run("kv.append", R"({"key":"a","value":"ab"})"), R"({"length":2})");
    EXPECT_EQ(run("kv.append", R"({"key":"a","value":"cd"})"), R"({"length":4})");
    EXPECT_EQ(run("kv.getrange", R"({"key":"a","start":1,"end":-2})"), R"("bc")");
    EXPECT_EQ(run("kv.getrange", R"({"key":"none","start":0,"end":1})"), "null");
    EXPECT_EQ(run("kv.setrange", R"({"key":"a","offset":1,"value":"XY"})"), R"({"length":4})");
    EXPECT_EQ(run("kv.strlen", R"({"key":"a"})"), R"({"length":4})");
    EXPECT_EQ(run("kv.getset", R"({"key":"a","value":"new"})"), R"("aXYd")");
    EXPECT_EQ(run("kv.getset", R"({"key":"none","value":"new"})"), "null");
}

TEST_F(HttpCommand, FlushesOnlyWhenAllowed) {
    run("kv.set", R"({"key":"a","value":"x"})");
    EXPECT_EQ(run("kv.flushdb").substr(0, 40), "! Invalid request: FLUSHDB is disabled. ");
    EXPECT_EQ(run("kv.flushall").substr(0, 41), "! Invalid request: FLUSHALL is disabled. ");
    engine_.settings.allow_flush_commands = true;
    EXPECT_EQ(run("kv.flushall"), R"({"flushed":1})");
    EXPECT_EQ(run("kv.dbsize"), R"({"size":0})");
}

TEST_F(HttpCommand, WorksOnKeysOfAnyType) {
    EXPECT_EQ(run("key.type", R"({"key":"a"})"), R"({"key":"a","type":"none"})");
    EXPECT_EQ(run("key.randomkey"), R"({"key":null})");
    run("kv.set", R"({"key":"a","value":"x"})");
    EXPECT_EQ(run("key.type", R"({"key":"a"})"), R"({"key":"a","type":"string"})");
    EXPECT_EQ(run("key.exists", R"({"key":"a"})"), R"({"key":"a","exists":true})");
    EXPECT_EQ(run("key.randomkey"), R"({"key":"a"})");
    EXPECT_EQ(run("key.rename", R"({"source":"none","destination":"b"})"), "! Key not found: none");
    EXPECT_EQ(run("key.rename", R"({"source":"a","destination":"b"})"),
              R"({"success":true,"source":"a","destination":"b"})");
    EXPECT_EQ(run("key.copy", R"({"source":"b","destination":"c"})"),
              R"({"success":true,"source":"b","destination":"c"})");
    EXPECT_EQ(run("key.copy", R"({"source":"b","destination":"c"})"),
              "! Invalid request: Destination key already exists and replace=false");
    EXPECT_EQ(run("key.copy", R"({"source":"b","destination":"c","replace":true})"),
              R"({"success":true,"source":"b","destination":"c"})");
    EXPECT_EQ(run("key.copy", R"({"source":"none","destination":"d"})"), "! Key not found: none");
    EXPECT_EQ(run("key.renamenx", R"({"source":"b","destination":"c"})"),
              "! Invalid request: Destination key already exists");
    EXPECT_EQ(run("memory.usage", R"({"key":"none"})"),
              "! Key not found: Key 'none' does not exist");
    EXPECT_EQ(run("memory.usage", R"({"key":"c"})").substr(0, 18), R"({"key":"c","bytes")");
}

TEST_F(HttpCommand, ReportsStatistics) {
    run("kv.set", R"({"key":"a","value":"x"})");
    run("kv.get", R"({"key":"a"})");
    run("kv.get", R"({"key":"none"})");
    const std::string stats = run("kv.stats");
    EXPECT_EQ(stats.substr(0, 16), R"({"total_keys":1,)");
    EXPECT_NE(stats.find(R"("hits":1,"misses":1})"), std::string::npos) << stats;
    EXPECT_NE(stats.find(R"("hit_rate":0.5})"), std::string::npos) << stats;
    EXPECT_NE(run("info").find(R"("server":{"redis_version":"7.2)"), std::string::npos);
    EXPECT_EQ(run("info", R"({"section":"stats"})").substr(0, 10), R"({"stats":{)");
    EXPECT_NE(run("client.list").find(R"("count":1})"), std::string::npos);
}

}  // namespace
}  // namespace synap::server::http
