// What a Store object holds. Several objects may show one store.
#pragma once

#include <Python.h>

#include <memory>

#include "calls.h"
#include "sessions.h"

namespace synap_python {

struct StoreObject {
    PyObject_HEAD
    std::shared_ptr<SharedStore> store;
    Session* own;  // of `store`, which it ends with; set: instead of the calling thread's session
    Preferences preferences;

    // NULL with an exception set.
    Session* session() { return own != nullptr && !store->closed() ? own : store->session(); }
};

inline StoreObject* to_store(PyObject* object) { return reinterpret_cast<StoreObject*>(object); }

// tp_new and tp_dealloc of the type.
PyObject* store_new(PyTypeObject* type, PyObject* args, PyObject* kwargs);
void store_dealloc(PyObject* object);

// Methods about the store as a whole.
PyObject* store_close(PyObject* self, PyObject*);
PyObject* store_state(PyObject* self, PyObject*);
PyObject* store_option(PyObject* self, PyObject* name);
PyObject* store_set_option(PyObject* self, PyObject* const* args, Py_ssize_t nargs);
PyObject* store_get_closed(PyObject* self, void*);

}  // namespace synap_python
