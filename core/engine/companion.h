// What works beside an engine and belongs to it: it is attached once, and stopped before the engine
// closes. The engine does not know what it does.
#pragma once

namespace synap {

class Companion {
public:
    virtual ~Companion() = default;
    // Ends its threads; nothing of it calls the engine any more. Idempotent, from any thread.
    virtual void stop() noexcept = 0;
};

}  // namespace synap
