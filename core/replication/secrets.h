// replication.secret: what nodes of one cluster know, none, one or two texts. The first proves, all
// are believed, so that it can be changed while links stay up: add the new one behind the old on
// every node, then put it first on every node, then take the old one away.
//
// Thread safety: plain values. The texts are never printed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/platform/hmac.h"
#include "core/replication/messages.h"

namespace synap::replication {

inline constexpr size_t kSecretsMost = 2;
inline constexpr size_t kSecretBytesMin = 16;
inline constexpr size_t kSecretBytesMost = 1024;

class Secrets {
public:
    Secrets() = default;  // none
    // kInvalidArgument, without showing any of them, where they are too many, short or long.
    static Result<Secrets> make(std::vector<std::string> texts);

    bool empty() const noexcept { return texts_.empty(); }

    // With the first one. There is one.
    Result<Mac> prove(Role by, const Hello& initiator, const Hello& acceptor) const;
    // Which of the secrets proves it; none when it is wrong. As long for each of them.
    Result<std::optional<size_t>> check(const Proof& proof, Role by, const Hello& initiator,
                                        const Hello& acceptor) const;
    // What stands for a secret as long as a link lives that was proven by it.
    Result<Mac> fingerprint(size_t which) const;
    // Whether a link that was proven so may stay, after the secrets were read anew.
    Result<bool> still_holds(const Mac& fingerprint) const;

private:
    std::vector<std::string> texts_;
};

// Where nothing proves who connects: whether other machines may.
struct Exposure {
    bool has_secret = false;
    bool names_host = false;             // an address to listen on was configured
    std::optional<bool> protected_mode;  // as configured
};
// Then only this machine's own connections are accepted.
bool is_protected(const Exposure& exposure) noexcept;
// To be warned of once, at the start: others may connect, and prove nothing.
bool is_exposed(const Exposure& exposure) noexcept;

}  // namespace synap::replication
