// A store in memory and everything that one I/O thread has, without sockets.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <synap/session.hpp>

#include "server/http/peer.h"
#include "server/http/service.h"
#include "server/net/buffer.h"
#include "server/net/services.h"
#include "server/resp/peer.h"

namespace synap::server {

struct EngineFixture {
    EngineFixture() : shared(settings, Store::open(":memory:")) {
        shared.request_stop = [this] { ++stops; };
        services.emplace(shared, Events::open(shared.store));
        service.emplace(shared);
    }

    EngineFixture(const EngineFixture&) = delete;
    EngineFixture& operator=(const EngineFixture&) = delete;
    // Or the store would close itself at leisure, perhaps after the test program has ended.
    ~EngineFixture() { shared.store.close(); }

    // Everything that waits to be sent, which counts as sent now.
    static std::string take(OutputBuffer& out) {
        std::string all;
        while (!out.empty()) {
            std::array<iovec, OutputBuffer::kMaxPieces> pieces{};
            const int count = out.gather(pieces);
            size_t bytes = 0;
            for (int i = 0; i < count; ++i) {
                const iovec& piece = pieces[static_cast<size_t>(i)];
                all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
                bytes += piece.iov_len;
            }
            out.sent(bytes);
        }
        return all;
    }

    Settings settings;
    Shared shared;
    BufferPool pool;
    std::optional<Services> services;
    std::optional<http::Service> service;
    int stops = 0;
};

// One client: bytes in, bytes out. What was not consumed is offered again.
template <typename Peer>
class Client {
public:
    Client(EngineFixture& engine, uint32_t protocol, Peer peer)
        : engine_(engine),
          session_(Session::open(engine.shared.store, {.protocol = protocol})),
          output_(engine.pool, engine.settings.limits.output_buffer_bytes),
          peer_(std::move(peer)) {}

    std::string send(std::string_view bytes) {
        input_ += bytes;
        const PeerContext context{*engine_.services, session_.raw(), output_, 7};
        std::string replies;
        for (;;) {
            std::string block = input_ + std::string(kReadPadding, '\xAA');
            last = feed(context, block.data(), input_.size());
            input_.erase(0, last.consumed);
            replies += EngineFixture::take(output_);
            if (last.verdict != Verdict::kYield) return replies;
        }
    }
    size_t unconsumed() const { return input_.size(); }
    std::string complete(const Reply& reply) {
        const PeerContext context{*engine_.services, session_.raw(), output_, 7};
        EXPECT_TRUE(peer_.complete(context, reply, nullptr));
        return EngineFixture::take(output_);
    }

    Fed last;

private:
    Fed feed(const PeerContext& context, const char* data, size_t size) {
        if constexpr (std::is_same_v<Peer, http::Peer>) {
            return peer_.feed(context, *engine_.service, data, size);
        } else {
            return peer_.feed(context, data, size);
        }
    }

    EngineFixture& engine_;
    Session session_;
    OutputBuffer output_;
    Peer peer_;
    std::string input_;
};

struct RespClient : Client<resp::Peer> {
    explicit RespClient(EngineFixture& engine, uint32_t protocol = SYNAP_PROTOCOL_RESP2)
        : Client(engine, protocol, resp::Peer(engine.settings.limits)) {}
};

struct HttpClient : Client<http::Peer> {
    explicit HttpClient(EngineFixture& engine)
        : Client(engine, SYNAP_PROTOCOL_NATIVE, http::Peer()) {}
};

}  // namespace synap::server
