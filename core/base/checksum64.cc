#include "core/base/checksum64.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace synap {

struct Checksum64::State {
    XXH3_state_t of;
};

Checksum64::Checksum64() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->of); }
Checksum64::~Checksum64() = default;
Checksum64::Checksum64(Checksum64&&) noexcept = default;
Checksum64& Checksum64::operator=(Checksum64&&) noexcept = default;

void Checksum64::add(std::string_view bytes) noexcept {
    XXH3_64bits_update(&state_->of, bytes.data(), bytes.size());
}

uint64_t Checksum64::value() const noexcept { return XXH3_64bits_digest(&state_->of); }

}  // namespace synap
