# Every target prepares what it needs; the first run on a machine takes about a minute more.
PYTHON ?= python3
RUN := .venv/bin/python
# Compiled modules are kept, outside the source folders: without them every process spends seconds compiling crewai.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.run/bytecode
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help bootstrap demo up test check format eval bench clean

help: ## Show this list
	@echo "Plantão: hospital systems hand work to crews of agents. Start with: make demo"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter (3.11 to 3.13), PLANTAO_ENGINE=dramatiq the other engine,"
	@echo "  RABBITMQ_URL and DATABASE_URL servers of yours; without them private ones are used, under .run/."

bootstrap:
	@$(PYTHON) dev/bootstrap.py

demo: bootstrap ## Bring everything up, send one request per event, show what the crews wrote
	@$(RUN) -m dev.demo

up: bootstrap ## Bring everything up and stay until Ctrl-C
	@$(RUN) -m dev.up

test: bootstrap ## Run the whole suite on a private RabbitMQ, on SQLite and PostgreSQL, with coverage
	@$(RUN) -m dev.test $(ARGS)

check: bootstrap ## Lint, format, types, layers
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@.venv/bin/lint-imports

format: bootstrap ## Let ruff put the code in order
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

eval: bootstrap ## Run the labelled cases through the configured model and judge it (ARGS="--cases hemograma")
	@$(RUN) -m evals $(ARGS)

bench: bootstrap ## Measure speed and size, as ratios against baselines of the same run
	@$(RUN) -m dev.prerequisites rabbitmq postgresql
	@$(RUN) -m bench $(ARGS)

clean: ## Remove the environment and all private servers' data (stop make up first)
	@rm -rf .venv .run
