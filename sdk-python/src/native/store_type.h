// synap._native.Store: the native half of synap.Store, with what must be fast.
#pragma once

#include <Python.h>

namespace synap_python {

// A new reference to the type, or NULL with an exception set.
PyObject* make_store_type(PyObject* module);

}  // namespace synap_python
