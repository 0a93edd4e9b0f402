# Plumbline's commands. `make` alone says what they are.
#
#   WHEELHOUSE=dir   install from a folder of wheels instead of the network
#   PYTHON=python3   the Python to set up with, 3.11 or newer
#   ARGS="..."       more options for the command behind a target
#   FOR=aarch64      fill the wheelhouse for another processor

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= build/demo
PICTURES ?= build/pictures
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
FROM := $(if $(WHEELHOUSE),--no-index --find-links "$(abspath $(WHEELHOUSE))")
OTHER := $(if $(FOR),--only-binary :all: --platform manylinux2014_$(FOR) \
  $(foreach glibc,$(shell seq 17 28),--platform manylinux_2_$(glibc)_$(FOR)))
HASHED := install --require-hashes $(FROM)
# What the tests of a file share is made once, by the one worker that runs them all.
BY_FILE := --dist loadfile --no-loadscope-reorder
# Tests start hundreds of processes, and each would compile the program anew where an environment forbids to keep it.
export PYTHONDONTWRITEBYTECODE :=
ITSELF := install --no-deps --no-build-isolation $(FROM) --editable .

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo serve test journeys pictures test-duckdb2 test-postgres test-spark soak check docs wheelhouse clean

help: ## Say what there is
	@echo "Plumbline (准绳). Start with: make demo"
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  WHEELHOUSE=dir   install from a folder of wheels instead of the network"
	@echo "  PYTHON=python3   the Python to set up with, 3.11 or newer"
	@echo "  ARGS=\"...\"       more options, as in: make demo ARGS=\"--people 10000\""

setup: $(VENV)/base.stamp ## Set up the plumbline command in .venv

demo: $(VENV)/base.stamp ## Build a city of invented people, collide its registers, show the warnings
	$(BIN)/plumbline demo --dir "$(DEMO)" $(ARGS)

serve: $(VENV)/base.stamp ## Open the workbench on the demo city (make demo first)
	@test -f "$(DEMO)/plumbline.toml" || { echo "There is no city yet: make demo"; exit 1; }
	$(BIN)/plumbline --workspace "$(DEMO)" serve $(ARGS)

test: $(VENV)/dev.stamp ## Run the tests (under 15 minutes)
	$(BIN)/pytest -n auto $(BY_FILE) --ignore=tests/journeys $(ARGS)

journeys: $(VENV)/dev.stamp ## Go through the workbench in a real browser (needs chromium)
	$(BIN)/pytest -n auto tests/journeys $(ARGS)

pictures: $(VENV)/dev.stamp ## Keep pictures of every page in build/pictures (make demo first)
	@test -f "$(DEMO)/plumbline.toml" || { echo "There is no city yet: make demo"; exit 1; }
	PLUMBLINE_PICTURES="$(PICTURES)/journeys" $(BIN)/pytest tests/journeys $(ARGS)
	PYTHONPATH=src:. $(BIN)/python -m tests.journeys.album "$(DEMO)" "$(PICTURES)/city"
	@echo "Open $(PICTURES)/city/index.html and $(PICTURES)/journeys/index.html"

test-postgres: $(VENV)/dev.stamp ## Run the workbench's tests on the PostgreSQL of PLUMBLINE_TEST_POSTGRES
	PLUMBLINE_DATABASE="$$PLUMBLINE_TEST_POSTGRES" $(BIN)/pytest -n auto \
	  tests/trail tests/org tests/kit tests/loop $(ARGS)

test-spark: $(VENV)-spark/stamp ## Run the models on Spark too (needs Java 17; installs 450 MB into .venv-spark)
	$(VENV)-spark/bin/pytest -n 0 -m spark tests/engine tests/catalog tests/cli $(ARGS)

soak: $(VENV)/dev.stamp ## Run the long tests: kills, races, scale (under 30 minutes)
	$(BIN)/pytest -n auto $(BY_FILE) -m soak $(ARGS)

check: $(VENV)/dev.stamp ## Check format, lint, imports, types and documentation
	scripts/check $(ARGS)

docs: $(VENV)/dev.stamp ## Build the documentation as pages in build/docs
	$(BIN)/sphinx-build -q -W -n -b html docs build/docs
	@echo "Open build/docs/index.html"

test-duckdb2: $(VENV)-duckdb2/stamp ## Run the tests on DuckDB 2.0, which is not yet the default
	$(VENV)-duckdb2/bin/pytest -n auto $(ARGS)

wheelhouse: $(VENV)/python.stamp ## Download all wheels to ./wheelhouse (or WHEELHOUSE=dir) for a machine without network
	@$(PIP) download --require-hashes -r requirements/dev.lock \
	  --dest "$(or $(WHEELHOUSE),wheelhouse)" $(OTHER) $(ARGS)
	@echo "Carry this folder along and set up there with: make demo WHEELHOUSE=$(or $(WHEELHOUSE),wheelhouse)"

clean: ## Remove all that make has made here (a wheelhouse stays)
	rm -rf $(VENV) $(VENV)-duckdb2 $(VENV)-spark build dist .coverage .hypothesis .import_linter_cache \
	  .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# What stands in .venv is told by stamps, so that a second call has nothing to do.

$(VENV)/python.stamp:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Plumbline needs Python 3.11 or newer, and '$(PYTHON)' is not here."; \
	  echo "Install it, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Plumbline needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)."; \
	  echo "Name another one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments."; \
	  echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) -V) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/base.stamp: $(VENV)/python.stamp requirements/base.lock pyproject.toml
	@echo "Installing what Plumbline runs on ..."
	@$(PIP) $(HASHED) -r requirements/base.lock
	@$(PIP) $(ITSELF)
	@touch $@

$(VENV)/dev.stamp: $(VENV)/base.stamp requirements/dev.lock
	@echo "Installing what tests and checks need ..."
	@$(PIP) $(HASHED) -r requirements/dev.lock
	@touch $@

$(VENV)-duckdb2/stamp: $(VENV)/python.stamp requirements/duckdb2.lock pyproject.toml
	@$(PYTHON) -m venv --clear $(VENV)-duckdb2
	@$(VENV)-duckdb2/bin/python -m pip -qq $(HASHED) -r requirements/duckdb2.lock
	@$(VENV)-duckdb2/bin/python -m pip -qq $(ITSELF)
	@touch $@

$(VENV)-spark/stamp: $(VENV)/python.stamp requirements/spark.lock pyproject.toml
	@$(PYTHON) -m venv --clear $(VENV)-spark
	@$(VENV)-spark/bin/python -m pip -qq $(HASHED) -r requirements/spark.lock
	@$(VENV)-spark/bin/python -m pip -qq $(ITSELF)
	@touch $@
