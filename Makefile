# Two commands for a new machine: `make demo` and `make test`. Needs git, make and Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test lint lock clean anchors-setup fuzz sbom mutants picture-architecture pictures
.PHONY: $(filter bench-%,$(MAKECMDGOALS))

# Whole or repaired by the next run, in a second where it is whole: requirements/install.py.
setup:
	@$(PYTHON) requirements/install.py

demo: setup
	@echo "The demo simulates, trains and checks, which takes minutes the first time; each step says what it took."
	@$(BIN)/vigie demo

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra dev --output-file requirements/dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --constraint requirements/dev.lock --output-file requirements/serve.lock requirements/serve.in
	printf 'uv==%s\n' "$$($(BIN)/uv --version | cut -d' ' -f2)" | $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --output-file requirements/uv.lock -
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --constraint requirements/dev.lock --output-file requirements/anchors.lock requirements/anchors.in
	echo ziglang | $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --output-file requirements/compiler.lock -

# The bill of materials (CycloneDX), from the lock file of what serves.
sbom: setup
	@mkdir -p .bench
	$(BIN)/python requirements/sbom.py serve > .bench/sbom.json

# LightGBM and statsforecast, which Vigie is held against: in a folder of their own, never in what serves or trains.
ANCHORS := .bench/anchors/libraries
anchors-setup: setup
	@cmp -s requirements/anchors.lock $(ANCHORS)/anchors.lock || { rm -rf $(ANCHORS) && $(BIN)/uv pip install --quiet --python $(BIN)/python --target $(ANCHORS) --require-hashes -r requirements/anchors.lock && cp requirements/anchors.lock $(ANCHORS)/; }

# Vigie beside outside methods. Goes on where it was stopped; DATA=divi-2022,swedish and METHOD=vigie are a part alone; LABEL
# keeps Vigie's forecasts under a name, BEFORE compares with one; TABLE=1 makes nothing, DRY=1 says what is missing and its
# cost; FINAL=1 adds the year that is looked at once, when everything is chosen.
bench-anchors: $(if $(DRY)$(TABLE),setup,anchors-setup)
	PYTHONPATH=$(ANCHORS) OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.anchors $(if $(DATA),--data $(DATA)) $(if $(METHOD),--method $(METHOD)) $(if $(LABEL),--label $(LABEL)) $(if $(BEFORE),--before $(BEFORE)) $(if $(FRESH),--fresh) $(if $(TABLE),--table) $(if $(DRY),--dry-run) $(if $(FINAL),--final)

bench-bulk: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.bulk

bench-check: setup
	$(BIN)/python -m benchmarks.gates.hospital_checks

bench-check-cost: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.gates.check_cost

bench-data-check: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.data_check

bench-demo: setup
	$(BIN)/python -m benchmarks.demo

bench-explain: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.explain

bench-faults: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.faults

bench-gates: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.gates $(if $(DRY),--dry-run)

# The same error rates by days of history and visits a day.
bench-gates-lengths: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.gates.lengths $(if $(DRY),--dry-run)

bench-gates-real: setup
	$(BIN)/python -m benchmarks.gates.real_records

bench-hospitals: setup
	$(BIN)/python -m benchmarks.forecasts.hospitals

# kill -9 under writers; N kills (200).
bench-kills: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.faults.kills $(if $(N),--count $(N))

bench-leaks: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.gates.leaks

bench-monitor: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.monitor

# A service at five times what it bears; SECONDS of each of its four parts (40).
bench-overload: setup
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.overload $(if $(SECONDS),--seconds $(SECONDS)) $(if $(NOTE),--note "$(NOTE)")

bench-pages: setup
	$(BIN)/python -m benchmarks.pages

bench-real: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.forecasts.real_records

bench-reasons: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.reasons $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

bench-serve: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.serve

# Memory and handles under an hour of everyday load; SECONDS for another length.
bench-soak: setup
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.overload.soak $(if $(SECONDS),--seconds $(SECONDS)) $(if $(NOTE),--note "$(NOTE)")

bench-train: setup
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.forecasts.training_cost

# Probabilities of tension; goes on where it was stopped. DAYS and SCALE make the hospitals smaller.
bench-tension: setup
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.forecasts.tension $(if $(DAYS),--days $(DAYS)) $(if $(SCALE),--scale $(SCALE))

# BEFORE: another checkout, with its own `make setup`.
bench-unchanged: setup
	$(BIN)/python -m benchmarks.unchanged --before $(BEFORE)

# Of the files changed since they were measured (or since BASE), of all (ALL=1), or a sample (SAMPLE=150 SEED=n).
mutants: setup
	$(BIN)/python -m benchmarks.mutants $(if $(ALL),--all) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(if $(BASE),--base $(BASE)) $(if $(FRESH),--fresh) $(foreach f,$(FOLDER),--folder $(f))

# A standing search for what breaks: mutated files, mappings, request bodies and models for SECONDS (an hour), by SEED.
fuzz: setup
	$(BIN)/python -m tests.fuzz.run $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(TARGET),--target "$(TARGET)")

# Every page at three widths, light and grey, of the demo at its hour: .bench/pictures/pages. Look at each.
pictures: setup
	$(BIN)/python -m tests.support.page_pictures

picture-architecture: setup
	$(BIN)/python -m tests.support.architecture

clean:
	rm -rf .venv vigie-demo explain/built
