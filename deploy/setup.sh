#!/usr/bin/env bash
# Prepares a checkout for building and testing. Does nothing where nothing is missing.
#
# usage: deploy/setup.sh [--run | --dev]
#
#  - Debian and Ubuntu: installs missing system packages (through sudo if need be), and says before
#    it does how many and how large they are.
#  - Python packages of tests/requirements.txt and tests/bench/requirements.txt, into build/venv.
#  - Node packages of tests/package.json, into build/node.
#
# --run   only the system packages that it takes to build the server, and to run it
# --dev   also what `make lint`, `make format` and fuzzing need
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $*" >&2
    exit 1
}

node_is_usable() {
    command -v npm >/dev/null && node -e 'process.exit(+(parseInt(process.versions.node) < 18))'
}

has_package() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

wanted_packages() {
    # The newest Boost of Debian 12 is not its default one; later releases have only the default.
    local boost=libboost-dev
    if has_package libboost1.81-dev || [ -n "$(apt-cache show libboost1.81-dev 2>/dev/null)" ]; then
        boost=libboost1.81-dev
    fi
    echo g++ make cmake ninja-build ccache pkg-config
    echo "$boost" libcli11-dev libcpp-httplib-dev libmimalloc-dev libsimdjson-dev libspdlog-dev \
        libssl-dev libxxhash-dev libyaml-cpp-dev prometheus-cpp-dev
    [ "$scope" != run ] || return 0
    echo libbenchmark-dev libgtest-dev python3 python3-venv python3-dev
    echo curl redis-server redis-tools nginx-light wrk locales libfaketime \
        prometheus-redis-exporter
    node_is_usable 2>/dev/null || echo nodejs npm
    if [ "$scope" = dev ]; then
        echo clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14
    fi
}

missing_packages() {
    local package
    for package in $(wanted_packages); do
        has_package "$package" || echo "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "not root and no sudo; please install: $(missing_packages | tr '\n' ' ')"
    fi
}

# Packages in $@ draw others with them; apt knows how many, and their size.
announce() {
    { LC_ALL=C apt-get install -o Debug::NoLocking=1 --assume-no --no-install-recommends "$@" ||
        true; } |
        sed -nE -e 's/^[0-9]+ upgraded, ([0-9]+) newly installed.*/\1 packages/p' \
            -e 's/^Need to get (.*) of archives.*/\1 to download/p' \
            -e 's/^After this operation, (.*) of additional disk space.*/\1 on disk/p' |
        paste -s -d , | sed -e 's/,/, /g' -e 's/^/setup: installs /'
}

# The daemons that come with redis-server and nginx must not start: tests start their own.
apt_install() {
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap "as_root rm -f $policy" EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
    fi
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@" || fail "apt-get could not install: $*"
}

system_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        if [ ! -e build/.system-unknown ]; then
            echo "setup: this is neither Debian nor Ubuntu. Synap needs what these Debian 12"
            echo "setup: packages hold, by whatever name they have here:"
            echo $(wanted_packages) | fold -s -w 90 | sed 's/^/    /'
            touch build/.system-unknown
        fi
        return
    fi
    [ -n "$(missing_packages)" ] || return 0
    echo "setup: system packages are missing: $(missing_packages | tr '\n' ' ')"
    as_root apt-get update -qq
    announce $(missing_packages)
    apt_install $(missing_packages)
}

# fresh STAMP TEXT: whether STAMP already holds the hash of TEXT; `stamp STAMP TEXT` writes it.
digest() { printf '%s' "$1" | sha256sum; }
fresh() { [ "$(cat "$1" 2>/dev/null)" = "$(digest "$2")" ]; }
stamp() { digest "$2" >"$1"; }

python_packages() {
    local venv=build/venv key
    key="$(python3 -VV) $PWD $(cat tests/requirements.txt tests/bench/requirements.txt)"
    fresh $venv/.stamp "$key" && return 0
    python3 -m venv --clear $venv
    $venv/bin/pip install -q --disable-pip-version-check -r tests/requirements.txt \
        -r tests/bench/requirements.txt
    stamp $venv/.stamp "$key"
}

node_packages() {
    local dir=build/node key folder
    key="$(node --version) $(cat tests/package.json)"
    if ! fresh $dir/.stamp "$key"; then
        rm -rf $dir
        mkdir -p $dir
        cp tests/package.json $dir/
        npm install --prefix $dir --silent --no-audit --no-fund --no-package-lock
        stamp $dir/.stamp "$key"
    fi
    # Where node looks for packages when it runs a file of these folders.
    for folder in tests sdk-node; do
        [ ! -d $folder ] || ln -sfn ../$dir/node_modules $folder/node_modules
    done
}

case "${1:-}" in
    "") scope=test ;;
    --run) scope=run ;;
    --dev) scope=dev ;;
    *) fail "unknown argument $1 (only --run and --dev are known)" ;;
esac

mkdir -p build
system_packages
[ $scope != run ] || exit 0
python_packages
node_is_usable || fail "node >= 18 and npm are needed"
node_packages
