#include "server/net/connections.h"

#include <utility>

namespace synap::server {

void Connections::open(Loop& loop, int fd, bool restricted) {
    if (free_slots_.empty()) {
        slots_.emplace_back();
        // So that closing, which also happens for want of memory, needs none.
        free_slots_.reserve(slots_.capacity());
        retired_.reserve(slots_.capacity());
        free_slots_.push_back(static_cast<uint32_t>(slots_.size() - 1));
    }
    const uint32_t index = free_slots_.back();
    Slot& slot = slots_[index];
    const uint64_t id = (static_cast<uint64_t>(slot.generation + 1) << 32) | index;
    slot.connection = std::make_unique<Connection>(loop, fd, id, restricted);
    ++slot.generation;
    free_slots_.pop_back();
    ++open_;
}

Connection* Connections::find(uint64_t id) noexcept {
    const auto index = static_cast<uint32_t>(id);
    if (index >= slots_.size() || slots_[index].generation != id >> 32) return nullptr;
    return slots_[index].connection.get();
}

void Connections::retire(const Connection& connection) noexcept {
    const auto index = static_cast<uint32_t>(connection.id());
    retired_.push_back(std::move(slots_[index].connection));
    free_slots_.push_back(index);
    --open_;
}

}  // namespace synap::server
