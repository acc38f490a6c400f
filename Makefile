# Each target sets up what it needs, once. Wanted on the machine: Python 3.11 or newer, make and a package index.
# Choose the interpreter with `make test PY=/path/to/python3.12`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

# The first of these that is new enough; a name that is not there, or too old, is passed over.
PY ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin

.PHONY: help dev test check bench soak lock clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

dev: .venv/.ok ## Run the bot on the embedded defaults (simulated venue, synthetic market)
	@exec $(BIN)/zombot run

test: .venv/.ok ## Run all tests but the soak
	@$(BIN)/python -m pytest -n auto

check: .venv/.ok ## Lint, format, types, import contracts, lock in step with pyproject.toml
	@$(BIN)/python .ci/lock.py check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/.ok ## Measure, beside nautilus_trader in an environment of its own
	@$(MAKE) .venv-bench/.ok || echo "bench: the peer could not be installed here; its comparison is left out" >&2
	@$(BIN)/python -m benchmarks

soak: .venv/.ok ## Run the long tests only
	@ZOMBOT_HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -n auto -m soak

# UPGRADE=1 moves every pin to the newest allowed version; without it only what must change does.
lock: ## Write requirements.lock and requirements-bench.lock anew (UPGRADE=1: newest versions)
	@set -e; uv="$(UV)"; \
	if [ -z "$$uv" ]; then \
		test -x .venv-lock/bin/uv || { $(call make_venv,.venv-lock); .venv-lock/bin/python -m pip install --quiet uv; }; \
		uv=.venv-lock/bin/uv; \
	fi; \
	compile="$$uv pip compile --quiet --universal --generate-hashes --no-header $(if $(UPGRADE),--upgrade)"; \
	$$compile pyproject.toml --all-extras --group dev --output-file requirements.lock; \
	$$compile --group bench --output-file requirements-bench.lock
	@$(PY) .ci/lock.py stamp

clean: ## Remove environments, caches and builds; never var/
	@rm -rf .venv .venv-bench .venv-lock build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

.venv/.ok: pyproject.toml requirements.lock
	@$(call make_venv,.venv)
	@$(call install,.venv,requirements.lock)
	@$(call pip_install,.venv) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-bench/.ok: requirements-bench.lock
	@$(call make_venv,.venv-bench)
	@$(call install,.venv-bench,requirements-bench.lock)
	@touch $@

# make_venv(folder): an environment with pip; or without it, which is enough while uv is there to install into it.
define make_venv
if [ ! -x $(1)/bin/python ] || { [ -z "$(UV)" ] && [ ! -x $(1)/bin/pip ]; }; then \
	if [ -z "$(PY)" ]; then \
		echo "zombot needs Python 3.11 or newer, and none was found. Install one, or name it: make PY=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "setting up $(1) with $(PY)"; \
	rm -rf $(1); \
	if [ -n "$(UV)" ]; then \
		"$(UV)" venv --quiet --python "$(PY)" $(1); \
	elif "$(PY)" -c 'import venv, ensurepip' 2>/dev/null; then \
		"$(PY)" -m venv $(1); \
	else \
		echo "$(PY) lacks the modules venv and ensurepip. On Debian or Ubuntu: sudo apt install python3-venv. Or install uv." >&2; exit 1; \
	fi; \
fi
endef

pip_install = $(if $(UV),"$(UV)" pip install --quiet --python $(1)/bin/python,$(1)/bin/python -m pip install --quiet --disable-pip-version-check)

# install(folder, lock): exactly what the lock says, by hash, and wheels only, so that no compiler is needed.
install = $(call pip_install,$(1)) --require-hashes --only-binary :all: --requirement $(2)
