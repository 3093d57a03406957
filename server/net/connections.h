// The open connections of one I/O thread, by number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/net/connection.h"

namespace synap::server {

// Numbers are never used again, so that an event for a connection that has gone finds nobody.
// Connections that were closed stay valid until clear_retired(). On the loop's thread only.
class Connections {
public:
    // Opens a connection on `fd`, which it then owns. Throws std::bad_alloc, and `fd` stays the
    // caller's.
    void open(Loop& loop, int fd, bool restricted);
    Connection* find(uint64_t id) noexcept;
    // Takes a closed one out.
    void retire(const Connection& connection) noexcept;
    void clear_retired() noexcept { retired_.clear(); }
    size_t size() const noexcept { return open_; }

    // Calls body(connection) for each that is open. Bodies may close any of them.
    template <typename Body>
    void for_each(Body body) {
        for (size_t i = 0; i < slots_.size(); ++i) {
            if (slots_[i].connection) body(*slots_[i].connection);
        }
    }

private:
    struct Slot {
        std::unique_ptr<Connection> connection;
        uint32_t generation = 0;
    };

    std::vector<Slot> slots_;
    std::vector<uint32_t> free_slots_;
    std::vector<std::unique_ptr<Connection>> retired_;
    size_t open_ = 0;
};

}  // namespace synap::server
