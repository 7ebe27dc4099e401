# Each target does all of its own set-up and is quick the second time.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test screenshots lint samples demo-model kills soak bench-draw bench-rule-health bench-asr bench-silence bench-guards bench-fillers bench-vad bench-measures bench-boundaries bench-cost bench-voices bench-rescore bench-rules bench-homophones clean bench-statistics bench-estimates bench-comparison bench-claims bench-claims-postgres bench-pages bench-pages-postgres bench-keyboard bench-clusters bench-report

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt scripts/setup.sh scripts/frontend.sh review/frontend/package-lock.json
	@PYTHON="$(PYTHON)" bash scripts/setup.sh $(VENV)
	@touch $@

setup: $(READY) ## virtual environment with pinned dependencies

# Libraries that tests compare ours with; some are GPL, so only testing installs them.
$(VENV)/.oracles: pyproject.toml constraints.txt | $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[oracles]'
	@touch $@

setup-test: $(READY) $(VENV)/.oracles
	@bash scripts/system_pieces.sh

demo: $(READY) ## the nightly run over the bundled recordings
	@$(BIN)/tingjian demo

test: setup-test ## all tests (under 20 minutes on two cores)
	@$(BIN)/python -m pytest -q $(PYTEST_ARGS)

screenshots: setup-test ## pictures of the review pages into docs/images, from the browser test
	@TINGJIAN_SCREENSHOTS=docs/images $(BIN)/python -m pytest -q tests/review/browser

lint: $(READY) ## ruff, mypy, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

samples: setup-test ## make the bundled recordings again (needs espeak-ng)
	@$(BIN)/python -m samples.make_calls

demo-model: setup-test ## train the demo speech model again (hours)
	@$(BIN)/python -m models.demo_speech.train

kills: $(READY) ## 20 kills of a whole run, compared with an undisturbed one (minutes)
	@$(BIN)/python -m benchmarks.kills --kills 20

bench-estimates: $(READY) ## a month of 2,000 agents with 300 calls a day; reading 100 agents from a database: seconds and memory
	@$(BIN)/python -m benchmarks.estimates
	@$(BIN)/python -m benchmarks.stored_estimates

bench-comparison: $(READY) ## who is found below the team, and who is accused wrongly (minutes)
	@$(BIN)/python -m benchmarks.comparison

bench-statistics: $(READY) ## coverage and half width of the agent estimates in a made-up centre (minutes)
	@$(BIN)/python -m benchmarks.statistics --replicates 25

soak: $(READY) ## memory of a worker over 500 calls (many minutes)
	@$(BIN)/python -m benchmarks.worker_memory --calls 500

bench-draw: $(READY) ## the queue draw: frequencies over 4,000 seeds, a month of 18 million calls
	@$(BIN)/python -m benchmarks.draw

bench-silence: $(READY) ## text written on an hour of silence, tones, noise and music: none
	@$(BIN)/python -m benchmarks.silence

bench-guards: $(READY) ## true characters that the guards refuse on the bundled calls
	@$(BIN)/python -m benchmarks.guards

bench-asr: setup-test ## CPU seconds and error rate of openai-whisper and of our engines, one thread (half an hour)
	@$(BIN)/python -m benchmarks.asr --page

bench-fillers: $(READY) ## filled pauses found by their sound on the bundled calls
	@$(BIN)/python -m benchmarks.fillers

bench-vad: $(READY) ## speech detection on telephone prompts of a human voice, clean and with noise
	@bash scripts/telephone_prompts.sh
	@$(BIN)/python -m benchmarks.prompts

bench-rule-health: $(READY) ## coverage of recall intervals, labels of error scope (a minute)
	@$(BIN)/python -m benchmarks.rule_health

bench-measures: setup-test ## how exact the measures are: 200 generated calls with known truth (minutes)
	@$(BIN)/python -m benchmarks.measures --page

bench-boundaries: setup-test ## how exactly speech begins and ends: bundled calls and 80 generated ones (minutes)
	@$(BIN)/python -m benchmarks.boundaries

bench-cost: $(READY) ## everything but speech recognition: times real time on one core, memory, 3 s to 4 h (minutes)
	@$(BIN)/python -m benchmarks.cost

bench-voices: setup-test ## whose voice is whose on mono recordings, by how much a separator errs (minutes)
	@$(BIN)/python -m benchmarks.voices

bench-rescore: $(READY) ## cost of judging stored calls again, beside the judging alone
	@$(BIN)/python -m benchmarks.rescore --page

bench-claims: $(READY) ## 20 reviewers claim 10,000 calls at the same time: nobody gets another's
	@$(BIN)/python -m benchmarks.claims

bench-claims-postgres: $(READY) ## the same in PostgreSQL, which must be installed
	@$(BIN)/python -m benchmarks.claims --postgres

bench-pages: $(READY) ## server time of the review pages over 200,000 made-up calls in SQLite (minutes)
	@$(BIN)/python -m benchmarks.pages --page

bench-pages-postgres: $(READY) ## the same over 1,000,000 calls and 5,000,000 findings in PostgreSQL, which must be installed (many minutes)
	@$(BIN)/python -m benchmarks.pages --postgres --page

bench-keyboard: setup-test ## keys and seconds for a call's three flags in a browser, over the demo's calls
	@$(BIN)/python -m benchmarks.keyboard

bench-rules: $(READY) ## what judging costs: 1 to 10,000 phrases over 100,000 stored calls (many minutes)
	@$(BIN)/python -m benchmarks.rules --page

bench-homophones: $(READY) ## phrases by their sound: recall under recognition errors, false hits in ordinary talk
	@$(BIN)/python -m benchmarks.homophones --page

bench-clusters: $(READY) ## common-error clusters against twelve planted themes; 50,000 flagged stretches (minutes)
	@$(BIN)/python -m benchmarks.clusters

bench-report: $(READY) ## a month's report of 300 agents and 60,000 calls, spreadsheet and HTML file too (minutes)
	@$(BIN)/python -m benchmarks.report

clean: ## remove the virtual environment and everything that runs have left in var/
	@rm -rf $(VENV) var build *.egg-info review/static/vendor
