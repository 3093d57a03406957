// What an open leaves in the directory: epochs begin with the first write, a copy of a directory is
// another node, marks count where they were made, and an open may die at any step.
#include "core/engine/check.h"
#include "core/log/format.h"
#include "core/log/node_file.h"
#include "core/log/reader.h"
#include "core/log/segment.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

const std::string kManifest(format::kManifestName);
const std::string kNode(format::kNodeName);

class EpochsTest : public SessionTest {
protected:
    void open_store(std::shared_ptr<SimDisk> on = nullptr) {
        Options options;
        ASSERT_TRUE(options.set(OptionId::kSlots, "1024"));
        ASSERT_TRUE(options.set(OptionId::kFsync, "never"));
        open(on == nullptr ? disk : on, options);
    }
    void close_store() {
        ASSERT_TRUE(engine->close());
        engine.reset();
    }
    void write(const std::string& line) { EXPECT_EQ(Client(engine)(line), "+OK"); }
    std::shared_ptr<SimDisk> copy(uint64_t device) {
        SimDiskOptions options;
        options.device = device;
        auto made = std::make_shared<SimDisk>(options);
        for (const std::string& name : disk->names()) {
            auto file = made->open(name, OpenMode::kCreate);
            EXPECT_TRUE((*file)->write_at(0, disk->contents(name)));
        }
        EXPECT_TRUE(made->sync_names());
        return made;
    }
    static std::vector<Epoch> epochs(SimDisk& of) {
        auto manifest = Manifest::decode(of.contents(kManifest), kManifest);
        EXPECT_TRUE(manifest);
        return manifest->epochs;
    }
    static NodeFile node(SimDisk& of) { return *decode_node_file(of.contents(kNode), kNode); }
    bool told(const std::string& what) {
        LogLine line;
        uint64_t lost = 0;
        bool found = false;
        while (engine->lines().take(line, lost)) {
            found = found || line.text.find(what) != std::string::npos;
        }
        return found;
    }

    std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
};

// A read of a store that was opened again rests on what an earlier epoch wrote.
TEST_F(EpochsTest, TheTokenOfAReplyNamesTheEpochOfWhatItShows) {
    open_store();
    write("SET a 1");
    const uint64_t first_end = engine->log()->appended();
    const uint64_t first_word = engine->epoch_word();
    close_store();
    open_store();
    EXPECT_EQ(engine->epoch_word_at(first_end), first_word);
    EXPECT_NE(engine->epoch_word(), first_word);
    EXPECT_TRUE(engine->check_token(engine->epoch_word_at(first_end), first_end));
    write("SET a 2");
    const uint64_t end = engine->log()->appended();
    EXPECT_EQ(engine->epoch_word_at(first_end), first_word);
    EXPECT_EQ(engine->epoch_word_at(end), engine->epoch_word());
    EXPECT_TRUE(engine->check_token(engine->epoch_word_at(end), end));
    close_store();
    open_store();
    for (const uint64_t position : {uint64_t{1}, first_end, end}) {
        EXPECT_TRUE(engine->check_token(engine->epoch_word_at(position), position)) << position;
    }
    close_store();
}

TEST_F(EpochsTest, AnEpochBeginsWithTheFirstWrite) {
    open_store();
    EXPECT_TRUE(epochs(*disk).empty());
    close_store();
    EXPECT_TRUE(epochs(*disk).empty());
    open_store();
    write("SET a 1");
    EXPECT_TRUE(epochs(*disk).empty()) << "nothing is written yet";
    ASSERT_TRUE(engine->log()->write(engine->log()->appended()));
    ASSERT_EQ(epochs(*disk).size(), 1u);
    EXPECT_TRUE(disk->unsynced(kManifest).empty());
    const uint64_t end = engine->log()->appended();
    close_store();
    const std::string before = disk->contents(kManifest);
    for (int i = 0; i < 3; ++i) {
        open_store();
        EXPECT_EQ(Client(engine)("GET a"), "$1");
        close_store();
    }
    EXPECT_EQ(disk->contents(kManifest), before);
    open_store();
    write("SET b 2");
    close_store();
    const auto found = epochs(*disk);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[1].number, 2u);
    EXPECT_EQ(found[1].term, found[0].term);
    EXPECT_EQ(found[1].start, end);
    EXPECT_EQ(found[1].writer, node(*disk).id);
    EXPECT_NE(found[1].id, found[0].id);
}

