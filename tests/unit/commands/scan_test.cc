#include <algorithm>
#include <set>

#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class ScanTest : public CommandTest {
protected:
    struct Page {
        std::string cursor;
        std::vector<std::string> names;
    };
    Page page(const std::string& cursor, const std::string& options) {
        // "[$cursor [$name $name]]"
        const std::string text = run("SCAN " + cursor + " " + options);
        Page page;
        if (text.rfind("[$", 0) != 0) {
            ADD_FAILURE() << text;
            return {"0", {}};
        }
        const size_t blank = text.find(' ');
        page.cursor = text.substr(2, blank - 2);
        std::istringstream in(text.substr(blank + 2, text.size() - blank - 4));
        for (std::string word; in >> word;) page.names.push_back(word.substr(1));
        return page;
    }
    std::multiset<std::string> scan(const std::string& options, size_t* pages = nullptr) {
        std::multiset<std::string> names;
        std::string cursor = "0";
        do {
            const Page next = page(cursor, options);
            names.insert(next.names.begin(), next.names.end());
            cursor = next.cursor;
            if (pages != nullptr) ++*pages;
        } while (cursor != "0");
        return names;
    }
    std::vector<std::string> keys(const std::string& pattern) {
        std::string text = run("KEYS " + pattern);
        std::istringstream in(text.substr(1, text.size() - 2));
        std::vector<std::string> names;
        for (std::string word; in >> word;) names.push_back(word.substr(1));
        std::sort(names.begin(), names.end());
        return names;
    }
};

TEST_F(ScanTest, AnEmptyDatabaseIsOnePage) {
    EXPECT_EQ(run("SCAN 0"), "[$0 []]");
    EXPECT_EQ(run("SCAN 123"), "[$0 []]");
    EXPECT_EQ(run("KEYS *"), "[]");
    EXPECT_EQ(run("RANDOMKEY"), "_");
    EXPECT_EQ(run("DBSIZE"), ":0");
}

TEST_F(ScanTest, VisitsEveryKeyOnceInPages) {
    std::multiset<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
        expected.insert("key:" + std::to_string(i));
        run("SET key:" + std::to_string(i) + " v");
    }
    run("SELECT 1");
    run("SET elsewhere v");
    run("SELECT 0");
    size_t pages = 0;
    EXPECT_EQ(scan("", &pages), expected);
    EXPECT_GE(pages, 50u);
    pages = 0;
    EXPECT_EQ(scan("COUNT 10000", &pages), expected);
    EXPECT_EQ(pages, 1u);
    EXPECT_EQ(scan("COUNT 9223372036854775807"), expected);
    EXPECT_EQ(run("DBSIZE"), ":1000");
}

TEST_F(ScanTest, FiltersByPatternAndType) {
    run("MSET apple 1 apricot 2 banana 3");
    EXPECT_EQ(scan("MATCH ap*"), (std::multiset<std::string>{"apple", "apricot"}));
    EXPECT_EQ(scan("match ap* count 1 TYPE String").size(), 2u);
    EXPECT_EQ(scan("TYPE list").size(), 0u);
    EXPECT_EQ(scan("TYPE nosuch").size(), 0u);
    EXPECT_EQ(scan("MATCH *").size(), 3u);
    EXPECT_EQ(scan("MATCH *an*"), (std::multiset<std::string>{"banana"}));
}

TEST_F(ScanTest, CursorsAreReadAsRedisReadsThem) {
    run("SET k v");
    for (const char* cursor : {"abc", "1.5", "-", "+", "1x", "18446744073709551616"}) {
        EXPECT_EQ(run(std::string("SCAN ") + cursor), "-ERR invalid cursor") << cursor;
    }
    EXPECT_EQ(run_words({"SCAN", " 1"}), "-ERR invalid cursor");
    EXPECT_EQ(run("SCAN ''"), "[$0 [$k]]");
    EXPECT_EQ(run("SCAN +0"), "[$0 [$k]]");
    EXPECT_EQ(run("SCAN -1"), "[$0 []]");
    EXPECT_EQ(run("SCAN 18446744073709551615"), "[$0 []]");
}

TEST_F(ScanTest, RefusesWrongOptionsAfterTheCursor) {
    EXPECT_EQ(run("SCAN abc nosuch"), "-ERR invalid cursor");
    for (const char* wrong : {"SCAN 0 nosuch 1", "SCAN 0 MATCH", "SCAN 0 COUNT", "SCAN 0 COUNT 0",
                              "SCAN 0 COUNT -1", "SCAN 0 TYPE", "SCAN 0 COUNT 5 MATCH"}) {
        EXPECT_EQ(run(wrong), kSyntaxError) << wrong;
    }
    EXPECT_EQ(run("SCAN 0 COUNT abc"), kNotAnInteger);
}

TEST_F(ScanTest, KeysPicksByPattern) {
    run("MSET one 1 two 2 three 3 four 4 a\\b 5");
    using Names = std::vector<std::string>;
    EXPECT_EQ(keys("*o*"), (Names{"four", "one", "two"}));
    EXPECT_EQ(keys("t??"), Names{"two"});
    EXPECT_EQ(keys("[a-f]*r"), Names{"four"});
    EXPECT_EQ(keys("*").size(), 5u);
    EXPECT_EQ(keys("nosuch"), Names{});
    EXPECT_EQ(keys("ONE"), Names{});
}

TEST_F(ScanTest, TheEmptyNameMatchesOnlyTheLoneStar) {
    run("SET '' v");
    EXPECT_EQ(run("KEYS *"), "[$]");
    EXPECT_EQ(run("SCAN 0 MATCH *"), "[$0 [$]]");
    EXPECT_EQ(run("KEYS **"), "[]");
    EXPECT_EQ(run("KEYS ''"), "[$]");
}

TEST_F(ScanTest, ExpiredKeysAreHidden) {
    run("SET k v PX 5");
    run("SET l v");
    advance_ms(5);
    EXPECT_EQ(run("SCAN 0"), "[$0 [$l]]");
    EXPECT_EQ(run("KEYS *"), "[$l]");
    for (int i = 0; i < 20; ++i) EXPECT_EQ(run("RANDOMKEY"), "$l");
    run("DEL l");
    EXPECT_EQ(run("RANDOMKEY"), "_");
    EXPECT_EQ(run("DBSIZE"), ":1");
    engine->maintain();
    EXPECT_EQ(run("DBSIZE"), ":0");
}

TEST_F(ScanTest, RandomkeyMeetsEveryKey) {
    run("MSET a 1 b 2 c 3");
    std::set<std::string> met;
    for (int i = 0; i < 500; ++i) met.insert(run("RANDOMKEY"));
    EXPECT_EQ(met, (std::set<std::string>{"$a", "$b", "$c"}));
    run("SELECT 5");
    EXPECT_EQ(run("RANDOMKEY"), "_");
}

TEST_F(ScanTest, RunsInsideATransaction) {
    run("MULTI");
    run("SET k v");
    run("KEYS *");
    run("SCAN 0");
    run("DBSIZE");
    run("RANDOMKEY");
    EXPECT_EQ(run("EXEC"), "[+OK [$k] [$0 [$k]] :1 $k]");
}

}  // namespace
}  // namespace synap
