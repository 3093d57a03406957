#include "store_type.h"

#include <new>
#include <type_traits>

#include "arguments.h"
#include "errors.h"
#include "interpreter.h"
#include "store_object.h"

namespace synap_python {
namespace {

constexpr synap_arg_t word(const char* name, size_t size) {
    synap_arg_t arg{};
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b = {name, size};
    return arg;
}

const synap_arg_t kGet = word("GET", 3);
const synap_arg_t kSet = word("SET", 3);
const synap_arg_t kDel = word("DEL", 3);
const synap_arg_t kExists = word("EXISTS", 6);
const synap_arg_t kDbsize = word("DBSIZE", 6);

// A command whose arguments are read. The session is taken after that, as reading arguments may run
// Python, which may close the store.
PyObject* run_read(StoreObject* self, Pace pace, const synap_arg_t* argv, size_t argc,
                   size_t byte_count, const Preferences& preferences) {
    Session* session = self->session();
    if (session == nullptr) return nullptr;
    const Caller caller{*self->store, *session, preferences};
    return caller.run(pace, argv, argc, byte_count);
}

PyObject* run_words(StoreObject* self, Pace pace, const Arguments& words,
                    const Preferences& preferences) {
    return run_read(self, pace, words.data(), words.size(), words.byte_count(), preferences);
}

// A short command with at most two arguments; NULL with an exception set.
PyObject* run(PyObject* self, const synap_arg_t& name, PyObject* first = nullptr,
              PyObject* second = nullptr) {
    StoreObject* store = to_store(self);
    const Preferences& preferences = store->preferences;
    synap_arg_t argv[3];
    argv[0] = name;
    if (first == nullptr) return run_read(store, Pace::kShort, argv, 1, 0, preferences);
    if (Arguments::read_text(first, argv[1]) &&
        (second == nullptr || Arguments::read_text(second, argv[2]))) {
        const size_t size = second == nullptr ? 0 : argv[2].as.b.size;
        const size_t argc = second == nullptr ? 2 : 3;
        return run_read(store, Pace::kShort, argv, argc, size, preferences);
    }
    Arguments words;
    words.add(name.as.b);
    if (!words.add(first) || (second != nullptr && !words.add(second))) return nullptr;
    return run_words(store, Pace::kShort, words, preferences);
}

// A reply that is an integer; -1 with an exception set.
Py_ssize_t number(PyObject* reply) {
    if (reply == nullptr) return -1;
    const Py_ssize_t value = PyLong_AsSsize_t(reply);
    Py_DECREF(reply);
    return value;
}

// Fills key and default from keywords; false with an exception set.
bool read_get_keywords(PyObject* const* args, Py_ssize_t nargs, PyObject* names,
                       PyObject* (&found)[2]) {
    const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
    for (Py_ssize_t i = 0; i < named; ++i) {
        PyObject* name = PyTuple_GET_ITEM(names, i);
        const bool is_key = PyUnicode_CompareWithASCIIString(name, "key") == 0;
        const bool is_default = PyUnicode_CompareWithASCIIString(name, "default") == 0;
        PyObject*& place = found[is_key ? 0 : 1];
        if ((!is_key && !is_default) || place != nullptr) {
            PyErr_Format(PyExc_TypeError, "get() takes a key and a default, not another %R", name);
            return false;
        }
        place = args[nargs + i];
    }
    if (found[0] == nullptr) PyErr_SetString(PyExc_TypeError, "get() needs a key");
    return found[0] != nullptr;
}

PyObject* store_get(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
    if (nargs == 1 && names == nullptr) return run(self, kGet, args[0]);
    if (nargs > 2) {
        return PyErr_Format(PyExc_TypeError, "get() takes a key and a default, got %zd arguments",
                            nargs);
    }
    PyObject* found[2] = {nargs > 0 ? args[0] : nullptr, nargs > 1 ? args[1] : nullptr};
    if (!read_get_keywords(args, nargs, names, found)) return nullptr;
    PyObject* value = run(self, kGet, found[0]);
    if (value != Py_None || found[1] == nullptr) return value;
    Py_DECREF(value);
    return Py_NewRef(found[1]);
}

// Options are left to the generated method behind this one.
PyObject* set_with_options(PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                           PyObject* names) {
    PyObject* module = PyImport_ImportModule("synap._commands");
    PyObject* base = module == nullptr ? nullptr : PyObject_GetAttrString(module, "Commands");
    Py_XDECREF(module);
    PyObject* method = base == nullptr ? nullptr : PyObject_GetAttrString(base, "set");
    Py_XDECREF(base);
    if (method == nullptr) return nullptr;
    const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
    std::vector<PyObject*> all;
    all.reserve(static_cast<size_t>(nargs + named + 1));
    all.push_back(self);
    all.insert(all.end(), args, args + nargs + named);
    PyObject* result =
        PyObject_Vectorcall(method, all.data(), static_cast<size_t>(nargs + 1), names);
    Py_DECREF(method);
    return result;
}

PyObject* store_set(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
    if (nargs != 2 || names != nullptr) return set_with_options(self, args, nargs, names);
    PyObject* reply = run(self, kSet, args[0], args[1]);
    if (reply == nullptr) return nullptr;
    Py_DECREF(reply);
    Py_RETURN_TRUE;
}

// False with an exception set.
bool add_name(Arguments& words, PyObject* name, Pace& pace) {
    if (!PyLong_Check(name)) {
        if (!words.add(name)) return false;
        const synap_arg_t& given = words.data()[words.size() - 1];
        if (given.type == SYNAP_TYPE_BYTES) pace = pace_of(given.as.b);
        return true;
    }
    const unsigned long id = PyLong_AsUnsignedLong(name);
    if (id == static_cast<unsigned long>(-1) && PyErr_Occurred() != nullptr) return false;
    const CommandWord command = command_by_id(static_cast<uint32_t>(id));
    words.add(command.arg);
    pace = command.pace;
    return true;
}

// _call(id, *args): the primitive of the generated methods.
PyObject* store_call(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    if (nargs < 1) return PyErr_Format(PyExc_TypeError, "_call(id, *args)");
    Arguments words;
    words.reserve(static_cast<size_t>(nargs));
    Pace pace = Pace::kShort;
    if (!add_name(words, args[0], pace)) return nullptr;
    for (Py_ssize_t i = 1; i < nargs; ++i) {
        if (!words.add(args[i])) return nullptr;
    }
    return run_words(to_store(self), pace, words, to_store(self)->preferences);
}

// _execute(durability, timeout_ms, *words): one command with preferences of its own.
PyObject* store_execute(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    if (nargs < 3) return PyErr_Format(PyExc_TypeError, "execute() needs the name of a command");
    const long durability = PyLong_AsLong(args[0]);
    const long timeout_ms = PyLong_AsLong(args[1]);
    if (PyErr_Occurred() != nullptr) return nullptr;
    Preferences preferences = to_store(self)->preferences;
    if (durability >= 0) preferences.durability = static_cast<uint32_t>(durability);
    if (timeout_ms >= 0) preferences.timeout_ms = static_cast<uint32_t>(timeout_ms);
    if (PyLong_Check(args[2])) {
        return PyErr_Format(PyExc_TypeError, "the name of a command is str or bytes");
    }
    Arguments words;
    words.reserve(static_cast<size_t>(nargs));
    Pace pace = Pace::kShort;
    if (!add_name(words, args[2], pace)) return nullptr;
    for (Py_ssize_t i = 3; i < nargs; ++i) {
        if (!words.add(args[i])) return nullptr;
    }
    return run_words(to_store(self), pace, words, preferences);
}

// _many(calls): the replies of calls, each a sequence of a name or id and its arguments. Error
// replies are objects of the list.
PyObject* store_many(PyObject* self, PyObject* calls) {
    if (!PyList_Check(calls)) return PyErr_Format(PyExc_TypeError, "_many(list of tuples)");
    Arguments words;
    std::vector<Caller::Queued> queued;
    queued.reserve(static_cast<size_t>(PyList_GET_SIZE(calls)));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(calls); ++i) {
        PyObject* call = PyList_GET_ITEM(calls, i);
        if (!PyTuple_Check(call) || PyTuple_GET_SIZE(call) == 0) {
            return PyErr_Format(PyExc_TypeError, "_many(list of tuples)");
        }
        Caller::Queued entry{words.size(), static_cast<size_t>(PyTuple_GET_SIZE(call)),
                             Pace::kShort};
        words.begin_command();
        if (!add_name(words, PyTuple_GET_ITEM(call, 0), entry.pace)) return nullptr;
        for (Py_ssize_t j = 1; j < PyTuple_GET_SIZE(call); ++j) {
            if (!words.add(PyTuple_GET_ITEM(call, j))) return nullptr;
        }
        queued.push_back(entry);
    }
    PyObject* replies = PyList_New(0);
    if (replies == nullptr) return nullptr;
    // Last: reading arguments may run Python, which may close the store.
    StoreObject* store = to_store(self);
    if (Session* session = store->session(); session != nullptr) {
        const Caller caller{*store->store, *session, store->preferences};
        if (caller.run_many(words, queued, replies)) return replies;
    }
    Py_DECREF(replies);
    return nullptr;
}

// What a key of Store.keys() knows of a value that has expired since; NULL without an exception
// where that is nothing. See synap/_mapping.py.
PyObject* last_value(PyObject* key) {
    PyObject* take = PyObject_GetAttrString(key, "_take_last_value");
    if (take == nullptr) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) PyErr_Clear();
        return nullptr;
    }
    PyObject* value = PyObject_CallNoArgs(take);
    Py_DECREF(take);
    if (value == Py_None) Py_CLEAR(value);
    return value;
}

