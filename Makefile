# make demo | desk | test | test-slow | check | bench | screens | clean
# The first of them makes the environment in .venv; nothing outside this folder is changed.
PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
TESTED = protocol dwnet peer narrator_app tests benchmarks
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(CORES)
# llama.cpp is built for the processor at hand, but without AMX, which some servers have: gcc 12's build of that code dies
# of an illegal instruction in the first long prompt. A compiler that does not know the words (ARM's) is not told them.
WITHOUT_AMX := $(shell flags="-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"; gcc $$flags -E -x c /dev/null >/dev/null 2>&1 && echo $$flags)
export CFLAGS += $(WITHOUT_AMX)
export CXXFLAGS += $(WITHOUT_AMX)

.PHONY: demo desk test test-slow check bench screens clean machine
.DEFAULT_GOAL := demo

demo: .venv/.installed
	.venv/bin/dwnet demo --out demo

desk: .venv/.installed
	.venv/bin/dwnet narrate

test: .venv/.installed-dev
	.venv/bin/python -m pytest

test-slow: .venv/.installed-dev
	.venv/bin/python -m pytest -m slow --timeout 1200

check: .venv/.installed-dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv-bench/.installed
	.venv-bench/bin/python -m benchmarks

# Every screen of the desk, light and dark, at two sizes, with a told story in it. Needs Chromium.
screens: .venv/.installed-dev
	.venv/bin/python -m tests.screens --out screens

# Stories, the demo's too, are never cleaned away: delete demo/ yourself.
clean:
	rm -rf .venv .venv-bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(TESTED) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml constraints.txt | machine
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv ($(CORES) cores). llama.cpp is built from source here, once: some 3 to 10 minutes in which"
	@echo "pip says little. Nothing else is compiled, and the language model and the voices arrive in the same step."
	$(PIP) install --constraint constraints.txt --editable '.[local,desk]'
	@touch $@

# The tests run every engine there is, so torch comes along here: some 3 GB on the disk.
.venv/.installed-dev: .venv/.installed
	$(PIP) install --constraint constraints.txt --editable '.[local,desk,dev]'
	@touch $@

# An environment of its own: libp2p brings type stubs of an old trio, which would stand in the way of `make check`.
.venv-bench/.installed: .venv/.installed
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip --disable-pip-version-check install --constraint constraints.txt --editable '.[local,desk,evolve,bench]'
	@touch $@

machine:
	@test -e .venv/.installed || { \
	  command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing; Python 3.11 or newer is needed. On Debian: apt install python3 python3-venv"; exit 1; }; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11. Name a newer one: make demo PYTHON=python3.12"; exit 1; }; \
	  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. On Debian: apt install python3-venv"; exit 1; }; \
	  command -v gcc >/dev/null || { echo "gcc is missing; llama.cpp is built with it. On Debian: apt install gcc g++"; exit 1; }; \
	  command -v g++ >/dev/null || { echo "g++ is missing; llama.cpp is built with it. On Debian: apt install g++"; exit 1; }; }
