// A data directory as a value: what load_directory() gives is what a store held, as of any
// position, and may take the place of what an open store holds.
#include "core/engine/load_directory.h"

#include <algorithm>
#include <map>
#include <vector>

#include "core/engine/check.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class LoadDirectoryTest : public SessionTest {
protected:
    void open_store(std::shared_ptr<SimDisk> on, bool has_shadow = false) {
        Options options;
        ASSERT_TRUE(options.set(OptionId::kSlots, "1024"));
        ASSERT_TRUE(options.set(OptionId::kShadow, has_shadow ? "yes" : "no"));
        open(std::move(on), options);
    }
    void close_store() {
        ASSERT_TRUE(engine->close());
        engine.reset();
    }
    Result<LoadedDirectory> load(SimDisk& from, uint64_t until = UINT64_MAX,
                                 uint64_t slots = 4096) const {
        auto manifest = read_manifest(from);
        if (!manifest) return manifest.take_failure();
        auto node = read_node_file(from);
        if (!node) return node.take_failure();
        const auto heap = engine == nullptr ? std::make_shared<Heap>() : engine->heap();
        DirectoryToLoad what{from, *manifest, *node, heap, slots};
        what.until = until;
        return load_directory(what);
    }
    std::string run(const std::string& line) { return Client(engine)(line); }
    // A record of several effects, of any kind, on few keys.
    void change(Client& client, SmallRandom& random) {
        const std::string key = "k" + std::to_string(random.below(6));
        const std::string other = "k" + std::to_string(random.below(6));
        const std::string number = std::to_string(random.below(1000));
        const std::string lines[] = {
            "SET " + key + " " + number,
            "HSET " + key + " f" + number + " v g 1",
            "HSET " + key + " f1 v f2 w f3 x",
            "HPEXPIREAT " + key + " 9000000000000 FIELDS 2 f1 f3",
            "HDEL " + key + " f2",
            "APPEND " + key + " " + number,
            "RENAME " + key + " " + other,
            "COPY " + key + " " + other + " REPLACE",
            "PEXPIREAT " + key + " 9000000000000",
            "MOVE " + key + " 1",
            "DEL " + key + " " + other,
            "SWAPDB 0 1",
            "FLUSHDB",
        };
        const uint64_t which = random.below(40);
        client(lines[which < std::size(lines) ? which : which % 9]);
    }

    std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
};

TEST_F(LoadDirectoryTest, GivesWhatTheStoreHeldAsOfAnyPosition) {
    const uint64_t seed = 11;
    SmallRandom random(seed);
    open_store(disk);
    std::map<uint64_t, uint64_t> digests;  // by position
    {
        Client client(engine);
        for (int i = 0; i < 600; ++i) {
            change(client, random);
            digests[engine->log()->appended()] = engine->keyspace().digest();
            if (i % 150 == 100) {
                ASSERT_TRUE(engine->snapshots().take());
            }
        }
    }
    close_store();
    ASSERT_GT(digests.size(), 200u);
    for (const auto& [position, digest] : digests) {
        auto loaded = load(*disk, position);
        ASSERT_TRUE(loaded) << loaded.error().message;
        ASSERT_EQ(loaded->end, position) << "seed " << seed;
        ASSERT_EQ(loaded->keyspace->digest(), digest)
            << "position " << position << " seed " << seed;
        EXPECT_EQ(loaded->keyspace->slot_count(), 4096u);
    }
    auto whole = load(*disk);
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(whole->end, digests.rbegin()->first);
    EXPECT_EQ(whole->positions.slots.size(), 1024u);
    EXPECT_EQ(whole->snapshot.complete_at, whole->snapshot.name_position);
}

TEST_F(LoadDirectoryTest, OnlyReads) {
    open_store(disk);
    run("HSET a f 1 g 2");
    ASSERT_TRUE(engine->snapshots().take());
    run("HSET a f 2");
    ASSERT_TRUE(engine->log()->sync(engine->log()->appended()));
    disk->kill();
    engine.reset();
    const uint64_t changes = disk->changes();
    ASSERT_TRUE(load(*disk));
    EXPECT_EQ(disk->changes(), changes);
}

