# make run        the whole pipeline on this machine; LAKE=<folder> keeps the lake between runs
# make notebook   the analyst's notebook, beside a `make run` that is running
# make test       lint, types and every test

SOURCE ?= auto
LAKE ?=
PORT ?= 8000
AWS_PORT ?= 4566
JUPYTER_PORT ?= 8888
REQUIRE_DATA ?=
REQUIRE_BROWSER ?=
ARCH ?= x86_64
STAGE ?=
DATA ?= keep

PY := .venv/bin/python
STEP := @scripts/step
# With a key it would send what it finds to its maker.
CHECKOV := scripts/quietly env -u BC_API_KEY .venv/checkov/bin/checkov --directory infra --framework cloudformation --skip-download --quiet --compact

.PHONY: run notebook test lint ruff templates types pytest bench golden docs examples judge layer test-package deploy destroy folder replay lock clean

run: .venv/installed
	@$(PY) -m local --source '$(SOURCE)' --port '$(PORT)' --aws-port '$(AWS_PORT)' --lake '$(LAKE)'

notebook: .venv/notebook-installed
	@$(PY) -m local notebook --port '$(PORT)' --aws-port '$(AWS_PORT)' --jupyter-port '$(JUPYTER_PORT)'

test: lint types pytest

lint: ruff templates

ruff: .venv/dev-installed
	$(STEP) 'ruff check' .venv/bin/ruff check --quiet .
	$(STEP) 'ruff format' .venv/bin/ruff format --quiet --check .

# The CloudFormation templates.
templates: .venv/dev-installed .venv/checkov/installed
	$(STEP) 'cfn-lint' .venv/bin/cfn-lint infra/templates/*.yaml
	$(STEP) 'checkov' $(CHECKOV)

types: .venv/dev-installed .venv/notebook-installed
	$(STEP) 'mypy' .venv/bin/mypy --no-error-summary .

pytest: .venv/dev-installed .venv/notebook-installed
	$(STEP) 'pytest' env REQUIRE_DATA='$(REQUIRE_DATA)' REQUIRE_BROWSER='$(REQUIRE_BROWSER)' $(PY) -m pytest $(PYTEST)

bench: .venv/dev-installed
	@$(PY) -m benchmarks

# What the estimators of volatility are compared with: needs R with TTR.
golden: .venv/dev-installed
	@$(PY) -m scripts.golden

# The documents that are written by the code.
docs: .venv/dev-installed
	@$(PY) -m scripts.data_dictionary
	@$(PY) -m scripts.data_quality
	@$(PY) -m scripts.openapi
	@$(PY) -m scripts.deploying
	@$(PY) -m scripts.catalog_template
	@$(PY) -m scripts.costs

# The contract's examples, from the real history; then `make docs`.
examples: .venv/dev-installed
	@$(PY) -m scripts.examples

# How well suspect closes are found, against B3's own.
judge: .venv/dev-installed
	@$(PY) -m scripts.judge_closes

# The Lambda layer, in build/.
layer: .venv/dev-installed
	@$(PY) -m infra.packaging.layer '$(ARCH)'

# The packages for Lambda and Glue, rehearsed without AWS: needs Python 3.13.
test-package: .venv/dev-installed
	$(STEP) 'test-package' $(PY) -m pytest tests/package $(PYTEST)

# A stage on AWS, from nothing or from the version before. REGION=, EMAIL= (of who is told of alarms) and ARCH= stay as
# they are unless said here (many an environment has an EMAIL); YES=1 does not ask whether to; DRY_RUN=1 only tells the plan.
deploy: .venv/dev-installed
	@$(PY) -m infra deploy $(SAID) $(if $(filter command,$(origin ARCH)),--arch '$(ARCH)') \
	  $(if $(filter command,$(origin EMAIL)),--email '$(EMAIL)') $(if $(filter command,$(origin BUDGET)),--budget '$(BUDGET)')

# A stage removed from AWS; its data only by DATA=delete.
destroy: .venv/dev-installed
	@$(PY) -m infra destroy $(SAID) --data '$(DATA)'

# The folder build/deploy/STAGE of a stage that is deployed, where `chalice deploy`, `logs`, `invoke` and `url` work.
folder: .venv/dev-installed
	@$(PY) -m infra folder --stage '$(STAGE)' $(if $(REGION),--region '$(REGION)')

# The events in a stage's failure queue sent to their functions again.
replay: .venv/dev-installed
	@$(PY) -m infra replay --stage '$(STAGE)' $(if $(REGION),--region '$(REGION)')

SAID = --stage '$(STAGE)' $(if $(REGION),--region '$(REGION)') $(if $(YES),--yes) $(if $(DRY_RUN),--dry-run)

# What is installed is what the file says: another file, another install.
.venv/installed: requirements-run.txt
	@python=$$(scripts/python) && scripts/step 'install' scripts/install "$$python"

# Linters, types and tests: apart, so that `make run` need not wait for them.
.venv/dev-installed: requirements-dev.txt | .venv/installed
	$(STEP) 'install dev' scripts/install-dev

# checkov needs other versions of what we use.
.venv/checkov/installed: infra/requirements-checkov.txt | .venv/installed
	$(STEP) 'install checkov' scripts/install-checkov

# Jupyter and what is drawn with it: apart, so that `make run` need not wait for it.
.venv/notebook-installed: requirements-notebook.txt | .venv/installed
	$(STEP) 'install jupyter' scripts/install-notebook

# The versions that each .in of requirements allows.
lock: .venv/dev-installed
	@$(PY) -m pip install --quiet "$$(scripts/uv)"
	@scripts/lock

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
