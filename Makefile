# samweb: `make run` to use it, `make test` to trust it. Both do all their set-up themselves.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The newest Python from 3.11 to 3.13 that really runs here.
FIND_PYTHON = for p in python3.13 python3.12 python3.11 python3; do \
	  if "$$p" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	     >/dev/null 2>&1; then command -v "$$p"; break; fi; done
PY := .venv/bin/python
FRONTEND_SOURCES := $(shell find frontend/src frontend/public frontend/index.html \
	  frontend/vite.config.ts frontend/package.json -type f 2>/dev/null)
export PYTHONUNBUFFERED := 1

.PHONY: help run test test-python test-frontend check bench soak clean chromium

help:
	@echo "make run    set up and serve on http://127.0.0.1:8000 (HOST and PORT change it)"
	@echo "make test   set up and run every suite: Python, TypeScript, browser"
	@echo "make check  format, lint, types, import rules"
	@echo "make bench  speed and memory, as JSON (ONLY=name for one)"
	@echo "make soak   the long forms: kill tests, fuzz, load"

.venv/bin/python:
	@python="$$($(FIND_PYTHON))"; \
	if [ -z "$$python" ]; then \
	  echo "samweb needs Python 3.11, 3.12 or 3.13, and none was found on the PATH." >&2; exit 1; fi; \
	echo "Making .venv with $$("$$python" --version)"; "$$python" -m venv .venv

# Two stamps: what running needs, and what testing needs besides (torch among it).
.venv/.run: pyproject.toml | .venv/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev,train]'
	@touch $@ .venv/.run

frontend/node_modules/.installed: frontend/package-lock.json
	@command -v node >/dev/null || { echo "samweb needs Node 20 or newer to build its pages." >&2; exit 1; }
	@node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' || \
	  { echo "samweb needs Node 20 or newer, and found $$(node --version)." >&2; exit 1; }
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/.built: frontend/node_modules/.installed $(FRONTEND_SOURCES)
	cd frontend && npm run --silent build
	@touch $@

run: .venv/.run frontend/dist/.built
	@exec $(PY) -m samweb.config.launch

# Debian's Chromium for the browser suite; where it cannot be had, that suite skips by name.
chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing chromium"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	      --no-install-recommends chromium >/dev/null; \
	  else echo "No chromium here: the browser suite will skip."; fi

test: test-frontend test-python

test-frontend: frontend/dist/.built
	cd frontend && npm run --silent test

test-python: .venv/.dev frontend/dist/.built chromium
	$(PY) -m pytest -q -m "not slow"
	@$(PY) -m tests.postgres $(PY) -m pytest -q -m "not slow" tests/api tests/services

check: .venv/.dev frontend/node_modules/.installed
	$(PY) -m ruff format --check samweb workers tests manage.py
	$(PY) -m ruff check samweb workers tests manage.py
	.venv/bin/lint-imports --no-cache
	$(PY) -m mypy
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) -m pytest -q tests/test_architecture.py
	cd frontend && npm run --silent check

bench: .venv/.dev frontend/dist/.built chromium
	@$(PY) -m tests.bench $(ONLY)

soak: .venv/.dev frontend/dist/.built chromium
	$(PY) -m pytest -q -m slow

clean:
	rm -rf .venv frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache
