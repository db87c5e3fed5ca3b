# Each target does its own set-up: .venv, in this checkout, with the locked versions.
# Only Python 3.11 or newer is needed; name one with PYTHON=… when it is not on the PATH.

ARGS   ?=
# One more than there are cores: some test always waits.
JOBS   ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTHON ?=
bin    := .venv/bin

export PYTHON
# The tests start hundreds of Pythons: each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up down example test check format bench drill docs lock clean setup

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

up: setup ## start the embedded servers, migrated and seeded
	@$(bin)/tenantry up $(ARGS)

down: setup ## stop them; their data stays
	@$(bin)/tenantry down $(ARGS)

example: setup ## run the example platform (ARGS="--port 8080" takes another port)
	@examples/platform/run $(ARGS)

test: setup ## run the tests (ARGS="-k name" picks some, JOBS=4 sets the processes)
	@$(bin)/python -m pytest -n $(JOBS) --maxprocesses 4 --dist worksteal $(ARGS)

check: setup ## format, lint and types, as CI asks
	@$(bin)/ruff format --check .
	@$(bin)/ruff check .
	@$(bin)/mypy

format: setup ## format the code and mend what the linter can
	@$(bin)/ruff format .
	@$(bin)/ruff check --fix .

bench: setup ## measure against peers
	@$(bin)/python -m bench $(ARGS)

drill: setup ## lose a database and recover it to a second (ARGS="--seconds 30" takes longer)
	@$(bin)/python scripts/drill.py $(ARGS)

docs: setup ## write the generated parts of docs/ again
	@$(bin)/python scripts/docs.py

lock: ## write the lock files (ARGS=--upgrade takes the newest versions)
	@scripts/lock $(ARGS)

clean: ## remove .venv and caches; the servers' data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
	find src tests bench scripts examples -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@scripts/setup
