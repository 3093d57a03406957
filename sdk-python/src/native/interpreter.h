// The interpreter lock, and the end of the interpreter.
#pragma once

#include <Python.h>
#include <cxxabi.h>

namespace synap_python {

// Sleeps until the process is gone.
[[noreturn]] void stop_thread() noexcept;

// Runs what may run Python code or take the interpreter lock. Up to Python 3.13, a daemon thread
// that does so while the interpreter ends is ended by unwinding its stack: through frames that hold
// Python objects, without the lock, and through functions of C interfaces, which abort. It stops
// here instead, as it would by itself from 3.14 on.
template <typename F>
auto or_stop(F&& body) noexcept(noexcept(body())) {
    try {
        return body();
    } catch (abi::__forced_unwind&) {
        stop_thread();
    }
}

// Gives up the interpreter lock for a scope, in which no Python object is touched.
class Unlocked {
public:
    Unlocked() : state_(PyEval_SaveThread()) {}
    ~Unlocked() {
        or_stop([this] { PyEval_RestoreThread(state_); });
    }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

private:
    PyThreadState* const state_;
};

}  // namespace synap_python
