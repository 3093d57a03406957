// Writing JSON into a string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synap::server::http {

// Appends one JSON document to a string; puts the commas itself. Values are written in the order
// of the calls; the caller keeps begin and end balanced.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) noexcept : out_(out) {}
    size_t size() const noexcept { return out_.size(); }
    // Takes back what was written since size() was `size`.
    void rewind(size_t size) { out_.resize(size); }

    void begin_object() { open('{'); }
    void end_object() { out_.push_back('}'); }
    void begin_array() { open('['); }
    void end_array() { out_.push_back(']'); }

    void key(std::string_view name);
    // Text that is UTF-8. Invalid sequences become U+FFFD each.
    void text(std::string_view value);
    // A stored value as a JSON string: its text when it is UTF-8, else "<binary data: N bytes>".
    void stored(std::string_view value);
    // A stored value as an array of numbers from 0 to 255.
    void octets(std::string_view value);
    void integer(int64_t value);
    void integer(uint64_t value);
    // Always with a point or an exponent; not-a-number and infinities are null.
    void number(double value);
    void boolean(bool value);
    void null();
    // A value that is JSON already.
    void raw(std::string_view json);

    void member(std::string_view name, std::string_view value) {
        key(name);
        text(value);
    }
    void member(std::string_view name, const char* value) { member(name, std::string_view(value)); }
    void member(std::string_view name, int64_t value) {
        key(name);
        integer(value);
    }
    void member(std::string_view name, uint64_t value) {
        key(name);
        integer(value);
    }
    void member(std::string_view name, double value) {
        key(name);
        number(value);
    }
    void member(std::string_view name, bool value) {
        key(name);
        boolean(value);
    }

private:
    void separate();
    void open(char bracket);
    void escaped(std::string_view value);

    std::string& out_;
};

}  // namespace synap::server::http
