# Two commands for a new machine: `make demo` and `make test`. Needs git, make and Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test collect lint lint-types lint-rules lock clean help anchors-setup fuzz sbom mutants picture-architecture pictures
.PHONY: $(filter bench-%,$(MAKECMDGOALS))

# Whole or repaired by the next run, in a second where it is whole: requirements/install.py.
setup: ## the environment in .venv: whole, or repaired
	@$(PYTHON) requirements/install.py

demo: setup ## a simulated hospital, the whole way: train, check, approve, release, serve
	@echo "The demo simulates, trains and checks, which takes minutes the first time; each step says what it took."
	@$(BIN)/vigie demo

test: setup ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# Each file of tests is made into bytecode once, and not by each process of tests: CI does it while types are read on its other core.
collect: setup ## tests are found, and none is run: the next run of all of them begins sooner
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only -qq > /dev/null

lint: lint-types lint-rules ## ruff, mypy and the order of imports

lint-types: setup ## of those: mypy alone
	$(BIN)/mypy

lint-rules: setup ## of those: ruff and the order of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

lock: ## the lock files of requirements/
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra dev --output-file requirements/dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --constraint requirements/dev.lock --output-file requirements/serve.lock requirements/serve.in
	printf 'uv==%s\n' "$$($(BIN)/uv --version | cut -d' ' -f2)" | $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --output-file requirements/uv.lock -
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --constraint requirements/dev.lock --output-file requirements/anchors.lock requirements/anchors.in
	echo ziglang | $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --output-file requirements/compiler.lock -

# The bill of materials (CycloneDX), from the lock file of what serves.
sbom: setup ## the bill of materials of what serves, in .bench/sbom.json
	@mkdir -p .bench
	$(BIN)/python requirements/sbom.py serve > .bench/sbom.json

# LightGBM and statsforecast, which Vigie is held against: in a folder of their own, never in what serves or trains.
ANCHORS := .bench/anchors/libraries
anchors-setup: setup ## LightGBM and statsforecast, which forecasts are held against
	@cmp -s requirements/anchors.lock $(ANCHORS)/anchors.lock || { rm -rf $(ANCHORS) && $(BIN)/uv pip install --quiet --python $(BIN)/python --target $(ANCHORS) --require-hashes -r requirements/anchors.lock && cp requirements/anchors.lock $(ANCHORS)/; }

# Vigie beside outside methods. Goes on where it was stopped; DATA=divi-2022,swedish and METHOD=vigie are a part alone; LABEL
# keeps Vigie's forecasts under a name, BEFORE compares with one; TABLE=1 makes nothing, DRY=1 says what is missing and its
# cost; FINAL=1 adds the year that is looked at once, when everything is chosen.
bench-anchors: $(if $(DRY)$(TABLE),setup,anchors-setup) ## forecasts beside outside methods
	PYTHONPATH=$(ANCHORS) OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.anchors $(if $(DATA),--data $(DATA)) $(if $(METHOD),--method $(METHOD)) $(if $(LABEL),--label $(LABEL)) $(if $(BEFORE),--before $(BEFORE)) $(if $(FRESH),--fresh) $(if $(TABLE),--table) $(if $(DRY),--dry-run) $(if $(FINAL),--final)

bench-bulk: setup ## `vigie explain` over whole tables: time and memory
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.bulk

bench-check: setup ## checks of simulated hospitals
	$(BIN)/python -m benchmarks.gates.hospital_checks

bench-check-cost: setup ## what a check costs
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.gates.check_cost

bench-data-check: setup ## `vigie data check`: sound and flawed hospitals
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.data_check

bench-demo: setup ## how long the demo takes
	$(BIN)/python -m benchmarks.demo

bench-explain: setup ## contributions and interactions beside other libraries
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.explain

# 10,000 hostile requests of our own, then all that schemathesis makes of the document; PART=own or schemathesis: one half.
bench-faults: setup ## the service under faults and hostile requests
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.faults $(if $(PART),--part $(PART))

