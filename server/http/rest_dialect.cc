// The REST dialect: any command as an array of words, or as the segments of a path, answered with
// {"result": ...} or {"error": ...}. Every request stands alone: commands that change what a
// connection is are refused, and a transaction is opened and closed within its request.
#include <array>
#include <charconv>
#include <string>

#include "server/http/base64.h"
#include "server/http/percent.h"
#include "server/http/router.h"

namespace synap::server::http {
namespace {

namespace dom = simdjson::dom;

// Of one pipeline or transaction: all of them run in one turn of an I/O thread.
constexpr size_t kMaxCommands = 16 * 1024;

// Longer words name no subcommand.
constexpr size_t kLongestName = 32;

ApiError bad_request(std::string_view message) { return {400, "ERR " + std::string(message)}; }

Failure add_word(Json item, Words& words) {
    switch (item.type()) {
        case dom::element_type::STRING:
            words.argv.emplace_back(item.get_string().value_unsafe());
            return std::nullopt;
        case dom::element_type::INT64:
            words.add(std::to_string(item.get_int64().value_unsafe()));
            return std::nullopt;
        case dom::element_type::UINT64:
            words.add(std::to_string(item.get_uint64().value_unsafe()));
            return std::nullopt;
        case dom::element_type::DOUBLE: {
            std::array<char, 40> digits{};
            const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                           item.get_double().value_unsafe());
            words.add(std::string(digits.data(), end.ptr));
            return std::nullopt;
        }
        case dom::element_type::BOOL:
            words.add(item.get_bool().value_unsafe() ? "true" : "false");
            return std::nullopt;
        case dom::element_type::NULL_VALUE:
            return bad_request("arguments must be strings, numbers or booleans, not null");
        default:
            return bad_request("arguments must be strings, numbers or booleans, not " +
                               std::string(item.is_array() ? "arrays" : "objects"));
    }
}

Failure read_words(Json item, Words& words) {
    words.clear();
    dom::array items;
    if (item.get(items) != simdjson::SUCCESS) {
        return bad_request("a command must be an array: its name and its arguments");
    }
    for (const Json word : items) {
        if (auto failure = add_word(word, words)) return failure;
    }
    if (words.argv.empty()) return bad_request("empty command");
    return std::nullopt;
}

// Refuses what would change the connection for later requests, which may be another client's.
Failure check_stateless(const Words& words) {
    const synap_command_t* const command = synap_command_find(to_bytes(words.text(0)));
    if (command == nullptr) return std::nullopt;  // the engine has the words for that
    const std::string_view name = to_view(synap_command_name(command));
    uint32_t flags = synap_command_flags(command);
    if (words.argv.size() > 1 && words.text(1).size() <= kLongestName) {
        const std::string path = std::string(name) + "|" + std::string(words.text(1));
        flags |= synap_command_flags(synap_command_find(to_bytes(path)));
    }
    if ((flags & SYNAP_COMMAND_SESSION) == 0 && name != "EXEC") return std::nullopt;
    return bad_request(std::string(name) +
                       " is of use on a connection only, and HTTP has none: each request stands "
                       "alone; /multi-exec runs transactions");
}

// Writes replies as Redis' older protocol has them: flat arrays, numbers as text where they are no
// integers.
class ReplyWriter {
public:
    ReplyWriter(Exchange& exchange, bool base64)
        : json_(exchange.json),
          base64_(base64),
          most_(exchange.shared.settings.limits.output_buffer_bytes) {}

    // {"result": ...} or {"error": ...}. Instead of what does not fit, an error.
    void object(const Value& reply) {
        const size_t start = json_.size();
        json_.begin_object();
        if (reply.is_error()) {
            json_.member("error", reply.bytes());
        } else {
            json_.key("result");
            if (!value(reply)) {
                json_.rewind(start);
                json_.begin_object();
                json_.member("error", std::string_view(too_large()));
            }
        }
        json_.end_object();
    }

    // False: the response would be too large.
    bool value(const Value& reply) {
        switch (reply.type()) {
            case SYNAP_TYPE_NULL:
            case SYNAP_TYPE_NULL_ARRAY:
                json_.null();
                break;
            case SYNAP_TYPE_BOOL:
            case SYNAP_TYPE_INT:
                json_.integer(reply.integer());
                break;
            case SYNAP_TYPE_DOUBLE:
                return number(reply.number());
            case SYNAP_TYPE_ARRAY:
            case SYNAP_TYPE_MAP:
            case SYNAP_TYPE_SET:
            case SYNAP_TYPE_PUSH:
            case SYNAP_TYPE_PAIRS:
                return array(reply);
            default:
                return text(reply.bytes(), reply.type() == SYNAP_TYPE_STATUS);
        }
        return true;
    }

