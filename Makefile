# Everything happens in .venv, which is built on first use. Run "make" for the list of commands.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test mutants check format lock phantom-model

PORT ?= 8501
# Extra arguments, for example: make test ARGS="tests/analysis -k wilson"
ARGS ?=
# Of make mutants: how many (300 when not given), all, or survivors: those that no test had noticed, once more.
MUTANTS ?=
# The Python to build .venv with; found by itself when not given.
PYTHON ?=

VENV := .venv
PHANTOM := build/phantom
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
SERVE := $(VENV)/serve.stamp
FULL := $(VENV)/full.stamp
PACKAGES := data model analysis dashboard

export UV_NO_PROGRESS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# An environment with everything in it serves too.
run: $(if $(wildcard $(FULL)),$(FULL),$(SERVE)) ## Open the dashboard; the first time it draws the phantom cohort (PORT=8501)
	@$(BIN)/neuroval demo
	$(BIN)/neuroval serve --port $(PORT)

test: $(FULL) ## Run the tests (SLOW=1: the slow ones too; COVERAGE=1: what they reach, in twice the time)
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(if $(SLOW),,-m "not slow") \
		$(if $(COVERAGE),$(PACKAGES:%=--cov=%) --cov-branch) $(ARGS)

mutants: $(FULL) ## Change the code in 300 places, one at a time: do the tests notice? (MUTANTS=all: in all places)
	$(BIN)/python -m tests.mutation.mutants $(MUTANTS)

check: $(FULL) ## Check format, lint, types and architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(FULL) ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

phantom-model: $(FULL) ## Train and cross-validate the phantom network again (an hour on two cores)
	test -d $(PHANTOM) || $(BIN)/neuroval data phantom $(PHANTOM)
	$(BIN)/neuroval train --images $(PHANTOM) --data phantom --recipe model/recipes/phantom.toml --out model/zoo/phantom
	$(BIN)/neuroval cross-validate --model phantom --images $(PHANTOM) --data phantom

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --custom-compile-command "make lock"

lock: $(BIN)/uv ## Pin the packages again after a change of pyproject.toml (UPGRADE=1: newest versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --all-extras --output-file requirements.lock
	$(LOCK) pyproject.toml --constraints requirements.lock --output-file requirements-serve.lock
	$(LOCK) --group mlflow-server --constraints requirements.lock --output-file requirements-mlflow.lock

# The environment -----------------------------------------------------------------------------------------------------

# $(call install,LOCK FILE): the pinned packages, then this project on top, built with the pinned hatchling.
install = $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(1) && \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --build-constraints requirements.lock --editable .

$(SERVE): requirements-serve.lock pyproject.toml | $(BIN)/uv
	@echo "Installing what the dashboard needs into $(VENV) (about 0.9 GB, once)."
	@$(call install,requirements-serve.lock)
	@touch $@

$(FULL): requirements.lock pyproject.toml | $(BIN)/uv
	@echo "Installing everything into $(VENV) (about 3 GB, TensorFlow included, once)."
	@$(call install,requirements.lock)
	@touch $@

$(BIN)/uv:
	@set -e; found=; \
	for name in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
		if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; \
		then found="$$name"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "NeuroVal needs Python 3.11, 3.12 or 3.13, and none was found." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$$found cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)."; \
	"$$found" -m venv $(VENV); \
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
