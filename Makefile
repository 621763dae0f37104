# Everything a developer does, in one word each. `make help` lists them.
PYTHON  ?= python3.11
VENV    := .venv
BIN     := $(VENV)/bin
CLUSTER ?= auto
# Tests of the cluster wait more than they work: three at a time, each worker with a node of its own.
WORKERS ?= 3
CYCLONEDX := 7.2.1
SBOM    ?= image/sbom.json
STAMP   := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-down test test-fast fmt check verify generate golden image sbom lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed (Python 3.11 or newer; set PYTHON=...)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps -e .
	@touch $@

setup: $(STAMP) ## make the virtual environment, with the locked versions

demo: setup ## bring up a cluster, install the operator by helm, apply the HA example and show it (CLUSTER=local|kind|current, IMAGE=its image, BINARIES=your own programs)
	PYTHONPATH=tools $(BIN)/python -m demo --cluster $(CLUSTER) $(if $(BINARIES),--binaries $(BINARIES)) $(if $(IMAGE),--image $(IMAGE))

demo-down: setup ## take away what `make demo` brought up
	PYTHONPATH=tools $(BIN)/python -m demo --cluster $(CLUSTER) --down

test: setup check ## every gate and every test, the real cluster's included (root; first run builds Kubernetes)
	PYTHONPATH=tools $(BIN)/python -m localcluster build
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

test-fast: setup ## tests that need no cluster, in minutes
	$(BIN)/pytest -m "not cluster"

fmt: setup ## format the code
	$(BIN)/ruff format src tools tests
	$(BIN)/ruff check --fix src tools tests

check: setup verify ## lint, types, import rules, the rules of the house, generated files
	$(BIN)/ruff format --check src tools tests
	$(BIN)/ruff check src tools tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/test_house.py

generate: setup ## write what comes from the models: crds/, deploy/, the charts, pages such as docs/api.md
	PYTHONPATH=tools $(BIN)/python -m generate

verify: setup ## fail when a generated file is not what `make generate` writes
	PYTHONPATH=tools $(BIN)/python -m generate --check

golden: setup ## rewrite the golden files; read the difference before you commit it
	$(BIN)/pytest -q tests/unit/render --update-golden

image: setup ## build the operator's image without an engine (root; BASE=... for a public base image)
	PYTHONPATH=tools $(BIN)/python -m image $(if $(BASE),--base $(BASE))

sbom: ## write image/sbom.json (or SBOM=...), the bill of materials of the image's packages (CycloneDX)
	test -x $(VENV)-sbom/bin/cyclonedx-py || $(PYTHON) -m venv $(VENV)-sbom
	$(VENV)-sbom/bin/pip install --quiet cyclonedx-bom==$(CYCLONEDX)
	$(VENV)-sbom/bin/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml \
	  --mc-type application --output-file $(SBOM) image/requirements.lock

lock: setup ## renew requirements.lock and image/*.lock from pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-find-links --no-emit-options --extra tools --extra dev --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --no-header --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-find-links --no-emit-options --constraint requirements.lock --output-file image/requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --no-header --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-find-links --no-emit-options --constraint requirements.lock --output-file image/build.lock image/build.in

clean: ## remove the virtual environment and caches of the project
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
