# The usual ways in. `make test` is what CI runs.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
PRESET ?= release
CONFIG ?= deploy/config/config-standalone.yml

export CMAKE_BUILD_PARALLEL_LEVEL = $(JOBS)
export CTEST_PARALLEL_LEVEL = $(JOBS)

PYTHON := build/venv/bin/python
CXX_FILES = $(shell find core capi sdk-cpp sdk-python/src server tests -name generated -prune -o \
	\( -name '*.cc' -o -name '*.h' -o -name '*.hpp' \) -print)

.PHONY: build run test bench format lint install generate clean setup

build: setup
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET)

run: build
	exec build/$(PRESET)/synap-server --config $(CONFIG)

test: setup
	tests/run.sh

bench: setup
	tests/run.sh packages
	$(PYTHON) tests/bench/run.py

format: setup
	deploy/setup.sh --dev
	clang-format-14 -i $(CXX_FILES)

lint: build
	deploy/setup.sh --dev
	clang-format-14 --dry-run --Werror $(CXX_FILES)
	$(PYTHON) tests/tidy.py --build build/$(PRESET)
	run-clang-tidy-14 -quiet -j $(JOBS) -p build/$(PRESET) '/(core|capi|server)/'

install: build
	cmake --install build/$(PRESET) --prefix $(PREFIX)

generate: setup
	$(PYTHON) core/commands/generate.py

clean:
	rm -rf build

setup:
	deploy/setup.sh
