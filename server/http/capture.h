// A reply of the engine, kept for as long as a request is being answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <synap/synap.h>

namespace synap::server::http {

class Capture;

// One value of a captured reply. Valid until the capture is cleared.
class Value {
public:
    Value(const Capture& capture, size_t index) noexcept : capture_(&capture), index_(index) {}

    uint32_t type() const noexcept;
    bool is_null() const noexcept {
        return type() == SYNAP_TYPE_NULL || type() == SYNAP_TYPE_NULL_ARRAY;
    }
    bool is_error() const noexcept { return type() == SYNAP_TYPE_ERROR; }
    // INT and BOOL; the reply code of an ERROR.
    int64_t integer() const noexcept;
    double number() const noexcept;
    // Text of whatever has one; empty for all else.
    std::string_view bytes() const noexcept;
    // Children of a container.
    size_t size() const noexcept;
    Value first() const noexcept { return {*capture_, index_ + 1}; }
    // The sibling behind this value.
    Value next() const noexcept;

private:
    const Capture* capture_;
    size_t index_;
};

// A sink that keeps one reply in two flat arrays, reused from request to request. Values above
// 16 KiB are kept by reference.
class Capture {
public:
    Capture() noexcept;
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    ~Capture() { clear(); }

    const synap_sink_t* sink() const noexcept { return &sink_; }
    bool empty() const noexcept { return items_.empty(); }
    Value root() const noexcept { return {*this, 0}; }
    void clear() noexcept;

private:
    friend class Value;

    struct Item {
        uint32_t type = 0;
        uint32_t children = 0;
        size_t after = 0;               // index behind the last descendant
        const char* outside = nullptr;  // bytes kept by reference
        size_t size = 0;
        union {
            int64_t i;
            double d;
            size_t offset;  // into bytes_
        };
    };

    static int32_t SYNAP_CALL on_scalar(void* ctx, uint32_t type,
                                        const synap_arg_t* value) noexcept;
    static int32_t SYNAP_CALL on_error(void* ctx, int32_t code, synap_bytes_t message) noexcept;
    static int32_t SYNAP_CALL on_begin(void* ctx, uint32_t type, uint64_t count) noexcept;
    static int32_t SYNAP_CALL on_end(void* ctx, uint32_t type) noexcept;
    static int32_t SYNAP_CALL on_blob(void* ctx, synap_bytes_t value, synap_blob_t* owner) noexcept;
    void add_bytes(uint32_t type, synap_bytes_t bytes);
    Item& add(uint32_t type);

    synap_sink_t sink_ = SYNAP_SINK_INIT;
    std::vector<Item> items_;
    std::vector<size_t> open_;  // containers not yet ended
    std::vector<synap_blob_t*> owners_;
    std::string bytes_;
};

}  // namespace synap::server::http
