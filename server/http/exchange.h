// One request being answered: where its result goes and what it may use.
#pragma once

#include <string_view>

#include "server/http/api_error.h"
#include "server/http/engine.h"
#include "server/http/field.h"
#include "server/http/json.h"
#include "server/net/services.h"

namespace synap::server::http {

struct Exchange {
    Shared& shared;
    Engine& engine;
    JsonWriter json;
    unsigned status = 200;
    std::string_view content_type = "application/json";
};

// SDKs send it with any command: the owner of the transaction that the command would join. Without
// an open transaction, and there are none over HTTP, a command runs at once.
inline constexpr FieldSpec kClientId{
    .name = "client_id", .help = "owner of a transaction; without one the command runs at once"};

}  // namespace synap::server::http
