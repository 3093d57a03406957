// synap-admin export and import: keys and values as lines of JSON.
//
//   {"db":0,"key":"a","value":"1"}
//   {"db":0,"key":"b","value_base64":"AP8=","pttl":4999}
//
// A key or value that is not UTF-8 stands in key_base64 or value_base64. pttl is the life that was
// left in milliseconds, and begins anew when the line is imported; without it a key stays.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "server/admin/target.h"

namespace synap::server::admin {

struct TransferCount {
    uint64_t keys = 0;
    uint64_t skipped = 0;  // export: keys of types that the format cannot hold
};

// Writes every string key of every database. Keys that change meanwhile are exported in some state
// between; each line is a state that was. Throws Failure, and std::system_error when `out` does not
// take it.
TransferCount export_keys(Target& target, std::ostream& out);

// Sets every key of the lines, over what is there. Throws Failure, naming the line; the lines
// before the batch of up to 512 in which it stands are set.
TransferCount import_keys(Target& target, std::istream& in);

}  // namespace synap::server::admin
