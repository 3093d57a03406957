// Where synap-admin runs commands: a data directory that it opens itself, or a running server.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "server/client/http_client.h"

namespace synap::server::admin {

// What a subcommand cannot go on from; the message is for the operator.
class Failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// One reply.
struct Answer {
    enum class Type : uint8_t { kNull, kInt, kText, kError, kArray };

    Type type = Type::kNull;
    int64_t number = 0;     // kInt
    std::string text = {};  // kText, kError
    std::vector<Answer> items = {};

    bool is_error() const { return type == Type::kError; }
};

using Command = std::vector<std::string>;

class Target {
public:
    virtual ~Target() = default;

    // Runs the commands in order; one answer each. Throws Failure when the target is lost.
    virtual std::vector<Answer> run(std::span<const Command> commands) = 0;

    // Answers of a single command; an error reply is a Failure.
    Answer run_one(Command command);

    // Makes what was written durable. Throws Failure when that is not possible.
    virtual void finish() = 0;
};

enum class Access : uint8_t { kRead, kReadWrite };

// Opens an existing data directory; with kRead nothing in it is created or written. Throws Failure
// when there is none, or a server has it open.
std::unique_ptr<Target> open_directory(const std::string& path, Access access);

// Connects to a running server over RESP. Throws Failure.
std::unique_ptr<Target> connect_server(const client::Endpoint& endpoint);

}  // namespace synap::server::admin