PyObject* store_subscript(PyObject* self, PyObject* key) {
    PyObject* value = run(self, kGet, key);
    if (value != Py_None) return value;
    Py_DECREF(value);
    if (!PyBytes_CheckExact(key) && !PyUnicode_CheckExact(key)) {
        PyObject* last = last_value(key);
        if (last != nullptr || PyErr_Occurred() != nullptr) return last;
    }
    PyErr_SetObject(PyExc_KeyError, key);
    return nullptr;
}

int store_assign(PyObject* self, PyObject* key, PyObject* value) {
    if (value != nullptr) {
        PyObject* reply = run(self, kSet, key, value);
        Py_XDECREF(reply);
        return reply == nullptr ? -1 : 0;
    }
    const Py_ssize_t removed = number(run(self, kDel, key));
    if (removed == 0) PyErr_SetObject(PyExc_KeyError, key);
    return removed > 0 ? 0 : -1;
}

int store_contains(PyObject* self, PyObject* key) {
    return static_cast<int>(number(run(self, kExists, key)));
}

Py_ssize_t store_length(PyObject* self) { return number(run(self, kDbsize)); }

// What stands in the tables of the type: no C++ exception leaves it.
template <auto function>
struct Guarded;

template <typename R, typename... A, R (*function)(A...)>
struct Guarded<function> {
    static R call(A... args) noexcept {
        try {
            return or_stop([&] { return function(args...); });
        } catch (const std::bad_alloc&) {
            PyErr_NoMemory();
        }
        if constexpr (std::is_pointer_v<R>) {
            return nullptr;
        } else {
            return -1;
        }
    }
};

