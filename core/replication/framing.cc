#include "core/replication/framing.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/varint.h"

namespace synap::replication {

namespace {

constexpr size_t kKeptBytes = 64 << 10;  // of memory, between messages
constexpr size_t kTypeOffset = 8;

// How much of the body the checksum covers.
size_t covered_bytes(uint16_t type, size_t length) noexcept {
    const bool frames = type == static_cast<uint16_t>(MessageType::kLog);
    return frames ? std::min(length, kLogPositionBytes) : length;
}

uint32_t header_crc(const char* header) noexcept {
    const uint32_t crc = crc32c({header, kMessageCrcOffset});
    return crc32c({header + kTypeOffset, kMessageHeaderBytes - kTypeOffset}, crc);
}

}  // namespace

void put_split_message(std::string& out, MessageType type, std::string_view head,
                       std::string_view covered, size_t tail_bytes) {
    char header[kMessageHeaderBytes] = {};
    store(header, static_cast<uint32_t>(head.size() + tail_bytes));
    store(header + kTypeOffset, static_cast<uint16_t>(type));
    store(header + kMessageCrcOffset, crc32c(covered, crc32c(head, header_crc(header))));
    out.append(header, sizeof header);
    out.append(head);
}

void put_message(std::string& out, MessageType type, std::string_view body) {
    const size_t covered = covered_bytes(static_cast<uint16_t>(type), body.size());
    put_split_message(out, type, body.substr(0, covered), {}, body.size() - covered);
    out.append(body.substr(covered));
}

Status MessageParser::take_preamble(std::string_view& bytes) {
    const std::string_view wanted = kPreamble.substr(preamble_taken_);
    const size_t size = std::min(wanted.size(), bytes.size());
    if (bytes.substr(0, size) != wanted.substr(0, size)) {
        return Error{Code::kInvalidArgument,
                     "the other end does not speak Synap's replication protocol: are port and "
                     "address right, and is TLS on at both ends or at none?"};
    }
    preamble_taken_ += size;
    bytes.remove_prefix(size);
    return {};
}

Result<MessageParser::Header> MessageParser::check_header(const char* at) const {
    Header header;
    header.length = load<uint32_t>(at);
    header.crc = load<uint32_t>(at + kMessageCrcOffset);
    header.type = load<uint16_t>(at + kTypeOffset);
    const auto type = static_cast<MessageType>(header.type);
    const std::string name = "a message of type " + std::to_string(header.type);
    if (!proven_ && !precedes_proof(type)) {
        return Error{Code::kCorrupt, name + " before the other end has proven itself"};
    }
    if (!is_known(header.type) && header.type < kSkippable) {
        return Error{Code::kVersion, name + ", which this version of Synap does not know"};
    }
    const size_t most = proven_ ? body_limit(type) : kUnprovenBodyBytes;
    if (header.length > most) {
        return Error{Code::kCorrupt, name + " claims " + std::to_string(header.length) +
                                         " bytes; at most " + std::to_string(most) +
                                         " are allowed"};
    }
    return header;
}

Status MessageParser::check_body(const Header& header, const char* at) const {
    const size_t covered = covered_bytes(header.type, header.length);
    if (crc32c({at + kMessageHeaderBytes, covered}, header_crc(at)) == header.crc) return {};
    return Error{Code::kCorrupt,
                 "the checksum of a message of type " + std::to_string(header.type) + " is wrong"};
}

void MessageParser::drop_delivered() noexcept {
    if (!delivered_) return;
    delivered_ = false;
    buffer_.clear();
    if (buffer_.capacity() > kKeptBytes) std::string().swap(buffer_);
}

Result<bool> MessageParser::take_whole(std::string_view& bytes, Header& header,
                                       const char*& whole) {
    const auto buffer_up_to = [&](size_t size) {
        const size_t taken = std::min(size - buffer_.size(), bytes.size());
        buffer_.append(bytes.substr(0, taken));
        bytes.remove_prefix(taken);
        return buffer_.size() == size;
    };
    const bool in_place = buffer_.empty() && bytes.size() >= kMessageHeaderBytes;
    if (!in_place && buffer_.size() < kMessageHeaderBytes && !buffer_up_to(kMessageHeaderBytes)) {
        return false;
    }
    auto checked = check_header(in_place ? bytes.data() : buffer_.data());
    if (!checked) return checked.take_failure();
    header = *checked;
    const size_t total = kMessageHeaderBytes + header.length;
    if (in_place && bytes.size() >= total) {
        whole = bytes.data();
        bytes.remove_prefix(total);
        return true;
    }
    if (!buffer_up_to(total)) return false;
    whole = buffer_.data();
    delivered_ = true;
    return true;
}

Result<bool> MessageParser::next(std::string_view& bytes, Message& message) {
    drop_delivered();
    if (preamble_taken_ < kPreamble.size()) SYNAP_TRY(take_preamble(bytes));
    while (!bytes.empty()) {
        Header header;
        const char* whole = nullptr;
        auto complete = take_whole(bytes, header, whole);
        if (!complete || !*complete) return complete;
        SYNAP_TRY(check_body(header, whole));
        if (is_known(header.type)) {
            message.type = static_cast<MessageType>(header.type);
            message.body = {whole + kMessageHeaderBytes, header.length};
            return true;
        }
        drop_delivered();
    }
    return false;
}

}  // namespace synap::replication
