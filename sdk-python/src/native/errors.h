// From statuses and error replies of the C interface to Python exceptions.
//
// All functions need the interpreter lock. The classes themselves live in synap/_errors.py.
#pragma once

#include <Python.h>
#include <synap/synap.h>

namespace synap_python {

// Sets the exception of a failed call; consumes `error`, which may be NULL. Always returns NULL.
// `applied` says that the command took effect before the failure, so that its outcome is unknown.
PyObject* raise_status(synap_status_t status, synap_error_t* error, bool applied = false);

// Sets the exception of a call on a closed store.
void raise_closed();

// As raise_status, with an error that stays its owner's.
PyObject* raise_error(synap_status_t status, const synap_error_t* error, bool applied = false);

// The exception of an error reply, as a new object; NULL with an exception set on failure.
PyObject* make_reply_error(synap_bytes_t message);

// Takes the exception that is set, where it is a ReplyError; else leaves it and returns NULL.
PyObject* take_reply_error();

}  // namespace synap_python
