#include "core/engine/shadow.h"

#include <optional>
#include <tuple>

#include "core/base/exhaustion.h"
#include "core/engine/apply_record.h"
#include "core/keyspace/value_effect.h"
#include "core/log/received.h"
#include "core/log/record.h"
#include "core/types/registry.h"

namespace synap {
namespace {

unsigned other_slot_bits(unsigned bits) noexcept {
    return bits == limits::kSlotBitsMin ? bits + 1 : limits::kSlotBitsMin;
}

struct Difference {
    uint8_t name_space;
    std::string key;
    std::string_view what;

    bool operator<(const Difference& other) const noexcept {
        return std::tie(name_space, key) < std::tie(other.name_space, other.key);
    }
};

template <typename See>
void for_each_node(Keyspace& keyspace, See&& see) {
    for (uint32_t i = 0; i < keyspace.slot_count(); ++i) {
        keyspace.slot(i).table.for_each([&](Cell cell) { see(*cell_node(cell)); });
    }
}

}  // namespace

Shadow::Shadow(Keyspace& first, uint64_t secret)
    : second_(other_slot_bits(first.slot_bits()), secret) {
    copy(first);
}

void Shadow::copy(Keyspace& first) {
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        second_.set_name_space_of(i, first.name_space_of(i));
    }
    for_each_node(first, [this](const Node& node) { copy(node); });
}

// As a snapshot writes it.
void Shadow::copy(const Node& node) {
    EffectBuffer effects;
    Effect effect = value_effect(node);
    if (ops_of(node.type()).body(node.value(), effect.body)) {
        effects.add(effect);
        return apply(effects, 1);
    }
    std::string scratch;
    write_bodies(node.value().tree()->share(), node.grown(), scratch, [&](const Body& body) {
        effect.body = body;
        effects.add(effect);
        apply(effects, 1);
        effects.clear();
        effect.kind = EffectKind::kEdit;
        effect.expires_at = 0;
        return true;
    });
}

void Shadow::record(const EffectBuffer& effects, uint64_t end) noexcept {
    if (!attempt([&] { apply(effects, end); })) exhausted_ = true;
}

void Shadow::apply(const EffectBuffer& effects, uint64_t end) {
    payload_.clear();
    EffectPieces(effects).take(effects.total_bytes(),
                               [this](std::string_view piece, Blob*) { payload_.append(piece); });
    apply(payload_, end);
}

void Shadow::received(std::string_view frames, uint64_t end) noexcept {
    const auto apply_all = [&] {
        for_each_received(frames, [&](std::string_view record) { apply(record, end); });
    };
    if (!attempt(apply_all)) exhausted_ = true;
}

void Shadow::apply(std::string_view record, uint64_t end) {
    if (!failure_.empty()) return;
    effects_.clear();
    Status applied = decode_record(second_, record, effects_);
    if (applied) applied = apply_record(second_, effects_, end, SnapshotPositions(), 0);
    if (!applied) failure_ = "a record could not be followed: " + applied.error().message;
    second_.garbage().free_all();
}

std::string Shadow::difference(Keyspace& first) {
    if (exhausted_) return "the shadow ran out of memory";
    if (!failure_.empty()) return failure_;
    if (first.digest() == second_.digest()) return {};
    return first_difference(first);
}

std::string Shadow::first_difference(Keyspace& first) {
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        const unsigned mine = first.name_space_of(i);
        const unsigned other = second_.name_space_of(i);
        if (mine == other) continue;
        return "database " + std::to_string(i) + " stands for namespace " + std::to_string(mine) +
               ", in the shadow for " + std::to_string(other);
    }
    std::optional<Difference> least;
    const auto note = [&least](const Node& node, std::string_view what) {
        Difference found{node.name_space(), std::string(node.key()), what};
        if (!least || found < *least) least = std::move(found);
    };
    for_each_node(first, [&](const Node& node) {
        const Node* other = second_.find(second_.key(node.name_space(), node.key()));
        if (other == nullptr) return note(node, "is not in the shadow");
        if (other->digest() != node.digest()) note(node, "differs in the shadow");
    });
    for_each_node(second_, [&](const Node& node) {
        if (first.find(first.key(node.name_space(), node.key())) == nullptr) {
            note(node, "is in the shadow only");
        }
    });
    if (!least) return "the digests differ, and no key does";
    return "namespace " + std::to_string(least->name_space) + ", key '" + least->key + "' " +
           std::string(least->what);
}

}  // namespace synap
