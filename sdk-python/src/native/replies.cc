#include "replies.h"

#include "errors.h"

namespace synap_python {
namespace {

PyObject* text_of(synap_bytes_t bytes, const char* errors) {
    return PyUnicode_DecodeUTF8(static_cast<const char*>(bytes.data),
                                static_cast<Py_ssize_t>(bytes.size), errors);
}

PyObject* integer_of(synap_bytes_t digits) {
    PyObject* text = text_of(digits, "strict");
    if (text == nullptr) return nullptr;
    PyObject* number = PyLong_FromUnicodeObject(text, 10);
    Py_DECREF(text);
    return number;
}

}  // namespace

ReplyBuilder::~ReplyBuilder() {
    for (const Open& open : open_) {
        Py_DECREF(open.container);
        Py_XDECREF(open.key);
    }
    Py_XDECREF(result_);
    Py_XDECREF(error_);
    if (paused_ && collect_) PyGC_Enable();
}

synap_sink_t ReplyBuilder::sink() noexcept {
    synap_sink_t sink = SYNAP_SINK_INIT;
    sink.ctx = this;
    sink.scalar = on_scalar;
    sink.error = on_error;
    sink.begin = on_begin;
    sink.end = on_end;
    return sink;
}

PyObject* ReplyBuilder::take() {
    if (error_ != nullptr) {
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error_)), error_);
        return nullptr;
    }
    PyObject* result = result_;
    result_ = nullptr;
    return result;
}

PyObject* ReplyBuilder::stored(synap_bytes_t bytes) const {
    if (decode_) return text_of(bytes, "strict");
    return PyBytes_FromStringAndSize(static_cast<const char*>(bytes.data),
                                     static_cast<Py_ssize_t>(bytes.size));
}

PyObject* ReplyBuilder::make(uint32_t type, const synap_arg_t& value) const {
    switch (type) {
        case SYNAP_TYPE_BYTES:
            return stored(value.as.b);
        case SYNAP_TYPE_INT:
            return PyLong_FromLongLong(value.as.i);
        case SYNAP_TYPE_BOOL:
            return PyBool_FromLong(value.as.i != 0);
        case SYNAP_TYPE_DOUBLE:
            return PyFloat_FromDouble(value.as.d);
        case SYNAP_TYPE_TEXT:
        case SYNAP_TYPE_STATUS:
        case SYNAP_TYPE_VERBATIM:
            // The engine's own words may quote a client's: these are shown rather than refused.
            return text_of(value.as.b, "backslashreplace");
        case SYNAP_TYPE_BIG_NUMBER:
            return integer_of(value.as.b);
        default:
            Py_RETURN_NONE;
    }
}

int32_t ReplyBuilder::put(PyObject* object) {
    if (object == nullptr) return -1;
    if (open_.empty()) {
        if (many_ == nullptr) {
            Py_XSETREF(result_, object);
            return 0;
        }
        const int status = PyList_Append(many_, object);
        Py_DECREF(object);
        return status;
    }
    if (open_.back().type == SYNAP_TYPE_PAIRS && open_container(kPair, 2) != 0) {
        Py_DECREF(object);
        return -1;
    }
    if (put_element(open_.back(), object) != 0) return -1;
    if (open_.back().type != kPair || open_.back().left != 0) return 0;
    PyObject* pair = open_.back().container;
    open_.pop_back();
    return put_element(open_.back(), pair);
}

int32_t ReplyBuilder::put_element(Open& open, PyObject* object) {
    --open.left;
    if (open.type != SYNAP_TYPE_MAP) {
        PyList_SET_ITEM(open.container, open.filled++, object);
        return 0;
    }
    if (open.key == nullptr) {
        open.key = object;
        return 0;
    }
    const int status = PyDict_SetItem(open.container, open.key, object);
    Py_CLEAR(open.key);
    Py_DECREF(object);
    return status;
}

int32_t ReplyBuilder::open_container(uint32_t type, uint64_t count) {
    const auto size = static_cast<Py_ssize_t>(count);
    Open open{nullptr, nullptr, type, 0, size};
    if (type == SYNAP_TYPE_MAP) {
        open.container = PyDict_New();
        open.left = size * 2;
    } else {
        open.container = PyList_New(size);
    }
    if (open.container == nullptr) return -1;
    open_.push_back(open);
    return 0;
}

int32_t ReplyBuilder::on_scalar(void* ctx, uint32_t type, const synap_arg_t* value) {
    auto* self = static_cast<ReplyBuilder*>(ctx);
    return self->put(self->make(type, *value));
}

int32_t ReplyBuilder::on_error(void* ctx, int32_t, synap_bytes_t message) {
    auto* self = static_cast<ReplyBuilder*>(ctx);
    PyObject* error = make_reply_error(message);
    if (error == nullptr) return -1;
    if (!self->open_.empty() || self->many_ != nullptr) return self->put(error);
    Py_XSETREF(self->error_, error);
    return 0;
}

// Objects that the collector tracks are made from here on. A collection now could run finalisers
// that call the store on this thread, whose session is in use until the reply is complete.
int32_t ReplyBuilder::on_begin(void* ctx, uint32_t type, uint64_t count) {
    auto* self = static_cast<ReplyBuilder*>(ctx);
    if (!self->paused_) {
        self->collect_ = PyGC_Disable() != 0;
        self->paused_ = true;
    }
    return self->open_container(type, count);
}

int32_t ReplyBuilder::on_end(void* ctx, uint32_t) {
    auto* self = static_cast<ReplyBuilder*>(ctx);
    const Open open = self->open_.back();
    self->open_.pop_back();
    return self->put(open.container);
}

}  // namespace synap_python
