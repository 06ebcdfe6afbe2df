# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules
# The steps share one lab and one set of environments.
.NOTPARALLEL:

# What is expensive to make and does not depend on the checkout: images, lab kernel, packages.
CACHE ?= $(or $(HOMEROUTER_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/homerouter-tripleplay)
# The environment of the newest ansible-core, and that of the oldest supported one.
VENV ?= .venv
OLDEST := .venv-2.19
# Scenario that also runs on the oldest ansible-core.
OLDEST_SCENARIO ?= vlans

PY := $(VENV)/bin/python
COLLECTIONS := $(CURDIR)/build/collections
STEP := .ci/step
SCENARIOS = $(patsubst molecule/%/molecule.yml,%,$(sort $(wildcard molecule/*/molecule.yml)))
SCRIPTS = $(shell git ls-files -z -- ':!*.j2' | xargs -0 grep -lIE '^\#!/(usr/bin/env bash|bin/(ba)?sh)')

export HOMEROUTER_CACHE := $(CACHE)
export UV_CACHE_DIR := $(CACHE)/uv
export UV_PYTHON_INSTALL_DIR := $(CACHE)/python
# Everything Ansible writes stays in the checkout, and it sees the installed collection, never the working tree.
export ANSIBLE_HOME := $(CURDIR)/build/ansible
export ANSIBLE_COLLECTIONS_PATH := $(COLLECTIONS)
# Injected facts go in ansible-core 2.24.
export ANSIBLE_INJECT_FACT_VARS := false
export LC_ALL := C.UTF-8
# A top-level molecule folder is not where molecule looks first.
export MOLECULE_GLOB := molecule/*/molecule.yml
# Without compiled files each start of Ansible takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ What most people want

.PHONY: lab
lab: packages tools collection lab-up ## the whole house in a box: build it, run site.yml on its router, say what works
	@$(STEP) "site.yml on the lab's router, twice" $(PY) -m lab site

.PHONY: test
test: packages tools collection ## everything that CI does; ends the lab
	@.ci/labs $(LABS) lab lint unit sanity $(ALL_SCENARIOS)
	@$(MAKE) down

.PHONY: down
down: ## end what lab and molecule started
	@for copy in build/lab-*/; do if [ -d "$$copy" ]; then $(STEP) "end the lab of $$copy" env -C "$$copy" $(CURDIR)/$(PY) -m lab down; fi; done
	@if [ -x $(PY) ]; then $(STEP) "end the lab" $(PY) -m lab down; else echo "no lab was ever started here"; fi

##@ Parts

.PHONY: lint
lint: tools collection ## ansible-lint, ruff, shellcheck, changelog and documentation
	@$(STEP) "ruff" $(VENV)/bin/ruff check --quiet .
	@$(STEP) "shellcheck" shellcheck $(SCRIPTS)
	@$(STEP) "antsibull-changelog lint" $(VENV)/bin/antsibull-changelog lint
	@$(STEP) "docs/home.md is current (if not: make docs)" diff -u docs/home.md <(PYTHONPATH=$(COLLECTIONS) $(PY) .ci/home_doc.py)
	@$(STEP) "docs/doctor.md is current (if not: make docs)" diff -u docs/doctor.md <(PYTHONPATH=$(COLLECTIONS) $(PY) .ci/doctor_doc.py)
	@$(STEP) "antsibull-docs lint-collection-docs" env PATH="$(CURDIR)/$(VENV)/bin:$$PATH" \
	  $(VENV)/bin/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all $(COLLECTIONS)/ansible_collections/homerouter/tripleplay
	@$(STEP) "ansible-lint" env PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/ansible-lint --nocolor

.PHONY: docs
docs: tools collection ## write docs/home.md and docs/doctor.md from what the collection states
	@PYTHONPATH=$(COLLECTIONS) $(PY) .ci/home_doc.py > docs/home.md
	@PYTHONPATH=$(COLLECTIONS) $(PY) .ci/doctor_doc.py > docs/doctor.md

.PHONY: unit
unit: tools collection ## unit tests of the installed collection, on the newest and the oldest ansible-core
	@$(STEP) "unit tests ($(VENV))" env HOMEROUTER_COLLECTIONS=$(COLLECTIONS) $(PY) -m pytest -q tests/unit
	@# The lab's own programs and the browser know nothing of ansible-core, and what is sought by chance is sought once.
	@$(STEP) "unit tests ($(OLDEST))" env HOMEROUTER_COLLECTIONS=$(COLLECTIONS) $(OLDEST)/bin/python -m pytest -q -m "not hypothesis" tests/unit \
	  --ignore tests/unit/lab --ignore tests/unit/browser --ignore tests/unit/netns/test_television.py --ignore tests/unit/netns/test_igmp_keepalive.py

.PHONY: sanity
sanity: tools ## ansible-test sanity, on the newest and the oldest ansible-core
	@for venv in $(VENV) $(OLDEST); do $(STEP) "ansible-test sanity ($$venv)" .ci/sanity $$venv; done

.PHONY: molecule
molecule: tools collection ## scenarios in the running lab: all, or with S=home one
	@# What molecule remembers of an earlier run would make it leave out the fresh router.
	@for scenario in $(or $(S),$(SCENARIOS)); do \
	  $(STEP) "molecule $$scenario ($(VENV))" env PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/molecule test -s $$scenario; \
	done

# Where the engine runs in the lab kernel, each lab takes up to 4 GiB and keeps to one core. Two more than there are cores, since tests wait much of
# their time: three on two cores left these idle for 60 % of some minutes.
LABS ?= $(shell awk -v most="$$(($$(nproc) + 2))" '/^MemAvailable/ { n = int($$2 / 5000000); n = n > most ? most : n; print (n > 4 ? 4 : n < 1 ? 1 : n) }' /proc/meminfo)
# The longest first, so that none begins when the others are done.
LONGEST := iptv_apps doctor multicast nat_firewall home home_debian12 rip voip_dhcp cisco_switch
ALL_SCENARIOS = $(LONGEST) $(filter-out $(LONGEST),$(SCENARIOS)) $(OLDEST_SCENARIO)@$(OLDEST)

.PHONY: scenarios
scenarios: tools collection ## all scenarios in as many labs as there are cores and memory for (LABS=1: one), that on the oldest ansible-core included
	@.ci/labs $(LABS) $(ALL_SCENARIOS)

.PHONY: home
home: lab-up ## the scenario of the whole home
	@$(MAKE) molecule S=home

.PHONY: bench
bench: lab ## measure the house that make lab has built; writes build/bench.json
	@$(STEP) "measure" $(PY) -m lab bench

##@ What the others stand on

.PHONY: packages
packages:
	@$(STEP) "Debian packages" .ci/packages

.PHONY: tools
tools: ## the pinned tools, in .venv and .venv-2.19
	@$(STEP) "tools, newest ansible-core" .ci/venv .venv "3.14 3.13 3.12 3.11"
	@$(STEP) "tools, oldest ansible-core" .ci/venv $(OLDEST) "3.11 3.12 3.13" --override requirements-2.19.txt

.PHONY: collection
collection: tools ## build the collection and install it into build/collections
	@$(STEP) "build and install the collection" .ci/collection $(VENV)

.PHONY: lab-up
lab-up: packages tools ## engine and hosts of the lab, without the playbook
	@$(STEP) "lab" $(PY) -m lab up
