// How a program ends: one that returns from main() or calls exit() without close() loses nothing
// that a call has answered, at any level of durability.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <synap/synap.hpp>

namespace synap {
namespace {

constexpr int kKeys = 1000;

// Writes at level `memory`, which leaves the log to later.
void write(const Store& store) {
    Session session = Session::open(store);
    for (int i = 0; i < kKeys; ++i) {
        session.set("key:" + std::to_string(i), std::string(100, 'x'));
    }
}

// Death tests run the child again from the start of the program, with threads of its own only.
class ProgramEnd : public testing::Test {
protected:
    ProgramEnd() {
        GTEST_FLAG_SET(death_test_style, "threadsafe");
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = testing::TempDir() + "synap_end_" + test->name();
    }
    ~ProgramEnd() override { std::filesystem::remove_all(folder_); }

    // Opens the directory as the next process does: at once, and with all keys there.
    void expect_everything() {
        Store store = Store::open(folder_);
        EXPECT_EQ(Session::open(store).dbsize(), kKeys);
        store.close();
    }

    std::string folder_;
};

TEST_F(ProgramEnd, OfAStoreOnTheStackLosesNothing) {
    const auto program = [this] {
        { write(Store::open(folder_)); }
        std::_Exit(0);  // nothing after the scope can help
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(0), "");
    expect_everything();
}

TEST_F(ProgramEnd, ByExitOfAStaticStoreLosesNothing) {
    const auto program = [this] {
        static const Store store = Store::open(folder_);
        write(store);
        std::exit(0);
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(0), "");
    expect_everything();
}

TEST_F(ProgramEnd, OfAStaticSessionThatOutlivesItsStoreLosesNothing) {
    const auto program = [this] {
        static std::optional<Session> session;
        {
            const Store store = Store::open(folder_);
            session.emplace(Session::open(store));
            write(store);
        }
        session->set("key:0", "after the last Store has gone");
        std::exit(0);
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(0), "");
    expect_everything();
}

TEST_F(ProgramEnd, WithinAnotherThreadsExitLosesNothing) {
    const auto program = [this] {
        static const Store store = Store::open(folder_);
        std::thread([] {
            write(store);
            std::exit(0);
        }).join();
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(0), "");
    expect_everything();
}

TEST(Store, IsClosedByTheLastCopyAndTheDirectoryIsFree) {
    const std::string folder = testing::TempDir() + "synap_last_copy";
    {
        Store first = Store::open(folder);
        const Store second = first;  // NOLINT(performance-unnecessary-copy-initialization)
        first = Store::open(":memory:");
        Session::open(second).set("key", "value");
    }
    {
        const Store again = Store::open(folder);  // would be refused while it is open
        EXPECT_EQ(Session::open(again).get("key"), "value");
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace synap
