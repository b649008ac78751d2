# make run     the daemon between two carriers, playing the stories of the decree (ONCE=1: each once, then a summary)
# make test    all tests; real peers (SIPp, tshark) are installed from Debian packages when this machine lets us
# make lint    ruff, mypy, import-linter
# make bench   throughput, side by side with a plain UDP forwarder
# make lock    requirements.lock anew from pyproject.toml
#
# Everything is written inside the checkout (.venv/, var/), but for Debian packages: python3-venv where Python has no
# ensurepip, and the peers of the tests.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
SHELL  := /bin/bash
export DEBIAN_FRONTEND := noninteractive

# Debian packages can be installed by root, or through sudo when it asks no password.
ROOT := $(shell if [ "$$(id -u)" = 0 ]; then echo env; elif sudo -n true 2>/dev/null; then echo sudo -n; fi)

.PHONY: run test lint format bench lock clean peers
.DEFAULT_GOAL := run

run: $(READY)
	@$(BIN)/b2bua demo $(if $(ONCE),--once)

test: $(READY) peers
	@echo "== tests (pytest)"
	@$(BIN)/pytest $(ARGS)

lint: $(READY)
	@echo "== ruff";          $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "== mypy";          $(BIN)/mypy
	@echo "== import-linter"; $(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(READY) peers
	@$(BIN)/python -m bench $(ARGS)

lock: $(BIN)/python
	@echo "== locking the dependencies of pyproject.toml"
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url \
	    --custom-compile-command "make lock" --extra daemon --group dev pyproject.toml -o requirements.lock -q

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo "== installing the locked dependencies (requirements.lock)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
	    echo "== this Python has no ensurepip: installing Debian's python3-venv"; \
	    if [ -z "$(ROOT)" ]; then echo "   not root and no sudo: run 'apt-get install python3-venv' first"; exit 1; fi; \
	    { $(ROOT) apt-get update -q && $(ROOT) apt-get install -q -y --no-install-recommends python3-venv; } >/dev/null || exit 1; \
	fi
	@echo "== setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# The peers are wanted, not required: without them their tests are skipped by name (REQUIRE_PEERS=1: they fail).
peers:
	@missing=; command -v sipp >/dev/null || missing="$$missing sip-tester"; command -v tshark >/dev/null || missing="$$missing tshark"; \
	if [ -n "$$missing" ]; then \
	    if [ -n "$(ROOT)" ] && command -v apt-get >/dev/null; then \
	        echo "== installing the real peers of the tests:$$missing"; \
	        { $(ROOT) apt-get update -q && $(ROOT) apt-get install -q -y --no-install-recommends $$missing; } >/dev/null \
	            || echo "   could not be installed: their tests will be skipped by name"; \
	    else echo "== the real peers$$missing are missing and cannot be installed here: their tests will be skipped by name"; fi; \
	fi

clean:
	@rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
