#include "server/http/router.h"

#include "server/net/counters.h"

namespace synap::server::http {
namespace {

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Cuts the first segment off a path that begins with '/'.
std::string_view next_segment(std::string_view& path) noexcept {
    const std::size_t end = path.find('/', 1);
    const std::string_view segment = path.substr(1, end == std::string_view::npos ? end : end - 1);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
    return segment;
}

/// True when `path` has the form of `pattern`; parameters are left encoded in `raw`.
bool matches(std::string_view pattern, std::string_view path,
             std::array<std::string_view, 2>& raw) noexcept {
    std::size_t count = 0;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = next_segment(pattern);
        const std::string_view segment = next_segment(path);
        if (wanted == "{}") {
            if (segment.empty()) {
                return false;
            }
            raw[count++] = segment;
        } else if (wanted != segment) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

void allow(std::string& methods, Method method) {
    if (!methods.empty()) {
        methods += ", ";
    }
    methods += kHttpMethodNames[static_cast<std::size_t>(method)];
    if (method == Method::kGet) {
        methods += ", HEAD";
    }
}

}  // namespace

bool percent_decode(std::string_view text, bool plus_is_blank, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
                return false;
            }
            out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
            i += 2;
        } else {
            out.push_back(text[i] == '+' && plus_is_blank ? ' ' : text[i]);
        }
    }
    return true;
}

std::optional<std::string> RestRequest::parameter(std::string_view name) const {
    std::string_view rest = query;
    std::string decoded;
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const std::size_t equals = pair.find('=');
        if (!percent_decode(pair.substr(0, equals), true, decoded) || decoded != name) {
            continue;
        }
        if (equals == std::string_view::npos) {
            return std::string();
        }
        if (!percent_decode(pair.substr(equals + 1), true, decoded)) {
            return std::nullopt;
        }
        return decoded;
    }
    return std::nullopt;
}

Match match_route(Method method, std::string_view path, std::array<std::string, 2>& params) {
    Match match;
    if (path.empty() || path.front() != '/') {
        return match;
    }
    const Method wanted = method == Method::kHead ? Method::kGet : method;
    std::string_view pattern;  // of the first route with this form; others of it differ in method
    std::array<std::string_view, 2> raw;
    for (const auto family : {kv_routes(), system_routes(), key_routes()}) {
        for (const Route& route : family) {
            std::array<std::string_view, 2> found;
            if (pattern.empty() ? !matches(route.pattern, path, found) : route.pattern != pattern) {
                continue;
            }
            if (pattern.empty()) {
                pattern = route.pattern;
                raw = found;
            }
            if (route.method != wanted) {
                allow(match.allow, route.method);
                continue;
            }
            match.route = &route;
            for (std::size_t i = 0; i < raw.size(); ++i) {
                match.bad_encoding =
                    match.bad_encoding || !percent_decode(raw[i], false, params[i]);
            }
            return match;
        }
    }
    return match;
}

}  // namespace synap::server::http
