# Everything a newcomer, a reviewer and CI call. Needs Python 3.11 to 3.13, git, and Java 17 or newer (without Java the
# broker uses the one that comes with the packages). `make` alone says what there is.

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help .venv demo test chaos lint check bench lock

help: ## Say what there is.
	@awk -F ':.*## ' '/^[a-z.]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.venv: $(READY) ## Set up .venv with exactly the locked packages, and policywire itself as it is in this checkout.

# The stamp is younger than what it was made from, or it is made again.
$(READY): deploy/locks/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "policywire needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/locks/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Watch claims go through a real Kafka and come out decided. KEEP=1 stays up to look around.
	$(BIN)/policywire demo $(if $(filter-out 0,$(KEEP)),--keep)

test: $(READY) ## Run every test, real Kafka included.
	$(BIN)/python -m pytest

lint: $(READY) ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests

chaos: $(READY) ## Kill workers and broker while claims flow, and audit every record. CHAOS="--seed 7 --workers 3".
	$(BIN)/python -m tests.chaos.harness $(CHAOS)

check: $(READY) ## Check the rules that ship and those of the tests, and run the cases beside them.
	$(BIN)/policywire rules check rules
	$(BIN)/policywire rules test rules
	$(BIN)/policywire rules check tests/rules/synthetic
	$(BIN)/policywire rules test tests/rules/synthetic

bench: $(READY) ## Measure speed and memory; takes a while. QUICK=1 for small runs.
	$(BIN)/policywire bench all $(if $(filter-out 0,$(QUICK)),--quick)

# --universal: one lock for all three Pythons and every system. --no-header: the command would be out of date here.
LOCK := $(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --quiet \
  --no-emit-index-url --no-emit-find-links

lock: ## Lock the newest versions of all packages again (needs uv).
	$(LOCK) --upgrade --output-file deploy/locks/base.txt
	$(LOCK) --upgrade --constraints deploy/locks/base.txt --extra broker --extra bench --extra dev \
	  --output-file deploy/locks/dev.txt
