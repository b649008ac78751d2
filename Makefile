# make run     the daemon between two carriers, playing the stories of the decree (ONCE=1: each once, then a summary)
# make test    all tests; real peers (SIPp, Kamailio ...) are installed from Debian packages when it may
# make lint    ruff, mypy, import-linter
# make fuzz    atheris over all that reads what peers send, an hour of it (MINUTES=5: less; ARGS=agent: one target)
# make bench   throughput, side by side with a plain UDP forwarder
# make guard   whether any part of a call costs more than bench/baseline.toml allows
# make bench-peers  the same load through us and through other people's servers: half an hour (ARGS=--quick: five minutes)
# make lock    requirements*.lock anew from pyproject.toml
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

# Programs of the real peers, each with its Debian package; servers stand in sbin, which not every PATH has.
PEERS  := sipp:sip-tester tshark:tshark baresip:baresip kamailio:kamailio nsd:nsd pdftotext:poppler-utils nft:nftables \
          rtpengine:rtpengine-daemon
POLICY := /usr/sbin/policy-rc.d
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: run test lint format fuzz bench bench-peers guard lock clean peers
.DEFAULT_GOAL := run

run: $(READY)
	@$(BIN)/b2bua demo $(if $(ONCE),--once)

# Those with real peers come last and one by one: they want the machine, and its ports, for themselves.
test: $(READY) peers
	@echo "== tests (pytest)"
ifdef ARGS
	@$(BIN)/pytest $(ARGS)
else
	@$(BIN)/pytest -n auto --dist worksteal -m "not peer"
	@echo "== tests with real peers (pytest)"
	@$(BIN)/pytest -m peer
endif

lint: $(READY)
	@echo "== ruff";          $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "== mypy";          $(BIN)/mypy
	@echo "== import-linter"; $(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

fuzz: $(READY) $(VENV)/.fuzz
	@$(BIN)/python -m tests.fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

bench: $(READY) peers
	@$(BIN)/python -m bench $(ARGS)

guard: $(READY)
	@echo "== what the parts of a call cost (bench/baseline.toml)"
	@$(BIN)/python -m bench guard $(ARGS)

bench-peers: $(READY) $(VENV)/.bench peers
	@$(BIN)/python -m bench.peers $(ARGS)

lock: $(BIN)/python
	@echo "== locking the dependencies of pyproject.toml"
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url \
	    --custom-compile-command "make lock" --extra daemon --extra postgresql --group dev pyproject.toml -o requirements.lock -q
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url \
	    --custom-compile-command "make lock" --group fuzz -o requirements-fuzz.lock -q
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url \
	    --custom-compile-command "make lock" --extra bench pyproject.toml -o requirements-bench.lock -q

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo "== installing the locked dependencies (requirements.lock)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Not for `make test`: atheris has wheels for Linux alone, and nothing but `make fuzz` needs it.
$(VENV)/.fuzz: requirements-fuzz.lock | $(READY)
	@echo "== installing the fuzzer (requirements-fuzz.lock)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	@touch $@

# For `make bench-peers` alone: what draws its plots.
$(VENV)/.bench: requirements-bench.lock | $(READY)
	@echo "== installing what draws the plots (requirements-bench.lock)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

$(BIN)/python:
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
	    echo "== this Python has no ensurepip: installing Debian's python3-venv"; \
	    if [ -z "$(ROOT)" ]; then echo "   not root and no sudo: run 'apt-get install python3-venv' first"; exit 1; fi; \
	    { $(ROOT) apt-get update -q && $(ROOT) apt-get install -q -y --no-install-recommends python3-venv; } >/dev/null || exit 1; \
	fi
	@echo "== setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# The peers are wanted, not required: without them their tests are skipped by name (REQUIRE_PEERS=1: they fail). Each is
# tried for itself. Those that are servers are wanted as programs alone: none is started (policy-rc.d), nor at boot.
peers:
	@missing=; for peer in $(PEERS); do command -v $${peer%%:*} >/dev/null || missing="$$missing $${peer#*:}"; done; \
	ls /usr/lib/*/kamailio/modules/tls.so >/dev/null 2>&1 || missing="$$missing kamailio-tls-modules"; \
	ls /usr/lib/*/libsofia-sip-ua.so.0 >/dev/null 2>&1 || missing="$$missing libsofia-sip-ua0"; \
	ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 || missing="$$missing postgresql"; \
	if [ -n "$$missing" ]; then \
	    if [ -n "$(ROOT)" ] && command -v apt-get >/dev/null; then \
	        echo "== installing the real peers of the tests:$$missing"; \
	        if [ ! -e $(POLICY) ]; then \
	            trap '$(ROOT) rm -f $(POLICY)' EXIT; \
	            printf '#!/bin/sh\nexit 101\n' | $(ROOT) tee $(POLICY) >/dev/null; $(ROOT) chmod 755 $(POLICY); \
	        fi; \
	        $(ROOT) apt-get update -q >/dev/null; \
	        for package in $$missing; do \
	            $(ROOT) apt-get install -q -y --no-install-recommends $$package >/dev/null \
	                || echo "   $$package could not be installed: its tests will be skipped by name"; \
	            case $$package in kamailio|nsd|postgresql|rtpengine-daemon) $(ROOT) systemctl disable --now $$package >/dev/null 2>&1;; esac; \
	        done; true; \
	    else echo "== the real peers$$missing are missing and cannot be installed here: their tests will be skipped by name"; fi; \
	fi

clean:
	@rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
