// Epochs of an open store: those of a follower's master, and promotions.
#include <atomic>
#include <thread>

#include "core/log/manifest.h"
#include "tests/unit/session/follower.h"

namespace synap {
namespace {

class TermsTest : public FollowerTest {
protected:
    void promote(uint32_t above = 0) {
        ASSERT_TRUE(follower->begin_term(above));
        follower->following().end();
    }
    static std::vector<Epoch> epochs_on(SimDisk& of) {
        auto manifest = read_manifest(of);
        EXPECT_TRUE(manifest);
        return manifest->epochs;
    }
};

TEST_F(TermsTest, AFollowerBeginsNoEpoch) {
    EXPECT_EQ((*reader)("SET a 1").substr(0, 9), "-READONLY");
    EXPECT_TRUE(follower->manifest()->epochs.empty());
    (*master)("SET a 1");
    ASSERT_TRUE(follow());
    ASSERT_TRUE(follower->log()->sync(follower->log()->appended()));
    ASSERT_EQ(epochs_on(*follower_disk).size(), 1u);
    EXPECT_EQ(epochs_on(*follower_disk)[0].id, engine->durable_epochs()[0].id);
    const std::string before = follower_disk->contents(format::kManifestName);
    open_follower();
    (*master)("SET a 2");
    ASSERT_TRUE(follow());
    ASSERT_TRUE(follower->log()->sync(follower->log()->appended()));
    EXPECT_EQ(follower_disk->contents(format::kManifestName), before);
}

TEST_F(TermsTest, FollowsFromTheFirstMomentOn) {
    Options later = options;
    ASSERT_TRUE(later.set(OptionId::kOpenWait, "false"));
    reader.reset();
    ASSERT_TRUE(follower->close());
    auto opened = Engine::open({follower_disk, &clock, &entropy, true, true}, later);
    ASSERT_TRUE(opened);
    EXPECT_NE((*opened)->guard() & GuardWord::kFollows, 0u);
    while ((*opened)->state() == EngineState::kLoading) std::this_thread::yield();
    EXPECT_EQ((*opened)->state(), EngineState::kReady);
    EXPECT_NE((*opened)->guard() & GuardWord::kFollows, 0u);
    ASSERT_TRUE((*opened)->close());
}

// Without a term of its own, by a mistake of whoever ends following: nothing of it gets to disk.
TEST_F(TermsTest, ToEndFollowingIsNoPromotion) {
    (*master)("SET a 1");
    ASSERT_TRUE(follow());
    const uint64_t end = follower->log()->appended();
    ASSERT_TRUE(follower->log()->sync(end));
    follower->following().end();
    (*reader)("SET a 2");
    EXPECT_FALSE(follower->log()->sync(follower->log()->appended()));
    EXPECT_TRUE(follower->log()->failed());
    open_follower();
    EXPECT_EQ(follower->log()->appended(), end);
    EXPECT_EQ((*reader)("GET a"), "$1");
}

TEST_F(TermsTest, PromotionGoesOnBehindTheMastersRecords) {
    write_all_kinds(0);
    open_master();
    write_all_kinds(1);
    ASSERT_TRUE(follow());
    const uint64_t end = follower->log()->appended();
    const uint64_t old_word = follower->epoch_word();
    promote(6);
    const Epoch own = follower->durable_epochs().back();
    EXPECT_EQ(own.term, 7u);
    EXPECT_EQ(own.number, 3u);
    EXPECT_EQ(own.start, end);
    EXPECT_EQ(epochs_on(*follower_disk).back().id, own.id) << "durable before the first record";
    EXPECT_TRUE(follower_disk->unsynced(format::kManifestName).empty());

    EXPECT_EQ((*reader)("SET own 1"), "+OK");
    EXPECT_EQ((*reader)("INCR fresh"), ":1");
    const uint64_t own_end = follower->log()->appended();
    EXPECT_NE(follower->epoch_word(), old_word);
    EXPECT_EQ(follower->epoch_word_at(end), old_word);
    EXPECT_TRUE(follower->check_token(old_word, end));
    EXPECT_FALSE(follower->check_token(old_word, own_end)) << "the old master's alone";
    EXPECT_TRUE(follower->check_token(follower->epoch_word(), own_end));
    const uint64_t digest = follower->keyspace().digest();
    for (const bool follows : {false, true}) {
        open_follower(follows);
        EXPECT_EQ(follower->keyspace().digest(), digest);
        EXPECT_EQ(follower->durable_epochs().back().id, own.id);
        EXPECT_TRUE(follower->check_token(old_word, end));
    }
}

TEST_F(TermsTest, ATermIsAboveWhatItIsToldAndItsOwn) {
    for (const uint32_t above : {0u, 3u, 2u, 0u, 10u}) {
        const auto before = engine->durable_epochs();
        const uint32_t present = before.empty() ? 0 : before.back().term;
        ASSERT_TRUE(engine->begin_term(above));
        const Epoch begun = engine->durable_epochs().back();
        EXPECT_EQ(begun.term, std::max(above, present) + 1);
        EXPECT_EQ(begun.start, engine->log()->appended());
        EXPECT_EQ((*master)("SET a " + std::to_string(above)), "+OK");
        EXPECT_TRUE(engine->check_token(engine->epoch_word(), engine->log()->appended()));
    }
    const Status beyond = engine->begin_term(UINT32_MAX);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code, Code::kUnsupported);
    EXPECT_EQ((*master)("SET a 2"), "+OK");
    const uint64_t end = engine->log()->appended();
    open_master();
    EXPECT_EQ(engine->log()->appended(), end);
    EXPECT_EQ((*master)("GET a"), "$2");
}

// A node that was a master, or could have been, follows: what its open had planned is dropped.
TEST_F(TermsTest, AMasterThatFollowsBeginsNothing) {
    (*master)("SET a 1");
    ASSERT_TRUE(follow());
    open_follower(false);
    EXPECT_EQ(follower->manifest()->epochs.size(), 2u);
    follower->following().begin();
    EXPECT_EQ(follower->manifest()->epochs.size(), 1u);
    EXPECT_EQ(follower->following().applied(), follower->log()->appended());
    (*master)("SET a 2");
    ASSERT_TRUE(follow());
    const uint64_t end = follower->log()->appended();
    EXPECT_EQ(end, engine->log()->appended());
    EXPECT_TRUE(follower->check_token(engine->epoch_word(), end));
    ASSERT_TRUE(follower->log()->sync(end));
    EXPECT_EQ(epochs_on(*follower_disk).size(), 1u);
    expect_equal();
    // With records of its own that no disk has seen, the epoch begins.
    promote();
    (*reader)("SET a 3");
    open_follower(false);
    (*reader)("SET a 4");
    follower->following().begin();
    ASSERT_TRUE(follower->log()->sync(follower->log()->appended()));
    EXPECT_EQ(epochs_on(*follower_disk).size(), 3u);
    EXPECT_EQ(epochs_on(*follower_disk).back().number, 3u);
}

TEST_F(TermsTest, EpochsThatDoNotFollowAreRefused) {
    (*master)("SET a 1");
    ASSERT_TRUE(follow());
    const Epoch last = follower->durable_epochs().back();
    const uint64_t end = follower->log()->appended();
    const Epoch good{last.term, last.number + 1, last.number + 1, end, 77, 88};
    const std::string before = follower_disk->contents(format::kManifestName);
    const auto refused = [&](Epoch epoch) {
        const Status entered = follower->enter_epoch(epoch);
        EXPECT_FALSE(entered);
        EXPECT_EQ(follower_disk->contents(format::kManifestName), before);
        return entered ? Code::kOk : entered.error().code;
    };
    Epoch bad = good;
    bad.number = bad.first = last.number;
    EXPECT_EQ(refused(bad), Code::kCorrupt);
    bad = good;
    bad.first = bad.number + 1;
    EXPECT_EQ(refused(bad), Code::kCorrupt);
    bad = good;
    bad.term = last.term - 1;
    EXPECT_EQ(refused(bad), Code::kCorrupt);
    for (const uint64_t start : {uint64_t{0}, end - 1, end + 1}) {
        bad = good;
        bad.start = start;
        EXPECT_EQ(refused(bad), Code::kCorrupt);
    }
    EXPECT_FALSE(engine->enter_epoch(good)) << "it follows nobody";
    follower_disk->fail_at(DiskCall::kRename, 1, DiskFault::kNoSpace);
    EXPECT_EQ(refused(good), Code::kIo);
    EXPECT_TRUE(follower->enter_epoch(good));
    EXPECT_EQ(epochs_on(*follower_disk).back().id, 77u);
    // Merged with later ones where it was written: records of each of them may follow.
    const Epoch merged{last.term, last.number + 6, last.number + 3, end, 78, 88};
    EXPECT_TRUE(follower->enter_epoch(merged));
    EXPECT_TRUE(follower->terms().takes(last.number + 4));
    EXPECT_FALSE(follower->terms().takes(last.number + 7));
    EXPECT_FALSE(follower->terms().takes(last.number + 2));
}

// The log is durable before MANIFEST names an epoch; a term is there whole or not at all.
TEST_F(TermsTest, DeathsAndFaultsInAPromotion) {
    write_all_kinds(0);
    const uint64_t end = engine->log()->appended();
    bool ended = false;
    for (uint64_t nth = 1; !ended; ++nth) {
        ASSERT_LT(nth, 200u);
        for (const int way : {0, 1, 2}) {
            SimDiskOptions disk_options;
            disk_options.seed = nth;
            reader.reset();
            follower->close().ignore();
            follower_disk = std::make_shared<SimDisk>(disk_options);
            prepare(*follower_disk);
            open_follower();
            ASSERT_TRUE(follow());
            const size_t before = follower->durable_epochs().size();
            const uint32_t term = follower->durable_epochs().back().term;
            if (way == 2) {
                follower_disk->fail_at(DiskCall::kSyncNames, nth, DiskFault::kNoSpace);
            } else {
                follower_disk->halt_at(nth);
            }
            const bool begun = static_cast<bool>(follower->begin_term(0));
            if (way == 2 && !begun) {
                // The epoch before goes on, in memory and on the disk.
                EXPECT_EQ(follower->durable_epochs().size(), before);
                if (follower->log()->failed()) continue;
                EXPECT_EQ(epochs_on(*follower_disk).size(), before);
                ASSERT_TRUE(follower->begin_term(0));
                continue;
            }
            if (way == 0) ended = !follower_disk->halted();
            SmallRandom random(nth);
            way == 0 ? follower_disk->kill() : follower_disk->crash(random);
            open_follower();
            const auto found = follower->durable_epochs();
            const uint64_t position = follower->log()->appended();
            if (begun) {
                ASSERT_EQ(found.size(), before + 1) << nth;
            }
            if (found.size() > before) {
                EXPECT_EQ(found.back().term, term + 1);
                EXPECT_EQ(found.back().start, end);
                EXPECT_EQ(position, end) << nth;
            }
        }
    }
}

// Tokens are given and asked about while terms begin.
TEST_F(TermsTest, TokensBesideChangesOfTerms) {
    std::atomic<bool> ends{false};
    std::atomic<uint64_t> checked{0};
    (*master)("SET a 0");
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            while (!ends) {
                const uint64_t position = engine->log()->appended();
                const uint64_t word = engine->epoch_word_at(position);
                EXPECT_TRUE(engine->check_token(word, position)) << position;
                EXPECT_NE(engine->epoch_word(), 0u);
                EXPECT_FALSE(engine->manifest()->epochs.empty());
                EXPECT_LE(engine->durable_epochs().size(), engine->manifest()->epochs.size() + 60);
                checked.fetch_add(1);
            }
        });
    }
    for (uint32_t i = 0; i < 50; ++i) {
        const uint64_t before = checked.load();
        EXPECT_EQ((*master)("SET a " + std::to_string(i)), "+OK");
        EXPECT_TRUE(engine->begin_term(0));
        while (checked.load() == before) std::this_thread::yield();
    }
    ends = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(engine->durable_epochs().back().term, 51u);
}

}  // namespace
}  // namespace synap
