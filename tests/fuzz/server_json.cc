// Any text as the body of POST /api/v1/command against a store in memory: the answer must be a
// JSON object with the four members of the contract, or a refusal.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <simdjson.h>

#include <synap/session.hpp>

#include "server/http/command.h"
#include "server/http/number.h"
#include "server/net/services.h"

namespace {

using namespace synap::server;

struct World {
    World()
        : shared(settings, synap::Store::open(":memory:")),
          session(synap::Session::open(shared.store)) {}

    Settings settings;
    Shared shared;
    synap::Session session;
    simdjson::dom::parser parser;
    simdjson::dom::parser reader;
};

}  // namespace

// The keyspace holds its nodes by tagged pointers, which the leak checker cannot follow between
// inputs.
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static World world;
    if (size == 0 || size > 8192) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(http::oversized_number(text));
    http::Json envelope;
    if (world.parser.parse(text.data(), text.size()).get(envelope) != simdjson::SUCCESS) return 0;
    http::Engine engine;
    engine.begin(world.session.raw());
    std::string out;
    std::string scratch;
    http::Exchange exchange{world.shared, engine, http::JsonWriter(out)};
    http::Fields fields;
    if (fields.read(envelope, http::envelope_fields(), http::Unknown::kIgnore)) return 0;
    http::run_envelope(exchange, fields, scratch);
    simdjson::dom::object answer;
    if (world.reader.parse(out).get(answer) != simdjson::SUCCESS || answer.size() != 4) {
        std::abort();
    }
    for (const std::string_view member : {"success", "request_id", "payload", "error"}) {
        if (answer.at_key(member).error() != simdjson::SUCCESS) std::abort();
    }
    return 0;
}
