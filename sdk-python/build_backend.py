"""The build backend: scikit-build-core, in a source distribution that builds anywhere.

The sdist carries the sources of libsynap that the checkout around this folder holds, and a build
that lacks a compiler or a header says so in one line before it begins.
"""

import functools
import glob
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from scikit_build_core import build as backend
from scikit_build_core.build import *  # noqa: F403

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
CARRIED = HERE / "libsynap"  # in an sdist; CMakeLists.txt looks there

# What CMake reads to build libsynap.
WANTED = ("CMakeLists.txt", "LICENSE", "capi/CMakeLists.txt", "capi/abi/synap.map", "capi/cmake",
          "capi/include", "capi/src", "core", "deploy/CMakeLists.txt", "sdk-cpp/CMakeLists.txt")
SUFFIXES = (".c", ".cc", ".h", ".hpp", ".in", ".map", ".txt", "")


def _unwanted(folder, names):
    return [name for name in names
            if not os.path.isdir(os.path.join(folder, name))
            and os.path.splitext(name)[1] not in SUFFIXES or name == "__pycache__"]


def _carry():
    for name in WANTED:
        source, target = CHECKOUT / name, CARRIED / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=_unwanted)
        else:
            shutil.copy2(source, target)


def _compiler(variable, names):
    chosen = os.environ.get(variable)
    return chosen.split() if chosen else next(([name] for name in names if shutil.which(name)), [])


def _has_header(compiler, name):
    command = [*compiler, "-x", "c++", "-E", f"-I{sysconfig.get_path('include')}", "-"]
    done = subprocess.run(command, input=f"#include <{name}>\n", text=True, capture_output=True)
    return done.returncode == 0


def _is_installed():
    prefixes = os.environ.get("CMAKE_PREFIX_PATH", "").replace(";", ":").split(":")
    return any(glob.glob(f"{prefix}/{folder}/cmake/Synap/SynapConfig.cmake")
               for prefix in filter(None, prefixes)
               for folder in ("lib", "lib64", "lib/*"))


def _missing():
    compiler = _compiler("CXX", ("c++", "g++", "clang++"))
    if not _compiler("CC", ("cc", "gcc", "clang")) or not compiler:
        yield "a C and C++20 compiler (Debian: g++)"
    elif not shutil.which(compiler[0]):
        yield f"the compiler that CXX names, {compiler[0]}"
    else:
        if not _has_header(compiler, "Python.h"):
            yield "Python.h (Debian: python3-dev)"
        if not _is_installed():
            if not _has_header(compiler, "xxhash.h"):
                yield "xxhash.h (Debian: libxxhash-dev)"
            if not _has_header(compiler, "openssl/ssl.h"):
                yield "openssl/ssl.h (Debian: libssl-dev)"
    if not any((root / "capi/include/synap/synap.h").exists() for root in (CHECKOUT, CARRIED)):
        if not _is_installed():
            yield "libsynap: neither installed nor as sources in or around this folder"


def _check():
    missing = list(_missing())
    if missing:
        raise SystemExit("synap cannot be built here; missing: " + "; ".join(missing))


def _checked(name):
    hook = getattr(backend, name)

    @functools.wraps(hook)
    def checked(*args, **kwargs):
        _check()
        return hook(*args, **kwargs)

    return checked


# Whichever a frontend calls first; hooks that this version of scikit-build-core lacks stay absent.
for _name in ("get_requires_for_build_wheel", "prepare_metadata_for_build_wheel", "build_wheel",
              "get_requires_for_build_editable", "prepare_metadata_for_build_editable",
              "build_editable"):
    if hasattr(backend, _name):
        globals()[_name] = _checked(_name)


def build_sdist(*args, **kwargs):
    if CARRIED.exists():  # an sdist made of an sdist
        return backend.build_sdist(*args, **kwargs)
    try:
        _carry()
        return backend.build_sdist(*args, **kwargs)
    finally:
        shutil.rmtree(CARRIED, ignore_errors=True)