TEST_F(LoadDirectoryTest, RefusesWhatIsProvenToHaveBeenLonger) {
    open_store(disk);
    run("SET a 1");
    ASSERT_TRUE(engine->snapshots().take());
    run("SET a 2");
    close_store();
    open_store(disk);  // NODE knows
    close_store();
    for (const std::string& name : disk->names()) {
        if (name.starts_with("log-")) {
            ASSERT_TRUE(disk->remove(name));
        }
    }
    auto loaded = load(*disk);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, Code::kCorrupt);
}

TEST_F(LoadDirectoryTest, TakesThePlaceOfWhatAnOpenStoreHolds) {
    const auto other = std::make_shared<SimDisk>();
    open_store(other);
    uint64_t digest = 0;
    {
        Client client(engine);
        client("HSET h f 1 g 2");
        client("HPEXPIREAT h 9000000000000 FIELDS 1 f");
        client("SET s other");
        digest = engine->keyspace().digest();
    }
    close_store();
    open_store(disk, true);
    Client client(engine);
    client("SET s mine");
    auto loaded = load(*other);
    ASSERT_TRUE(loaded) << loaded.error().message;
    engine->replace_keyspace(std::move(loaded->keyspace));
    EXPECT_EQ(engine->keyspace().digest(), digest);
    EXPECT_EQ(client("GET s"), "$other");
    EXPECT_EQ(client("HPEXPIRETIME h FIELDS 2 f g"), "[:9000000000000 :-1]");
    EXPECT_EQ(client("HINCRBY h g 5"), ":7");
    EXPECT_EQ(engine->difference_from_shadow(), "");
}

// What an open store holds gives way to what its directory holds, of which a snapshot is taken;
// whatever step of the disk is the last one, the directory opens again, and has lost nothing.
TEST_F(LoadDirectoryTest, ADirectoryThatDiedAtAnyStepOfAReplacementOpensAgain) {
    std::string known;  // to be durable
    const auto live = [&](uint64_t halt_at) {
        if (halt_at != 0) disk->halt_at(halt_at);
        Options options;
        EXPECT_TRUE(options.set(OptionId::kSlots, "1024"));
        auto opened = Engine::open({disk, &clock, &entropy, false}, options);
        if (!opened) return false;
        engine = *opened;
        Client client(engine);
        const auto write = [&](const std::string& line, const std::string& result) {
            if (client(line)[0] == '-') return false;
            if (!engine->log()->sync(engine->log()->appended())) return false;
            known = result;
            return true;
        };
        if (!write("HSET h n 1 m 1", "[$1 $1]") || !engine->snapshots().take()) return false;
        if (!write("SWAPDB 0 1", "[_ _]") || !write("SWAPDB 0 1", "[$1 $1]")) return false;
        if (!write("HSET h n 2 m 2", "[$2 $2]")) return false;
        auto loaded = load(*disk, UINT64_MAX, 4096);
        if (!loaded) return false;
        engine->replace_keyspace(std::move(loaded->keyspace));
        if (!engine->snapshots().take() || !write("HINCRBY h n 10", "[$12 $2]")) return false;
        return static_cast<bool>(engine->close());
    };
    const std::vector<std::string> states = {"[$12 $2]", "[$1 $1]", "[_ _]",
                                             "[$1 $1]",  "[$2 $2]", "[$12 $2]"};
    for (uint64_t step = 1;; ++step) {
        ASSERT_LT(step, 1'000u);
        disk = std::make_shared<SimDisk>();
        ASSERT_TRUE(live(0));
        engine.reset();
        const bool survived = live(step);
        if (!disk->halted()) disk->halt_at(1);
        engine.reset();
        SmallRandom random(step);
        step % 2 == 0 ? disk->kill() : disk->crash(random);
        auto findings = check_directory(*disk);
        ASSERT_TRUE(findings);
        for (const Finding& finding : *findings) {
            EXPECT_NE(finding.severity, Finding::Severity::kDamage) << step << finding.message;
        }
        open_store(disk);
        const std::string found = run("HMGET h n m");
        const auto place = std::find(states.begin(), states.end(), known);
        EXPECT_TRUE(found == known || std::find(place, states.end(), found) != states.end())
            << "step " << step << ": " << found << ", known " << known;
        close_store();
        if (!survived) continue;
        EXPECT_EQ(found, "[$12 $2]");
        EXPECT_GT(step, 40u);
        break;
    }
}

}  // namespace
}  // namespace synap
