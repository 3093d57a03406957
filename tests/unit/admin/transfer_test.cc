#include "server/admin/transfer.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "server/http/base64.h"

namespace synap::server::admin {
namespace {

using http::from_base64;
using http::to_base64;

// Two databases in memory that answer like a server.
class FakeTarget final : public Target {
public:
    struct Value {
        std::string text;
        int64_t pttl = -1;
        bool is_string = true;
    };

    std::vector<Answer> run(std::span<const Command> commands) override {
        std::vector<Answer> answers;
        for (const Command& command : commands) {
            answers.push_back(answer(command));
        }
        return answers;
    }
    void finish() override { finished = true; }

    std::array<std::map<std::string, Value>, 2> databases;
    bool finished = false;

private:
    static Answer text(std::string value) {
        return {.type = Answer::Type::kText, .text = std::move(value)};
    }
    static Answer error(std::string value) {
        return {.type = Answer::Type::kError, .text = std::move(value)};
    }

    Answer answer(const Command& command) {
        const std::string& name = command[0];
        if (name == "SELECT") {
            const size_t index = std::stoul(command[1]);
            if (index >= databases.size()) return error("ERR DB index is out of range");
            current_ = index;
            return text("OK");
        }
        auto& keys = databases.at(current_);
        if (name == "SCAN") return scan(command[1]);
        if (name == "SET") {
            keys[command[1]] = {command[2], command.size() > 4 ? std::stoll(command[4]) : -1, true};
            return command[1] == "full" ? error("OOM command not allowed") : text("OK");
        }
        const auto found = keys.find(command[1]);
        if (name == "PTTL") return {.type = Answer::Type::kInt, .number = found->second.pttl};
        if (found == keys.end()) return {};
        return found->second.is_string ? text(found->second.text)
                                       : error("WRONGTYPE Operation against a key");
    }

    // One key a page, so that cursors are followed.
    Answer scan(const std::string& cursor) {
        auto& keys = databases.at(current_);
        const size_t index = std::stoul(cursor);
        Answer page{.type = Answer::Type::kArray};
        Answer found{.type = Answer::Type::kArray};
        if (index < keys.size()) {
            found.items.push_back(text(std::next(keys.begin(), static_cast<long>(index))->first));
        }
        page.items.push_back(text(index + 1 < keys.size() ? std::to_string(index + 1) : "0"));
        page.items.push_back(found);
        return page;
    }

    size_t current_ = 0;
};

std::string failure_of(const std::string& lines) {
    FakeTarget target;
    std::istringstream in(lines);
    try {
        import_keys(target, in);
        return "none";
    } catch (const Failure& e) {
        return e.what();
    }
}

TEST(Transfer, ExportsEveryDatabaseAsLines) {
    FakeTarget target;
    target.databases[0] = {{"a", {"1", -1}}, {"b\"\n", {std::string("\0\xff", 2), 500}}};
    target.databases[1] = {{"\xff", {"", 0}}, {"list", {"", -1, false}}};
    std::ostringstream out;
    const TransferCount count = export_keys(target, out);
    EXPECT_EQ(out.str(),
              "{\"db\":0,\"key\":\"a\",\"value\":\"1\"}\n"
              "{\"db\":0,\"key\":\"b\\\"\\n\",\"value_base64\":\"AP8=\",\"pttl\":500}\n"
              "{\"db\":1,\"key_base64\":\"/w==\",\"value\":\"\",\"pttl\":1}\n");
    EXPECT_EQ(count.keys, 3u);
    EXPECT_EQ(count.skipped, 1u);
}

TEST(Transfer, ImportGivesBackWhatWasExported) {
    FakeTarget source;
    for (int i = 0; i < 1000; ++i) {
        source.databases[static_cast<size_t>(i % 2)]["k" + std::to_string(i)] = {
            std::string(static_cast<size_t>(i), static_cast<char>(i)), i % 3 == 0 ? i + 1 : -1};
    }
    std::stringstream lines;
    export_keys(source, lines);
    FakeTarget copy;
    EXPECT_EQ(import_keys(copy, lines).keys, 1000u);
    EXPECT_TRUE(copy.finished);
    for (size_t db = 0; db < 2; ++db) {
        ASSERT_EQ(copy.databases[db].size(), source.databases[db].size());
        for (const auto& [key, value] : source.databases[db]) {
            EXPECT_EQ(copy.databases[db][key].text, value.text);
            EXPECT_EQ(copy.databases[db][key].pttl, value.pttl);
        }
    }
}

TEST(Transfer, WrongLinesAreNamed) {
    const std::string good = "{\"db\":0,\"key\":\"a\",\"value\":\"1\"}\n";
    EXPECT_EQ(failure_of(good + "\n"), "none");
    for (const char* bad :
         {"{", "[]", "{\"db\":0,\"key\":\"a\"}", "{\"db\":-1,\"key\":\"a\",\"value\":\"\"}",
          "{\"key\":\"a\",\"value\":\"\"}", "{\"db\":0,\"key\":\"a\",\"value_base64\":\"!\"}"}) {
        EXPECT_TRUE(failure_of(good + "\n" + bad).starts_with("line 3: expected {")) << bad;
    }
    EXPECT_EQ(failure_of("{\"db\":0,\"key\":\"a\",\"value\":\"\",\"pttl\":-5}"),
              "line 1: pttl: expected milliseconds above 0");
    EXPECT_EQ(failure_of(good + "{\"db\":1,\"key\":\"full\",\"value\":\"\"}"),
              "line 2: SET: OOM command not allowed");
    EXPECT_EQ(failure_of("{\"db\":7,\"key\":\"a\",\"value\":\"\"}"),
              "line 1: SELECT: ERR DB index is out of range");
}

TEST(Base64, KnownPairs) {
    const std::pair<const char*, const char*> pairs[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : pairs) {
        EXPECT_EQ(to_base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
}

TEST(Base64, EveryByteAndWrongText) {
    std::string all;
    for (int i = 0; i < 256; ++i) {
        all += static_cast<char>(i);
    }
    EXPECT_EQ(from_base64(to_base64(all)), all);
    for (const char* wrong :
         {"Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "Z!==", "=Zg=", "Zm9v\n", "===="}) {
        EXPECT_FALSE(from_base64(wrong).has_value()) << wrong;
    }
}

}  // namespace
}  // namespace synap::server::admin
