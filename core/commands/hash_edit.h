// One change of a hash, gathered field by field and made true by one effect: several where it is
// larger than an effect may be.
#pragma once

#include <string_view>
#include <vector>

#include "core/commands/context.h"
#include "core/types/hash_body.h"
#include "core/types/hash_value.h"

namespace synap {

class HashEdit {
public:
    // One at a time: the bytes stand in ctx.run().body.
    HashEdit(CommandContext& ctx, const KeyRef& key) : ctx_(ctx), key_(key), run_(ctx.run()) {
        run_.body.clear();
    }

    // Deadline 0: none. Throw std::bad_alloc, as emit() does.
    void set(std::string_view field, std::string_view value, int64_t deadline) {
        add(hash_body::set(field, value, deadline));
    }
    void remove(std::string_view field) { add(hash_body::remove(field)); }
    void set_deadline(std::string_view field, int64_t deadline) {
        add(hash_body::deadline(field, deadline));
    }

    // Nothing where nothing was gathered. A key without a hash gets one; a hash without fields
    // goes.
    void emit(Reason reason = Reason::kUser);

private:
    struct Part {
        size_t end = 0;  // in the bytes
        uint64_t elements = 0;
        bool timed = false;
    };

    void add(const hash_body::Element& element);
    void emit_part(const Part& part, size_t begin, Reason reason);

    CommandContext& ctx_;
    const KeyRef key_;
    Run& run_;
    std::vector<Part> full_;
    Part part_;
};

}  // namespace synap
