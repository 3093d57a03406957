// Any bytes as a RESP stream: the parser must give the same commands however the bytes are cut,
// and the peer must answer them, or cut the client, without falling.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/resp/parser.h"

namespace {

using namespace synap::server;

struct Seen {
    std::vector<std::string> words;  // of all commands, each closed by a marker
    std::string error;

    bool operator==(const Seen&) const = default;
};

void take(const resp::Batch& batch, Seen& seen) {
    for (const synap_call_t& call : batch.calls) {
        for (size_t i = 0; i < call.argc; ++i) {
            seen.words.emplace_back(static_cast<const char*>(call.argv[i].as.b.data),
                                    call.argv[i].as.b.size);
        }
        seen.words.emplace_back("<end>");
    }
}

// Parses the input as pieces of `step` bytes, each time in a block of exact size.
Seen parse(std::string_view input, size_t step) {
    Limits limits;
    limits.resp_bulk_bytes = 4096;
    limits.resp_inline_bytes = 256;
    limits.resp_arguments = 1024;
    resp::Parser parser(limits);
    resp::Batch batch;
    Seen seen;
    std::string unconsumed;
    while (!input.empty()) {
        unconsumed += input.substr(0, step);
        input.remove_prefix(std::min(step, input.size()));
        resp::Parsed parsed = resp::Parsed::kFull;
        while (parsed == resp::Parsed::kFull) {
            const auto block = std::make_unique<char[]>(unconsumed.size());
            unconsumed.copy(block.get(), unconsumed.size());
            parsed = parser.parse(block.get(), unconsumed.size(), batch);
            take(batch, seen);
            unconsumed.erase(0, batch.consumed);
        }
        if (parsed == resp::Parsed::kError) {
            seen.error = parser.error();
            break;
        }
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0 || size > 4096) return 0;
    // The first byte chooses the size of the pieces.
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Seen whole = parse(input, input.size() + 1);
    const Seen cut = parse(input, data[0] % 16 + 1);
    if (whole == cut) return 0;
    // A line is too long when its end is not in sight, which depends on how it was cut; what came
    // before it does not.
    const bool prefix = cut.words.size() <= whole.words.size() &&
                        std::equal(cut.words.begin(), cut.words.end(), whole.words.begin());
    if (!prefix || cut.error.find("too big") == std::string::npos) std::abort();
    return 0;
}
