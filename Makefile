# Two commands do everything: `make demo` and `make test`. Both make the virtual environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo up test check lint types unit browser format clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "AI Mass needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 demo" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV): about a gigabyte, a few minutes the first time"
	$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV), with what tests need: a few minutes the first time"
	$(BIN)/pip install -q -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed ## Make the virtual environment and install

demo: $(VENV)/.installed ## Install, make the demo workspace, serve it on http://localhost:8501
	$(BIN)/aimass demo

up: $(VENV)/.installed ## Serve your own workspace (AIMASS_HOME) on http://localhost:8501
	$(BIN)/aimass up

test: $(VENV)/.installed-test browser ## Install what tests need, then run the whole check sequence
	BIN=$(BIN) bash .ci/check

check: test ## The same

lint: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-test
	$(BIN)/mypy --strict aimass_core app

unit: $(VENV)/.installed-test ## Tests without a browser
	$(BIN)/pytest -m "not browser"

browser: $(VENV)/.installed-test
	@bash .ci/browser $(BIN)

format: $(VENV)/.installed-test ## Format and sort imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