// The end of the log is vouched for although no epoch says where it is.
TEST_F(EpochsTest, AnOpenThatWritesNothingLosesNoProof) {
    open_store();
    write("SET a 1");
    const uint64_t middle = engine->log()->appended();
    write("SET b 2");
    close_store();
    open_store();
    close_store();
    const std::string segment = format::file_name(format::kSegmentPrefix, 0);
    disk->rot(segment, format::kSegmentHeaderBytes + middle + 42, "rot");
    const auto opened = Engine::open({disk, &clock, &entropy, false}, Options());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::kCorrupt);
    EXPECT_NE(opened.error().message.find("NODE"), std::string::npos) << opened.error().message;
    auto findings = check_directory(*disk);
    ASSERT_TRUE(findings);
    EXPECT_TRUE(std::any_of(findings->begin(), findings->end(), [](const Finding& finding) {
        return finding.severity == Finding::Severity::kDamage;
    }));
}

TEST_F(EpochsTest, AnOpenWithoutAWriteIsNotWrittenAgain) {
    open_store();
    write("SET a 1");
    close_store();
    open_store();
    close_store();
    const std::string before = disk->contents(kNode);
    const auto names = disk->names();
    open_store();
    close_store();
    EXPECT_EQ(disk->contents(kNode), before);
    EXPECT_EQ(disk->names(), names);
}

// Fault case 14, its first half.
TEST_F(EpochsTest, ACopyIsANodeOfItsOwn) {
    open_store();
    write("SET a 1");
    close_store();
    const uint64_t id = node(*disk).id;
    const auto other = copy(2);
    open_store(other);
    EXPECT_TRUE(told("copy of another node"));
    for (const std::string& name : other->names()) {
        if (name == "LOCK") continue;
        EXPECT_TRUE(other->unsynced(name).empty()) << name;
    }
    const NodeFile here = node(*other);
    EXPECT_NE(here.id, id);
    EXPECT_EQ(here.former, std::vector<uint64_t>{id});
    write("SET b 2");
    close_store();
    open_store(other);
    EXPECT_FALSE(told("copy of another node"));
    EXPECT_EQ(node(*other).id, here.id);
    EXPECT_EQ(Client(engine)("MGET a b"), "[$1 $2]");
    close_store();
    EXPECT_EQ(epochs(*other).back().writer, here.id);
    open_store();
    EXPECT_FALSE(told("copy of another node"));
    EXPECT_EQ(node(*disk).id, id);
}

TEST_F(EpochsTest, ALostNodeFileIsMadeAnew) {
    open_store();
    write("SET a 1");
    close_store();
    const uint64_t id = node(*disk).id;
    ASSERT_TRUE(disk->remove(kNode));
    open_store();
    EXPECT_TRUE(told("node of its own"));
    EXPECT_NE(node(*disk).id, id);
    EXPECT_EQ(node(*disk).former, std::vector<uint64_t>{id});
    EXPECT_EQ(Client(engine)("GET a"), "$1");
}

// Frames that another node wrote say what was durable there: a follower that lost some of them in
// a power cut has a torn tail, and no damage.
TEST_F(EpochsTest, MarksOfAnotherNodeProveNothingHere) {
    open_store();
    write("SET a 1");
    const uint64_t middle = engine->log()->appended();
    write("SET b 2");
    ASSERT_TRUE(engine->log()->sync(engine->log()->appended()));
    write("SET c 3");  // says that what is before it is durable
    ASSERT_TRUE(engine->log()->write(engine->log()->appended()));
    disk->kill();
    engine.reset();
    const std::string segment = format::file_name(format::kSegmentPrefix, 0);
    disk->rot(segment, format::kSegmentHeaderBytes + middle + 42, "rot");
    ASSERT_FALSE(Engine::open({disk, &clock, &entropy, false}, Options()));

    auto manifest = Manifest::decode(disk->contents(kManifest), kManifest);
    ASSERT_TRUE(manifest);
    for (Epoch& epoch : manifest->epochs) epoch.writer += 1;
    ASSERT_TRUE(write_manifest(*disk, *manifest));
    open_store();
    EXPECT_TRUE(told("the log was cut"));
    EXPECT_EQ(Client(engine)("MGET a b c"), "[$1 _ _]");
}

