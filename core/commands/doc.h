// What COMMAND DOCS and COMMAND INFO say about a command beyond its record. Static data written by
// core/commands/generate.py into generated/docs.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/commands/generated/ids.h"

namespace synap {

enum class ArgType : uint8_t {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneOf,
    kBlock,
};

// One node of the argument grammar; empty text is absent.
struct ArgDoc {
    std::string_view name;
    std::string_view display_text;
    std::string_view token;
    std::string_view since;
    std::span<const ArgDoc> arguments;  // of kOneOf and kBlock
    ArgType type;
    int8_t key_spec;  // index into the command's key specs, or -1
    bool optional;
    bool multiple;
    bool multiple_token;  // the token is repeated before each value
};

struct CommandDoc {
    std::string_view summary;
    std::string_view syntax;  // of the arguments: "key value [NX | XX]"
    std::string_view since;
    std::string_view group;
    std::string_view complexity;
    std::string_view deprecated_since;  // empty: not deprecated
    std::string_view replaced_by;
    std::span<const ArgDoc> arguments;
    std::span<const std::string_view> tips;
};

namespace generated {

extern const CommandDoc kCommandDocs[kCommandCount];  // by CommandRecord::index

}  // namespace generated

}  // namespace synap