bench-gates: setup ## error rates of the gates
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.gates $(if $(DRY),--dry-run)

# The same error rates by days of history and visits a day.
bench-gates-lengths: setup ## the same by days of history and visits a day
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.gates.lengths $(if $(DRY),--dry-run)

bench-gates-real: setup ## the gates on real records
	$(BIN)/python -m benchmarks.gates.real_records

bench-hospitals: setup ## forecasts on many simulated hospitals
	$(BIN)/python -m benchmarks.forecasts.hospitals

# kill -9 under writers; N kills (200).
bench-kills: setup ## kill -9 under writers
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.faults.kills $(if $(N),--count $(N))

bench-leaks: setup ## what the leakage probes find
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.gates.leaks

bench-journal: setup ## entries a second of the journal
	$(BIN)/python -m benchmarks.journal

bench-monitor: setup ## false alarms and delays of the monitor
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.monitor

# A service at five times what it bears; SECONDS of each of its four parts (40).
bench-overload: setup ## the service at five times what it bears
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.overload $(if $(SECONDS),--seconds $(SECONDS)) $(if $(NOTE),--note "$(NOTE)")

bench-pages: setup ## server time of the pages, 100 units with real forecasts
	$(BIN)/python -m benchmarks.pages $(if $(NOTE),"$(NOTE)")

bench-real: setup ## forecasts on real records
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.forecasts.real_records

bench-reasons: setup ## how true and how stable reasons are
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.reasons $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

bench-serve: setup ## answers a second and their latency
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.serve

# Memory and handles under an hour of everyday load; SECONDS for another length.
bench-soak: setup ## memory and handles under an hour of everyday load
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.overload.soak $(if $(SECONDS),--seconds $(SECONDS)) $(if $(NOTE),--note "$(NOTE)")

bench-train: setup ## what training costs
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.forecasts.training_cost

# Probabilities of tension; goes on where it was stopped. DAYS and SCALE make the hospitals smaller.
bench-tension: setup ## how good probabilities of tension are
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.forecasts.tension $(if $(DAYS),--days $(DAYS)) $(if $(SCALE),--scale $(SCALE))

# BEFORE: another checkout, with its own `make setup`.
bench-answers: setup ## what an answer costs beside another checkout's (BEFORE=DIR)
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m benchmarks.unchanged.answer_time --before $(BEFORE)

# BEFORE: another checkout, with its own `make setup`.
bench-unchanged: setup ## whether another checkout (BEFORE=DIR) gives the same numbers
	$(BIN)/python -m benchmarks.unchanged --before $(BEFORE)

# Of the files changed since they were measured (or since BASE), of all (ALL=1), or a sample (SAMPLE=150 SEED=n).
mutants: setup ## changes to the code that no quick test notices
	$(BIN)/python -m benchmarks.mutants $(if $(ALL),--all) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(if $(BASE),--base $(BASE)) $(if $(FRESH),--fresh) $(foreach f,$(FOLDER),--folder $(f))

# A standing search for what breaks: mutated files, mappings, request bodies and models for SECONDS (an hour), by SEED.
fuzz: setup ## mutated bytes into every way in
	$(BIN)/python -m tests.fuzz.run $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(TARGET),--target "$(TARGET)")

# Every page at three widths, light and grey, of the demo at its hour: .bench/pictures/pages. Look at each.
pictures: setup ## every page as a picture, in .bench/pictures/pages
	$(BIN)/python -m tests.support.page_pictures

picture-architecture: setup ## docs/architecture.md and its picture, from the import graph
	$(BIN)/python -m tests.support.architecture

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1 \2/p' $(MAKEFILE_LIST) | while read -r name words; do printf '%-22s %s\n' "$$name" "$$words"; done

clean: ## removes .venv, the demo's home and what was built
	rm -rf .venv vigie-demo explain/built
