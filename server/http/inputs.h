// What a request says, wherever it says it: in the path, the query, the body or the payload.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "server/http/mapping.h"
#include "server/http/router.h"

namespace synap::server::http {

// Calls body(word) for each of the words that have blanks between them.
template <typename Body>
void each_word(std::string_view words, Body body) {
    while (!words.empty()) {
        const size_t end = words.find(' ');
        body(words.substr(0, end));
        words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
    }
}

// Views the request and the mapping. Asking for a field that the request's tables do not have
// gives nothing.
class Inputs {
public:
    explicit Inputs(const Fields& payload) : fields_{&payload} {}
    Inputs(const Mapping& mapping, const RestRequest& request)
        : mapping_(&mapping), request_(&request), fields_{&request.query, &request.body} {}

    bool given(std::string_view name) const {
        const Fields* const fields = with(name);
        return param(name) != nullptr || (fields != nullptr && fields->given(name));
    }
    std::string_view text(std::string_view name) const {
        if (const std::string* const found = param(name)) return *found;
        const Fields* const fields = with(name);
        return fields == nullptr ? std::string_view() : fields->text(name);
    }
    // Of a field outside the path.
    int64_t integer(std::string_view name, int64_t fallback) const {
        const Fields* const fields = with(name);
        return fields == nullptr ? fallback : fields->integer(name, fallback);
    }
    // The members of a field with an object: false where there is none.
    bool object(std::string_view name, Fields& members) const {
        const Fields* const fields = with(name);
        return fields != nullptr && fields->object(name, members);
    }
    void add(std::string_view name, Words& words) const {
        if (const std::string* const found = param(name)) {
            words.argv.emplace_back(std::string_view(*found));
        } else if (const Fields* const fields = with(name)) {
            fields->add_words(name, words);
        }
    }

private:
    const std::string* param(std::string_view name) const {
        if (mapping_ == nullptr) return nullptr;
        for (size_t i = 0; i < mapping_->params.size(); ++i) {
            if (mapping_->params[i] == name) return &request_->params[i];
        }
        return nullptr;
    }
    const Fields* with(std::string_view name) const {
        for (const Fields* fields : fields_) {
            if (fields != nullptr && fields->knows(name)) return fields;
        }
        return nullptr;
    }

    const Mapping* mapping_ = nullptr;
    const RestRequest* request_ = nullptr;
    std::array<const Fields*, 2> fields_;
};

}  // namespace synap::server::http
