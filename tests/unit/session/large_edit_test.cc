// Large strings are edited before their slot is locked, and come to the same.
#include <atomic>
#include <thread>

#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class LargeEdits : public SessionTest {
protected:
    void SetUp() override { open(); }
    std::string value_of(Client& client, const std::string& key) {
        return client.call({"GET", key}).substr(1);
    }
};

TEST_F(LargeEdits, ComeToTheSame) {
    Client client(engine);
    const std::string mega(3'000'000, 'm');
    EXPECT_EQ(client.call({"APPEND", "k", mega}), ":3000000");  // none
    EXPECT_EQ(client.call({"APPEND", "k", "x"}), ":3000001");   // copies, and has room then
    EXPECT_EQ(client.call({"APPEND", "k", "y"}), ":3000002");
    EXPECT_EQ(client.call({"APPEND", "k", mega}), ":6000002");
    EXPECT_EQ(value_of(client, "k"), mega + "xy" + mega);
    client("SET small 12");
    EXPECT_EQ(client.call({"APPEND", "small", mega}), ":3000002");
    EXPECT_EQ(value_of(client, "small"), "12" + mega);
    client("SET text ab");
    EXPECT_EQ(client.call({"SETRANGE", "text", "1", mega}), ":3000001");
    EXPECT_EQ(value_of(client, "text"), "a" + mega);
    EXPECT_EQ(client("SETRANGE gap 2000000 end"), ":2000003");
    EXPECT_EQ(value_of(client, "gap"), std::string(2'000'000, '\0') + "end");
    EXPECT_EQ(client("COPY k other"), ":1");
    EXPECT_EQ(client("SETRANGE k 3000000 XY"), ":6000002");
    EXPECT_EQ(value_of(client, "k"), mega + "XY" + mega);
    EXPECT_EQ(value_of(client, "other"), mega + "xy" + mega);
    client("SET passing v EX 10");
    clock.advance_ms(10'000);
    EXPECT_EQ(client.call({"APPEND", "passing", mega}), ":3000000");
    EXPECT_EQ(client("TTL passing"), ":-1");
    EXPECT_EQ(client.call({"SETRANGE", "k", "-1", mega}), "-ERR offset is out of range");
    EXPECT_EQ(client.call({"SETRANGE", "k", "536870000", mega}).substr(0, 12), "-ERR string ");
}

// What is under way for one client is made again when another was faster.
TEST_F(LargeEdits, OfManyClientsAreAllThere) {
    constexpr int kClients = 4;
    constexpr int kTimes = 8;
    constexpr size_t kPiece = 1'200'000;
    std::vector<std::thread> threads;
    for (int i = 0; i < kClients; ++i) {
        threads.emplace_back([this, i] {
            Client client(engine);
            const std::string piece(kPiece, static_cast<char>('a' + i));
            for (int n = 0; n < kTimes; ++n) client.call({"APPEND", "k", piece});
        });
    }
    for (std::thread& thread : threads) thread.join();
    Client client(engine);
    const std::string all = value_of(client, "k");
    ASSERT_EQ(all.size(), kPiece * kClients * kTimes);
    std::map<char, int> seen;
    for (size_t at = 0; at < all.size(); at += kPiece) {
        EXPECT_EQ(all.find_first_not_of(all[at], at) >= at + kPiece, true) << at;
        ++seen[all[at]];
    }
    for (const auto& [letter, times] : seen) EXPECT_EQ(times, kTimes) << letter;
}

TEST_F(LargeEdits, OfATransactionComeToTheSame) {
    Client client(engine);
    const std::string mega(3'000'000, 'm');
    client.call({"SET", "k", mega});
    client.call({"SET", "other", mega});
    client.call({"MULTI"});
    client.call({"APPEND", "k", "x"});
    client.call({"APPEND", "k", std::string(2'000'000, 'y')});
    client.call({"SETRANGE", "other", "1", "abc"});
    client.call({"SET", "other", "short"});
    client.call({"APPEND", "other", "er"});
    client.call({"APPEND", "new", "z"});
    client.call({"SELECT", "1"});
    client.call({"APPEND", "k", "one"});
    EXPECT_EQ(client.call({"EXEC"}), "[:3000001 :5000001 :3000000 +OK :7 :1 +OK :3]");
    EXPECT_EQ(client("GET k"), "$one");
    client("SELECT 0");
    EXPECT_EQ(value_of(client, "k"), mega + "x" + std::string(2'000'000, 'y'));
    EXPECT_EQ(client("GET other"), "$shorter");
}

// Points to where `blob` stands.
ValueView view_of(Blob* const& blob) {
    return {ValueType::kString,
            Encoding::kBlob,
            false,
            {reinterpret_cast<const char*>(&blob), sizeof blob}};
}

// A copy with room is used once, by the first edit of what it is a copy of.
TEST(LargeEdit, FindsItsRoom) {
    Heap heap;
    const ValueHome home{heap, 0, 0};
    Blob* old = Blob::copy(std::string(2'000'000, 'a'));
    const ValueView view = view_of(old);
    StringRoom room;
    old->retain();
    room.from = BlobRef(old);
    room.from_size = old->size();
    Blob* copy = string_value::roomy_copy(old->bytes(), old->size() + 1);
    room.copy = BlobRef(copy);
    Body body;
    body.argument = old->size();
    body.bytes = "b";
    body.rooms = {&room, 1};
    NewValue made;
    ASSERT_EQ(string_value::edit(&view, body, home, made), EditOutcome::kStored);
    Blob* taken = nullptr;
    std::memcpy(&taken, made.bytes.data(), sizeof taken);
    EXPECT_EQ(taken, copy);
    EXPECT_EQ(taken->bytes(), std::string(2'000'000, 'a') + "b");
    EXPECT_EQ(room.copy.get(), nullptr);
    NewValue other;
    ASSERT_EQ(string_value::edit(&view, body, home, other), EditOutcome::kStored);
    std::memcpy(&taken, other.bytes.data(), sizeof taken);
    EXPECT_NE(taken, copy);
    EXPECT_EQ(taken->bytes(), copy->bytes());
    old->release();
}

// The edit itself takes what was prepared: it copies nothing.
TEST(LargeEdit, TakesWhatWasPrepared) {
    Heap heap;
    const ValueHome home{heap, 0, 0};
    const std::string bytes(2'000'000, 'b');
    Blob* old = Blob::copy(std::string(2'000'000, 'a'));
    const ValueView view = view_of(old);
    PreparedString prepared;
    old->retain();
    prepared.from = BlobRef(old);
    prepared.from_size = prepared.offset = old->size();
    prepared.bytes = bytes;
    prepared.result = BlobRef(string_value::edited_copy(old->bytes(), old->size(), bytes));
    Body body;
    body.argument = old->size();
    body.bytes = bytes;
    body.prepared = &prepared;
    NewValue made;
    ASSERT_EQ(string_value::edit(&view, body, home, made), EditOutcome::kStored);
    Blob* taken = nullptr;
    std::memcpy(&taken, made.bytes.data(), sizeof taken);
    EXPECT_EQ(taken, prepared.result.get());
    prepared.from_size += 1;  // of another string: made anew
    NewValue other;
    ASSERT_EQ(string_value::edit(&view, body, home, other), EditOutcome::kStored);
    std::memcpy(&taken, other.bytes.data(), sizeof taken);
    EXPECT_NE(taken, prepared.result.get());
    old->release();
}

}  // namespace
}  // namespace synap
