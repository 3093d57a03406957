#!/usr/bin/env bash
# Runs the test suites and counts them.
#
# usage: tests/run.sh [SUITE]...      all of them by default
#        tests/run.sh packages        no test: only builds and installs what the SDKs need to run
#
# A suite whose folder does not exist yet is left out; one whose folder holds no tests fails.
# Suites find the programs in $SYNAP_BIN_DIR, libsynap's package through $CMAKE_PREFIX_PATH, and
# Python and Node packages where deploy/setup.sh has put them.
set -uo pipefail
cd "$(dirname "$0")/.."

jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_BUILD_PARALLEL_LEVEL=$jobs CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$jobs}
# Servers of Debian live in /usr/sbin, which is not in the PATH of an ordinary user.
export PATH="$PWD/build/venv/bin:$PWD/build/node/node_modules/.bin:$PATH:/usr/sbin:/sbin"
export NODE_PATH="$PWD/build/node/node_modules"
export SYNAP_BIN_DIR="$PWD/build/release"
export CMAKE_PREFIX_PATH="$PWD/build/stage"

build() {
    cmake --preset "$1" >/dev/null && cmake --build --preset "$1" --target "$2"
}

release() {
    build release all && cmake --install build/release --prefix build/stage >/dev/null
}

# checked PRESET LABELS: the C++ tests with these labels, under a sanitizer.
checked() {
    local run=()
    # Older thread sanitizers know no addresses randomised by more than 28 bits.
    if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ]; then
        run=(setarch "$(uname -m)" -R)
    fi
    build "$1" checks && "${run[@]}" ctest --preset "$1" --no-tests=error -L "$2"
}

# The C++ example, as a user would build it: against what was installed.
example() {
    cmake -S sdk-cpp/example -B build/example >/dev/null && cmake --build build/example &&
        rm -rf build/example/data &&
        [ "$(build/example/visits build/example/data)" = "visits: 1" ] &&
        [ "$(build/example/visits build/example/data)" = "visits: 2" ]
}

python_package() {
    pip install -q --disable-pip-version-check --no-build-isolation --force-reinstall --no-deps \
        ./sdk-python
}

python_sdk() {
    python_package && python -m pytest -q sdk-python/tests
}

node_package() {
    [ ! -e sdk-node/package.json ] || (cd sdk-node && npm run --silent build)
}

node_sdk() {
    node_package && (cd sdk-node && npm test --silent)
}

# What a newcomer meets; skipped, with the reason, where no fresh root can be made.
fresh() {
    tests/fresh/run.py --short || [ $? = 77 ]
}

if [ "$*" = packages ]; then
    release && python_package && node_package
    exit
fi

passed=0 failed=0 broken="" wanted=" $* "

# suite NAME FOLDER COMMAND...
suite() {
    local name=$1 folder=$2 start=$SECONDS result=passed
    shift 2
    [ "$wanted" = "  " ] || [[ "$wanted" = *" $name "* ]] || return 0
    [ -e "$folder" ] || { echo "==== $name: no $folder yet"; return 0; }
    echo "==== $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1)) broken+=" $name" result=FAILED
    fi
    echo "==== $name: $result in $((SECONDS - start)) s"
}

# Without clang-tidy, which takes longer than all the rest together: `make lint` runs that.
lint() {
    python tests/tidy.py || return
    if command -v clang-format-14 >/dev/null; then
        make --no-print-directory formatted
    else
        echo "clang-format-14 is not installed: deploy/setup.sh --dev"
    fi
}

# First, since a build rewrites generated files where it can.
suite generated    core/commands/generate.py python core/commands/generate.py --check
suite docs         tests/check_docs.py       python tests/check_docs.py
suite lint         tests/tidy.py             lint
suite build        CMakeLists.txt            release
suite generator    tests/unit/commands       python -m pytest -q tests/unit/commands
suite ctest        tests/unit                ctest --preset release --no-tests=error
suite asan         tests/unit                checked asan 'unit|crash|cluster|fuzz'
suite tsan         tests/unit                checked tsan '^unit$'  # others have one thread
suite example      sdk-cpp/example          example
suite python       sdk-python                python_sdk
suite node         sdk-node/package.json     node_sdk
suite blocks       tests/docs                python -m pytest -q tests/docs
suite conformance  tests/conformance         python -m pytest -q tests/conformance
suite differential tests/differential        python -m pytest -q tests/differential
suite compat       tests/compat              python -m pytest -q tests/compat
suite chaos        tests/chaos               python -m pytest -q tests/chaos
suite bench        tests/bench/test_bench.py python -m pytest -q tests/bench
suite fresh        tests/fresh               fresh

[ $failed = 0 ] || echo "failed:$broken"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
