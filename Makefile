# Every target sets up what it needs; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test soak prove-aws quick bench lint format deploy destroy lock clean

PY := .venv/bin/python
# What is typed reaches the scripts as it is, by the environment: neither make nor the shell runs what stands in it.
$(foreach name,LAB LOCAL YES PROFILE REGION CONTEXT,$(eval override $(name) := $$(value $(name))))
export LAB PROFILE REGION
export LAB_CONTEXT := $(or $(CONTEXT),$(value LAB_CONTEXT))
# A word that is neither yes nor no is refused: LOCAL=True would mean AWS.
ON := 1 true yes
OFF := 0 false no
one_word = $(subst $() ,_,$(strip $($(1))))
is_on = $(if $(filter-out $(ON) $(OFF),$(one_word)),$(error $(1) is 1 or 0 (or yes, no, true, false), not '$($(1))'),$(filter $(ON),$(one_word)))
OPTIONS := $(if $(call is_on,LOCAL),--local) $(if $(call is_on,YES),--yes) $(if $(PROFILE),--profile "$$PROFILE") $(if $(REGION),--region "$$REGION")
ifneq ($(filter deploy destroy,$(MAKECMDGOALS)),)
$(if $(LAB),,$(error say which lab: make $(MAKECMDGOALS) LAB=calculator))
endif

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what the project needs, from the lock files, into the project's folder
	@command -v python3 >/dev/null || { echo "error: Python is missing: install Python 3.10 to 3.13" >&2; exit 2; }
	@python3 scripts/setup.py

demo: setup ## deploy the calculator on this machine and send it its first messages
	@$(PY) scripts/demo.py

test: setup ## all tests: unit, synth and end to end on the local engine
	@$(PY) -m pytest -n 2

quick: setup ## the tests that take seconds: unit and synth
	@$(PY) -m pytest -n 2 -m "not slow" tests/unit tests/scripts tests/synth tests/rules tests/fastsynth tests/bench tests/aws

soak: setup ## the tests that take many minutes
	@$(PY) -m pytest -m soak

prove-aws: setup ## prove in your account that the labs work there; asks first [LOCAL=1] [YES=1] [CONTEXT=..] [PROFILE=..] [REGION=..]
	@$(PY) scripts/prove_aws.py $(OPTIONS)

bench: setup ## measure against stock cdktf, its peers and a naive handler; writes docs/benchmarks.md (half an hour)
	@$(PY) -m bench

lint: setup ## ruff and mypy over everything
	@$(PY) scripts/lint.py

format: setup ## let ruff put the code in its form
	@$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format --quiet .

deploy: setup ## LAB=name|all [LOCAL=1] [YES=1] [CONTEXT="key=value ..."] [PROFILE=..] [REGION=..]
	@$(PY) scripts/lab.py deploy "$$LAB" $(OPTIONS)

destroy: setup ## the same options; nothing of the lab is left
	@$(PY) scripts/lab.py destroy "$$LAB" $(OPTIONS)

lock: setup ## resolve the dependencies anew (with Python 3.10, the oldest supported, as python3.10 on the PATH)
	@$(PY) scripts/setup.py --lock

clean: ## remove what `make` made, but not what is deployed, nor its state
	@rm -rf .venv node_modules cdktf.out .local/layer* .local/zip .local/pipenv .local/awscli* .local/checkov* .local/cfn-lint* .local/bench .local/proof .local/e2e .mypy_cache .ruff_cache .pytest_cache
