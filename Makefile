# make run        run the pipeline and the API on this machine; LAKE=<folder> keeps the lake between runs
# make market     add B3's files of the market to a running `make run`: COTAHIST=<file or folder>
# make notebook   open the notebook; needs `make run` in another terminal
# make check      run ruff, mypy and the fast tests, before a commit
# make test       run lint, types and all tests but those of `make test-package`
# make soak       run random faults and poisoned downloads against the job: N=<runs>, with the seeds from SEED=<n> on

SOURCE ?= auto
LAKE ?=
PORT ?= 8000
AWS_PORT ?= 4566
JUPYTER_PORT ?= 8888
COTAHIST ?=
REQUIRE_DATA ?=
REQUIRE_BROWSER ?=
ARCH ?= x86_64
STAGE ?=
DATA ?= keep
WORKERS ?= 2
N ?= 20
SEED ?= 1

PY := .venv/bin/python
STEP := @scripts/step
# Without the key: with one, checkov uploads its results.
CHECKOV := scripts/quietly env -u BC_API_KEY .venv/checkov/bin/checkov --directory infra --framework cloudformation --skip-download --quiet --compact

.PHONY: run source java cotahist market notebook check test lint ruff templates types fast pytest soak bench golden docs audit examples vendor screenshots notebook-page judge closes forecasts layer test-package deploy destroy folder replay status lock clean

# The folder in which make was called. `make -C` changes the folder, and turns on the flag w.
CALLER = $(if $(findstring w,$(firstword -$(MAKEFLAGS))),$(PWD),$(CURDIR))
# Of the command line of make only, like the options of a deploy.
CLOSES = $(if $(findstring command line,$(origin B3)),$(B3))

run: source .venv/installed
	@source=$$(scripts/source '$(SOURCE)' '$(CALLER)') && closes=$$(scripts/file '$(CLOSES)' '$(CALLER)') && \
		exec $(PY) -m local --source "$$source" --port '$(PORT)' --aws-port '$(AWS_PORT)' --lake '$(LAKE)' --b3 "$$closes"

# An unknown source and a missing file are errors before anything is installed.
source:
	@scripts/source '$(SOURCE)' '$(CALLER)' >/dev/null && scripts/file '$(CLOSES)' '$(CALLER)' >/dev/null

cotahist:
	@[ -n '$(COTAHIST)' ] || { echo "error: COTAHIST is ''; allowed: a zip or text of COTAHIST, or a folder of them" >&2; exit 1; }
	@scripts/file '$(COTAHIST)' '$(CALLER)' >/dev/null

# Before Spark is installed: it is large, and does not run without Java.
java:
	@scripts/java >/dev/null

# Add B3's files of the market to the lake of a running `make run`, and run the market's job on Spark.
market: cotahist java .venv/spark-installed
	@$(PY) -m local market --aws-port '$(AWS_PORT)' --cotahist "$$(scripts/file '$(COTAHIST)' '$(CALLER)')"

notebook: .venv/notebook-installed
	@$(PY) -m local notebook --port '$(PORT)' --aws-port '$(AWS_PORT)' --jupyter-port '$(JUPYTER_PORT)'

check: ruff types fast

test: lint types pytest

lint: ruff templates

ruff: .venv/dev-installed
	$(STEP) 'ruff check' .venv/bin/ruff check --quiet .
	$(STEP) 'ruff format' .venv/bin/ruff format --quiet --check .

# The pinned packages in PyPI's database of vulnerabilities. Where it does not answer, a line says so.
audit: .venv/installed .venv/audit/installed
	$(STEP) 'pip-audit' $(PY) -m scripts.audit

# The CloudFormation templates.
templates: .venv/dev-installed .venv/checkov/installed
	$(STEP) 'cfn-lint' $(PY) -m scripts.lint_templates
	$(STEP) 'checkov' $(CHECKOV)

types: .venv/dev-installed .venv/notebook-installed .venv/spark-installed
	$(STEP) 'mypy' .venv/bin/mypy --no-error-summary .

# Each worker has its own local AWS. Files start in the order of testpaths: those with slow tests first, so that no worker
# is idle at the end. The tests start many processes, which would all compile the project anew without cached bytecode.
RUN_PYTEST = env -u PYTHONDONTWRITEBYTECODE REQUIRE_DATA='$(REQUIRE_DATA)' REQUIRE_BROWSER='$(REQUIRE_BROWSER)' \
  $(PY) -m pytest --numprocesses '$(WORKERS)' --dist loadfile --no-loadscope-reorder

fast: .venv/dev-installed .venv/notebook-installed
	$(STEP) 'pytest, fast' $(RUN_PYTEST) tests/unit tests/contract -m 'not slow' $(PYTEST)

pytest: .venv/dev-installed .venv/notebook-installed .venv/spark-installed
	$(STEP) 'pytest' $(RUN_PYTEST) $(PYTEST)

soak: .venv/dev-installed
	@SOAK_RUNS='$(N)' SOAK_SEED='$(SEED)' $(PY) -m pytest tests/integration/test_soak.py --no-header -q $(PYTEST)

bench: .venv/dev-installed .venv/spark-installed
	@$(PY) -m benchmarks

# The expected values of the volatility estimators. Needs R with TTR.
golden: .venv/dev-installed
	@$(PY) -m scripts.golden

