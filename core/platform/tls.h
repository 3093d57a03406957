// One side of one TLS connection, and what many of them share. Knows no sockets: bytes of the wire
// go in and out by calls. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/platform/clock.h"
#include "core/platform/transport.h"

struct ssl_st;
struct ssl_ctx_st;

namespace synap {

// The files of a configuration, read and found to fit together. Unchanged ever after.
class TlsContext {
public:
    static Result<std::shared_ptr<const TlsContext>> load(const TlsServer& files);
    static Result<std::shared_ptr<const TlsContext>> load(const TlsClient& files);
    ~TlsContext();

private:
    friend class TlsStream;
    explicit TlsContext(ssl_ctx_st* context) noexcept : context_(context) {}
    ssl_ctx_st* const context_;
};

class TlsStream {
public:
    // `name` is what a client expects in the server's certificate, empty for a server; the wall
    // clock judges certificates. `peer` is for messages.
    static Result<std::unique_ptr<TlsStream>> begin(std::shared_ptr<const TlsContext> context,
                                                    bool is_server, const std::string& name,
                                                    std::string peer, Clock& clock);
    ~TlsStream();

    // Bytes that came from the peer; call while wants_input(). Buffers at most what is given.
    void feed(std::string_view wire);
    void feed_end() noexcept { wire_ended_ = true; }
    // Nothing more can be made of what was fed.
    bool wants_input() const noexcept;

    // Bytes to send to the peer, all of them also after a failure: they tell it why. Empty: none.
    std::string_view output() const noexcept;
    void sent(size_t bytes) noexcept;

    // Call after feed() until true. The peer may yet refuse our certificate, under TLS 1.3.
    bool handshake();
    bool established() const noexcept { return established_; }
    // As Transport's, once established. Takes nothing while kTlsBufferBytes wait to be sent.
    size_t write(std::string_view bytes);
    ReadOutcome read(std::span<char> into);
    void finish();

    // The end of all this; what is left to do is to send output().
    const std::optional<Error>& failure() const noexcept { return failure_; }

private:
    TlsStream(std::shared_ptr<const TlsContext> context, ssl_st* ssl, bool is_server,
              std::string name, std::string peer);
    void note_outcome(int outcome);
    Error reason() const;

    const std::shared_ptr<const TlsContext> context_;
    ssl_st* const ssl_;
    const bool is_server_;
    const std::string name_;
    const std::string peer_;
    std::string alert_;  // of our own making, for a peer that does not speak TLS
    std::optional<Error> failure_;
    bool established_ = false;
    bool wire_ended_ = false;
    bool heard_ = false;     // anything from the peer
    bool finished_ = false;  // by us
    bool ended_ = false;     // by the peer
};

// How one side of a mismatch tells the other: TLS to a plain peer, by an alert, and plain to one
// that began TLS, by anything that is not TLS. A protocol without TLS begins with another byte.
inline constexpr std::string_view kTlsAlert("\x15\x03\x01\x00\x02\x02\x46", 7);
inline constexpr std::string_view kPlainAnswer = "TLS is not configured here\n";
bool begins_as_tls(std::string_view wire) noexcept;

}  // namespace synap
