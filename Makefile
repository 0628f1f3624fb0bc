# One target for each thing that one does here; `make install` is part of all of them.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
BENCH_INSTALLED := .venv/.bench_installed

.PHONY: install run test proof chaos proof-api ui lint bench bench-peers docs clean
.DEFAULT_GOAL := run

# Python 3.11 or newer is checked first: an old one fails later, and less clearly.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it as in: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up .venv; this takes a minute, once."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]' 2> .venv/install.log || \
	  { cat .venv/install.log; exit 1; }
	@touch $(INSTALLED)

install: $(INSTALLED)

run: install
	@$(BIN)/ltv demo

# Coverage is measured by hand, not here: it would slow every run by a third.
test: install
	@$(BIN)/pytest -n 2 --dist loadscope

# What was done to the data, what was expected, what was seen; `make test` runs the same cases.
proof: install
	@$(BIN)/python -m ltv_platform_tests.proofs

# Commands killed at random moments, as many as you like; `make test` kills a few.
SEED ?= 1
KILLS ?= 200
chaos: install
	@$(BIN)/python -m ltv_platform_tests.chaos --seed $(SEED) --kills $(KILLS)

# `ltv run` killed ten times while the IHC API misbehaves, on the public challenge data of
# LTV_REFERENCE_DATA; `make test` does so with a few journeys.
proof-api: install
	@$(BIN)/python -m ltv_platform_tests.attribution.killed

ui: install
	@$(BIN)/ltv ui

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# Peers and charts are installed here, not for everyone. SCALE=100 is 5M customers and 25M
# purchases; with JSON=docs/performance/figures.json, docs/performance.md is made anew.
SCALE ?= 1
$(BENCH_INSTALLED): $(INSTALLED)
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,bench]' 2> .venv/install.log || \
	  { cat .venv/install.log; exit 1; }
	@touch $(BENCH_INSTALLED)

bench: $(BENCH_INSTALLED)
	@$(BIN)/python -m benchmarks all --scale $(SCALE) $(if $(JSON),--json $(JSON))
	@$(if $(JSON),$(BIN)/python -m benchmarks charts $(JSON) && $(BIN)/python -m benchmarks render $(JSON))

# ChannelAttribution (GPL) beside the attribution benchmark, lifetimes beside the fits of customers;
# installing them takes a compiler and a minute.
bench-peers: $(BENCH_INSTALLED)
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,bench,peers]'
	@$(BIN)/python -m benchmarks attribution --scale $(SCALE) $(if $(JSON),--json $(JSON))
	@$(BIN)/python -m benchmarks customers --scale $(SCALE) $(if $(JSON),--json $(JSON))

docs: install
	@$(BIN)/python -m ltv_platform.contracts.pages docs/tables.md
	@$(BIN)/python -m ltv_platform.lineage.pages docs/lineage.md

# Data is no build product: .ltv stays until you delete it.
clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