# The generated documents.
docs: .venv/dev-installed
	@$(PY) -m scripts.data_dictionary
	@$(PY) -m scripts.data_quality
	@$(PY) -m scripts.openapi
	@$(PY) -m scripts.athena_functions
	@$(PY) -m scripts.deploying
	@$(PY) -m scripts.catalog_template
	@$(PY) -m scripts.costs

# The examples of the OpenAPI document, from the real history. Run `make docs` after it.
examples: .venv/dev-installed
	@$(PY) -m scripts.examples

# The vendored files of the pages, from npm. Needs npm.
vendor: .venv/installed
	@$(PY) -m scripts.vendor

# The pictures of the page in docs/images, over the generated sample. Needs Chromium.
screenshots: .venv/dev-installed .venv/notebook-installed
	@$(PY) -m scripts.screenshots

# The notebook with its outputs in docs/notebook, over the generated sample.
notebook-page: .venv/dev-installed .venv/notebook-installed
	@$(PY) -m scripts.render_notebook

# Precision and recall of `fechamento_suspeito`, compared with the official closes of B3.
judge: .venv/dev-installed
	@$(PY) -m scripts.judge_closes

# What wrong closes do to the estimators, by year: the real history without and with the official closes of B3.
closes: .venv/dev-installed
	@$(PY) -m scripts.close_errors

# The tables of docs/forecasts.md: the scores of the forecasts and of their rivals over the real history.
forecasts: .venv/dev-installed .venv/garch/installed
	@$(PY) -m scripts.forecasts

# The Lambda layer, in build/.
layer: .venv/dev-installed
	@$(PY) -m infra.packaging.layer '$(ARCH)'

# Builds the packages and tests them in the environment of Lambda and Glue. Needs Python 3.13.
test-package: .venv/dev-installed
	$(STEP) 'test-package' $(PY) -m pytest tests/package $(PYTEST)

# Options of `make deploy` and `make destroy`.
STAGE_OPTIONS = --stage '$(STAGE)' $(if $(REGION),--region '$(REGION)') $(if $(YES),--yes) $(if $(DRY_RUN),--dry-run)

# $(call option,BUDGET,budget) is --budget 'value' if BUDGET= is on the command line of make. A variable of the
# environment is ignored, because many environments have an EMAIL. The options are in infra/options.py.
option = $(if $(filter command,$(origin $(1))),--$(2) '$($(1))')

# Creates or updates a stage on AWS. A variable that is absent keeps its value in the stage. YES=1 skips the
# confirmation, DRY_RUN=1 prints the plan only. VERSION=<tag or commit> deploys that version instead of this checkout.
deploy: .venv/dev-installed
	@$(PY) -m infra deploy $(STAGE_OPTIONS) \
	  $(call option,ARCH,arch) \
	  $(call option,EMAIL,email) \
	  $(call option,BUDGET,budget) \
	  $(call option,B3,b3) \
	  $(call option,MARKET,market) \
	  $(call option,BOUNDARY,boundary) \
	  $(call option,ACCESS_LOGS,access-logs) \
	  $(call option,VERSION,version)

# Deletes a stage from AWS. DATA=delete deletes its data too.
destroy: .venv/dev-installed
	@$(PY) -m infra destroy $(STAGE_OPTIONS) --data '$(DATA)'

# Writes build/deploy/STAGE for a deployed stage. `chalice deploy`, `logs`, `invoke` and `url` work there.
folder: .venv/dev-installed
	@$(PY) -m infra folder --stage '$(STAGE)' $(if $(REGION),--region '$(REGION)')

# Sends the events in a stage's failure queue to their functions again.
replay: .venv/dev-installed
	@$(PY) -m infra replay --stage '$(STAGE)' $(if $(REGION),--region '$(REGION)')

# Prints what runs in a stage, how fresh and how good its data are, and what it cost.
status: .venv/dev-installed
	@$(PY) -m infra status --stage '$(STAGE)' $(if $(REGION),--region '$(REGION)')

# Installs again when the requirements change.
.venv/installed: requirements-run.txt
	@python=$$(scripts/python) && scripts/step 'install' scripts/install "$$python"

# Linters, types and tests. `make run` does without them.
.venv/dev-installed: requirements-dev.txt | .venv/installed
	$(STEP) 'install dev' scripts/install-dev

# Its own environment: checkov pins other versions of the same packages.
.venv/checkov/installed: infra/requirements-checkov.txt | .venv/installed
	$(STEP) 'install checkov' scripts/install-checkov

# Its own environment: nothing else needs arch and what it brings.
.venv/garch/installed: scripts/requirements-garch.txt | .venv/installed
	$(STEP) 'install arch' scripts/install-garch

# Its own environment, so that the packages of the audit are not among those audited.
.venv/audit/installed: infra/requirements-audit.txt | .venv/installed
	$(STEP) 'install pip-audit' scripts/install-audit

# Jupyter and the plotting libraries, separate so that `make run` starts without them.
.venv/notebook-installed: requirements-notebook.txt | .venv/installed
	$(STEP) 'install jupyter' scripts/install-notebook

# Spark, for the market's job and for mypy: 455 MB. Only a run needs Java.
.venv/spark-installed: requirements-spark.txt | .venv/installed
	$(STEP) 'install spark' scripts/install-spark

# Pins the requirements: each .in file is resolved into the .txt file beside it.
lock: .venv/dev-installed
	@$(PY) -m pip install --quiet --require-hashes --requirement scripts/requirements-uv.txt
	@scripts/lock

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
