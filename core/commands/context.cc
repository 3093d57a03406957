#include "core/commands/context.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/base/exhaustion.h"
#include "core/base/numbers.h"
#include "core/base/text.h"
#include "core/commands/generated/ids.h"
#include "core/commands/hash_edit.h"
#include "core/keyspace/walk.h"

namespace synap {

void CommandContext::erase_expired(const KeyRef& key) {
    if (run_.hide_expired_only) return;
    erase(key, Reason::kExpired);
    ++run_.counters.expired;
}

Node* CommandContext::peek(const KeyRef& key) {
    Node* node = keyspace_.find(key);
    if (node == nullptr) return node;
    if (node->has_deadline() && node->expired(now_ms())) {
        erase_expired(key);
        return nullptr;
    }
    if (node->type() != ValueType::kHash || !HashRef(node).due(now_ms())) return node;
    return without_expired_fields(key, node);
}

Node* CommandContext::look(const KeyRef& key) {
    Node* node = peek(key);
    ++(node != nullptr ? run_.counters.hits : run_.counters.misses);
    return node;
}

Node* CommandContext::read(const KeyRef& key) {
    Node* node = look(key);
    if (node != nullptr) mark_access(*node);
    return node;
}

Node* CommandContext::edit(const KeyRef& key) {
    Node* node = peek(key);
    if (node != nullptr) mark_access(*node);
    return node;
}

[[gnu::flatten]] bool CommandContext::read_string(const KeyRef& key, Node*& node) {
    node = read(key);
    if (node == nullptr || node->type() == ValueType::kString) return true;
    wrong_type();
    return false;
}

bool CommandContext::edit_string(const KeyRef& key, Node*& node) {
    node = edit(key);
    if (node == nullptr || node->type() == ValueType::kString) return true;
    wrong_type();
    return false;
}

void CommandContext::mark_access(Node& node) noexcept {
    if (run_.no_touch && command_.id != kIdTouch) return;
    const uint32_t seconds = keyspace_.seconds();
    if (run_.count_frequency) {
        const uint32_t idle = seconds - std::min(seconds, node.last_access());
        const uint8_t decayed = frequency_decayed(node.frequency(), idle / 60);
        node.set_access(seconds, frequency_after_access(decayed, run_.random));
    } else if (node.last_access() != seconds) {
        node.set_access(seconds, node.frequency());
    }
}

void CommandContext::emit(Effect& effect) {
    effect.command = command_.id;
    if (has_other_key(effect.kind) || run_.captures_first) [[unlikely]]
        capture_before(effect);
    if (run_.logging) {
        now_ms();
        const auto before = run_.effects.mark();
        run_.effects.add(effect);
        Rollback both([&]() noexcept { run_.effects.cut(before); });
        apply(effect);
        both.done();
    } else {
        apply(effect);
    }
    ++run_.applied;
}

// What is half applied can neither be logged nor taken back.
void CommandContext::apply(const Effect& effect) {
    try {
        keyspace_.apply(effect, run_.stripe);
    } catch (const HalfApplied&) {
        ++run_.applied;
        throw;
    }
}

Blob* CommandContext::large_argument(std::string_view bytes) noexcept {
    for (const LargeArgument& large : run_.large_arguments) {
        if (large.origin == bytes.data() && large.blob.get()->size() == bytes.size()) {
            return large.blob.get();
        }
    }
    return nullptr;
}

void CommandContext::set_string(const KeyRef& key, std::string_view value, int64_t deadline) {
    int64_t integer = 0;
    if (parse_integer(value, integer)) return set_integer(key, integer, deadline);
    set_text(key, value, deadline);
}

void CommandContext::set_text(const KeyRef& key, std::string_view text, int64_t deadline) {
    Effect effect = effect_on(key, EffectKind::kValue);
    effect.expires_at = deadline;
    effect.body.bytes = text;
    if (text.size() > limits::kInlineValueBytes) {
        effect.body.blob = large_argument(text);
        if (effect.body.blob != nullptr) effect.body.bytes = effect.body.blob->bytes();
    }
    emit(effect);
}

void CommandContext::set_integer(const KeyRef& key, int64_t value, int64_t deadline) {
    Effect effect = effect_on(key, EffectKind::kValue);
    effect.expires_at = deadline;
    effect.body.argument = kStringInteger;
    effect.body.bytes = {reinterpret_cast<const char*>(&value), sizeof value};
    emit(effect);
}

void CommandContext::write_range(const KeyRef& key, uint64_t offset, std::string_view bytes) {
    Effect effect = effect_on(key, EffectKind::kEdit);
    effect.body.argument = offset;
    effect.body.bytes = bytes;
    if (run_.prepared.is_edit(offset, bytes)) effect.body.prepared = &run_.prepared;
    effect.body.rooms = run_.rooms;
    if (bytes.size() > limits::kInlineValueBytes) {
        effect.body.blob = large_argument(bytes);
        if (effect.body.blob != nullptr) effect.body.bytes = effect.body.blob->bytes();
    }
    emit(effect);
}

void CommandContext::erase(const KeyRef& key, Reason reason) {
    Effect effect = effect_on(key, EffectKind::kDelete);
    effect.reason = reason;
    emit(effect);
}

void CommandContext::set_deadline(const KeyRef& key, int64_t deadline) {
    Effect effect = effect_on(key, EffectKind::kDeadline);
    effect.expires_at = deadline;
    emit(effect);
}

bool CommandContext::take_hash(Node* node) {
    if (node == nullptr || node->type() == ValueType::kHash) return true;
    wrong_type();
    return false;
}

bool CommandContext::read_hash(const KeyRef& key, Node*& node) {
    node = read(key);
    return take_hash(node);
}

bool CommandContext::edit_hash(const KeyRef& key, Node*& node) {
    node = edit(key);
    return take_hash(node);
}

// Deletes at most so many that a command takes a bounded time; the others are for the maintenance
// thread. A follower deletes nothing, and shows no small hash in which nothing is alive.
Node* CommandContext::without_expired_fields(const KeyRef& key, Node* node) {
    const HashRef hash(node);
    if (run_.hide_expired_only) {
        return hash.tree() == nullptr && hash.live_size(now_ms()) == 0 ? nullptr : node;
    }
    HashEdit edit(*this, key);
    const size_t erased = hash.each_due(now_ms(), limits::kFieldsExpiredAtOnce,
                                        [&](const FieldView& field) { edit.remove(field.field); });
    edit.emit(Reason::kExpired);
    run_.counters.expired_fields += erased;
    return keyspace_.find(key);  // it may be another one, or gone with its last field
}

void CommandContext::reply_string(const Node& node) {
    if (node.encoding() == Encoding::kInline) return reply_.bulk(node.inline_value());
    StringView value;
    node.view(value);
    if (value.blob != nullptr && value.text.size() > limits::kInlineValueBytes) {
        reply_.bulk(value.blob);
    } else {
        reply_.bulk(value.text);
    }
}

void CommandContext::reply_shared(const KeyRef& key, Node*& node) {
    const bool stands_in_node = node->encoding() == Encoding::kInline;
    if (stands_in_node && node->inline_value().size() >= limits::kSharedStringBytes) {
        // Or it is copied, if that can be had.
        attempt([&] { node = keyspace_.share_string(key, run_.stripe); });
    }
    if (node->encoding() != Encoding::kBlob) return reply_string(*node);
    reply_.bulk(node->value().blob());
}

void CommandContext::wrong_type() {
    reply_.error("WRONGTYPE Operation against a key holding the wrong kind of value");
}

void CommandContext::wrong_arity() {
    reply_.error("ERR wrong number of arguments for '" + to_lower(command_.name) + "' command");
}

void CommandContext::invalid_expire_time() {
    reply_.error("ERR invalid expire time in '" + to_lower(command_.name) + "' command");
}

bool CommandContext::is_word(size_t i, std::string_view word) const noexcept {
    return equals_ignoring_case(args_[i], word);
}

bool CommandContext::take_integer(size_t i, int64_t& value) {
    if (parse_integer(args_[i], value)) return true;
    not_an_integer();
    return false;
}

}  // namespace synap
