# What a developer types. Each target says what it does; `make help` lists them.
# Settings come from the environment (CALLCENTER_*, see README.md); nothing here needs a port or a path of its own.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON := .venv/bin/python

.PHONY: help setup demo test check bench rules clean distclean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## everything this machine needs: packages, Python environment, pages, Asterisk (seconds when it is all there)
	@scripts/setup.sh

# exec: the demo itself gets Ctrl-C and SIGTERM and ends its children.
demo: setup ## the whole line with robots in the foreground; Ctrl-C ends it
	@exec $(PYTHON) -m callcenter demo

test: setup ## all tests in stages: unit, database, asterisk, browser, faults
	@exec scripts/test.sh

check: setup ## form, types, architecture and the fast tests
	@exec scripts/check.sh

bench: setup ## all measurements, each beside its floor, in one table
	@exec $(PYTHON) -m benchmarks

rules: ## the list of rules and what the last full test run has proven (GROUP=TEL, FORMAT=json)
	@exec $$(command -v $(PYTHON) || command -v python3) scripts/rules.py

clean: ## removes what builds and tests made; keeps data, environment and Asterisk
	rm -rf build dist test-results htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis web/static/build
	rm -f var/setup/web
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './web/node_modules/*' -not -path './var/*' -prune -exec rm -rf {} +

distclean: clean ## removes everything that setup made too, and the data in var/ (asks first)
	@read -r -p "Remove .venv, web/node_modules and var/ with its database and recordings? Type yes: " answer && [ "$$answer" = yes ]
	rm -rf .venv web/node_modules
	rm -rf --one-file-system var
