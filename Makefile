PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILED := $(VENV)/.compiled

.PHONY: help install demo test lint lock bench bench-discovery bench-figures bench-reading chaos soak

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 20

install: $(STAMP) $(COMPILED)  ## set up .venv from the hash-pinned lock; the command is then .venv/bin/taskstream

$(STAMP): requirements.lock pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "taskstream needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@$(PYTHON) install.py
	@touch $@ $(COMPILED)

$(COMPILED): hatch_build.py $(shell sed -n 's/^    "\(.*\.py\)",$$/\1/p' hatch_build.py) | $(STAMP)
	@$(PYTHON) install.py compile
	@touch $@

demo: install  ## set up and run the main job: Kafka, ClickHouse, worker, sink, catalogue, page, recordings
	$(BIN)/taskstream demo

test: install  ## set up and run all tests, linters and type checks
	$(BIN)/python -m tests.prerequisites
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest

bench-discovery: install  ## accuracy and speed of discovery: public logs, own worlds by trait, companies (JSON=out.json SEEDS=20000-20099 GYM=folder)
	$(BIN)/python -m benchmarks.discovery $(if $(JSON),--json $(JSON)); code=$$?; \
	$(BIN)/python -m benchmarks.worlds --knockouts --jobs 2 $(if $(SEEDS),--seeds $(SEEDS)) $(if $(JSON),--json $(JSON:.json=-worlds.json)) || code=1; \
	$(if $(GYM),$(BIN)/python -m benchmarks.worlds --gym $(GYM) --knockouts --jobs 2 $(if $(JSON),--json $(JSON:.json=-gym.json)) || code=1;) \
	$(BIN)/python -m benchmarks.routines $(if $(JSON),--json $(JSON:.json=-routines.json)) && exit $$code

bench-figures: install  ## every figure that users see beside the truth of 20 simulated offices (JSON=out.json)
	$(BIN)/python -m benchmarks.figures $(if $(JSON),--json $(JSON))

lint: install  ## ruff, mypy, import-linter, generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/notice.py --check

bench: install  ## measure speed: worker, sink, whole pipeline, bytes a row (JSON=out.json)
	$(BIN)/python -m benchmarks $(if $(JSON),--json $(JSON))

bench-reading: install  ## how fast a log of 1 GB is read, in how much memory (MEGABYTES=1000 ORDER=time|newest-first|shuffled)
	$(BIN)/python -m benchmarks.reading --megabytes $(or $(MEGABYTES),1000) --order $(or $(ORDER),time) $(if $(JSON),--json $(JSON))

chaos: install  ## faults under load (KILLS=40 SEED=7 ONLY='clock,idle' JSON=out.json)
	$(BIN)/python -m benchmarks.chaos --kills $(or $(KILLS),40) --seed $(or $(SEED),7) $(if $(ONLY),--only '$(ONLY)') $(if $(JSON),--json $(JSON))

soak: install  ## weeks of days and nights in HOURS: memory, disk and counts stay right (HOURS=2 FOLDER=go-on-here JSON=out.json DRAW=docs/img/soak.svg)
	$(BIN)/python -m benchmarks.soak --hours $(or $(HOURS),2) $(if $(FOLDER),--folder $(FOLDER)) $(if $(DRAW),--draw $(DRAW)) $(if $(JSON),--json $(JSON))

lock:  ## renew requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements.lock
