# make run        the whole pipeline on this machine
# make notebook   the analyst's notebook, beside a `make run` that is running
# make test       lint, types and every test

SOURCE ?= auto
PORT ?= 8000
AWS_PORT ?= 4566
JUPYTER_PORT ?= 8888
REQUIRE_DATA ?=

PY := .venv/bin/python
STEP := @scripts/step
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-emit-index-url \
  --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: run notebook test lint types pytest bench golden docs examples judge lock clean

run: .venv/installed
	@$(PY) -m local --source '$(SOURCE)' --port '$(PORT)' --aws-port '$(AWS_PORT)'

notebook: .venv/notebook-installed
	@$(PY) -m local notebook --port '$(PORT)' --aws-port '$(AWS_PORT)' --jupyter-port '$(JUPYTER_PORT)'

test: lint types pytest

lint: .venv/installed
	$(STEP) 'ruff check' .venv/bin/ruff check --quiet .
	$(STEP) 'ruff format' .venv/bin/ruff format --quiet --check .

types: .venv/notebook-installed
	$(STEP) 'mypy' .venv/bin/mypy --no-error-summary .

pytest: .venv/notebook-installed
	$(STEP) 'pytest' env REQUIRE_DATA='$(REQUIRE_DATA)' $(PY) -m pytest $(PYTEST)

bench: .venv/installed
	@$(PY) -m benchmarks

# What the estimators of volatility are compared with: needs R with TTR.
golden: .venv/installed
	@$(PY) -m scripts.golden

# The documents that are written by the code.
docs: .venv/installed
	@$(PY) -m scripts.data_dictionary
	@$(PY) -m scripts.data_quality
	@$(PY) -m scripts.openapi

# The contract's examples, from the real history; then `make docs`.
examples: .venv/installed
	@$(PY) -m scripts.examples

# How well suspect closes are found, against B3's own.
judge: .venv/installed
	@$(PY) -m scripts.judge_closes

# What is installed is what the file says: another file, another install.
.venv/installed: requirements-dev.txt requirements.txt
	@python=$$(scripts/python) && scripts/step 'install' scripts/install "$$python"

# Jupyter and what is drawn with it: apart, so that `make run` need not wait for it.
.venv/notebook-installed: requirements-notebook.txt | .venv/installed
	$(STEP) 'install jupyter' scripts/install-notebook

# The versions that requirements-dev.in allows, for every Python that the project runs on; then the notebook's beside them.
lock: .venv/installed
	@$(PY) -m pip install --quiet uv==0.13.9
	@$(COMPILE) requirements-dev.in --output-file requirements-dev.txt
	@$(COMPILE) requirements-notebook.in --constraints requirements-dev.txt --output-file requirements-notebook.txt

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
