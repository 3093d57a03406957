#include "arguments.h"

#include <cstring>

namespace synap_python {

Arguments::~Arguments() {
    for (Py_buffer& buffer : buffers_) PyBuffer_Release(&buffer);
}

void Arguments::reserve(size_t count) {
    if (count <= capacity_) return;
    heap_.resize(count);
    if (data_ == inline_) std::memcpy(heap_.data(), inline_, size_ * sizeof(synap_arg_t));
    data_ = heap_.data();
    capacity_ = count;
}

void Arguments::grow() { reserve(capacity_ * 2); }

bool Arguments::convert(PyObject* object, synap_arg_t& arg) {
    if (read_text(object, arg)) {
        byte_count_ += arg.as.b.size;
        return true;
    }
    if (PyBytes_Check(object)) {
        arg.as.b = {PyBytes_AS_STRING(object), static_cast<size_t>(PyBytes_GET_SIZE(object))};
    } else if (PyUnicode_Check(object)) {
        Py_ssize_t size = 0;
        const char* text = PyUnicode_AsUTF8AndSize(object, &size);
        if (text == nullptr) return false;
        arg.as.b = {text, static_cast<size_t>(size)};
    } else if (PyLong_Check(object) || PyFloat_Check(object)) {
        return convert_number(object, arg);
    } else {
        return convert_buffer(object, arg);
    }
    arg.type = SYNAP_TYPE_BYTES;
    byte_count_ += arg.as.b.size;
    return true;
}

bool Arguments::convert_number(PyObject* object, synap_arg_t& arg) {
    if (PyFloat_Check(object)) {
        arg.type = SYNAP_TYPE_DOUBLE;
        arg.as.d = PyFloat_AS_DOUBLE(object);
        return true;
    }
    if (PyBool_Check(object)) {
        PyErr_SetString(PyExc_TypeError,
                        "a bool is stored neither as 1 nor as 'True'; convert it first");
        return false;
    }
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow != 0) {
        PyErr_SetString(PyExc_OverflowError,
                        "integer arguments are of 64 bits; pass longer ones "
                        "as str");
        return false;
    }
    if (value == -1 && PyErr_Occurred() != nullptr) return false;
    arg.type = SYNAP_TYPE_INT;
    arg.as.i = value;
    return true;
}

bool Arguments::convert_buffer(PyObject* object, synap_arg_t& arg) {
    if (!PyObject_CheckBuffer(object)) {
        PyErr_Format(PyExc_TypeError,
                     "an argument is bytes, bytearray, memoryview, str, int or float, not %.100s",
                     Py_TYPE(object)->tp_name);
        return false;
    }
    Py_buffer buffer;
    if (PyObject_GetBuffer(object, &buffer, PyBUF_SIMPLE) != 0) return false;
    buffers_.push_back(buffer);
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b = {buffer.buf, static_cast<size_t>(buffer.len)};
    byte_count_ += arg.as.b.size;
    return true;
}

}  // namespace synap_python
