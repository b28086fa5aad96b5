# Two commands do the main jobs: `make up` and `make test`. Each target is one line that calls Python or a tool.
SHELL := /bin/bash
UV_VERSION := 0.13.8
CAIRN_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cairn
UV := $(CAIRN_CACHE)/uv-$(UV_VERSION)/bin/uv
RUN := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONUNBUFFERED := 1

.PHONY: up down status verify bench sbom test lint help
help: ## What can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

up: .venv/ready ## Bring up the node and the platform (or what of it is missing)
	@$(RUN) -m sandbox up

down: .venv/ready ## Stop and remove all of it; CACHES=1 removes the caches, too
	@$(RUN) -m sandbox down $(if $(CACHES),--caches)

status: .venv/ready ## What runs where, and how to log in
	@$(RUN) -m sandbox status

verify: .venv/ready ## Prove the promises on the cluster; CHECK='gitops.*' some of them, JSON=1 as data
	@$(RUN) -m checks $(CHECK) $(if $(JSON),--json)

bench: .venv/ready ## Measure, and print a table
	@$(RUN) -m bench

sbom: .venv/ready ## What the sandbox is made of, as CycloneDX
	@$(RUN) -m sandbox sbom

test: .venv/ready ## All tests, on a sandbox of their own when none is up; FAULTS=1 those that break things, too
	@$(RUN) -m pytest $(if $(FAULTS),-m 'faults or not faults')

lint: .venv/ready ## Style, types, layers, YAML
	@ruff check . && ruff format --check . && mypy && lint-imports && yamllint --strict .

.venv/ready: uv.lock pyproject.toml $(UV)
	@$(UV) sync --locked --quiet && touch $@

$(UV):
	@python3 -m venv $(CAIRN_CACHE)/uv-$(UV_VERSION) && $(CAIRN_CACHE)/uv-$(UV_VERSION)/bin/pip install --quiet uv==$(UV_VERSION)
