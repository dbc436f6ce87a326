# make check   set up .venv with the locked versions and check the specification
# make test    set up .venv, tools included; lint, check types and run the tests
# make wheel   build dist/*.tar.gz and, from it, dist/*.whl
# make bench   run the benchmarks
# make lock    bring uv.lock and the requirements files up to date with pyproject.toml (needs uv)
# make samples write the committed samples of reports again
# make clean   remove what the above made
#
# PYTHON=/path/to/python chooses the interpreter (3.11 or newer) when .venv is made.

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check
UV ?= uv
PYTHON ?=
TESTFLAGS ?= -n 2

.PHONY: check test wheel bench lock samples clean
.DELETE_ON_ERROR:

check: $(VENV)/.installed
	$(BIN)/attorn check

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p attorn
	$(BIN)/mypy tests $(if $(wildcard benchmarks/*.py),benchmarks)
	$(PY) -m pytest $(TESTFLAGS)

wheel: $(VENV)/.installed-dev
	rm -rf build dist
	$(PY) -m build

bench: $(VENV)/.installed-dev
	$(PY) -m benchmarks

lock:
	$(UV) lock --default-index https://pypi.org/simple
	$(UV) export --quiet --locked --no-hashes --no-annotate --no-header --no-emit-project --extra all -o requirements.lock
	$(UV) export --quiet --locked --no-hashes --no-annotate --no-header --no-emit-project --extra dev -o requirements-dev.lock

samples: $(VENV)/.installed
	rm -rf reports/sample/run
	$(BIN)/attorn check reports/sample/handover.py --quiet --out reports/sample/run || test $$? = 1
	for form in aut graphml dot svg mermaid; do \
		$(BIN)/attorn graph reports/sample/handover.py:two-pages --format $$form --out reports/sample/two-pages.$$form || exit; \
	done

clean:
	rm -rf $(VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# An interpreter counts only if it runs, is new enough and can make an environment:
# version managers leave names on the path that do not run, and some systems split venv off.
$(PY):
	@set -e; \
	for name in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
		if "$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			echo "making $(VENV) with $$name"; \
			exec "$$name" -m venv $(VENV); \
		fi; \
	done; \
	echo "no Python 3.11 or newer with venv found; name one with PYTHON=/path/to/python" >&2; exit 1

$(VENV)/.installed: requirements.lock pyproject.toml | $(PY)
	$(PIP) install --quiet -r requirements.lock
	$(PIP) install --quiet --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --quiet -r requirements-dev.lock
	@touch $@
