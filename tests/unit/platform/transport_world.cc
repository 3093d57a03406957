#include "tests/unit/platform/transport_world.h"

namespace synap {

std::unique_ptr<World> make_world(WorldKind kind) {
    static_cast<void>(kind);
    return std::make_unique<SimWorld>();
}

}  // namespace synap
