#include "server/resp/inline_args.h"

#include <utility>

namespace synap::server::resp {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char unescape(char c) noexcept {
    switch (c) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'b':
            return '\b';
        case 'a':
            return '\a';
        default:
            return c;
    }
}

// Reads from behind an opening quote to behind the closing one, which a blank or the end of the
// line must follow. False when the quote does not end so.
bool read_quoted(std::string_view line, size_t& at, char quote, std::string& text) {
    while (at < line.size()) {
        const char c = line[at];
        if (c == quote) {
            ++at;
            return at == line.size() || is_blank(line[at]);
        }
        if (c != '\\' || at + 1 == line.size()) {
            text.push_back(c);
            ++at;
            continue;
        }
        const char next = line[at + 1];
        if (quote == '\'') {
            text.push_back(next == '\'' ? next : c);
            at += next == '\'' ? 2 : 1;
            continue;
        }
        if (next == 'x' && at + 3 < line.size() && hex_value(line[at + 2]) >= 0 &&
            hex_value(line[at + 3]) >= 0) {
            text.push_back(
                static_cast<char>(hex_value(line[at + 2]) * 16 + hex_value(line[at + 3])));
            at += 4;
            continue;
        }
        text.push_back(unescape(next));
        at += 2;
    }
    return false;
}

synap_arg_t bytes_arg(std::string_view text) noexcept {
    synap_arg_t arg;
    arg.type = SYNAP_TYPE_BYTES;
    arg.reserved = 0;
    arg.as.b = {text.data(), text.size()};
    return arg;
}

}  // namespace

bool split_inline(std::string_view line, std::vector<synap_arg_t>& args,
                  std::deque<std::string>& unquoted) {
    line = line.substr(0, line.find('\0'));
    size_t at = 0;
    for (;;) {
        while (at < line.size() && is_blank(line[at])) {
            ++at;
        }
        if (at == line.size()) return true;
        const size_t start = at;
        while (at < line.size() && !is_blank(line[at]) && line[at] != '"' && line[at] != '\'') {
            ++at;
        }
        if (at == line.size() || is_blank(line[at])) {
            args.push_back(bytes_arg(line.substr(start, at - start)));
            continue;
        }
        const char quote = line[at];
        std::string text(line.substr(start, at - start));
        ++at;
        if (!read_quoted(line, at, quote, text)) return false;
        unquoted.push_back(std::move(text));
        args.push_back(bytes_arg(unquoted.back()));
    }
}

}  // namespace synap::server::resp
