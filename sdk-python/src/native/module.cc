// The module synap._native: a mechanical layer over synap.h. What people use is in synap/*.py.
#include <pybind11/pybind11.h>
#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

#include <string>

#include "ending.h"
#include "errors.h"
#include "replies.h"
#include "store_type.h"

namespace py = pybind11;

namespace {

py::str text_of(synap_bytes_t bytes) {
    return py::str(static_cast<const char*>(bytes.data), bytes.size);
}

// (name, type, default, range, help, is_mutable) of each option.
py::list options() {
    py::list list;
    for (uint32_t i = 0;; ++i) {
        synap_option_info_t info = SYNAP_OPTION_INFO_INIT;
        if (synap_option_at(i, &info, nullptr) != SYNAP_OK) return list;
        list.append(py::make_tuple(text_of(info.name), text_of(info.type),
                                   text_of(info.default_value), text_of(info.range),
                                   text_of(info.help), info.is_mutable != 0));
    }
}

// Statuses and durability levels, so that Python never repeats a number of the C interface.
py::dict constants() {
    py::dict all;
    all["durability"] = py::dict(py::arg("default") = int{SYNAP_DURABILITY_DEFAULT},
                                 py::arg("memory") = int{SYNAP_DURABILITY_MEMORY},
                                 py::arg("os") = int{SYNAP_DURABILITY_OS},
                                 py::arg("disk") = int{SYNAP_DURABILITY_DISK});
    all["state"] = py::dict(
        py::arg("loading") = int{SYNAP_STATE_LOADING}, py::arg("ready") = int{SYNAP_STATE_READY},
        py::arg("blocked") = int{SYNAP_STATE_BLOCKED}, py::arg("failed") = int{SYNAP_STATE_FAILED},
        py::arg("closed") = int{SYNAP_STATE_CLOSED});
    all["trait"] = py::dict(py::arg("retryable") = int{SYNAP_TRAIT_RETRYABLE},
                            py::arg("fatal") = int{SYNAP_TRAIT_FATAL},
                            py::arg("outcome_unknown") = int{SYNAP_TRAIT_OUTCOME_UNKNOWN});
    return all;
}

// (sound, findings) of a data directory that nobody has open.
py::tuple check(const py::bytes& path) {
    char* text = nullptr;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(path.ptr(), &text, &size) != 0) throw py::error_already_set();
    synap_python::ReplyBuilder builder(false);
    const synap_sink_t sink = builder.sink();
    synap_error_t* error = nullptr;
    const synap_status_t status = synap_check({text, static_cast<size_t>(size)}, &sink, &error);
    auto findings = py::reinterpret_steal<py::object>(builder.take());
    if (!findings || (status != SYNAP_OK && status != SYNAP_E_CORRUPT)) {
        synap_python::raise_status(status, error);
        throw py::error_already_set();
    }
    synap_error_free(error);
    return py::make_tuple(status == SYNAP_OK, findings);
}

void refuse_other_library() {
    const uint32_t version = synap_api_version();
    if (version / 1000 == SYNAP_API_MAJOR && version >= SYNAP_API_VERSION) return;
    throw py::import_error("synap was built for interface " + std::to_string(SYNAP_API_VERSION) +
                           " of libsynap and found " + std::to_string(version));
}

}  // namespace

PYBIND11_MODULE(_native_main, module) {
    refuse_other_library();
    module.doc() = "The native half of the synap package.";
    module.attr("BUILD") = synap_build_id();
    module.attr("CONSTANTS") = constants();
    module.def("options", &options);
    module.def("check", &check);
    module.def("begin_ending", &synap_python::begin_ending);
    auto type = py::reinterpret_steal<py::object>(synap_python::make_store_type(module.ptr()));
    if (!type) throw py::error_already_set();
    module.attr("Store") = type;
    synap_python::close_stores_at_exit();
}

// The import of synap._native. What the module holds per process would be shared by interpreters
// that share nothing else, and pybind11 would wait for ever for the lock of the first one: so the
// others are refused before it runs.
extern "C" PYBIND11_EXPORT PyObject* PyInit__native() {
    if (PyInterpreterState_Get() == PyInterpreterState_Main()) return PyInit__native_main();
    PyErr_SetString(PyExc_ImportError, "synap runs in the main interpreter only");
    return nullptr;
}
