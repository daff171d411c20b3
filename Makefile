# Everything a person runs here. pip's index and proxies come from the environment; nothing else is needed beforehand
# than Python 3.11 or later, and for `kafka`, `faults` and `test-all` a JDK 17 and Maven.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e
DAY ?= out/day
# More words for pytest, such as ARGS="-k carts".
ARGS ?=
# Two processes: one for the tests that run whole stacks, one after another, one for the rest. PARALLEL= for one.
PARALLEL ?= -n 2 --dist loadgroup
CUSTOMERS ?= 1000
SEED ?= 7

.DEFAULT_GOAL := help
.PHONY: help run up test check lint docs test-all clients kafka faults sdks simulation compiled wheel bench bench-against same-as lock clean
# A recipe that fails in the middle of a pipe fails.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1|/' | awk -F'|' '{printf "make %-14s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or later is needed; name one with PYTHON=" >&2; exit 1; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.embedded: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing winback and what it needs (once)"
	@$(INSTALL) '.[embedded,analysis]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing winback and what its tests need (once)"
	@$(INSTALL) '.[embedded,analysis,callbacks,dev,docs]'
	@touch $@ $(VENV)/.embedded

run: $(VENV)/.embedded  ## play a day of simulated traffic through the whole stack, and print what happened
	@mkdir -p $(DAY)
	@echo "a day of $(CUSTOMERS) made-up customers through Kafka, the stream worker and ClickHouse:"
	@$(BIN)/winback simulate --customers $(CUSTOMERS) --days 1 --seed $(SEED) --truth $(DAY)/truth | $(BIN)/winback once - --clock event --out $(DAY)
	@echo "The records of each topic and the rows of each view are in $(DAY)."
	@echo "To look further, keep it running with \`make up\`, and feed it from another terminal:"
	@echo "  Kafka            127.0.0.1:9092          $(BIN)/winback publish FILE"
	@echo "  ClickHouse HTTP  http://127.0.0.1:8123   $(BIN)/winback report; $(BIN)/winback query 'SELECT * FROM v_channel_daily'"
	@echo "  metrics          http://127.0.0.1:9464/metrics (worker), http://127.0.0.1:9465/metrics (sinks)"

up: $(VENV)/.embedded  ## keep the whole stack running here until Ctrl-C; its state stays in .winback
	@$(BIN)/winback up

test: check  ## what check does, and the fast suites
	@$(BIN)/pytest $(PARALLEL) -m "not slow and not kafka" $(ARGS)

check: $(VENV)/.dev  ## linters, types, import rules, docstrings and the documentation alone
	@$(MAKE) --no-print-directory -j2 lint docs

lint: $(VENV)/.dev  ## linters, types, import rules and docstrings alone
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python .ci/docstrings.py

docs: $(VENV)/.dev  ## the documentation as a site in out/site; a broken link fails
	@# Not --quiet: it drops the warnings before --strict has counted them.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict 2>&1 | sed '/^INFO/d'

test-all: test simulation compiled kafka faults  ## every suite, Apache Kafka included

simulation: $(VENV)/.dev  ## the slow suites: more seeds, longer runs
	@$(BIN)/pytest $(PARALLEL) tests/unit tests/properties tests/simulation tests/integration -m "slow and not kafka" --durations=25

compiled: $(VENV)/.dev  ## the core compiled does what its source does; needs a C compiler
	@$(BIN)/pytest tests/compiled $(ARGS)

wheel: $(VENV)/.dev  ## a wheel with the core compiled, in out/wheel; needs a C compiler
	@$(BIN)/python .ci/wheel.py out/wheel

clients: $(VENV)/.dev  ## ClickHouse's clients for Java, Go, JavaScript and Python on the embedded engine; needs their package clients
	@tests/clients/fetch.sh >/dev/null
	@$(BIN)/pytest tests/clients $(ARGS)

kafka: $(VENV)/.dev  ## the integration suite on Apache Kafka
	@deploy/kafka/fetch.sh >/dev/null
	@$(BIN)/pytest $(PARALLEL) tests/integration --broker=kafka $(ARGS)

faults: $(VENV)/.dev  ## kill, pause and starve parts of the running stack, on Apache Kafka
	@deploy/kafka/fetch.sh >/dev/null
	@$(BIN)/pytest -n 2 tests/faults $(ARGS)

sdks: $(VENV)/.dev  ## real SDKs from their registries send to the collector; Node, Go and Java where they are there
	@$(BIN)/pytest tests/sdks $(ARGS)

bench: $(VENV)/.dev  ## throughput, as ratios to plain Faust and to a bare copy loop
	@$(BIN)/pytest -s tests/bench
	@$(BIN)/python tests/bench/bench_decode.py
	@$(BIN)/python -m tests.bench.bench_collector

bench-against: $(VENV)/.dev  ## REV=<revision>: this build beside that one, as ratios; ARGS="--only core --rounds 3"
	@$(BIN)/python -m tests.bench.against $(REV) $(ARGS)

same-as: $(VENV)/.dev  ## REV=<revision>: whether `replay` writes the same files as that build's
	@$(BIN)/python -m tests.bench.against $(REV) --only same

lock: $(VENV)/.dev  ## write constraints.txt from what is installed
	@$(BIN)/pip freeze --exclude-editable --exclude winback | grep -v '^-e\|^#' > constraints.txt

clean:  ## remove what make made
	rm -rf $(VENV) .cache .winback out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
