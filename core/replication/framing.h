// Messages as they stand in the stream of a connection: written, and taken apart again.
//
// The parser is fed bytes in pieces of any size. It believes a length as far as bytes are there:
// what it keeps is at most what it was fed of one message, and a message that arrives whole is not
// copied. An error is final: the connection is to be closed. Thread safety: one thread.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/replication/wire.h"

namespace synap::replication {

struct Message {
    MessageType type{};
    std::string_view body;
};

// Appends a whole message.
void put_message(std::string& out, MessageType type, std::string_view body);
// Appends the header and the beginning of one whose body is `head` and then `tail_bytes`, which the
// caller sends behind it from where they are; `covered` is what of them the checksum covers.
void put_split_message(std::string& out, MessageType type, std::string_view head,
                       std::string_view covered, size_t tail_bytes);

class MessageParser {
public:
    // Until then, only small messages of the handshake are let through.
    void peer_has_proven() noexcept { proven_ = true; }

    // Takes bytes from the front of `bytes`. True: `message` is the next one; its body lives until
    // the next call, and no longer than what `bytes` shows. False: all bytes are taken, and more
    // are needed. kInvalidArgument where the peer speaks another protocol, kVersion for a message
    // that this version does not know and may not skip, kCorrupt for all else.
    Result<bool> next(std::string_view& bytes, Message& message);

    // What it holds of a message that is not complete.
    size_t buffered() const noexcept { return delivered_ ? 0 : buffer_.size(); }

private:
    struct Header {
        uint32_t length = 0;
        uint32_t crc = 0;
        uint16_t type = 0;
    };

    Status take_preamble(std::string_view& bytes);
    Result<Header> check_header(const char* at) const;
    Status check_body(const Header& header, const char* at) const;
    // A whole message in `whole`, or nothing yet.
    Result<bool> take_whole(std::string_view& bytes, Header& header, const char*& whole);
    void drop_delivered() noexcept;

    size_t preamble_taken_ = 0;
    bool proven_ = false;
    bool delivered_ = false;  // what is in the buffer was handed out
    std::string buffer_;
};

}  // namespace synap::replication