template <auto function>
PyCFunction method() {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&Guarded<function>::call));
}

template <auto function>
void* slot() {
    return reinterpret_cast<void*>(&Guarded<function>::call);
}

PyMethodDef methods[] = {
    {"get", method<store_get>(), METH_FASTCALL | METH_KEYWORDS,
     "get($self, key, default=None)\n--\n\nReturn the value of a string key, or the default."},
    {"set", method<store_set>(), METH_FASTCALL | METH_KEYWORDS,
     "set($self, key, value, *, nx=False, xx=False, get=False, ex=None, px=None, exat=None,\n"
     "    pxat=None, keepttl=False)\n--\n\n"
     "Store a string value, with optional expiry and conditions.\n\n"
     "nx, xx       only if the key is absent, only if it is there\n"
     "get          return the value before (or None) instead of True or False\n"
     "ex, px       lifetime: seconds, milliseconds, or a timedelta\n"
     "exat, pxat   end of life: Unix time in seconds, milliseconds, or a datetime\n"
     "keepttl      keep the lifetime that the key has\n"
     "Returns True, or False where a condition was not met."},
    {"close", method<store_close>(), METH_NOARGS,
     "close($self, /)\n--\n\n"
     "Make what was written durable and end all use of the store. Idempotent."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "Store[bytes] or Store[str]"},
    {"_call", method<store_call>(), METH_FASTCALL, "_call(id, *args)"},
    {"_execute", method<store_execute>(), METH_FASTCALL,
     "_execute(durability, timeout_ms, *words)"},
    {"_many", method<store_many>(), METH_O, "_many(calls)"},
    {"_state", method<store_state>(), METH_NOARGS, "(state, loaded, total, used_memory)"},
    {"_option", method<store_option>(), METH_O, "_option(name)"},
    {"_set_option", method<store_set_option>(), METH_FASTCALL, "_set_option(name, value)"},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef attributes[] = {
    {"closed", store_get_closed, nullptr, "Whether the store was closed.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

PyObject* make_store_type(PyObject* module) {
    PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char*>("The native half of synap.Store.")},
        {Py_tp_new, reinterpret_cast<void*>(store_new)},
        {Py_tp_dealloc, reinterpret_cast<void*>(store_dealloc)},
        {Py_tp_methods, methods},
        {Py_tp_getset, attributes},
        {Py_mp_subscript, slot<store_subscript>()},
        {Py_mp_ass_subscript, slot<store_assign>()},
        {Py_mp_length, slot<store_length>()},
        {Py_sq_contains, slot<store_contains>()},
        {0, nullptr},
    };
    PyType_Spec spec = {"synap._native.Store", sizeof(StoreObject), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    return PyType_FromModuleAndSpec(module, &spec, nullptr);
}

}  // namespace synap_python
