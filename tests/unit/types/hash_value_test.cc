// Hashes as a type: bodies, packed and large forms, and what the registry asks of both.
#include "core/types/hash_value.h"

#include <gtest/gtest.h>

#include <map>

#include "core/platform/entropy.h"
#include "core/types/registry.h"

namespace synap {
namespace {

struct Field {
    std::string value;
    int64_t deadline;
    bool operator==(const Field&) const = default;
};
using Model = std::map<std::string, Field>;

// A value as a node would hold it.
class HashValueTest : public ::testing::Test {
protected:
    ~HashValueTest() override { clear(); }

    ValueView view() const { return {ValueType::kHash, encoding_, grown_, bytes_}; }
    HashRef hash() const { return exists_ ? HashRef(view()) : HashRef(); }

    void edit(const std::string& elements, uint64_t count, bool timed = true) {
        Body body;
        body.argument = count;
        body.bytes = elements;
        body.timed = timed;
        ASSERT_EQ(hash_value::check_edit(body), nullptr);
        const ValueView old = view();
        NewValue made;
        const EditOutcome outcome = hash_value::edit(exists_ ? &old : nullptr, body, home_, made);
        if (outcome == EditOutcome::kEmpty) return clear();
        if (outcome == EditOutcome::kStored) return keep(made);
        grown_ = made.grown;
    }
    void keep(NewValue& made) {
        const std::string bytes(made.bytes);
        clear();
        bytes_ = bytes;
        encoding_ = made.encoding;
        grown_ = made.grown;
        exists_ = true;
        made.release();
    }
    void clear() {
        size_t all = SIZE_MAX;
        if (exists_) {
            EXPECT_TRUE(hash_value::free_some(view(), all));
        }
        exists_ = false;
        encoding_ = Encoding::kInline;
    }
    void set(std::string_view field, std::string_view value, int64_t deadline = 0) {
        std::string elements;
        hash_body::append(elements, hash_body::set(field, value, deadline));
        edit(elements, 1);
    }
    void remove(std::string_view field) {
        std::string elements;
        hash_body::append(elements, hash_body::remove(field));
        edit(elements, 1);
    }
    Model contents() const {
        Model model;
        hash().for_each([&](const FieldView& field) {
            model[std::string(field.field)] = {std::string(field.value), field.deadline};
        });
        return model;
    }

