# Everything a newcomer, a reviewer and CI call. Needs Python 3.11 to 3.13, git, and Java 17 or newer (without Java the
# broker uses the one that comes with the packages). `make` alone says what there is.

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ENGINES := $(VENV)/.engines
TOOLS := build/tools
PEERS := build/peers

.DEFAULT_GOAL := help
.PHONY: help .venv demo test test-pages test-operations test-images tools dashboards sbom compiled test-compiled chaos lint check gate bench lock

help: ## Say what there is.
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

.venv: $(READY) ## Set up .venv with exactly the locked packages, and policywire itself as it is in this checkout.

# The stamp is younger than what it was made from, or it is made again.
$(READY): deploy/locks/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "policywire needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/locks/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The gate's second engine, which is built here, and Apache Spark: not needed to see anything run.
$(ENGINES): deploy/locks/engines.txt $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/locks/engines.txt
	@touch $@

# Quix Streams, measured beside the worker, in an environment of its own: it wants older versions than policywire.
$(PEERS)/.ready: deploy/locks/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/locks/peers.txt
	@touch $@

demo: $(READY) ## See a practice's months and four members' stories on a real Kafka. KEEP=1 stays up to look around.
	$(BIN)/policywire demo $(if $(filter-out 0,$(KEEP)),--keep)

test: $(ENGINES) ## Run every test, real Kafka included.
	$(BIN)/python -m pytest

test-pages: $(READY) ## Look at the pages that policywire makes in a real Chromium, which must be installed.
	$(BIN)/python -m pytest tests/pages

# Each tool is a Go module of its own, so that its go.sum locks it and no two have to agree on anything.
.SECONDEXPANSION:
tools: $(addprefix $(TOOLS)/.,compose dashboards helm kubeconform) ## Build the tools that check what is deployed (needs Go).

$(TOOLS)/.%: deploy/tools/%/go.mod deploy/tools/%/go.sum $$(wildcard deploy/tools/$$*/*.go)
	cd $(<D) && GOBIN=$(CURDIR)/$(TOOLS) GOFLAGS=-mod=readonly go install tool
	@touch $@

test-operations: $(ENGINES) tools ## Check what is deployed and see every alert fire; Debian's prometheus must be installed.
	$(BIN)/python -m pytest tests/operations -m "not engine"

test-images: $(ENGINES) tools $(TOOLS)/.docker-compose ## Build and run the image, start docker-compose.yml; needs root and Debian's docker.io, mmdebstrap.
	$(BIN)/python -m pytest tests/operations -m engine

dashboards: $(READY) ## Write Grafana's dashboards again from their description.
	$(BIN)/python -m deploy.tools.dashboards

# The same sources with the hottest modules as C extensions: built from a copy, so that nothing compiled lies in services/
# and is run there after the source has changed.
COMPILED := build/compiled
SOURCES := $(shell find services/policywire rules schemas -type f -not -path '*/__pycache__/*')

compiled: $(COMPILED)/.ready ## Compile the hottest modules to build/compiled/ (needs a C compiler).

$(COMPILED)/.ready: $(READY) $(SOURCES) pyproject.toml
	@rm -rf $(COMPILED) build/sdist
	$(BIN)/python -m hatchling build -t sdist -d build/sdist
	HATCH_BUILD_HOOK_ENABLE_MYPYC=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --target $(COMPILED) build/sdist/policywire-*.tar.gz
	@touch $@

test-compiled: $(COMPILED)/.ready ## Run the tests of what is compiled on the compiled modules.
	PYTHONPATH=$(COMPILED) $(BIN)/python -m pytest -o pythonpath=. \
	  $(addprefix tests/property/test_,batches.py decoder_is_the_schema.py history_loaded.py index.py lane_totals.py order_of_arrival.py) \
	  tests/policies tests/unit/test_step.py tests/unit/cases tests/unit/decision tests/unit/stream

lint: $(ENGINES) ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/mypy deploy/tools/dashboards

PROFILE ?= short

chaos: $(READY) ## Kill workers and broker while events flow, and audit every record. PROFILE=long, CHAOS="--seed 7".
	$(BIN)/python -m tests.chaos --profile $(PROFILE) $(CHAOS)

check: $(READY) ## Check the rules that ship and those of the tests; do their cases hold, and would they notice mistakes?
	$(BIN)/policywire rules check rules
	$(BIN)/policywire rules test rules --coverage-min 100 --mutate
	$(BIN)/policywire rules check tests/rules/synthetic
	$(BIN)/policywire rules test tests/rules/synthetic

gate: $(ENGINES) ## Have two engines decide the cases and 100,000 generated lines of the rules that ship.
	$(BIN)/policywire rules gate rules --claims 100000

bench: $(ENGINES) $(PEERS)/.ready $(if $(filter-out 0,$(COMPILE)),$(COMPILED)/.ready) ## Measure; takes a while. QUICK=1: small runs. COMPILE=1: compiled.
	$(if $(filter-out 0,$(COMPILE)),PYTHONPATH=$(COMPILED)) $(BIN)/python -m policywire bench all $(if $(filter-out 0,$(QUICK)),--quick)

# Of an environment that has what the base lock says and nothing else, not even pip: what is shipped.
SBOM := build/sbom

sbom: $(READY) ## Write the bill of materials (CycloneDX) and the licences of what is shipped; refuse a licence nobody looked at.
	@rm -rf $(SBOM) && mkdir -p $(SBOM)
	$(PYTHON) -m venv --without-pip $(SBOM)/env
	$(BIN)/python -m pip --python $(SBOM)/env/bin/python install --quiet --disable-pip-version-check --require-hashes -r deploy/locks/base.txt
	$(BIN)/cyclonedx-py environment $(SBOM)/env/bin/python --output-reproducible --validate --output-file $(SBOM)/policywire.cdx.json
	$(BIN)/pip-licenses --python=$(SBOM)/env/bin/python --from=mixed --format=json --output-file=$(SBOM)/licences.json
	$(BIN)/python deploy/security/licences.py $(SBOM)/licences.json --bill $(SBOM)/policywire.cdx.json --lock deploy/locks/base.txt \
	  --out $(SBOM)/licences.md

# --universal: one lock for all three Pythons and every system. --no-header: the command would be out of date here.
LOCK := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
  --no-emit-index-url --no-emit-find-links
EVERY_EXTRA := $(addprefix --extra ,bench broker dev faust gate oauth spark workbench)

# Everything together first, so that what is installed into one environment agrees; then each lock out of that. The peers of
# the benchmark are kept apart: they want older versions of what is used here.
lock: ## Lock the newest versions of all packages again (needs uv).
	@mkdir -p build
	$(LOCK) --upgrade pyproject.toml $(EVERY_EXTRA) --output-file build/all.txt
	$(LOCK) --no-annotate --constraints build/all.txt pyproject.toml --output-file deploy/locks/base.txt
	$(LOCK) --no-annotate --constraints build/all.txt pyproject.toml \
	  $(addprefix --extra ,bench broker dev oauth workbench) --output-file deploy/locks/dev.txt
	$(LOCK) --no-annotate --constraints build/all.txt pyproject.toml \
	  $(addprefix --extra ,faust gate spark) --output-file deploy/locks/engines.txt
	$(LOCK) --no-annotate --constraints build/all.txt deploy/docker/build.in --output-file deploy/docker/build.txt
	$(LOCK) --no-annotate --upgrade deploy/locks/peers.in --output-file deploy/locks/peers.txt
