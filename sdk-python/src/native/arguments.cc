#include "arguments.h"

#include <algorithm>
#include <cstring>

#include "interpreter.h"

namespace synap_python {

namespace {

bool is_container(PyObject* object) {
    const PyTypeObject* type = Py_TYPE(object);
    const bool has_length =
        (type->tp_as_sequence != nullptr && type->tp_as_sequence->sq_length != nullptr) ||
        (type->tp_as_mapping != nullptr && type->tp_as_mapping->mp_length != nullptr);
    if (!has_length) return false;
    if (PyObject_Size(object) >= 0) return true;
    PyErr_Clear();
    return false;
}

enum class Kind { kUnknown, kInteger, kFloat, kTruth, kOther };

Kind kind_of_scalar(PyObject* object) {
    if (!PyObject_CheckBuffer(object)) return Kind::kUnknown;
    Py_buffer buffer;
    if (PyObject_GetBuffer(object, &buffer, PyBUF_FULL_RO) != 0) {
        PyErr_Clear();
        return Kind::kOther;
    }
    const char* format = buffer.format == nullptr ? "B" : buffer.format;
    Kind kind = Kind::kOther;
    if (buffer.ndim == 0 && format[0] != 0 && format[1] == 0) {
        if (std::strchr("bBhHiIlLqQnN", format[0]) != nullptr) kind = Kind::kInteger;
        if (std::strchr("efdg", format[0]) != nullptr) kind = Kind::kFloat;
        if (format[0] == '?') kind = Kind::kTruth;
    }
    PyBuffer_Release(&buffer);
    return kind;
}

// 1, 0, or -1 with an exception set. An instance exists only where the module was imported.
int is_decimal(PyObject* object) {
    PyObject* name = PyUnicode_FromString("decimal");
    PyObject* module = name == nullptr ? nullptr : PyImport_GetModule(name);
    Py_XDECREF(name);
    if (module == nullptr) return PyErr_Occurred() != nullptr ? -1 : 0;
    PyObject* type = PyObject_GetAttrString(module, "Decimal");
    Py_DECREF(module);
    if (type == nullptr) return -1;
    const int found = PyObject_IsInstance(object, type);
    Py_DECREF(type);
    return found;
}

}  // namespace

Arguments::~Arguments() {
    if (buffers_.empty() && texts_.empty()) return;
    for (Py_buffer& buffer : buffers_) PyBuffer_Release(&buffer);
    for (PyObject* text : texts_) Py_DECREF(text);
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
    } else if (PyFloat_Check(object)) {
        arg.type = SYNAP_TYPE_DOUBLE;
        arg.as.d = PyFloat_AS_DOUBLE(object);
        return true;
    } else if (PyBool_Check(object)) {
        return refuse(object);
    } else if (PyLong_Check(object)) {
        return convert_integer(object, arg);
    } else {
        return or_stop([&] { return convert_other(object, arg); });
    }
    arg.type = SYNAP_TYPE_BYTES;
    byte_count_ += arg.as.b.size;
    return true;
}

// Names the argument by its place: the first of a command is its name.
bool Arguments::refuse(PyObject* object) const {
    const size_t place = size_ - 1 - first_;
    const synap_arg_t& name = data_[first_];
    const bool is_named = place > 0 && name.type == SYNAP_TYPE_BYTES;
    PyObject* command =
        is_named
            ? PyUnicode_DecodeUTF8(static_cast<const char*>(name.as.b.data),
                                   static_cast<Py_ssize_t>(std::min<size_t>(name.as.b.size, 40)),
                                   "backslashreplace")
            : PyUnicode_FromString("a command");
    if (command == nullptr) return false;
    PyErr_Format(PyExc_TypeError,
                 "argument %zu of %U must be bytes-like, str, int or float, not %.100s%s", place,
                 command, Py_TYPE(object)->tp_name,
                 PyObject_CheckBuffer(object) ? "; its memory is no text: convert it first" : "");
    Py_DECREF(command);
    return false;
}

bool Arguments::convert_integer(PyObject* object, synap_arg_t& arg) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow != 0) return convert_text(PyNumber_ToBase(object, 10), arg);
    if (value == -1 && PyErr_Occurred() != nullptr) return false;
    arg.type = SYNAP_TYPE_INT;
    arg.as.i = value;
    return true;
}

bool Arguments::convert_text(PyObject* text, synap_arg_t& arg) {
    if (text == nullptr) return false;
    try {
        texts_.push_back(text);
    } catch (...) {
        Py_DECREF(text);
        throw;
    }
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(text, &size);
    if (data == nullptr) return false;
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b = {data, static_cast<size_t>(size)};
    byte_count_ += arg.as.b.size;
    return true;
}

// A number and no container. Arrays of numpy are both, those without dimensions by their shape.
bool Arguments::convert_other(PyObject* object, synap_arg_t& arg) {
    const PyNumberMethods* number = Py_TYPE(object)->tp_as_number;
    const bool is_number =
        number != nullptr && (number->nb_index != nullptr || number->nb_float != nullptr);
    if (is_number && !is_container(object)) return convert_number(object, arg);
    if (PyObject_CheckBuffer(object)) return convert_buffer(object, arg);
    return refuse(object);
}

bool Arguments::convert_number(PyObject* object, synap_arg_t& arg) {
    // What numpy's scalars are stands in the buffers they expose: of their slots, even those of
    // dates, truth values and complex numbers have __float__.
    const Kind kind = kind_of_scalar(object);
    if (kind == Kind::kTruth || kind == Kind::kOther) return refuse(object);
    if (kind != Kind::kFloat && PyIndex_Check(object)) {
        PyObject* integer = PyNumber_Index(object);
        if (integer == nullptr) return false;
        const bool converted = convert_integer(integer, arg);
        Py_DECREF(integer);
        return converted;
    }
    const int decimal = is_decimal(object);
    if (decimal != 0) return decimal > 0 && convert_text(PyObject_Str(object), arg);
    const double value = PyFloat_AsDouble(object);
    if (value == -1.0 && PyErr_Occurred() != nullptr) return false;
    arg.type = SYNAP_TYPE_DOUBLE;
    arg.as.d = value;
    return true;
}

bool Arguments::convert_buffer(PyObject* object, synap_arg_t& arg) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(object, &buffer, PyBUF_FORMAT | PyBUF_ND) != 0) return false;
    const char* format = buffer.format == nullptr ? "B" : buffer.format;
    if (std::strchr("Bbc", format[0]) == nullptr || format[1] != 0) {
        refuse(object);
        PyBuffer_Release(&buffer);
        return false;
    }
    try {
        buffers_.push_back(buffer);
    } catch (...) {
        PyBuffer_Release(&buffer);
        throw;
    }
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b = {buffer.buf, static_cast<size_t>(buffer.len)};
    byte_count_ += arg.as.b.size;
    return true;
}

}  // namespace synap_python
