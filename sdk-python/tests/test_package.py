"""The source distribution builds from any folder; a build that cannot be says what is missing."""

import ast
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]


def pip(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)],
        env={**os.environ, "CMAKE_PREFIX_PATH": "", **environment}, capture_output=True, text=True)


def blocks(language):
    text = (PACKAGE / "README.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """An unpacked source distribution, far from the checkout."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("sdist")
    done = subprocess.run([sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir",
                           folder, PACKAGE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (PACKAGE / "libsynap").exists()
    (archive,) = folder.iterdir()
    with tarfile.open(archive) as file:
        file.extractall(folder)
    return folder / archive.name.removesuffix(".tar.gz")


def test_the_sdist_holds_what_it_takes(sdist):
    for name in ("core/base/result.h", "capi/include/synap/synap.h", "capi/src/store.cc"):
        assert (sdist / "libsynap" / name).exists(), name
    assert not list(sdist.rglob("*.o")) and not list(sdist.rglob("*.yaml"))


def test_the_sdist_builds_and_the_readme_runs(sdist, tmp_path):
    site = tmp_path / "site"
    done = pip("install", "--no-build-isolation", "--no-deps", "--target", site, sdist,
               CCACHE_BASEDIR=str(sdist))  # so that the next run finds what this one compiled
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(site.glob("synap/libsynap.so*"))
    for number, source in enumerate(blocks("python")):
        folder = tmp_path / f"block-{number}"
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", source], cwd=folder, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(site), "LD_LIBRARY_PATH": ""}, timeout=60)
        assert done.returncode == 0, source + done.stderr


def test_the_readme_runs_with_what_is_installed(tmp_path):
    assert blocks("python")
    for number, source in enumerate(blocks("python")):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = subprocess.run([sys.executable, "-W", "error", "-c", source], cwd=folder,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, source + done.stderr


COMPILER = """#!/bin/sh
case "$*" in *-E*) if grep -q "{header}"; then exit 1; fi; exit 0;; esac
exec c++ "$@"
"""


@pytest.mark.parametrize("header, named", [
    ("xxhash.h", "xxhash.h (Debian: libxxhash-dev)"),
    ("openssl/ssl.h", "openssl/ssl.h (Debian: libssl-dev)"),
    ("Python.h", "Python.h (Debian: python3-dev)"),
])
def test_a_missing_header_is_named(tmp_path, header, named):
    compiler = tmp_path / "compiler"
    compiler.write_text(COMPILER.format(header=header))
    compiler.chmod(0o755)
    done = pip("wheel", "--no-build-isolation", "--no-deps", "-w", tmp_path, PACKAGE,
               CXX=str(compiler))
    assert done.returncode != 0
    (line,) = {line.strip() for line in done.stderr.splitlines() if "cannot be built" in line}
    assert line.endswith(f"missing: {named}")


def test_a_missing_compiler_is_named(tmp_path):
    done = pip("wheel", "--no-build-isolation", "--no-deps", "-w", tmp_path, PACKAGE,
               PATH=str(tmp_path), CXX="", CC="")
    assert done.returncode != 0
    assert "missing: a C and C++20 compiler (Debian: g++)" in done.stderr


def test_a_copy_of_the_folder_alone_says_what_it_lacks(tmp_path):
    for name in ("pyproject.toml", "CMakeLists.txt", "README.md", "build_backend.py"):
        (tmp_path / name).write_text((PACKAGE / name).read_text())
    done = pip("wheel", "--no-build-isolation", "--no-deps", "-w", tmp_path, tmp_path)
    assert done.returncode != 0 and "missing: libsynap: neither installed" in done.stderr


def test_no_module_imports_one_that_imports_it():
    def imported(path):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                yield from [node.module] if node.module else [name.name for name in node.names]

    modules = {path.stem: path for path in (PACKAGE / "src/synap").glob("*.py")}
    uses = {name: set(imported(path)) & modules.keys() for name, path in modules.items()}
    while leaves := {name for name, used in uses.items() if not used}:
        uses = {name: used - leaves for name, used in uses.items() if name not in leaves}
    assert not uses
