# Everything that a person or CI does with this repository. `make` alone lists the targets.
#
# `make demo` and `make test` take a bare machine (Python 3.11 and make) to a result: they install first.

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LOCK   := requirements-dev.lock
ARGS   ?=
EXTRAS := tests/detectors/text/test_onnx_model.py tests/detectors/text/test_training.py tests/detectors/text/test_softmax.py \
	tests/detectors/test_exports.py tests/streams/test_opinion.py
DATA   ?= $(or $(TOCSIN_TEST_DATA),../shared/data)

.DEFAULT_GOAL := help
.PHONY: help install demo test test-kafka test-extras check format format-check lint types schemas pictures lock clean train chaos bench

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'

# ------------------------------------------------------------------------------------------------------------- install

install: $(STAMP) ## create .venv with the locked versions (nothing to do when up to date)

$(STAMP): $(LOCK) pyproject.toml
	@if [ ! -x $(BIN)/python ]; then \
	  command -v $(PYTHON) >/dev/null || { \
	    echo "make install: $(PYTHON) is not on the path; install Python 3.11 or say make PYTHON=/path/to/python3.11" >&2; exit 2; }; \
	  $(PYTHON) -m venv $(VENV) || { \
	    echo "make install: $(PYTHON) cannot create a virtual environment; on Debian: apt-get install python3.11-venv" >&2; exit 2; }; \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# ----------------------------------------------------------------------------------------------------------------- run

demo: install ## a crisis in a minute: embedded broker, worker, pages (ARGS=--exit ends by itself)
	$(BIN)/tocsin demo $(ARGS)

# One thread: L-BFGS is stopped after a number of steps, and sums split over threads round in another way.
train: install ## make the sentiment model anew (FOLD=k leaves fold k out and keeps its rows apart); needs the texts (DATA=DIR) and the extra "train"
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m detectors.text.train --data $(DATA) \
	  $(if $(FOLD),--fold $(FOLD) --out build/fold$(FOLD).msgpack --held-out build/held$(FOLD).tsv,--out detectors/text/warm.msgpack) $(ARGS)

# --------------------------------------------------------------------------------------------------------------- check

test: install ## unit tests and tests on the embedded broker (no Java, under 5 minutes)
	$(BIN)/pytest -m "not kafka" -n auto --dist loadfile $(ARGS)

test-kafka: install ## system tests on real Apache Kafka (Java 17 and Maven)
	$(BIN)/pytest -m kafka $(ARGS)

test-extras: ## tests of what is absent by default: second opinion (ONNX), training, River's checks with scikit-learn
	@[ -x build/extras-venv/bin/python ] || $(PYTHON) -m venv build/extras-venv
	build/extras-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-extras.lock
	build/extras-venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	build/extras-venv/bin/pytest -m "not kafka" $(EXTRAS) $(ARGS)

chaos: install ## faults on real Kafka, held against an oracle (ARGS="--seed 7 --seconds 60")
	$(BIN)/python -m tests.system.chaos $(ARGS)

bench: install ## the engine beside stock Faust, Quix, aiokafka and librdkafka (ARGS="--only transport"); writes build/bench.json
	@[ -x build/bench-venv/bin/python ] || $(PYTHON) -m venv build/bench-venv
	build/bench-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	build/bench-venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	build/bench-venv/bin/python -W ignore -m tests.benchmarks.engine $(ARGS)

check: format-check lint types ## what CI runs: format, lint, types, all test suites, one seed of chaos
	$(MAKE) --no-print-directory test ARGS=
	$(MAKE) --no-print-directory test-extras ARGS=
	TOCSIN_REQUIRE_KAFKA=1 $(MAKE) --no-print-directory test-kafka ARGS=
	$(MAKE) --no-print-directory chaos ARGS="--seed 5 --seconds 45"

format: install ## rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

format-check: install ## is the code in the project's format?
	$(BIN)/ruff format --check .

lint: install ## ruff
	$(BIN)/ruff check .

types: install ## mypy, strict
	$(BIN)/mypy

# ------------------------------------------------------------------------------------------------------------ generate

schemas: install ## write what is generated again: JSON Schema, AsyncAPI, docs/configuration.md
	$(BIN)/python -m schemas.generate
	$(BIN)/python -m streams.settings_reference

pictures: install ## take the pictures in docs/pictures anew, the demo's terminal last (ARGS="--only pages"); needs chromium on the path
	$(BIN)/python -m tests.pictures $(ARGS)

# Resolved for every platform and Python from 3.11 on; hashes, and no registry's address, go into the files.
COMPILE = build/lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-config \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-strip-extras pyproject.toml

lock: ## resolve the newest allowed versions into the lock files
	$(PYTHON) -m venv build/lock-venv
	build/lock-venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --upgrade --extra dev --output-file $(LOCK)
	$(COMPILE) --extra dev --extra bench --constraint $(LOCK) --output-file requirements-bench.lock
	$(COMPILE) --extra dev --extra train --extra onnx --extra checks --constraint $(LOCK) --output-file requirements-extras.lock

clean: ## take away what was built (the environment too: make clean install starts afresh)
	rm -rf build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info $(VENV)
