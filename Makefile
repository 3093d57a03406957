# The usual ways in; `make help` lists them. `make test` is what CI runs.
#
# Variables, as in `make install PREFIX=/opt/synap`:
#   JOBS     how much is built and tested at a time      (as many as there are processors)
#   CONFIG   what `make run` serves with                 (deploy/config/config-standalone.yml)
#   PREFIX   where `make install` puts things            (/usr/local)
#   DESTDIR  a folder to install below, for packagers
#   PRESET   of CMakePresets.json, for build and lint    (release)
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
PRESET ?= release
CONFIG ?= deploy/config/config-standalone.yml

export CMAKE_BUILD_PARALLEL_LEVEL = $(JOBS)
export CTEST_PARALLEL_LEVEL = $(JOBS)

PYTHON := build/venv/bin/python
CXX_FILES = $(shell find core capi sdk-cpp sdk-python/src server tests -name generated -prune -o \
	\( -name '*.cc' -o -name '*.h' -o -name '*.hpp' \) -print)

# What is run and installed has no tests in it: to build it takes fewer packages and less time.
run install: PRESET = server

.PHONY: build run test bench format formatted lint install uninstall generate clean setup programs help

build: setup ## everything: libraries, programs, tests
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET)

programs:
	deploy/setup.sh --run
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET)

run: programs ## builds the server alone and serves on port 15500, with ./data
	exec build/$(PRESET)/synap-server --config $(CONFIG)

test: setup ## every test suite, as CI runs it
	tests/run.sh

bench: setup ## the figures of the README, beside Redis, nginx, LMDB, SQLite and diskcache
	tests/run.sh packages
	$(PYTHON) tests/bench/run.py

install: programs ## libraries, headers and programs into PREFIX
	deploy/install.sh build/$(PRESET) $(PREFIX)

uninstall: ## removes what `make install` of this checkout has put there
	deploy/install.sh --undo build/server

generate: setup ## rewrites what follows from the command table
	$(PYTHON) core/commands/generate.py

format: setup ## clang-format
	deploy/setup.sh --dev
	clang-format-14 -i $(CXX_FILES)

formatted: ## clang-format as a check alone
	@clang-format-14 --dry-run --Werror $(CXX_FILES)

lint: build ## clang-format as a check, tests/tidy.py, clang-tidy
	deploy/setup.sh --dev
	$(MAKE) formatted
	$(PYTHON) tests/tidy.py --build build/$(PRESET)
	run-clang-tidy-14 -quiet -j $(JOBS) -p build/$(PRESET) '^$(CURDIR)/(core|capi/src|server)/'

clean: ## removes build/
	rm -rf build

setup: ## only installs what the targets above need
	deploy/setup.sh

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1@\2/p' Makefile | awk -F@ '{ printf "%-16s%s\n", $$1, $$2 }'
	@sed -nE 's/^#   ([A-Z]+)  *(.*)/  \1@\2/p' Makefile | awk -F@ '{ printf "%-16s%s\n", $$1, $$2 }'
