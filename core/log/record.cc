#include "core/log/record.h"

#include "core/base/crc32c.h"
#include "core/base/exhaustion.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/types/registry.h"

namespace synap {
namespace {

constexpr uint8_t kHasDeadline = 1;
constexpr uint8_t kGrown = 2;
constexpr uint8_t kTimed = 4;
constexpr uint8_t kKnownFlags = kHasDeadline | kGrown | kTimed;

void put_string(std::string& out, std::string_view bytes) {
    put_varint(out, bytes.size());
    out.append(bytes);
}

uint8_t flags_of(const Effect& effect) noexcept {
    return static_cast<uint8_t>((effect.expires_at != 0 ? kHasDeadline : 0) |
                                (effect.body.grown ? kGrown : 0) |
                                (effect.body.timed ? kTimed : 0));
}

}  // namespace

void EffectBuffer::add_body(const Effect& effect) {
    bytes_.push_back(static_cast<char>(effect.type));
    if (effect.expires_at != 0) put_varint(bytes_, static_cast<uint64_t>(effect.expires_at));
    put_varint(bytes_, effect.body.argument);
    if (effect.body.blob == nullptr) return put_string(bytes_, effect.body.bytes);
    put_varint(bytes_, effect.body.bytes.size());
    effect.body.blob->retain();
    splices_.push_back({bytes_.size(), BlobRef(effect.body.blob)});
    spliced_bytes_ += effect.body.bytes.size();
}

void EffectBuffer::add(const Effect& effect) {
    const Mark before = mark();
    Rollback whole([&]() noexcept { cut(before); });
    const char head[4] = {static_cast<char>(effect.kind), static_cast<char>(flags_of(effect)),
                          static_cast<char>(effect.name_space), static_cast<char>(effect.reason)};
    bytes_.append(head, sizeof head);
    put_varint(bytes_, effect.command);
    put_string(bytes_, effect.key);
    switch (effect.kind) {
        case EffectKind::kValue:
        case EffectKind::kEdit:
            add_body(effect);
            break;
        case EffectKind::kDeadline:
            put_varint(bytes_, static_cast<uint64_t>(effect.expires_at));
            break;
        case EffectKind::kMove:
        case EffectKind::kCopy:
            bytes_.push_back(static_cast<char>(effect.other_name_space));
            put_string(bytes_, effect.other_key);
            break;
        case EffectKind::kSwap:
            bytes_.push_back(static_cast<char>(effect.other_name_space));
            break;
        case EffectKind::kDelete:
        case EffectKind::kFlush:
            break;
    }
    whole.done();
}

void EffectBuffer::cut(const Mark& mark) noexcept {
    bytes_.resize(mark.bytes);
    while (splices_.size() > mark.splices) splices_.pop_back();
    spliced_bytes_ = mark.spliced_bytes;
}

void EffectBuffer::clear() noexcept {
    constexpr size_t kKeepBytes = 64 * 1024;
    if (bytes_.capacity() > kKeepBytes) {
        std::string().swap(bytes_);
    } else {
        bytes_.clear();
    }
    splices_.clear();
    spliced_bytes_ = 0;
}

namespace {

bool take_name_space(ByteReader& in, uint8_t& name_space) noexcept {
    return in.take(name_space) && name_space < limits::kNamespaces;
}

bool take_deadline(ByteReader& in, int64_t& deadline) noexcept {
    uint64_t value = 0;
    if (!in.take_varint(value) || value > INT64_MAX) return false;
    deadline = static_cast<int64_t>(value);
    return true;
}

bool take_body(ByteReader& in, uint8_t flags, Effect& effect) noexcept {
    if ((flags & kHasDeadline) != 0 && !take_deadline(in, effect.expires_at)) return false;
    effect.body.grown = (flags & kGrown) != 0;
    effect.body.timed = (flags & kTimed) != 0;
    return in.take_varint(effect.body.argument) && in.take_string(effect.body.bytes);
}

bool take_rest(ByteReader& in, Effect& effect) noexcept {
    switch (effect.kind) {
        case EffectKind::kDeadline:
            return take_deadline(in, effect.expires_at);
        case EffectKind::kMove:
        case EffectKind::kCopy:
            return take_name_space(in, effect.other_name_space) &&
                   in.take_string(effect.other_key) && effect.other_key.size() <= limits::kKeyBytes;
        case EffectKind::kSwap:
            return take_name_space(in, effect.other_name_space) &&
                   effect.other_name_space < limits::kDatabases &&
                   effect.name_space < limits::kDatabases;
        default:
            return true;
    }
}

Error newer(const char* what, unsigned number) {
    return {Code::kVersion, std::string("effect of ") + what + " " + std::to_string(number) +
                                " was written by a newer version of Synap"};
}

Error damaged(const char* why) {
    return {Code::kCorrupt, std::string("effect does not decode: ") + why};
}

}  // namespace

Result<Effect> decode_effect(std::string_view& payload) {
    ByteReader in(payload);
    Effect effect;
    uint8_t kind = 0;
    uint8_t flags = 0;
    uint8_t reason = 0;
    uint8_t type = 0;
    uint64_t command = 0;
    if (!in.take(kind) || !in.take(flags)) return damaged("it is cut off");
    if (kind < static_cast<uint8_t>(EffectKind::kValue) ||
        kind > static_cast<uint8_t>(EffectKind::kSwap)) {
        return newer("kind", kind);
    }
    if ((flags & ~kKnownFlags) != 0) return newer("flags", flags);
    effect.kind = static_cast<EffectKind>(kind);
    if (!take_name_space(in, effect.name_space) || !in.take(reason) || !in.take_varint(command) ||
        command > UINT16_MAX || !in.take_string(effect.key) ||
        effect.key.size() > limits::kKeyBytes) {
        return damaged("its head is damaged");
    }
    effect.reason = static_cast<Reason>(reason);
    effect.command = static_cast<uint16_t>(command);
    if (has_body(effect.kind)) {
        if (!in.take(type)) return damaged("it is cut off");
        if (!is_value_type(type)) return newer("type", type);
        effect.type = static_cast<ValueType>(type);
        if (!take_body(in, flags, effect)) return damaged("its body is damaged");
        const TypeOps& ops = ops_of(effect.type);
        const char* why = effect.kind == EffectKind::kValue ? ops.check_value(effect.body)
                                                            : ops.check_edit(effect.body);
        if (why != nullptr) return damaged(why);
    } else if (!take_rest(in, effect)) {
        return damaged("its rest is damaged");
    }
    payload.remove_prefix(payload.size() - in.remaining());
    return effect;
}

void encode_frame_header(const FrameHeader& header, char* to) noexcept {
    store(to, header.length);
    store(to + 4, header.crc);
    store(to + 8, header.kind);
    store(to + 9, header.flags);
    store(to + 10, header.codec);
    store(to + 11, header.key_id);
    store(to + 12, header.epoch);
    store(to + 16, header.position);
    store(to + 24, header.synced);
    store(to + 32, header.commit_ms);
}

FrameHeader decode_frame_header(const char* from) noexcept {
    FrameHeader header;
    header.length = load<uint32_t>(from);
    header.crc = load<uint32_t>(from + 4);
    header.kind = load<uint8_t>(from + 8);
    header.flags = load<uint8_t>(from + 9);
    header.codec = load<uint8_t>(from + 10);
    header.key_id = load<uint8_t>(from + 11);
    header.epoch = load<uint32_t>(from + 12);
    header.position = load<uint64_t>(from + 16);
    header.synced = load<uint64_t>(from + 24);
    header.commit_ms = load<uint64_t>(from + 32);
    return header;
}

uint32_t frame_seed(uint64_t secret) noexcept {
    char bytes[sizeof secret];
    store(bytes, secret);
    return crc32c({bytes, sizeof bytes});
}

uint32_t frame_crc(const char* header, uint32_t payload_crc) noexcept {
    const uint32_t crc = crc32c({header, format::kFrameCrcOffset}, payload_crc);
    constexpr size_t kBehind = format::kFrameCrcOffset + sizeof(uint32_t);
    return crc32c({header + kBehind, format::kFrameHeaderBytes - kBehind}, crc);
}

}  // namespace synap
