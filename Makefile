# `make` lists what there is. `make run` and `make test` are all that a newcomer types.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
export PYTHONUNBUFFERED = 1

ONCE := tests/console/sandbox tests/console/codego tests/console/test_words.py \
  $(addprefix tests/journeys/test_,pages.py keyboard.py lists.py charts.py) # no database changes what they look at

WORDS := --no-location --no-obsolete --no-wrap --ignore .venv --ignore var --ignore 'tests/*' --ignore 'console/sandbox/*'

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: .venv/run.stamp ## the console with its local provider sandbox and demo data, on http://localhost:8000
	@$(BIN)/python manage.py run

test: .venv/dev.stamp system-packages ## all tests, on SQLite and on PostgreSQL with Redis
	$(BIN)/python tests/services.py --none $(BIN)/python -m pytest $(ARGS)
	$(BIN)/python tests/services.py $(BIN)/python -m pytest $(addprefix --ignore=,$(ONCE)) $(ARGS)

check: .venv/dev.stamp ## lint, format, types, import levels, migrations, templates, requirements in step
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	SECRET_KEY=check $(BIN)/mypy
	$(BIN)/lint-imports
	SECRET_KEY=check $(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=check $(BIN)/python manage.py check
	git ls-files 'templates/*.html' | xargs $(BIN)/djade --target-version 5.2 --check
	$(BIN)/python tests/requirements_in_step.py

bench: .venv/dev.stamp ## how fast, each case beside its baseline; a table and var/bench.json (one case: make bench ARGS=sweep)
	$(BIN)/python -m tests.bench $(ARGS)

lossless: .venv/dev.stamp system-packages ## the proof of the inbox in full: 200 deliveries, each 50 times at once, while worker and database are killed
	LOSSLESS_COPIES=50 $(BIN)/python tests/services.py --none $(BIN)/python -m pytest tests/journeys/test_lossless.py $(ARGS)
	LOSSLESS_COPIES=50 $(BIN)/python tests/services.py $(BIN)/python -m pytest tests/journeys/test_lossless.py $(ARGS)

lighthouse: .venv/dev.stamp system-packages ## Lighthouse 12 (from npm, into var/) on the five main pages: scores, weight, layout shift
	$(BIN)/python -m tests.lighthouse

words: .venv/dev.stamp ## gather what is said on screen into templates/locale, and compile the Italian and the Spanish
	SECRET_KEY=words $(BIN)/python manage.py makemessages -l it -l es $(WORDS)
	SECRET_KEY=words $(BIN)/python manage.py compilemessages --ignore .venv --ignore var

requirements: .venv/dev.stamp ## compile requirements*.in to pinned requirements*.txt
	$(BIN)/uv pip compile --quiet requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet requirements-dev.in -o requirements-dev.txt

clean: ## forget the local world: database, sandbox, files (not the environment)
	rm -rf var

# --- how the environment comes to be ------------------------------------------------------------------------------
.venv/bin/python:
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null && $(PYTHON) -m venv .venv; \
	  else echo "Python's venv module is missing. Install it (on Debian: apt-get install python3-venv)."; exit 1; fi; }

.venv/run.stamp: .venv/bin/python requirements.txt
	@echo "Installing what the console needs …"
	@$(BIN)/pip install --quiet --disable-pip-version-check uv 2>/dev/null && $(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt \
	  || $(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/bin/python requirements-dev.txt
	@echo "Installing what the tests need …"
	@$(BIN)/pip install --quiet --disable-pip-version-check uv 2>/dev/null && $(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt \
	  || $(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/run.stamp

system-packages: # PostgreSQL, Redis and Chromium where apt and root can give them; elsewhere tests without their service are skipped by name
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  want=""; \
	  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || want="$$want postgresql"; \
	  command -v redis-server >/dev/null || want="$$want redis-server"; \
	  command -v xgettext >/dev/null || want="$$want gettext"; \
	  command -v chromium >/dev/null || want="$$want chromium fonts-dejavu-core"; \
	  if [ -n "$$want" ]; then echo "Installing$$want …"; apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$want >/dev/null; fi; fi

.PHONY: help run test check bench lossless lighthouse words requirements clean system-packages
