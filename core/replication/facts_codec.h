// NodeFacts, texts and decisions inside bodies of messages.
#pragma once

#include <string>
#include <string_view>

#include "core/base/varint.h"
#include "core/replication/common_point.h"
#include "core/replication/facts.h"

namespace synap::replication {

void put_facts(std::string& out, const NodeFacts& facts);
// False when it is not there as a whole, or means nothing: epochs that do not ascend, an end before
// the last one's start. Whatever was read so decide() may be asked about.
[[nodiscard]] bool take_facts(ByteReader& in, NodeFacts& facts);
// The part of take_facts() that is about meaning.
bool are_sound(const NodeFacts& facts) noexcept;

// At most `most` bytes, the rest is cut off; what is no printable character becomes a question
// mark, since texts end up in logs of the other end.
void put_text(std::string& out, std::string_view text, size_t most);
[[nodiscard]] bool take_text(ByteReader& in, std::string& text, size_t most);

void put_epoch(std::string& out, const Epoch& epoch);
[[nodiscard]] bool take_epoch(ByteReader& in, Epoch& epoch) noexcept;

}  // namespace synap::replication
