// What a caller gives: the words of its calls and their options, checked.
#include "capi/src/exec.h"

#include "core/base/numbers.h"
#include "core/commands/generated/ids.h"

namespace synap::capi {
namespace {

constexpr uint32_t kTimeoutDefaultMs = 10'000;

// Fills session.words, which has room, one word after the other.
class Words {
public:
    explicit Words(synap_session& session) noexcept
        : session_(session), next_(session.words.data()) {}

    [[gnu::always_inline]] Status call(const synap_arg_t* argv, size_t argc, Call& call) {
        const std::string_view* const first = next_;
        const CommandRecord* command = nullptr;
        if (argv[0].type == SYNAP_TYPE_INT) {
            command = command_of(argv[0].as.i);
            if (command == nullptr) return no_such_command(argv[0].as.i);
            put_name(*command);
        } else {
            SYNAP_TRY(word(argv[0]));
        }
        for (size_t i = 1; i < argc; ++i) SYNAP_TRY(word(argv[i]));
        call = {first, static_cast<size_t>(next_ - first), command};
        return {};
    }

private:
    // The id of a command instead of its name spares the look-up.
    static const CommandRecord* command_of(int64_t id) noexcept {
        return id > 0 && id <= UINT16_MAX ? command_by_id(static_cast<uint16_t>(id)) : nullptr;
    }
    [[gnu::cold]] static Error no_such_command(int64_t id) {
        return invalid("there is no command with id " + std::to_string(id));
    }
    void put_name(const CommandRecord& command) noexcept {
        if (is_top_level(command)) {
            *next_++ = command.name;
            return;
        }
        const size_t bar = command.name.find('|');
        *next_++ = command.name.substr(0, bar);
        *next_++ = command.name.substr(bar + 1);
    }

    [[gnu::always_inline]] Status word(const synap_arg_t& arg) {
        const bool bytes = arg.type == SYNAP_TYPE_BYTES || arg.type == SYNAP_TYPE_TEXT;
        if (!bytes || !valid(arg.as.b)) return number_or_error(arg);
        *next_++ = view_of(arg.as.b);
        return {};
    }

    [[gnu::noinline]] Status number_or_error(const synap_arg_t& arg) {
        switch (arg.type) {
            case SYNAP_TYPE_BYTES:
            case SYNAP_TYPE_TEXT:
                return invalid("an argument has size but no data");
            case SYNAP_TYPE_INT:
                *next_++ = number([&](char* text) { return print_integer(text, arg.as.i); });
                return {};
            case SYNAP_TYPE_DOUBLE:
                *next_++ = number([&](char* text) { return print_double(text, arg.as.d); });
                return {};
            default:
                return invalid("an argument is none of INT, DOUBLE, TEXT and BYTES");
        }
    }

    template <typename Print>
    std::string_view number(Print&& print) {
        char* const text = session_.numbers.emplace_back().data();
        return {text, print(text)};
    }

    synap_session& session_;
    std::string_view* next_;
};

bool is_call(const synap_arg_t* argv, size_t argc) noexcept {
    // One comparison: 0 - 1 is the largest number.
    return argv != nullptr && argc - 1 < limits::kArguments;
}

[[gnu::cold]] Error why_not_a_call(const synap_arg_t* argv, size_t argc) {
    if (argv == nullptr || argc == 0) return invalid("a call has no words");
    return invalid("a call has more than " + std::to_string(limits::kArguments) + " words");
}

[[gnu::always_inline]] inline void make_room(synap_session& session, size_t calls, size_t words) {
    if (!session.numbers.empty()) session.numbers.clear();
    if (session.words.size() < words) session.words.resize(words);
    if (session.calls.size() != calls) session.calls.resize(calls);
}

}  // namespace

Status read_call(synap_session& session, const synap_arg_t* argv, size_t argc) {
    if (!is_call(argv, argc)) return why_not_a_call(argv, argc);
    make_room(session, 1, argc + 1);  // a command by its id may be two words
    SYNAP_TRY(Words(session).call(argv, argc, session.calls[0]));
    session.session->expect(session.calls);
    return {};
}

Status read_calls(synap_session& session, const synap_call_t* calls, size_t n) {
    if (calls == nullptr && n != 0) return invalid("calls is NULL");
    size_t words = 0;
    for (size_t i = 0; i < n; ++i) {
        if (!is_call(calls[i].argv, calls[i].argc)) {
            return why_not_a_call(calls[i].argv, calls[i].argc);
        }
        words += calls[i].argc + 1;
    }
    make_room(session, n, words);
    Words to(session);
    for (size_t i = 0; i < n; ++i) {
        SYNAP_TRY(to.call(calls[i].argv, calls[i].argc, session.calls[i]));
    }
    session.session->expect(session.calls);
    return {};
}

namespace {

Status read_given_options(synap_session& session, const synap_exec_options_t* options,
                          CallOptions& read) {
    synap_exec_options_t given = SYNAP_EXEC_OPTIONS_INIT;
    SYNAP_TRY(read_struct(options, "exec options", given));
    constexpr uint32_t kKnown =
        uint32_t{SYNAP_EXEC_NOWAIT} | uint32_t{SYNAP_EXEC_PAUSES} | uint32_t{SYNAP_EXEC_BRIEF};
    if ((given.flags & ~kKnown) != 0) return invalid("exec options: flags has unknown bits");
    read.nowait = (given.flags & SYNAP_EXEC_NOWAIT) != 0;
    read.pauses = (given.flags & SYNAP_EXEC_PAUSES) != 0;
    read.brief = (given.flags & SYNAP_EXEC_BRIEF) != 0;
    read.timed = given.timeout_ms != 0;
    read.timeout_ms = read.timed ? given.timeout_ms : kTimeoutDefaultMs;
    switch (given.durability) {
        case SYNAP_DURABILITY_DEFAULT:
            read.level = session.session->default_level();
            break;
        case SYNAP_DURABILITY_MEMORY:
        case SYNAP_DURABILITY_OS:
        case SYNAP_DURABILITY_DISK:
            read.level = static_cast<Durability>(given.durability);
            break;
        case SYNAP_DURABILITY_REPLICA:
            return Error{Code::kUnsupported, "this version has no replication"};
        default:
            return invalid("exec options: durability is none of SYNAP_DURABILITY_*");
    }
    if (given.replicas != 0) return Error{Code::kUnsupported, "this version has no replication"};
    return session.session->engine().check_token(given.after.epoch, given.after.position);
}

}  // namespace

Status read_options(synap_session& session, const synap_exec_options_t* options,
                    CallOptions& read) {
    if (options != nullptr) return read_given_options(session, options, read);
    read.level = session.session->default_level();
    read.timeout_ms = kTimeoutDefaultMs;
    return {};
}

}  // namespace synap::capi
