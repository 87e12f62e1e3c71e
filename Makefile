# make run   the app, in an environment of its own, for this computer (ADDRESS=0.0.0.0: for the network)
# make test  everything, browser journeys included
# make check ruff, the type checker and the fast tests
# make bench every benchmark beside its peer, in one table of ratios, under half an hour (BENCH="table.md table.json")
# make attack hostile files, addresses and kills, with a table; SHARE=0.1 for a tenth of them (half an hour whole)
# make cold  a server that has just been started: seconds to its first page, beside an empty script
# make latency a slider moved in a browser: milliseconds to the first answer and to the exact one, beside an empty script
# make stage every question of every view pressed in a browser, and whether all of it lies in one window
# make load  twenty sessions for ten minutes, with a table
# make scale .1, 1 and 10 million events: seconds, peak memory and growth of every stage, in 8 GiB (BENCH="table.md table.json");
#            then Spark's local mode beside them (SPARK=60: minutes at most)
# make lock  compile the pinned requirements from the ranges in pyproject.toml (needs uv)

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8501
ADDRESS ?= localhost

SHARE  ?= 1
BENCH  ?=
SPARK  ?= 60

.PHONY: run test check all fast types bench attack cold latency stage load scale lock precomputed clean
.DEFAULT_GOAL := run

$(VENV)/bin/python:
	@sh scripts/need.sh python "$(PYTHON)"
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@sh scripts/need.sh libgomp $(BIN)/python || true
	@echo "Compiling the numerical kernels once (about a minute) …"
	$(BIN)/python -m compileall -q app.py pages recemb_core
	$(BIN)/python -m recemb_core.warm_up
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-spark: requirements-spark.txt $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.txt
	@touch $@

run: $(VENV)/.installed
	$(BIN)/streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT) --server.showEmailPrompt false

# In the order of the files: those with a browser, which take longest, come first and leave no long tail. Two workers
# share them, each with a server (tests/conftest.py), and wait for the browser half of the time: a third has the rest.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --hypothesis-profile=ci

test: $(VENV)/.installed-dev
	@$(MAKE) --no-print-directory $(VENV)/.installed-spark || echo "pyspark cannot be installed: nothing about Spark is tested"
	@sh scripts/need.sh chromium $(BIN)/python
	@sh scripts/need.sh java || true
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory -j 2 types all

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j 2 types fast

all:
	$(PYTEST)

fast:
	$(PYTEST) -m "not browser and not slow"

types:
	$(BIN)/mypy

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks --write $(BENCH)

attack: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.attack --share $(SHARE)

cold: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.cold_start

latency: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.latency

stage: $(VENV)/.installed-dev
	RECEMB_STAGE=all $(BIN)/python -m pytest tests/browser/test_stage.py

load: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.load

scale: $(VENV)/.installed
	$(BIN)/python -m benchmarks.scale --write $(BENCH)
	@$(MAKE) --no-print-directory $(VENV)/.installed-spark && sh scripts/need.sh java && \
	$(BIN)/python -m benchmarks.spark --events 100000 1000000 10000000 --minutes $(SPARK) --memory 6g \
		--append $(filter %.md,$(BENCH)) || echo "nothing about Spark was measured"

precomputed: $(VENV)/.installed
	$(BIN)/python data/build_precomputed.py

COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"

lock:
	$(COMPILE) pyproject.toml --extra app -o requirements.txt
	$(COMPILE) requirements-redis.in -o requirements-redis.txt
	$(COMPILE) requirements-spark.in -o requirements-spark.txt
	$(COMPILE) pyproject.toml --extra app --extra redis --group dev -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf $(VENV) .venv-peers .pytest_cache .mypy_cache .ruff_cache .hypothesis
