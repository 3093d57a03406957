#include "store_object.h"

#include <algorithm>
#include <ctime>
#include <new>

#include "ending.h"
#include "errors.h"
#include "interpreter.h"

namespace synap_python {
namespace {

bool bytes_of(PyObject* text, synap_bytes_t& bytes) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(text, &size);
    if (data == nullptr) return false;
    bytes = {data, static_cast<size_t>(size)};
    return true;
}

// False with an exception set.
bool fill(synap_config_t* config, PyObject* options) {
    PyObject *name = nullptr, *value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(options, &at, &name, &value)) {
        synap_bytes_t key{}, text{};
        if (!bytes_of(name, key) || !bytes_of(value, text)) return false;
        synap_error_t* error = nullptr;
        const synap_status_t status = synap_config_set(config, key, text, &error);
        if (status == SYNAP_OK) continue;
        raise_status(status, error);
        return false;
    }
    return true;
}

// False with an exception set when the store failed; one that waits for room serves reads.
bool get_state(synap_store_t* store, synap_store_state_t& state) {
    synap_error_t* error = nullptr;
    const synap_status_t status = synap_store_get_state(store, &state, &error);
    if (status == SYNAP_OK) return true;
    if (state.state == SYNAP_STATE_BLOCKED) {
        synap_error_free(error);
        return true;
    }
    raise_status(status, error);
    return false;
}

// Waits until the data is there, and looks for signals meanwhile; false with an exception set.
bool wait_until_loaded(synap_store_t* store) {
    constexpr long kLongest = 10'000'000;  // nanoseconds
    for (long pause = 20'000;; pause = std::min(2 * pause, kLongest)) {
        synap_store_state_t state = SYNAP_STORE_STATE_INIT;
        if (!get_state(store, state)) return false;
        if (state.state != SYNAP_STATE_LOADING) return true;
        if (PyErr_CheckSignals() != 0) return false;
        const timespec duration{0, pause};
        const Unlocked unlocked;
        nanosleep(&duration, nullptr);
    }
}

// Loading is waited for here, where Ctrl-C is seen, unless the caller has a wish of its own.
synap_status_t choose_who_waits(synap_config_t* config, PyObject* options, bool& here) {
    constexpr synap_bytes_t kName{"open.wait", 9};
    PyObject* name = PyUnicode_FromString("open.wait");
    here = name != nullptr && PyDict_Contains(options, name) == 0;
    Py_XDECREF(name);
    return here ? synap_config_set(config, kName, {"false", 5}, nullptr) : SYNAP_OK;
}

void close_and_release(synap_store_t* store) {
    const Unlocked unlocked;
    // Of the two errors, the one that made this necessary is raised.
    const synap_status_t closed = synap_store_close(store, UINT32_MAX, nullptr);
    static_cast<void>(closed);
    synap_store_release(store);
}

synap_store_t* open_store(PyObject* path, PyObject* options) {
    synap_config_t* config = synap_config_new();
    if (config == nullptr) {
        PyErr_NoMemory();
        return nullptr;
    }
    synap_store_t* store = nullptr;
    bool wait_here = false;
    if (fill(config, options) && choose_who_waits(config, options, wait_here) == SYNAP_OK) {
        const synap_bytes_t where{PyBytes_AS_STRING(path),
                                  static_cast<size_t>(PyBytes_GET_SIZE(path))};
        synap_error_t* error = nullptr;
        synap_status_t status = SYNAP_OK;
        {
            const Unlocked unlocked;
            status = synap_open(where, config, &store, &error);
        }
        if (status != SYNAP_OK) raise_status(status, error);
    }
    synap_config_free(config);
    if (store != nullptr && wait_here && !wait_until_loaded(store)) {
        PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
        PyErr_Fetch(&type, &value, &traceback);
        close_and_release(store);
        PyErr_Restore(type, value, traceback);
        return nullptr;
    }
    return store;
}

// The store that `origin` shows, or the one in the directory that it names.
std::shared_ptr<SharedStore> store_of(PyObject* origin, PyObject* options) {
    if (PyBytes_Check(origin)) {
        synap_store_t* opened = open_store(origin, options);
        if (opened == nullptr) return nullptr;
        try {
            auto store = std::make_shared<SharedStore>(opened);
            register_store(store);
            return store;
        } catch (const std::bad_alloc&) {
            // Its own end releases a store that exists; closing stays to be done.
            close_and_release(opened);
            throw;
        }
    }
    PyObject* module = PyImport_ImportModule("synap._native");
    PyObject* type = module == nullptr ? nullptr : PyObject_GetAttrString(module, "Store");
    Py_XDECREF(module);
    if (type == nullptr) return nullptr;
    const int is_store = PyObject_IsInstance(origin, type);
    Py_DECREF(type);
    if (is_store > 0) return to_store(origin)->store;
    if (is_store == 0) PyErr_SetString(PyExc_TypeError, "stores are made by synap.open()");
    return nullptr;
}

