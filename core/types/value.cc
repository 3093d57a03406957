#include "core/types/value.h"

#include "core/types/tree/hash_tree.h"

namespace synap {

NewValue::~NewValue() {
    if (!owns()) return;
    if (encoding == Encoding::kBlob) {
        Blob* blob;
        std::memcpy(&blob, word, sizeof blob);
        blob->release();
        return;
    }
    HashTree* tree;
    std::memcpy(&tree, word, sizeof tree);
    size_t all = SIZE_MAX;
    tree->free_some(all);
}

}  // namespace synap