    std::string too_large() const {
        return "ERR the reply exceeds " + std::to_string(most_) +
               " bytes (limits.output_buffer_bytes)";
    }

private:
    bool array(const Value& reply) {
        json_.begin_array();
        Value item = reply.first();
        for (size_t i = 0; i < reply.size(); ++i, item = item.next()) {
            if (!value(item)) return false;
        }
        json_.end_array();
        return json_.size() <= most_;
    }

    bool number(double number) {
        std::array<char, 40> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
        return text({digits.data(), static_cast<size_t>(end.ptr - digits.data())}, false);
    }

    // The status OK stays as it is: that is how both SDKs know it.
    bool text(std::string_view bytes, bool status) {
        if (json_.size() + bytes.size() > most_) return false;
        if (base64_ && !(status && bytes == "OK")) {
            json_.text(to_base64(bytes));
        } else {
            json_.text(bytes);
        }
        return json_.size() <= most_;
    }

    JsonWriter& json_;
    const bool base64_;
    const size_t most_;
};

// The text of a failed command is Redis'; only its status says what HTTP clients ask for.
ApiError error_of(const Value& reply) {
    return {from_reply(reply).status, std::string(reply.bytes())};
}

Failure run_one(Exchange& exchange, const Words& words, bool base64) {
    if (auto failure = check_stateless(words)) return failure;
    const Value reply = exchange.engine.run(words.argv);
    if (reply.is_error()) return error_of(reply);
    ReplyWriter writer(exchange, base64);
    exchange.json.begin_object();
    exchange.json.key("result");
    if (!writer.value(reply)) return ApiError{413, writer.too_large()};
    exchange.json.end_object();
    return std::nullopt;
}

// POST / and /command
Failure run_array(Exchange& exchange, const RestRequest& request) {
    Words words;
    if (auto failure = read_words(request.document, words)) return failure;
    return run_one(exchange, words, request.base64);
}

// The commands of a body, all of them checked before the first runs.
Failure read_commands(const RestRequest& request, bool stateless, dom::array& commands) {
    if (request.document.get(commands) != simdjson::SUCCESS) {
        return bad_request("the body must be an array of commands, which are arrays");
    }
    Words words;
    size_t count = 0;
    for (const Json item : commands) {
        if (++count > kMaxCommands) {
            return ApiError{
                413, "ERR more than " + std::to_string(kMaxCommands) + " commands in one request"};
        }
        auto failure = read_words(item, words);
        if (!failure && stateless) failure = check_stateless(words);
        if (failure) {
            failure->text += " (command " + std::to_string(count) + ")";
            return failure;
        }
    }
    return std::nullopt;
}

Failure run_pipeline(Exchange& exchange, const RestRequest& request) {
    dom::array commands;
    if (auto failure = read_commands(request, false, commands)) return failure;
    ReplyWriter writer(exchange, request.base64);
    Words words;
    exchange.json.begin_array();
    for (const Json item : commands) {
        if (read_words(item, words)) continue;  // not again
        if (const Failure failure = check_stateless(words)) {
            exchange.json.begin_object();
            exchange.json.member("error", std::string_view(failure->text));
            exchange.json.end_object();
        } else {
            writer.object(exchange.engine.run(words.argv));
        }
    }
    exchange.json.end_array();
    return std::nullopt;
}

// Queues the commands behind a MULTI that has been answered. An error is the first one's.
Failure queue(Exchange& exchange, dom::array commands) {
    Words words;
    for (const Json item : commands) {
        if (auto failure = read_words(item, words)) return failure;
        const Value reply = exchange.engine.run(words.argv);
        if (!reply.is_error()) continue;
        return ApiError{from_reply(reply).status,
                        "EXECABORT Transaction discarded because of previous errors: " +
                            std::string(reply.bytes())};
    }
    return std::nullopt;
}

Failure run_transaction(Exchange& exchange, const RestRequest& request) {
    dom::array commands;
    if (auto failure = read_commands(request, true, commands)) return failure;
    const Value begun = exchange.engine.run({"MULTI"});
    if (begun.is_error()) return error_of(begun);
    if (auto failure = queue(exchange, commands)) {
        exchange.engine.run({"DISCARD"});
        return failure;
    }
    const Value replies = exchange.engine.run({"EXEC"});
    if (replies.is_error()) {
        const ApiError error = error_of(replies);
        exchange.engine.run({"DISCARD"});  // an error of its own where EXEC has ended it
        return error;
    }
    ReplyWriter writer(exchange, request.base64);
    exchange.json.begin_array();
    Value reply = replies.first();
    for (size_t i = 0; i < replies.size(); ++i, reply = reply.next()) {
        writer.object(reply);
    }
    exchange.json.end_array();
    return std::nullopt;
}

// Cuts off what stands before `mark`.
std::string_view cut(std::string_view& text, char mark) {
    const size_t end = text.find(mark);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

Failure add_decoded(std::string_view text, bool plus_is_blank, Words& words) {
    std::string decoded;
    if (!percent_decode(text, plus_is_blank, decoded)) {
        return bad_request("broken percent-encoding");
    }
    words.add(std::move(decoded));
    return std::nullopt;
}

// GET and POST /command/NAME/arg/...: segments, then the body, then the names and values of the
// query, so that /command/SET/key?EX=60 with the value as its body says what it looks like.
Failure run_path(Exchange& exchange, const RestRequest& request) {
    Words words;
    std::string_view path = request.rest;
    bool more = true;
    while (more) {
        more = path.find('/') != std::string_view::npos;
        if (auto failure = add_decoded(cut(path, '/'), false, words)) return failure;
    }
    if (!request.bytes.empty()) words.argv.emplace_back(request.bytes);
    std::string_view query = request.raw_query;
    while (!query.empty()) {
        std::string_view value = cut(query, '&');
        const std::string_view name = cut(value, '=');
        if (name.empty() || name == "_token") continue;
        if (auto failure = add_decoded(name, true, words)) return failure;
        if (value.empty()) continue;
        if (auto failure = add_decoded(value, true, words)) return failure;
    }
    return run_one(exchange, words, request.base64);
}

constexpr std::array kToken = {
    FieldSpec{.name = "_token", .help = "as the header Authorization: accepted, without effect"}};

constexpr std::string_view kResult = R"({"result":...})";
constexpr std::string_view kResults = R"([{"result":...}, {"error":...}, ...])";
constexpr std::string_view kErrors = "400 and what Redis says; 413; 503; 507";

const auto kRoutes = std::to_array<Route>({
    {.method = Method::kPost,
     .pattern = "/",
     .handler = run_array,
     .query = kToken,
     .takes = Takes::kJson,
     .summary = R"(Runs any command: the body is `["SET", "key", "value", "EX", 60]`.)",
     .reply = kResult,
     .errors = kErrors},
    {.method = Method::kPost,
     .pattern = "/command",
     .handler = run_array,
     .query = kToken,
     .takes = Takes::kJson,
     .summary = "The same.",
     .reply = kResult,
     .errors = kErrors},
    {.method = Method::kPost,
     .pattern = "/pipeline",
     .handler = run_pipeline,
     .query = kToken,
     .takes = Takes::kJson,
     .summary = "Runs many commands, one after the other: an array of arrays. One that fails does "
                "not keep the next from running.",
     .reply = kResults,
     .errors = "400, and then nothing has run: what is no array of commands; 413"},
    {.method = Method::kPost,
     .pattern = "/multi-exec",
     .handler = run_transaction,
     .query = kToken,
     .takes = Takes::kJson,
     .summary = "Runs many commands as one transaction: an array of arrays.",
     .reply = kResults,
     .errors = "400, and then nothing has run: what is no array of commands, and EXECABORT; 413"},
    {.method = Method::kGet,
     .pattern = "/command/{...}",
     .handler = run_path,
     .takes = Takes::kBytes,
     .summary = "Runs a command whose name and arguments are the segments, and then the names and "
                "values of the query: `/command/set/key/value?EX=60`.",
     .reply = kResult,
     .errors = kErrors},
    {.method = Method::kPost,
     .pattern = "/command/{...}",
     .handler = run_path,
     .takes = Takes::kBytes,
     .summary = "The same; a body is an argument as it is, bytes and all, between the segments and "
                "the query: `/command/set/key?EX=60`.",
     .reply = kResult,
     .errors = kErrors},
});

}  // namespace

std::span<const Route> dialect_routes() noexcept { return kRoutes; }

}  // namespace synap::server::http
