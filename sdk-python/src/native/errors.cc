#include "errors.h"

#include "interpreter.h"

namespace synap_python {
namespace {

// Looked up anew each time: errors are rare, and a cached object would outlive the interpreter.
PyObject* factory(const char* name) {
    PyObject* module = PyImport_ImportModule("synap._errors");
    if (module == nullptr) return nullptr;
    PyObject* function = PyObject_GetAttrString(module, name);
    Py_DECREF(module);
    return function;
}

PyObject* text_of(synap_bytes_t bytes) {
    return PyUnicode_DecodeUTF8(static_cast<const char*>(bytes.data),
                                static_cast<Py_ssize_t>(bytes.size), "backslashreplace");
}

// Sets the exception that `make` returns for these arguments; consumes `arguments`.
void raise_made(const char* make, PyObject* arguments) {
    if (arguments == nullptr) return;
    PyObject* exception = or_stop([&]() -> PyObject* {
        PyObject* function = factory(make);
        if (function == nullptr) return nullptr;
        PyObject* made = PyObject_CallObject(function, arguments);
        Py_DECREF(function);
        return made;
    });
    Py_DECREF(arguments);
    if (exception == nullptr) return;
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception)), exception);
    Py_DECREF(exception);
}

void raise_not_applied(synap_status_t status, const char* message, unsigned other_traits = 0) {
    raise_made("make", Py_BuildValue("(isIKK)", status, message,
                                     SYNAP_TRAIT_NOT_APPLIED | other_traits, 0ULL, 0ULL));
}

PyObject* call_reply_error(synap_bytes_t message) {
    PyObject* function = factory("ReplyError");
    PyObject* text = function == nullptr ? nullptr : text_of(message);
    PyObject* exception = text == nullptr ? nullptr : PyObject_CallOneArg(function, text);
    Py_XDECREF(function);
    Py_XDECREF(text);
    return exception;
}

PyObject* fetch_reply_error() {
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject* wanted = factory("ReplyError");
    if (wanted == nullptr) PyErr_Clear();  // the first exception matters more
    const bool found = wanted != nullptr && PyErr_GivenExceptionMatches(type, wanted) != 0;
    Py_XDECREF(wanted);
    if (!found) {
        PyErr_Restore(type, value, traceback);
        return nullptr;
    }
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

}  // namespace

PyObject* raise_status(synap_status_t status, synap_error_t* error, bool applied) {
    raise_error(status, error, applied);
    synap_error_free(error);
    return nullptr;
}

void raise_closed() {
    raise_not_applied(SYNAP_E_SHUTDOWN, "the store is closed", SYNAP_TRAIT_FATAL);
}

PyObject* raise_error(synap_status_t status, const synap_error_t* error, bool applied) {
    if (PyErr_Occurred() != nullptr) return nullptr;  // a sink stopped because Python failed
    if (status == SYNAP_HOST) {
        raise_not_applied(status, "the command belongs to a server, not to a store");
        return nullptr;
    }
    uint32_t traits = synap_error_traits(error);
    if (applied) {
        traits = (traits & ~uint32_t{SYNAP_TRAIT_NOT_APPLIED}) | SYNAP_TRAIT_OUTCOME_UNKNOWN;
    }
    const synap_token_t token = synap_error_token(error);
    PyObject* message = text_of(synap_error_message(error));
    if (message == nullptr) return nullptr;
    raise_made("make", Py_BuildValue("(iNIKK)", status, message, traits,
                                     static_cast<unsigned long long>(token.epoch),
                                     static_cast<unsigned long long>(token.position)));
    return nullptr;
}

PyObject* make_reply_error(synap_bytes_t message) {
    return or_stop([message] { return call_reply_error(message); });
}

PyObject* take_reply_error() { return or_stop(fetch_reply_error); }

}  // namespace synap_python