    Heap heap_;
    const ValueHome home_{heap_, 0, 42};
    std::string bytes_;
    Encoding encoding_ = Encoding::kInline;
    bool grown_ = false;
    bool exists_ = false;
};

TEST_F(HashValueTest, AgreesWithAMapUnderRandomEdits) {
    const uint64_t seed = 20261127;
    RecordProperty("seed", std::to_string(seed));
    SmallRandom random(seed);
    Model model;
    for (int step = 0; step < 30'000; ++step) {
        // Now and then few fields, so that it is empty, packed and large by turns.
        const uint64_t fields = step / 3'000 % 2 == 0 ? 12 : 300;
        const std::string name = "f" + std::to_string(random.below(fields));
        std::string elements;
        switch (random.below(4)) {
            case 0:
            case 1: {
                const std::string value(random.below(40), static_cast<char>('a' + step % 26));
                const auto deadline = static_cast<int64_t>(random.below(3) * (1 + random.below(9)));
                hash_body::append(elements, hash_body::set(name, value, deadline));
                model[name] = {value, deadline};
                break;
            }
            case 2:
                hash_body::append(elements, hash_body::remove(name));
                model.erase(name);
                break;
            default: {
                const auto deadline = static_cast<int64_t>(random.below(5));
                hash_body::append(elements, hash_body::deadline(name, deadline));
                if (model.count(name) != 0) model[name].deadline = deadline;
            }
        }
        edit(elements, 1);
        ASSERT_EQ(exists_, !model.empty()) << "seed " << seed << " step " << step;
        ASSERT_EQ(hash().size(), model.size()) << "seed " << seed << " step " << step;
        FieldView found;
        ASSERT_EQ(hash().find(name, found), model.count(name) == 1);
        if (step % 97 != 0) continue;
        ASSERT_EQ(contents(), model) << "seed " << seed << " step " << step;
        int64_t earliest = 0;
        for (const auto& [field, kept] : model) {
            if (kept.deadline != 0 && (earliest == 0 || kept.deadline < earliest)) {
                earliest = kept.deadline;
            }
        }
        ASSERT_EQ(hash().earliest_deadline(), earliest) << "seed " << seed << " step " << step;
    }
}

TEST_F(HashValueTest, GrowsIntoATreeAndKeepsEverything) {
    Model model;
    for (int i = 0; i < 2'000; ++i) {
        const std::string field = "field:" + std::to_string(i);
        set(field, "value", i % 3);
        model[field] = {"value", i % 3};
    }
    EXPECT_EQ(encoding_, Encoding::kTree);
    EXPECT_EQ(hash_value::encoding(view()), "hashtable");
    EXPECT_EQ(contents(), model);
}

// As Redis: by its limits, once for ever, whatever stands beneath.
TEST_F(HashValueTest, SaysItsEncodingByTheLimitsOfRedis) {
    for (int i = 0; i < 512; ++i) set("f" + std::to_string(i), "v");
    EXPECT_EQ(hash_value::encoding(view()), "listpack");
    set("one more", "v");
    EXPECT_EQ(hash_value::encoding(view()), "hashtable");
    for (int i = 0; i < 512; ++i) remove("f" + std::to_string(i));
    EXPECT_EQ(hash_value::encoding(view()), "hashtable");
    clear();
    grown_ = false;
    set("f", std::string(64, 'v'));
    EXPECT_EQ(hash_value::encoding(view()), "listpack");
    set("f", std::string(65, 'v'));
    EXPECT_EQ(hash_value::encoding(view()), "hashtable");
}

TEST_F(HashValueTest, DigestKnowsNoEncodingAndNoOrder) {
    std::string forwards;
    std::string backwards;
    for (int i = 0; i < 30; ++i) {
        hash_body::append(forwards, hash_body::set("f" + std::to_string(i), "v", i));
        hash_body::append(backwards, hash_body::set("f" + std::to_string(29 - i), "v", 29 - i));
    }
    edit(forwards, 30);
    const uint64_t packed = hash_value::digest(view());
    clear();
    set("large", std::string(5'000, 'x'));
    edit(backwards, 30);
    remove("large");
    EXPECT_EQ(encoding_, Encoding::kTree);
    EXPECT_EQ(hash_value::digest(view()), packed);
    set("f3", "v", 4);
    EXPECT_NE(hash_value::digest(view()), packed);
}

TEST_F(HashValueTest, APackedHashIsTheBodyThatMakesIt) {
    for (int i = 0; i < 20; ++i) set("f" + std::to_string(i), std::to_string(i), i % 2 * 1000);
    const Model model = contents();
    const uint64_t digest = hash_value::digest(view());
    Body body;
    ASSERT_TRUE(hash_value::body(view(), body));
    EXPECT_EQ(hash_value::check_value(body), nullptr);
    const std::string bytes(body.bytes);
    body.bytes = bytes;
    NewValue made;
    hash_value::begin(body, home_, made);
    keep(made);
    EXPECT_EQ(contents(), model);
    EXPECT_EQ(hash_value::digest(view()), digest);
}

TEST_F(HashValueTest, ALargeHashIsWrittenInBoundedBodies) {
    const std::string value(20'000, 'v');
    for (int i = 0; i < 300; ++i) set("f" + std::to_string(i), value, i % 2);
    const uint64_t digest = hash_value::digest(view());
    std::vector<std::pair<std::string, Body>> bodies;
    std::string scratch;
    const HashTreeRef shared = view().tree()->share();
    EXPECT_TRUE(write_bodies(shared, true, scratch, [&](const Body& body) {
        EXPECT_LE(body.bytes.size(), limits::kEffectBodyBytes);
        bodies.emplace_back(std::string(body.bytes), body);
        return true;
    }));
    EXPECT_GT(bodies.size(), 5u);
    clear();
    bool first = true;
    for (auto& [bytes, body] : bodies) {
        body.bytes = bytes;
        if (!first) {
            edit(bytes, body.argument);
            continue;
        }
        ASSERT_EQ(hash_value::check_value(body), nullptr);
        NewValue made;
        hash_value::begin(body, home_, made);
        keep(made);
        first = false;
    }
    EXPECT_EQ(hash_value::digest(view()), digest);
}

// Well-formed, and without meaning: refused before anything is changed.
TEST(HashBody, MeaninglessBodiesAreRefused) {
    const auto check = [](const std::vector<hash_body::Element>& elements, uint64_t count,
                          bool whole, bool timed = true) {
        std::string bytes;
        for (const auto& element : elements) hash_body::append(bytes, element);
        Body body;
        body.argument = count;
        body.bytes = bytes;
        body.timed = timed;
        return (whole ? hash_value::check_value(body) : hash_value::check_edit(body)) == nullptr;
    };
    using namespace hash_body;
    EXPECT_TRUE(check({set("a", "1", 0), set("b", "2", 5)}, 2, true));
    EXPECT_FALSE(check({set("a", "1", 0), set("a", "2", 0)}, 2, true));  // a field twice
    EXPECT_FALSE(check({}, 0, true));                                    // no field
    EXPECT_FALSE(check({set("a", "1", 0)}, 2, true));                    // fewer than counted
    EXPECT_FALSE(check({set("a", "1", 0), set("b", "1", 0)}, 1, true));  // more than counted
    EXPECT_FALSE(check({remove("a")}, 1, true));                         // not a value
    EXPECT_TRUE(check({remove("a")}, 1, false));
    EXPECT_FALSE(check({set("a", "1", INT64_MIN)}, 1, true));  // before all time
    EXPECT_FALSE(check({set("a", "1", 5)}, 1, true, false));   // not announced
    EXPECT_FALSE(check({deadline("a", -1)}, 1, false));
}

TEST(HashBody, CutAndGarbledBodiesAreRefusedOrSound) {
    const uint64_t seed = 7;
    SmallRandom random(seed);
    std::string bytes;
    for (int i = 0; i < 20; ++i) {
        hash_body::append(bytes, hash_body::set("field" + std::to_string(i), "value", i % 2));
    }
    for (int i = 0; i < 50'000; ++i) {
        std::string garbled = bytes.substr(0, random.below(bytes.size() + 1));
        if (!garbled.empty())
            garbled[random.below(garbled.size())] ^= static_cast<char>(random.next());
        Body body;
        body.bytes = garbled;
        body.argument = random.below(21);
        body.timed = true;
        if (hash_value::check_edit(body) != nullptr) continue;
        const char* at = garbled.data();
        hash_body::Element element;
        for (uint64_t k = 0; k < body.argument; ++k) at = hash_body::read(at, element);
        ASSERT_EQ(at, garbled.data() + garbled.size()) << "seed " << seed << " step " << i;
    }
}

}  // namespace
}  // namespace synap
