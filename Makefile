# `make` lists the targets. Everything runs in .venv, made from hashed pins; a fresh machine needs Python 3.11+,
# and Go where a binary has to be built. Paths are relative, so the folder may have any name.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
RUN := .venv/bin/python
# Tests wait more than they work: two files at a time.
PYTEST := $(RUN) -m pytest --numprocesses=2 --dist=loadfile
FAST := $(PYTEST) -m 'not real and not prove and not cluster'
LOGSTACK := $(RUN) -m logstack
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check
# For every supported Python and system at once. Extras stay: without them old versions of pip look for what requires
# coverage[toml] outside the lock. uv writes neither indexes nor hosts into the files.
COMPILE := .venv/bin/uv pip compile --quiet --universal --python $(RUN) --python-version 3.11 --generate-hashes \
	--no-strip-extras --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

# A stack of an example is found where the example is.
EXAMPLE = $(if $(wildcard Pulumi.$(STACK).yaml),,$(addprefix -C ,$(dir $(wildcard examples/*/Pulumi.$(STACK).yaml))))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help try plan test fast real prove cluster loaded later lint format lock lock-check docs tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

try: .venv/installed ## run a stack on this machine with the real Loki: STACK=staging LOGS="a.log b.log" COLLECTOR=push DEEP=1 KEEP=1 JSON=1
	@set -- $(LOGS); for log do shift; set -- "$$@" --logs "$$log"; done; \
	$(LOGSTACK) try $(or $(STACK),staging) $(EXAMPLE) "$$@" $(if $(COLLECTOR),--collector $(COLLECTOR)) \
	$(if $(DEEP),--deep) $(if $(KEEP),--keep) $(if $(JSON),--json)

plan: .venv/installed ## plan a stack offline: STACK=production FULL=1 SECTION=storage AGAINST=HEAD~1 OBJECTS=1 JSON=1
	@$(LOGSTACK) plan $(or $(STACK),production) $(EXAMPLE) $(if $(FULL),--full) $(if $(SECTION),--section '$(SECTION)') \
		$(if $(AGAINST),--against '$(AGAINST)') $(if $(OBJECTS),--objects) $(if $(JSON),--json)

test: fast real ## every test except prove and cluster: the fast ones, then those with the real Loki

fast: .venv/developed ## the unit tests, which need only Python: about two minutes on two cores
	@$(FAST)

real: .venv/developed fast ## the fast tests, then the tests with the real Loki and S3 server, which it obtains first: minutes
	@$(RUN) -m logstack tools obtain
	@LOGSTACK_REQUIRE_REAL=1 $(PYTEST) -m 'real and not prove and not cluster'

prove: .venv/developed ## the long proofs, all or PART="collector moves"; CHANGED=1 runs those that a change affects; LIST=1 lists them
	@$(RUN) -m tests.proofs $(PART) $(if $(CHANGED),--changed) $(if $(LIST),--list)

cluster: .venv/developed ## the tests on a real cluster: LOGSTACK_TEST_CLUSTER names its kubeconfig
	@LOGSTACK_REQUIRE_REAL=1 $(RUN) -m pytest -m cluster

# A loop ends with the shell that started it, even where that one was killed and could not end it.
loaded: .venv/developed ## the fast tests three times on a busy machine: eight loops use the processors
	@loops=; trap 'kill $$loops' EXIT; trap 'exit 130' INT TERM; \
	for loop in 1 2 3 4 5 6 7 8; do \
		(while kill -0 $$$$ 2>/dev/null; do turn=0; while [ $$turn -lt 99999 ]; do turn=$$((turn + 1)); done; done) & \
		loops="$$loops $$!"; \
	done; \
	failed=; for round in 1 2 3; do echo "Round $$round of 3"; $(FAST) || failed="$$failed $$round"; done; \
	test -z "$$failed" || { echo "Failed in round$$failed" >&2; exit 1; }

later: .venv/developed ## the fast tests with the clock a year ahead (needs faketime)
	@if command -v faketime >/dev/null; then faketime -f +365d $(FAST); \
	else echo 'make later: skipped, faketime is not installed (apt-get install faketime, brew install libfaketime)'; fi

lint: .venv/developed ## run ruff and mypy
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

format: .venv/developed ## fix and format the code with ruff
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format .

# uv comes first and alone, by its hashes in the lock: a lock that does not install is mended with the same command.
lock: | $(RUN) ## write the hashed pins from requirements*.in, install and check them: UPGRADE=1 takes newer versions
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt | $(INSTALL) --require-hashes -r /dev/stdin >&2
	@$(COMPILE) --output-file requirements.txt requirements.in
	@$(COMPILE) --constraint requirements.txt --output-file requirements-dev.txt requirements-dev.in
	@$(MAKE) --no-print-directory lock-check

lock-check: .venv/developed ## check that the lock pins every dependency, on every supported Python and system
	@$(RUN) -m pytest --quiet tests/unit/test_lock.py

docs: .venv/installed ## write the generated parts of the documents and of Pulumi.yaml; CHECK=1 only checks them
	@$(RUN) -m logstack.docsgen $(if $(CHECK),--check)

tools: .venv/installed ## obtain the pinned binaries from PATH, the cache or a release, or build them
	@$(RUN) -m logstack tools obtain

clean: ## remove .venv and every cache in this folder; keep the binaries
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
