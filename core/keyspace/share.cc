#include "core/base/assert.h"
#include "core/keyspace/keyspace.h"

namespace synap {

Node* Keyspace::share_string(const KeyRef& key, unsigned stripe) {
    Cell* cell = find_cell(key.hash, key.name_space, key.key);
    Node* const old = cell_node(*cell);
    SYNAP_ASSERT(old->type() == ValueType::kString && old->encoding() == Encoding::kInline);
    NewValue made;
    made.own(Blob::copy(old->inline_value()));
    Node::Shape shape = old->shape();
    shape.encoding = made.encoding;
    shape.value_size = static_cast<uint32_t>(made.bytes.size());
    Node* node = Node::make(shape, heap_, stripe);
    if (old->has_deadline()) node->set_deadline(old->deadline());
    node->set_key(old->key());
    node->set_value(made.bytes);
    node->set_access(old->last_access(), old->frequency());
    made.release();
    account_node(*old, -1, stripe);
    *cell = make_cell(tag(key.hash), node);
    Node::free(old, heap_);
    account_node(*node, 1, stripe);
    return node;
}

}  // namespace synap
