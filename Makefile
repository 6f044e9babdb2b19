# Each target is complete by itself: it makes the environment and installs what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JAX := $(VENV)/.jax
# Options for all benchmarks, such as BENCH='--dtype float64' or BENCH='--device cuda'.
BENCH ?=

.PHONY: quickstart test test-floors lint bench bench-speed bench-methods bench-builds bench-roofline bench-starts bench-grid bench-check bench-scaling bench-estimates docs site axe reports schema clean help

help:
	@echo "make quickstart   environment, install, and the quickstart suite with its tables"
	@echo "make test         environment, install, and all checks"
	@echo "make test-floors  the quickstart and the tests of its numbers with the lowest versions allowed"
	@echo "make lint         formatting, lint, types and spelling only"
	@echo "make bench        speed, methods, compilers, starts, whole-grid time and growth; half an hour on two quiet cores"
	@echo "make bench-check  the engine's verdicts against the plain loop's in 20 cells; half an hour"
	@echo "make site         documentation, reference reports and explorer of claims as one site in docs/_build; or make docs"
	@echo "make axe          the rules of axe-core on every page of the site; PAGES='index.html …' for some"
	@echo "make reports      run every shipped suite anew, and refresh what pages say of them"
	@echo "make schema       rewrite the schemas of suites and of thresholds.json from the models"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

quickstart: $(STAMP)
	$(BIN)/harness run quickstart

# Three workers on two cores: for a fifth of the time a test waits for other processes.
test: lint
	$(BIN)/python -m pytest -n 3

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell harness plugins docs README.md CONTRIBUTING.md CHANGELOG.md

bench: bench-speed bench-methods bench-builds bench-roofline bench-starts bench-grid bench-scaling

bench-speed: $(JAX)
	$(BIN)/python -m benchmarks speed --cores all $(BENCH)

bench-methods: $(JAX)
	$(BIN)/python -m benchmarks methods $(BENCH)

bench-builds: $(JAX)
	$(BIN)/python -m benchmarks builds $(BENCH)

bench-starts: $(STAMP)
	$(BIN)/python -m benchmarks set-up $(BENCH)
	$(BIN)/python -m benchmarks starts $(BENCH)

bench-roofline: $(STAMP)
	$(BIN)/python -m benchmarks roofline $(BENCH)

bench-grid: $(STAMP)
	$(BIN)/python -m benchmarks grid $(BENCH)

bench-check: $(STAMP)
	$(BIN)/python -m benchmarks grid --check 20 $(BENCH)

bench-scaling: $(STAMP)
	$(BIN)/python -m benchmarks scaling $(BENCH)

bench-estimates: $(STAMP)
	$(BIN)/python -m benchmarks estimates $(BENCH)

# What cannot be installed is left out of the tables, with a word.
$(JAX): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]' || echo "without JAX"
	@touch $@

docs site: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build
	$(BIN)/harness theory --html docs/_build/claims.html
	@echo docs/_build/index.html

# The rules of axe-core on every page of the site, or on PAGES. AXE_CORE may name an axe.min.js that is already there.
AXE_CORE ?= build/axe/package/axe.min.js
PAGES ?=
build/axe/package/axe.min.js:
	@command -v npm > /dev/null || { echo "make axe: no npm found; set AXE_CORE to the axe.min.js of the npm package axe-core" >&2; exit 1; }
	@mkdir -p build/axe
	cd build/axe && tar -xzf "$$(npm pack --silent axe-core)"
	@touch $@

axe: $(STAMP) $(AXE_CORE)
	test -f docs/_build/claims.html || $(MAKE) site
	AXE_CORE=$(AXE_CORE) $(BIN)/python -m tests.report.axe docs/_build $(PAGES)

# The reference reports that are kept with the project: every shipped suite but the samples, and the tables of findings
# that are made from them. To go on with an interrupted run of all: make reports FRESH=
FRESH := --fresh
SUITES := quickstart review review-wide lazy train-all narrow at-home real-data figure-phase phase-diagram \
	replicate-phase replicate-omega replicate-narrow replicate-lazy replicate-regions replicate-descent \
	replicate-soudry replicate-polaczyk replicate-bombari replicate-bombari-kernel \
	replicate-narrow-classes classes-2 classes-5 classes-10
# Claims are tested once more with a seed by one rule: that of the suite, which is 1, plus 1000.
OTHER_SEED := 1001
reports: $(STAMP)
	@began=$$(date +%s); for suite in $(SUITES); do \
	  start=$$(date +%s); \
	  $(BIN)/harness run $$suite --quiet $(FRESH) && \
	  $(BIN)/harness report $$suite --figures reports/$$suite/figures --figure-format svg || exit; \
	  took=$$(( $$(date +%s) - start )); echo "$$suite: $$took s"; \
	  test -z "$(FRESH)" || $(BIN)/python -m findings note $$suite $$took || exit; \
	  grep -q '^\[\[claims\]\]' suites/$$suite.toml || continue; \
	  $(BIN)/harness run $$suite --seed $(OTHER_SEED) --out build/other-seed/$$suite --quiet $(FRESH) && \
	  cp build/other-seed/$$suite/thresholds.json reports/$$suite/other-seed.json || exit; \
	done; echo "all suites: $$(( $$(date +%s) - began )) s"
	$(BIN)/python -m findings refresh
	$(BIN)/python -m findings changes HEAD

schema: $(STAMP)
	$(BIN)/python -m harness.suite.schema suites/suite.schema.json
	$(BIN)/python -m harness.report.thresholds_file harness/report/thresholds.schema.json

# The lowest versions that pyproject.toml allows, but for torch: its old wheels bring gigabytes of CUDA.
FLOORS := .venv-floors
test-floors:
	$(PYTHON) -m venv --clear $(FLOORS)
	$(PYTHON) tests/floors.py data | grep -v '^torch==' | \
	  $(FLOORS)/bin/python -m pip install --quiet --disable-pip-version-check -r /dev/stdin torch==2.13.0 pytest hypothesis jsonschema
	$(FLOORS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	$(FLOORS)/bin/harness run quickstart --fresh --out build/floors
	$(FLOORS)/bin/harness report build/floors --html --figures > build/floors/written
	$(FLOORS)/bin/python -m pytest -W default tests/test_reference_reports.py tests/store tests/statistics tests/claims

clean:
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache
