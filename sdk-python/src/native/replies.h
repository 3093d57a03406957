// Replies of the engine as Python objects, built while the engine delivers them: no reply tree.
#pragma once

#include <Python.h>
#include <synap/synap.h>

#include <vector>

namespace synap_python {

// A sink that makes one Python object of each reply. Needs the interpreter lock throughout.
//
//   stored values    bytes, or str where `decode` asks for it
//   text, statuses   str
//   integers, big numbers, doubles, booleans, null   int, float, bool, None
//   arrays, sets     list (the elements of a set need not be hashable)
//   pairs, maps      list of two-element lists, dict
//   errors           of a whole reply: kept for raise(); within others: a ReplyError object
class ReplyBuilder {
public:
    // With `many`, an error is a ReplyError object even where it is a whole reply.
    explicit ReplyBuilder(bool decode, PyObject* many = nullptr) noexcept
        : decode_(decode), many_(many) {}
    ~ReplyBuilder();
    ReplyBuilder(const ReplyBuilder&) = delete;
    ReplyBuilder& operator=(const ReplyBuilder&) = delete;

    synap_sink_t sink() noexcept;
    // The one reply, or NULL with its exception set.
    PyObject* take();
    // True once an error reply waits to be raised by take().
    bool failed() const noexcept { return error_ != nullptr; }

private:
    // Elements of PAIRS come flat; each two of them are gathered in a list of this type.
    static constexpr uint32_t kPair = UINT32_MAX;

    struct Open {
        PyObject* container;
        PyObject* key;  // of a map, while its value is awaited
        uint32_t type;
        Py_ssize_t filled;
        Py_ssize_t left;  // elements still to come
    };

    static int32_t on_scalar(void* ctx, uint32_t type, const synap_arg_t* value);
    static int32_t on_error(void* ctx, int32_t code, synap_bytes_t message);
    static int32_t on_begin(void* ctx, uint32_t type, uint64_t count);
    static int32_t on_end(void* ctx, uint32_t type);

    PyObject* stored(synap_bytes_t bytes) const;
    PyObject* make(uint32_t type, const synap_arg_t& value) const;
    // Takes over `object`; 0, or -1 when `object` is NULL or could not be stored.
    int32_t put(PyObject* object);
    int32_t put_element(Open& open, PyObject* object);
    int32_t open_container(uint32_t type, uint64_t count);

    const bool decode_;
    bool collect_ = false;  // the garbage collector was on before the first container
    bool paused_ = false;
    PyObject* const many_;  // borrowed list that receives whole replies, or NULL
    PyObject* result_ = nullptr;
    PyObject* error_ = nullptr;
    std::vector<Open> open_;
};

}  // namespace synap_python
