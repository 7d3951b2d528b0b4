# `make` alone says what there is. Everything runs in .venv, made from hashed pins; a fresh machine needs Python 3.11+,
# and Go where a binary has to be built. Paths are relative, so the folder may have any name.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
RUN := .venv/bin/python
# Tests wait more than they work: two files at a time.
PYTEST := $(RUN) -m pytest --numprocesses=2 --dist=loadfile
LOGSTACK := $(RUN) -m ops
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check
# For every supported Python and system at once. Extras stay: without them old versions of pip look for what requires
# coverage[toml] outside the lock. uv writes neither indexes nor hosts into the files.
COMPILE := .venv/bin/uv pip compile --quiet --universal --python $(RUN) --python-version 3.11 --generate-hashes \
	--no-strip-extras --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

# A stack of an example is found where the example is.
EXAMPLE = $(if $(wildcard Pulumi.$(STACK).yaml),,$(addprefix -C ,$(dir $(wildcard examples/*/Pulumi.$(STACK).yaml))))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help try plan test fast real prove proof-binaries proofs filled-cluster cluster lint format lock lock-check docs tools clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

try: .venv/installed ## run a stack here with the real Loki: STACK=staging LOGS="a.log b.log" COLLECTOR=push DEEP=1 KEEP=1 JSON=1
	@set -- $(LOGS); for log do shift; set -- "$$@" --logs "$$log"; done; \
	$(LOGSTACK) try $(or $(STACK),staging) $(EXAMPLE) "$$@" $(if $(COLLECTOR),--collector $(COLLECTOR)) \
	$(if $(DEEP),--deep) $(if $(KEEP),--keep) $(if $(JSON),--json)

plan: .venv/installed ## what a stack comes to, offline: STACK=production AGAINST=staging (or HEAD~1) OBJECTS=1 JSON=1
	@$(LOGSTACK) plan $(or $(STACK),production) $(EXAMPLE) $(if $(AGAINST),--against '$(AGAINST)') $(if $(OBJECTS),--objects) \
		$(if $(JSON),--json)

test: fast real ## every test: the fast ones first, then those with the real Loki

fast: .venv/developed ## the tests that need nothing but Python: two minutes
	@$(PYTEST) -m 'not real and not prove and not cluster'

real: .venv/developed fast ## the tests with the real Loki and S3 server, which are obtained first: minutes
	@$(RUN) -m tools
	@LOGSTACK_REQUIRE_REAL=1 $(PYTEST) -m 'real and not prove and not cluster'

prove: .venv/developed ## everything, and the long proofs: real Alloy, Pulumi's engine, a real cluster; more than an hour at first
	@$(MAKE) --no-print-directory --jobs=2 real proof-binaries
	@$(MAKE) --no-print-directory --jobs=2 proofs filled-cluster

# Tests wait for something most of the time, and builds for nothing: two at once take as long as the longer one.
proof-binaries: .venv/developed
	@$(RUN) -m tools alloy pulumi prometheus-config-reloader

proofs: .venv/developed
	@LOGSTACK_REQUIRE_REAL=1 $(PYTEST) -m prove
	@$(LOGSTACK) try staging --deep

filled-cluster: .venv/developed
	@tests/cluster/with-cluster $(MAKE) --no-print-directory cluster

cluster: .venv/developed ## the tests that fill a real cluster: LOGSTACK_TEST_CLUSTER names its kubeconfig
	@LOGSTACK_REQUIRE_REAL=1 $(RUN) -m pytest -m cluster

lint: .venv/developed ## ruff and mypy
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

format: .venv/developed ## put the code into its form
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format .

# uv comes first and alone, by its hashes in the lock: a lock that does not install is mended with the same command.
lock: | $(RUN) ## write the hashed pins from requirements*.in, install and check them: UPGRADE=1 takes newer versions
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt | $(INSTALL) --require-hashes -r /dev/stdin >&2
	@$(COMPILE) --output-file requirements.txt requirements.in
	@$(COMPILE) --constraint requirements.txt --output-file requirements-dev.txt requirements-dev.in
	@$(MAKE) --no-print-directory lock-check

lock-check: .venv/developed ## is everything that a pinned package requires pinned, on every supported Python and system?
	@$(RUN) -m pytest --quiet tests/unit/test_lock.py

docs: .venv/installed ## write what is generated: the reference of the stack file, and the README's parts
	@$(RUN) -m settings.schema
	@$(RUN) -m ops.readme

tools: .venv/installed ## obtain the pinned binaries: PATH, release, or build
	@$(RUN) -m tools

clean: ## remove .venv and every cache in this folder; the binaries stay
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +

$(RUN):
	@test -n '$(PYTHON)' || { echo 'logstack needs Python 3.11 or newer: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@echo 'Making .venv ...' >&2
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.txt pyproject.toml | $(RUN)
	@echo 'Installing requirements.txt ...' >&2
	@$(INSTALL) --require-hashes -r requirements.txt >&2
	@$(INSTALL) --no-deps --no-build-isolation -e . >&2
	@touch $@

.venv/developed: requirements-dev.txt .venv/installed
	@echo 'Installing requirements-dev.txt ...' >&2
	@$(INSTALL) --require-hashes -r requirements-dev.txt >&2
	@touch $@