// False with an exception set.
bool is_open(PyObject* self) {
    const bool open = !to_store(self)->store->closed();
    if (!open) raise_closed();
    return open;
}

}  // namespace

// Store(origin, options, durability, timeout_ms, decode, own_session): `origin` is a path in bytes
// or a Store whose store is to be shared.
PyObject* store_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    PyObject *origin = nullptr, *options = nullptr;
    unsigned durability = 0, timeout_ms = 0;
    int decode = 0, own_session = 0;
    if (kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0) {
        return PyErr_Format(PyExc_TypeError, "stores are made by synap.open()");
    }
    if (!PyArg_ParseTuple(args, "OO!IIpp:Store", &origin, &PyDict_Type, &options, &durability,
                          &timeout_ms, &decode, &own_session)) {
        return nullptr;
    }
    try {
        std::shared_ptr<SharedStore> store = store_of(origin, options);
        if (store == nullptr) return nullptr;
        Session* own = own_session != 0 ? store->open_session() : nullptr;
        if (own_session != 0 && own == nullptr) return nullptr;
        auto* self = to_store(type->tp_alloc(type, 0));
        if (self == nullptr) {
            if (own != nullptr) store->forget(own);
            return nullptr;
        }
        new (&self->store) std::shared_ptr<SharedStore>(std::move(store));
        self->own = own;
        new (&self->preferences) Preferences{durability, timeout_ms, decode != 0};
        ++self->store->owners;
        return reinterpret_cast<PyObject*>(self);
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

// As with files, a store that nobody closed is closed here, so that nothing written is lost.
void store_dealloc(PyObject* object) {
    StoreObject* self = to_store(object);
    PyTypeObject* type = Py_TYPE(object);
    if (PyType_IS_GC(type)) PyObject_GC_UnTrack(object);
    PyObject *error_type = nullptr, *error = nullptr, *traceback = nullptr;
    PyErr_Fetch(&error_type, &error, &traceback);
    if (self->own != nullptr) self->store->forget(self->own);
    SharedStore& store = *self->store;
    if (--store.owners == 0 && !store.closed() && store.is_own()) {
        // Open until the end is in order.
        if (!is_ending() && PyErr_ResourceWarning(nullptr, 1, "unclosed synap store") != 0) {
            PyErr_WriteUnraisable(nullptr);
        }
        if (!store.close()) PyErr_WriteUnraisable(nullptr);
    }
    self->store.~shared_ptr();
    PyErr_Restore(error_type, error, traceback);
    type->tp_free(object);
    Py_DECREF(type);
}

PyObject* store_close(PyObject* self, PyObject*) {
    if (!to_store(self)->store->close()) return nullptr;
    Py_RETURN_NONE;
}

PyObject* store_get_closed(PyObject* self, void*) {
    return PyBool_FromLong(to_store(self)->store->closed());
}

// (state, loaded, total, used_memory)
PyObject* store_state(PyObject* self, PyObject*) {
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    if (to_store(self)->store->closed()) {
        return Py_BuildValue("(IKKK)", unsigned{SYNAP_STATE_CLOSED}, 0ULL, 0ULL, 0ULL);
    }
    if (!get_state(to_store(self)->store->handle(), state)) return nullptr;
    return Py_BuildValue("(IKKK)", state.state, static_cast<unsigned long long>(state.loaded),
                         static_cast<unsigned long long>(state.total),
                         static_cast<unsigned long long>(state.used_memory));
}

PyObject* store_option(PyObject* self, PyObject* name) {
    synap_bytes_t key{};
    if (!bytes_of(name, key) || !is_open(self)) return nullptr;
    synap_reply_t* reply = nullptr;
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_option_get(to_store(self)->store->handle(), key, &reply, &error);
    if (status != SYNAP_OK) return raise_status(status, error);
    const synap_bytes_t text = synap_node_bytes(synap_reply_root(reply));
    PyObject* result = PyUnicode_FromStringAndSize(static_cast<const char*>(text.data),
                                                   static_cast<Py_ssize_t>(text.size));
    synap_reply_release(reply);
    return result;
}

PyObject* store_set_option(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 2) return PyErr_Format(PyExc_TypeError, "_set_option(name, value)");
    synap_bytes_t key{}, text{};
    if (!bytes_of(args[0], key) || !bytes_of(args[1], text) || !is_open(self)) return nullptr;
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_option_set(to_store(self)->store->handle(), key, text, &error);
    if (status != SYNAP_OK) return raise_status(status, error);
    Py_RETURN_NONE;
}

}  // namespace synap_python
