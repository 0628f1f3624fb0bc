# One target for each thing that one does here; each installs what it needs, and no more.
PYTHON ?= python3
BIN := .venv/bin
# Where it is set, every process compiles anew whatever it imports: seconds for Dagster alone.
export PYTHONDONTWRITEBYTECODE :=
INSTALLS := install install-dev install-browser install-bench install-peers install-bayes

.PHONY: $(INSTALLS) run serve test test-clients test-services test-browser fuzz proof chaos \
  chaos-services chaos-events chaos-files proof-api ui lint lock bench bench-peers docs clean
.DEFAULT_GOAL := run
# One installation at a time, with `make -j` too.
.NOTPARALLEL:

# What `ltv` needs; `install-dev` and so on: an extra of pyproject.toml as well.
$(INSTALLS):
	@PYTHON='$(PYTHON)' ./install.sh $(patsubst install-%,%,$(filter-out install,$@))

run: install
	@$(BIN)/ltv demo

# The API and the dashboard on the bundled sample.
serve: install
	@$(BIN)/ltv demo --serve

# Coverage is measured by hand, not here: it would slow every run by a third.
test: install-dev
	@$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder

# The UI in a headless Chromium (Debian: apt-get install chromium chromium-driver), with pictures.
LTV_SCREENSHOTS ?= build/screenshots
test-browser: install-dev install-browser
	@LTV_SCREENSHOTS='$(LTV_SCREENSHOTS)' $(BIN)/pytest -m browser ltv_platform_tests/browser

# Two thousand requests per route of the HTTP API, from its OpenAPI document; `make test` sends ten.
fuzz: install-dev
	@HYPOTHESIS_PROFILE=long $(BIN)/pytest ltv_platform_tests/serving/test_openapi.py

# The clients of Tinybird's API as they are on PyPI; tinybird-sdk without the command line that it
# needs, whose versions of other packages are not ours.
test-clients: install-dev
	@PATH="$$PATH:$(CURDIR)/$(BIN)" uv pip install --quiet --python $(BIN)/python --no-deps \
	  --target build/clients tinybird-sdk==0.4.0
	@$(BIN)/pytest ltv_platform_tests/serving/clients

# `ltv up` as real processes: files that start runs by themselves, killed services.
test-services: install-dev
	@$(BIN)/pytest -m process -n 2

# What was done to the data, what was expected, what was seen; `make test` runs the same cases.
proof: install-dev
	@$(BIN)/python -m ltv_platform_tests.proofs

# Commands killed at random moments, as many as you like; `make test` kills a few.
SEED ?= 1
KILLS ?= 200
chaos: install-dev
	@$(BIN)/python -m ltv_platform_tests.chaos --seed $(SEED) --kills $(KILLS)

# Processes of `ltv up` killed at random while files arrive, for so many seconds.
SECONDS ?= 300
chaos-services: install-dev
	@$(BIN)/python -m ltv_platform_tests.chaos --seed $(SEED) --services $(SECONDS)

# A server killed at random while clients send it events; `make test` kills it a few times.
chaos-events: install-dev
	@$(BIN)/python -m ltv_platform_tests.chaos --seed $(SEED) --events --kills $(KILLS)

# Very many small files dropped at once on a running `ltv up`; `make test-services` drops a hundred.
FILES ?= 1000
chaos-files: install-dev
	@$(BIN)/python -m ltv_platform_tests.chaos --seed $(SEED) --files $(FILES)

# `ltv run` killed ten times while the IHC API misbehaves, on the public challenge data of
# LTV_REFERENCE_DATA; `make test` does so with a few journeys.
proof-api: install-dev
	@$(BIN)/python -m ltv_platform_tests.attribution.ihc_api.killed

ui: install
	@$(BIN)/ltv ui

lint: install-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m ltv_platform_tests.sql_lint

# SCALE=100 is 5M customers and 25M purchases; with JSON=docs/performance/figures.json,
# docs/performance.md is rewritten.
SCALE ?= 1
bench: install-bench
	@$(BIN)/python -m benchmarks all --scale $(SCALE) $(if $(JSON),--json $(JSON))
	@$(if $(JSON),$(BIN)/python -m benchmarks charts $(JSON) && $(BIN)/python -m benchmarks render $(JSON))

# ChannelAttribution (GPL) beside the attribution benchmark, lifetimes beside the fits of customers;
# installing them takes a compiler and a minute.
bench-peers: install-bench install-peers
	@$(BIN)/python -m benchmarks attribution --scale $(SCALE) $(if $(JSON),--json $(JSON))
	@$(BIN)/python -m benchmarks customers --scale $(SCALE) $(if $(JSON),--json $(JSON))

# The versions and hashes of everything that the extras may need; UPGRADE=1 takes the newest ones.
lock: install
	@PATH="$$PATH:$(CURDIR)/$(BIN)" uv pip compile --quiet --universal --fork-strategy fewest \
	  --generate-hashes --no-annotate --all-extras --group install $(if $(UPGRADE),--upgrade) \
	  --custom-compile-command 'make lock' --output-file constraints.txt pyproject.toml

docs: install
	@$(BIN)/python -m ltv_platform.contracts.pages docs/tables.md
	@$(BIN)/python -m ltv_platform.lineage.pages docs/lineage.md
	@$(BIN)/python -m ltv_platform.settings.page docs/settings.md
	@$(BIN)/python -m ltv_platform.metrics.page docs/metrics.md
	@$(BIN)/python -m ltv_platform.pipes.pages docs/pipes.md
	@$(BIN)/python -m ltv_platform.serving.api_page docs/api.md

# Data is no build product: .ltv stays until you delete it.
clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