TEST_F(EpochsTest, TokensOfAnotherHistoryAreRefused) {
    open_store();
    write("SET a 1");
    const uint64_t word = engine->epoch_word();
    const uint64_t position = engine->log()->appended();
    EXPECT_TRUE(engine->check_token(word, position));
    EXPECT_TRUE(engine->check_token(0, 0));
    EXPECT_FALSE(engine->check_token(word, position + 1));
    // Dies before anything reaches the disk: the write is given up, and its epoch was never.
    disk->kill();
    engine.reset();
    open_store();
    write("SET a 1");
    EXPECT_EQ(engine->log()->appended(), position);
    EXPECT_NE(engine->epoch_word(), word);
    EXPECT_FALSE(engine->check_token(word, position));
    close_store();
    const auto other = std::make_shared<SimDisk>();
    open_store(other);
    write("SET a 1");
    EXPECT_EQ(engine->log()->appended(), position);
    EXPECT_FALSE(engine->check_token(word, position));
    close_store();
}

// A process that was killed has renamed MANIFEST and synced no name; nothing that the next one
// makes may outlive it.
TEST_F(EpochsTest, NamesThatAKilledProcessLeftAreMadeDurable) {
    const auto is_named = [&] {
        const std::vector<std::string> names = disk->names();
        return std::find(names.begin(), names.end(), kManifest) != names.end();
    };
    for (uint64_t step = 1; !is_named(); ++step) {
        ASSERT_LT(step, 100u);
        disk->halt_at(step);
        EXPECT_FALSE(Engine::open({disk, &clock, &entropy, false}, Options()));
        disk->kill();
    }
    ASSERT_FALSE(disk->unsynced(kManifest).empty());
    open_store();
    EXPECT_TRUE(disk->unsynced(kManifest).empty());
    close_store();
}

// A segment that was begun for a snapshot and stayed empty says how far the log was durable then.
TEST_F(EpochsTest, AClosedLogIsVouchedForBehindASnapshotThatWasBegun) {
    open_store();
    {
        Client client(engine);
        client.call({"SET", "a", std::string(2 << 20, 'x')});
    }
    ASSERT_TRUE(engine->snapshots().begin());
    const uint64_t end = engine->log()->appended();
    close_store();
    const std::string bytes = disk->contents(format::file_name(format::kSegmentPrefix, end));
    auto header = decode_segment_header(bytes.substr(0, format::kSegmentHeaderBytes), "");
    ASSERT_TRUE(header);
    EXPECT_EQ(header->synced, end);
}

// Whatever step of the first open, of a later one, of the first write or of a snapshot is the last.
TEST_F(EpochsTest, ADirectoryThatDiedAtAnyStepOpensAgain) {
    for (uint64_t step = 1;; ++step) {
        disk = std::make_shared<SimDisk>();
        const auto die = [&] {
            if (engine != nullptr) {
                disk->kill();
                engine.reset();
            }
        };
        const auto live = [&](uint64_t halt_at) {
            Options options;
            EXPECT_TRUE(options.set(OptionId::kSlots, "1024"));
            if (halt_at != 0) disk->halt_at(halt_at);
            auto opened = Engine::open({disk, &clock, &entropy, false}, options);
            if (!opened) return false;
            engine = *opened;
            Client client(engine);
            client("INCR n");
            bool done = static_cast<bool>(engine->log()->sync(engine->log()->appended()));
            done = static_cast<bool>(engine->snapshots().take()) && done;
            if (client("INCR n")[0] == '-') return false;
            return static_cast<bool>(engine->log()->sync(engine->log()->appended())) && done;
        };
        ASSERT_TRUE(live(0));
        die();
        const bool survived = live(step);
        die();
        disk->kill();
        disk->clear_faults();
        open_store();
        const std::string found = Client(engine)("GET n");
        if (survived) {
            EXPECT_EQ(found, "$4") << step;
        } else {
            EXPECT_TRUE(found == "$2" || found == "$3" || found == "$4") << step << ": " << found;
        }
        auto opened_again = check_directory(*copy(3));
        ASSERT_TRUE(opened_again);
        for (const Finding& finding : *opened_again) {
            EXPECT_NE(finding.severity, Finding::Severity::kDamage) << step << finding.message;
        }
        close_store();
        if (survived) {
            EXPECT_GT(step, 20u);
            break;
        }
    }
}

}  // namespace
}  // namespace synap
