#include "server/http/router.h"

#include "server/http/percent.h"
#include "server/net/counters.h"

namespace synap::server::http {
namespace {

// Cuts the first segment off a path that begins with '/'.
std::string_view next_segment(std::string_view& path) noexcept {
    const size_t end = path.find('/', 1);
    const std::string_view segment = path.substr(1, end == std::string_view::npos ? end : end - 1);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
    return segment;
}

// True when `path` has the form of `pattern`; parameters are left encoded in `raw`.
bool matches(std::string_view pattern, std::string_view path, std::array<std::string_view, 2>& raw,
             std::string_view& rest) noexcept {
    size_t count = 0;
    while (!pattern.empty() && !path.empty()) {
        if (pattern == "/{...}") {
            rest = path.substr(1);
            return true;
        }
        const std::string_view wanted = next_segment(pattern);
        const std::string_view segment = next_segment(path);
        if (wanted.starts_with('{')) {
            if (segment.empty()) return false;
            raw[count++] = segment;
        } else if (wanted != segment) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

void allow(std::string& methods, Method method) {
    if (!methods.empty()) methods += ", ";
    methods += kHttpMethodNames[static_cast<size_t>(method)];
    if (method == Method::kGet) methods += ", HEAD";
}

}  // namespace

Match match_route(Method method, std::string_view path, std::array<std::string, 2>& params) {
    Match match;
    if (path.empty() || path.front() != '/') return match;
    const Method wanted = method == Method::kHead ? Method::kGet : method;
    std::string_view pattern;  // of the first route with this form; others of it differ in method
    std::array<std::string_view, 2> raw;
    for (const auto family : all_routes()) {
        for (const Route& route : family) {
            std::array<std::string_view, 2> found;
            if (pattern.empty() ? !matches(route.pattern, path, found, match.rest)
                                : route.pattern != pattern) {
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
            for (size_t i = 0; i < raw.size(); ++i) {
                params[i].clear();
                match.bad_encoding =
                    match.bad_encoding || !percent_decode(raw[i], false, params[i]);
            }
            return match;
        }
    }
    return match;
}

}  // namespace synap::server::http
