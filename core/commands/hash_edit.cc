#include "core/commands/hash_edit.h"

namespace synap {

void HashEdit::add(const hash_body::Element& element) {
    const size_t size = hash_body::size_of(element);
    const size_t begin = full_.empty() ? 0 : full_.back().end;
    if (part_.elements != 0 && part_.end - begin + size > limits::kEffectBodyBytes) {
        full_.push_back(part_);
        part_ = {part_.end, 0, false};
    }
    hash_body::append(run_.body, element);
    part_.end = run_.body.size();
    ++part_.elements;
    part_.timed = part_.timed || element.deadline != 0;
}

void HashEdit::emit_part(const Part& part, size_t begin, Reason reason) {
    Effect effect = effect_on(key_, EffectKind::kEdit);
    effect.type = ValueType::kHash;
    effect.reason = reason;
    effect.body.argument = part.elements;
    effect.body.bytes = std::string_view(run_.body).substr(begin, part.end - begin);
    effect.body.timed = part.timed;
    ctx_.emit(effect);
}

void HashEdit::emit(Reason reason) {
    constexpr size_t kBytesKept = 64 * 1024;
    size_t begin = 0;
    for (const Part& part : full_) {
        emit_part(part, begin, reason);
        begin = part.end;
    }
    if (part_.elements != 0) emit_part(part_, begin, reason);
    full_.clear();
    part_ = {};
    if (run_.body.capacity() > kBytesKept) std::string().swap(run_.body);
    run_.body.clear();
}

}  // namespace synap
