// The HTTP side of one connection: framing of requests, keep-alive, pipelines.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "server/http/chunked.h"
#include "server/http/head.h"
#include "server/http/service.h"
#include "server/net/services.h"

namespace synap::server::http {

enum class Kind : uint8_t { kUnknown, kHttp, kOther };

// Tells HTTP from RESP by the first line: "METHOD target HTTP/x". kUnknown wants more bytes.
Kind recognise(std::string_view bytes, const Limits& limits) noexcept;

// What a client gets whose request takes too long.
inline constexpr std::string_view kRequestTimeout =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

class Peer {
public:
    // `only_one`: closes after the first response.
    explicit Peer(bool only_one = false) noexcept : only_one_(only_one) {}

    // Answers the complete requests at the front of data[0, size), in order. Bytes that were not
    // consumed must be offered again with more behind them. kReadPadding bytes behind the data
    // may be read.
    Fed feed(const PeerContext& context, Service& service, const char* data, size_t size);

private:
    enum class Step : uint8_t { kDone, kNeedMore };

    Step step(const PeerContext& context, Service& service, std::string_view rest, Fed& fed);
    Step step_chunked(const PeerContext& context, Service& service, std::string_view rest,
                      Fed& fed);
    Step reject(const PeerContext& context, Service& service, unsigned status, Fed& fed);
    void answer(const PeerContext& context, Service& service, const Head& head,
                std::string_view body, Fed& fed);

    bool only_one_;
    size_t scanned_ = 0;      // bytes searched for the end of the head
    size_t needed_ = 0;       // bytes of the whole request, once its head is known
    bool continued_ = false;  // "100 Continue" was sent
    size_t swallowed_ = 0;    // bytes consumed of a request in chunks
    std::unique_ptr<ChunkedBody> chunked_;
};

}  // namespace synap::server::http
