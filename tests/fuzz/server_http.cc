// Any bytes as an HTTP stream against a store in memory: whole or in pieces, the peer must answer
// or refuse, never consume more than there is, and never leave JSON that is none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <synap/session.hpp>

#include "server/http/peer.h"
#include "server/http/service.h"
#include "server/net/services.h"

namespace {

using namespace synap::server;

// Made once: opening a store for each input would leave no time for inputs.
struct World {
    World()
        : shared(settings, synap::Store::open(":memory:")),
          services(shared, synap::Events::open(shared.store)),
          service(shared) {
        settings.limits.http_body_bytes = 2048;
        settings.limits.http_header_bytes = 1024;
        shared.request_stop = [] {};
    }

    Settings settings;
    Shared shared;
    Services services;
    http::Service service;
    BufferPool pool;
};

void check_responses(const OutputBuffer& output) {
    std::array<iovec, OutputBuffer::kMaxPieces> pieces{};
    if (output.gather(pieces) == 0) return;
    const std::string_view text(static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len);
    if (!text.starts_with("HTTP/1.1 ")) std::abort();
}

void play(World& world, std::string_view input, size_t step) {
    synap::Session session = synap::Session::open(world.shared.store);
    OutputBuffer output(world.pool, 1 << 20);
    http::Peer peer;
    const PeerContext context{world.services, session.raw(), output, 1};
    std::string unconsumed;
    while (!input.empty()) {
        unconsumed += input.substr(0, step);
        input.remove_prefix(std::min(step, input.size()));
        const auto block = std::make_unique<char[]>(unconsumed.size() + kReadPadding);
        unconsumed.copy(block.get(), unconsumed.size());
        const Fed fed = peer.feed(context, world.service, block.get(), unconsumed.size());
        if (fed.consumed > unconsumed.size()) std::abort();
        unconsumed.erase(0, fed.consumed);
        if (fed.verdict == Verdict::kClose || fed.verdict == Verdict::kAbort) break;
    }
    check_responses(output);
}

}  // namespace

// The keyspace holds its nodes by tagged pointers, which the leak checker cannot follow between
// inputs.
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static World world;
    if (size == 0 || size > 8192) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    static_cast<void>(http::recognise(input, world.settings.limits));
    play(world, input, input.size() + 1);
    play(world, input, data[0] % 64 + 1);
    return 0;
}
