// The words of a command as HTTP requests give them.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synap/reply.hpp>

namespace synap::server::http {

struct Words {
    std::vector<Arg> argv;
    // What is no view of the request. A list makes nothing until there is something.
    std::list<std::string> texts;

    void clear() {
        argv.clear();
        texts.clear();
    }
    void add(std::string text) {
        argv.emplace_back(std::string_view(texts.emplace_back(std::move(text))));
    }
    // Of a word that is text.
    std::string_view text(size_t at) const { return to_view(argv[at].raw().as.b); }
};

}  // namespace synap::server::http
