// Writing JSON into a string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

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

    template <typename Value>
    void member(std::string_view name, Value value) {
        key(name);
        if constexpr (std::is_same_v<Value, bool>) {
            boolean(value);
        } else if constexpr (std::is_integral_v<Value>) {
            integer(value);
        } else if constexpr (std::is_floating_point_v<Value>) {
            number(value);
        } else {
            text(value);
        }
    }

private:
    void separate();
    void open(char bracket);
    void escaped(std::string_view value);

    std::string& out_;
};

}  // namespace synap::server::http
