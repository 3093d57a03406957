// A key's value as an effect: what snapshots, and copies of a whole keyspace, write of it.
#pragma once

#include "core/keyspace/effect.h"
#include "core/keyspace/node.h"

namespace synap {

// The effect that begins the node's value, but for its body. Points into the node.
inline Effect value_effect(const Node& node) noexcept {
    Effect effect;
    effect.type = node.type();
    effect.name_space = node.name_space();
    effect.key = node.key();
    effect.expires_at = node.deadline();
    return effect;
}

}  // namespace synap
