# make run     installe et lance l’application sur http://localhost:8501
# make test    installe, vérifie le style et lance tous les tests, navigateur compris
# make lock    refige les dépendances, avec leurs empreintes, pour Python 3.11 et suivants
#
# Variables : PYTHON=python3.12  PORT=8600  VENV=/tmp/venv  ARGS="-k jobs" (pytest)  JOBS=0 (tests à la suite)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test lint lock screenshots clean python browser
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Le premier interpréteur assez récent ; PYTHON=… l’emporte.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
  if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; exit; fi; done; echo python3)
endif
VENV ?= .venv
PORT ?= 8501
ARGS ?=
# Fichiers de test menés de front.
JOBS ?= 2
BIN := $(VENV)/bin
# La version est dans le nom : un autre PYTHON refait l’environnement et réinstalle.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
RUN_READY := $(VENV)/.ready-run-$(VERSION)
TEST_READY := $(VENV)/.ready-test-$(VERSION)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

run: $(RUN_READY)
	@echo "Paliers : http://localhost:$(PORT)  (arrêt : Ctrl-C)"
	@exec $(BIN)/python -m streamlit run server.py --server.port $(PORT)

test: $(TEST_READY) lint browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: $(TEST_READY)
	$(BIN)/ruff check .

# Les captures d’écran des tests de navigateur, gardées au lieu d’être jetées.
screenshots: $(TEST_READY) browser
	PALIERS_CAPTURES=$(CURDIR)/docs/captures OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/browser -m browser $(ARGS)

# Refuse un Python trop ancien ; refait l’environnement quand il manque ou vient d’une autre version.
python:
	@command -v $(PYTHON) >/dev/null || { echo "« $(PYTHON) » est introuvable : installez Python 3.11 ou plus récent." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 ou plus récent est nécessaire, « $(PYTHON) » est $$($(PYTHON) --version 2>&1). Essayez : make run PYTHON=python3.12" >&2; exit 1; }
	@if [ "$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$(VERSION)" ]; then \
	  echo "Création de $(VENV) avec $$($(PYTHON) --version)"; \
	  $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); echo "Le module venv manque : sous Debian ou Ubuntu, apt-get install python3-venv." >&2; exit 1; }; \
	fi

$(RUN_READY): requirements.txt | python
	@echo "Installation des dépendances (une fois, quelques minutes)"
	@$(PIP) -r requirements.txt
	@touch $@

$(TEST_READY): requirements-dev.txt requirements.txt | python
	@echo "Installation des dépendances de test (une fois, quelques minutes)"
	@$(PIP) -r requirements-dev.txt
	@touch $@ $(RUN_READY)

# Chromium et sa langue française : paquets Debian quand on peut les installer, sinon celui de Playwright.
browser: $(TEST_READY)
	@if [ -x /usr/bin/chromium ] && [ -e /usr/lib/chromium/locales/fr.pak ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && grep -qs '^ID=debian$$' /etc/os-release; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-l10n fonts-dejavu-core; \
	elif [ "$$(id -u)" = 0 ] && [ "$$(uname)" = Linux ]; then \
	  $(BIN)/python -m playwright install --with-deps chromium; \
	else \
	  $(BIN)/python -m playwright install chromium; \
	fi

# uv vit à part : il n’est pas une dépendance du projet.
lock: python
	@[ -x $(VENV)/lock/bin/uv ] || { $(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install --quiet uv; }
	@for name in requirements requirements-dev requirements-scale; do \
	  $(VENV)/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	    --no-annotate --no-header $$name.in -o $$name.txt; \
	done

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
