// Python objects as the argument vectors of commands.
#pragma once

#include <Python.h>
#include <synap/synap.h>

#include <vector>

namespace synap_python {

// bytes and str are borrowed from their objects, which the caller keeps alive; other buffers are
// held until destruction. Needs the interpreter lock, also to be destroyed.
class Arguments {
public:
    Arguments() = default;
    ~Arguments();
    Arguments(const Arguments&) = delete;
    Arguments& operator=(const Arguments&) = delete;

    // What a Python object is as a word, most exact protocol first: bytes and str; int and what has
    // __index__, its decimal digits; float and what has __float__; Decimal, its own text; and what
    // exposes bytes as a buffer. A bool is none of these, nor are buffers of other elements, whose
    // memory means nothing elsewhere.
    // False with a Python exception set: TypeError, ValueError, UnicodeEncodeError.
    bool add(PyObject* object) { return convert(object, *next()); }
    void add(const synap_arg_t& word) { *next() = word; }
    void add(synap_bytes_t word) {
        synap_arg_t* arg = next();
        arg->type = SYNAP_TYPE_BYTES;
        arg->as.b = word;
    }
    void reserve(size_t count);
    // The next word is the name of a command.
    void begin_command() noexcept { first_ = size_; }

    const synap_arg_t* data() const noexcept { return data_; }
    size_t size() const noexcept { return size_; }
    size_t byte_count() const noexcept { return byte_count_; }

    // One argument that is bytes or str, without the cost of a vector; false (and no exception)
    // for any other type.
    static bool read_text(PyObject* object, synap_arg_t& arg) {
        if (PyBytes_CheckExact(object)) {
            arg.as.b = {PyBytes_AS_STRING(object), static_cast<size_t>(PyBytes_GET_SIZE(object))};
        } else if (PyUnicode_CheckExact(object) && PyUnicode_IS_COMPACT_ASCII(object)) {
            arg.as.b = {PyUnicode_DATA(object), static_cast<size_t>(PyUnicode_GET_LENGTH(object))};
        } else {
            return false;
        }
        arg.type = SYNAP_TYPE_BYTES;
        arg.reserved = 0;
        return true;
    }

private:
    static constexpr size_t kInline = 16;
    static constexpr size_t kNumberChars = 24;

    synap_arg_t* next() {
        if (size_ == capacity_) grow();
        synap_arg_t* arg = data_ + size_++;
        arg->reserved = 0;
        return arg;
    }
    void grow();
    bool convert(PyObject* object, synap_arg_t& arg);
    bool refuse(PyObject* object) const;
    bool convert_integer(PyObject* object, synap_arg_t& arg);
    bool convert_other(PyObject* object, synap_arg_t& arg);
    bool convert_number(PyObject* object, synap_arg_t& arg);
    bool convert_buffer(PyObject* object, synap_arg_t& arg);
    // Takes over a str that is kept while the arguments are; NULL is a failure.
    bool convert_text(PyObject* text, synap_arg_t& arg);

    synap_arg_t inline_[kInline];
    synap_arg_t* data_ = inline_;
    size_t size_ = 0;
    size_t first_ = 0;  // the name of the command that is being read
    size_t capacity_ = kInline;
    size_t byte_count_ = 0;
    std::vector<synap_arg_t> heap_;
    std::vector<Py_buffer> buffers_;
    std::vector<PyObject*> texts_;
};

}  // namespace synap_python
