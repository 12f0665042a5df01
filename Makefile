# Everything here starts from a bare checkout: Python 3.11 or later, make, and pip or venv.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
# Python keeps what it has compiled: where the caller's environment forbids it each start would take two seconds more.
unexport PYTHONDONTWRITEBYTECODE
LOCKED := requirements/build.lock pyproject.toml tools/bootstrap.sh

.PHONY: help demo test check accept torture economy bench-nab bench-tep bench-peers lock clean

help: ## show these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(RUN) ## a live room with a simulated economy; ARGS="--port 8050 --seed 7"
	@$(VENV)/opsroom demo $(ARGS)

test: $(DEV) ## all tests but the slow ones, which make accept runs; ARGS="tests/log -x"
	@tools/chromium.sh
	@tools/injectors.sh
	@$(VENV)/opsroom detect compile
	@$(VENV)/pytest -n 3 --dist loadgroup --slack 5 -m "not slow" $(ARGS)

check: $(DEV) ## lint, format, types, import contracts, house rules
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/pytest -q tests/house

accept: $(DEV) ## every measured promise; OUT=FILE takes one JSON row a line
	@tools/chromium.sh
	@tools/injectors.sh
	@$(VENV)/opsroom detect compile
	@mkdir -p "$(dir $(or $(OUT),out/acceptance.jsonl))"
	@$(VENV)/python -m tests.acceptance --out "$(or $(OUT),out/acceptance.jsonl)"

torture: $(DEV) ## hours: 1,500 kills, 50 power cuts, 10,000 worlds; ARGS="kills --times 100"
	@$(VENV)/opsroom detect compile
	@$(VENV)/python -m tests.torture $(ARGS)

economy: $(RUN) ## feed recorded plants through a fresh room; DATA=DIR OUT=FILE
	@$(VENV)/opsroom economy --data "$(or $(DATA),$(error DATA=DIR is missing))" --out "$(or $(OUT),$(error OUT=FILE is missing))"

bench-nab: $(RUN) ## accuracy on the Numenta benchmark; NAB=DIR OUT=DIR
	@$(VENV)/opsroom bench nab --data "$(or $(NAB),$(error NAB=DIR is missing))" --out "$(or $(OUT),$(error OUT=DIR is missing))" $(ARGS)

bench-tep: $(RUN) ## accuracy on the Tennessee Eastman process; TEP=DIR OUT=FILE
	@$(VENV)/opsroom bench tep --data "$(or $(TEP),$(error TEP=DIR is missing))" --out "$(or $(OUT),$(error OUT=FILE is missing))"

bench-peers: $(DEV) ## beside other systems, which are installed first (Debian, root); OUT=FILE PAGE=FILE
	@tools/peers.sh
	@$(VENV)/opsroom detect compile
	@mkdir -p "$(dir $(or $(OUT),out/peers.json))"
	@$(VENV)/opsroom bench query --peers $(if $(PAGE),--page "$(PAGE)") | tee "$(or $(OUT),out/peers.json)"
	@$(VENV)/opsroom bench ingest --detection off --peers $(if $(PAGE),--page "$(PAGE)") $(ARGS) | tee -a "$(or $(OUT),out/peers.json)"

lock: ## resolve pyproject.toml anew (needs uv); ARGS=--upgrade for newer releases
	@tools/lock.sh $(ARGS)

clean: ## forget what was installed and cached
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(RUN): requirements/run.lock $(LOCKED)
	@tools/bootstrap.sh run

$(DEV): requirements/dev.lock $(LOCKED)
	@tools/bootstrap.sh dev
