// synap-admin check: is a data directory sound?
#pragma once

#include <iosfwd>
#include <string>

namespace synap::server::admin {

inline constexpr int kExitSound = 0;
inline constexpr int kExitDamaged = 1;
inline constexpr int kExitNotChecked =
    2;  // there is no such directory or no store in it, in use, unreadable

// Reads every file of the directory and prints what is wrong, for people or as one JSON object.
// Changes nothing. Returns one of the codes above.
int check_directory(const std::string& path, bool json, std::ostream& out, std::ostream& err);

}  // namespace synap::server::admin
