// Replies of the engine as JavaScript values, built while the engine delivers them: no reply tree.
#pragma once

#include <node_api.h>
#include <synap/synap.h>

#include <vector>

namespace synap_js {

// A string of UTF-8; bytes that are none become U+FFFD.
napi_value make_string(napi_env env, synap_bytes_t bytes);

// How stored values are given.
enum class Encoding : uint32_t {
    kUtf8,    // strings; bytes that are no UTF-8 are an error
    kAuto,    // strings; Buffers of bytes that are no UTF-8
    kBuffer,  // Buffers
};

struct ReplyForm {
    Encoding encoding;
    // Whether an error about a value stands in its place, instead of being that of the whole reply:
    // so it is among the replies of other commands.
    bool errors_in_place;
};

// A sink that makes one value of each reply.
//
//   stored values    string or Buffer, as the form says
//   text, statuses   string
//   integers         number where it is exact, else bigint; big numbers: bigint
//   arrays, sets     Array
//   pairs, maps      Array of two-element arrays, Map
//   errors           of a whole reply: thrown by take(); within others: a ReplyError
//   no UTF-8         thrown by take() too, or an EncodingError in its place, as the form says
class ReplyBuilder {
public:
    // With `many`, an Array, whole replies are appended to it, errors too.
    ReplyBuilder(napi_env env, ReplyForm form, napi_value many = nullptr) noexcept
        : env_(env), form_(form), many_(many) {}
    ReplyBuilder(const ReplyBuilder&) = delete;
    ReplyBuilder& operator=(const ReplyBuilder&) = delete;

    synap_sink_t sink() noexcept;
    // The one reply, or NULL with its exception pending.
    napi_value take();
    // The exception of an error reply that take() would throw; NULL when there is none.
    napi_value error() const noexcept { return error_; }

private:
    // Elements of PAIRS and MAP come flat; each two of them are gathered in an array of this type.
    static constexpr uint32_t kPair = UINT32_MAX;

    struct Open {
        napi_value array;
        uint32_t type;
        uint32_t filled;
        uint32_t size;
    };

    static int32_t on_scalar(void* ctx, uint32_t type, const synap_arg_t* value);
    static int32_t on_error(void* ctx, int32_t code, synap_bytes_t message);
    static int32_t on_begin(void* ctx, uint32_t type, uint64_t count);
    static int32_t on_end(void* ctx, uint32_t type);

    napi_value make(uint32_t type, const synap_arg_t& value);
    napi_value make_stored(synap_bytes_t bytes);
    int32_t put(napi_value value);
    int32_t put_element(napi_value value);
    int32_t open_array(uint32_t type, uint64_t count);
    napi_value finish(const Open& open) const;

    napi_env const env_;
    const ReplyForm form_;
    const napi_value many_;
    napi_value result_ = nullptr;
    napi_value error_ = nullptr;
    std::vector<Open> open_;
};

}  // namespace synap_js
