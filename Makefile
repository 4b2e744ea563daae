# The front door. `make` alone lists what there is.
.DEFAULT_GOAL := help
RUN := .venv/bin/trialrun
PY := .venv/bin/python
WORKERS ?= 2

.PHONY: help setup setup-test demo test check bench serve desk docs pictures format lock clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: ## make .venv with the trialrun command in it
	@tools/setup.sh run

setup-test:
	@tools/setup.sh test

demo: setup ## rehearse NCT05871463 from registry record to report (main job)
	@$(RUN) demo --out out/demo

test: setup-test ## run every test (sets up all it needs)
	@$(PY) -m pytest -n $(WORKERS) --dist loadscope -rs

check: setup-test ## format, lint, types, layers, generated pages
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/basedpyright
	@.venv/bin/lint-imports
	@$(PY) tools/generate_docs.py --check
	@$(PY) tools/generate_words.py --check

bench: setup-test ## measure against peers in one run and print ratios
	@$(PY) -m bench

serve: setup ## run the web application on a made-up trial half-way
	@$(RUN) serve --demo

desk: setup ## search registry records and draft studies from them, in the browser
	@mkdir -p out/desk
	@$(RUN) registry import examples/nct05871463/record.json --store out/desk/registry.sqlite
	@$(RUN) registry serve --store out/desk/registry.sqlite --drafts out/desk/drafts

docs: setup-test ## regenerate the reference pages and the catalogue of words
	@$(PY) tools/generate_docs.py
	@$(PY) tools/generate_words.py

pictures: setup-test ## take the pictures of the documentation anew, in Chromium
	@TRIALRUN_SCREENSHOTS=docs/images $(PY) -m pytest -n0 tests/browser/test_pictures.py tests/browser/test_builder_in_chromium.py::test_an_edit_keeps_comments_and_says_what_it_thinks

format: setup-test ## format the code
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

lock: setup ## resolve the locks anew
	.bootstrap/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	.bootstrap/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --group test --group check pyproject.toml -o requirements-dev.lock

clean: ## remove what the commands above made
	rm -rf .venv .bootstrap out .pytest_cache .ruff_cache .hypothesis
