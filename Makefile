# Hey Gemma. `make demo` sets everything up and shows the main job; `make test` checks it all. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := g++ libportaudio2 libgomp1
GPIO_PACKAGES := swig python3-dev
# Not PulseAudio where ALSA's plug-in for PipeWire is: apt would take that away for it. The tests with a sound server are skipped there.
TEST_PACKAGES := $(if $(wildcard /usr/lib/*/alsa-lib/libasound_module_pcm_pipewire.so),,pulseaudio) libasound2-plugins strace iproute2 systemd
PIPEWIRE_PACKAGES := pipewire pipewire-pulse wireplumber
# We use llama.cpp as a library: its tools, server, examples and downloads stay out of the build.
LLAMA_CMAKE := -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_CURL=OFF

.PHONY: install-system uninstall-system test-install test-systemd test-first-boot help demo run test check fast-test format packages install dev hooks lock clean ha-up ha-down mqtt-up mqtt-down private fuzz gpio

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | while IFS='|' read -r name what; do printf '  make %-16s %s\n' "$$name" "$$what"; done

demo: install ## set up (once), then hear "Hey Gemma, turn on the kitchen light", act, and answer into out/answer.wav
	@mkdir -p out
	@$(BIN)/hey-gemma run --mic-file tests/replay/demo.flac --speaker-file out/answer.wav
	@echo "The spoken answer is in out/answer.wav. Next: 'make run' listens on your microphone."

run: install ## listen on the microphone
	@$(BIN)/hey-gemma run

test: dev ## every test: real models, a private sound server; Home Assistant and mosquitto if they are up (network once, for its tools)
	@$(BIN)/python -m pytest -q -rs

check: dev ## ruff, mypy --strict, layers and fast tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -m 'not models and not sound and not slow and not home_assistant and not mqtt'

private: dev private-packages ## show that nothing leaves the house: the whole assistant without a network, watched (packages: strace iproute2)
	@$(BIN)/python -m pytest -q -rs tests/test_private.py

private-packages:
	@missing=$$(for p in strace iproute2; do dpkg-query -W -f='$${Status}\n' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	$(call install_packages,$$missing)

MINUTES ?= 10

fuzz: dev ## throw made-up input at everything that takes some from outside (MINUTES=60)
	@$(BIN)/python -m tests.fuzz $(MINUTES)

format: dev ## let ruff format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# lgpio has no wheel for Python 3.13 on aarch64: it is compiled in seconds, PYPI=1 with its own C code and no library.
gpio: install gpio-packages ## what lamp and button at a Raspberry Pi's pins need (section panel)
	@PYPI=1 $(BIN)/python -m pip install -q --no-input --disable-pip-version-check --require-hashes -r requirements-gpio.lock

gpio-packages:
	@missing=$$(for p in $(GPIO_PACKAGES); do dpkg-query -W -f='$${Status}\n' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	$(call install_packages,$$missing)

hooks: ## run `make check` before every commit
	@printf '#!/bin/sh\nexec make check\n' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit && echo "make check now runs before every commit"

packages:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f='$${Status}\n' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done; \
	  $(PYTHON) -c 'import ensurepip' 2>/dev/null || echo python3-venv); \
	$(call install_packages,$$missing)

test-packages:
	@missing=$$(for p in $(TEST_PACKAGES); do dpkg-query -W -f='$${Status}\n' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	$(call install_packages,$$missing)

pipewire-packages: ## what the tests on PipeWire need (11 MB); not in `make test`: a desktop may have its sound by PulseAudio
	@missing=$$(for p in $(PIPEWIRE_PACKAGES); do dpkg-query -W -f='$${Status}\n' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	$(call install_packages,$$missing)

# $(1): package names, space or newline separated; root installs, others by sudo, and who may not is told what to type.
define install_packages
	if [ -z "$(1)" ]; then exit 0; fi; names=$$(echo $(1)); \
	if ! command -v apt-get >/dev/null; then echo "This system has no apt-get. Please install the counterparts of: $$names. Then add to make: PACKAGES= TEST_PACKAGES="; exit 1; fi; \
	echo "Installing Debian packages: $$names"; \
	if [ "$$(id -u)" = 0 ]; then as_root=; elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then as_root=sudo; \
	else echo "That needs root. Please type:  su -c 'apt-get install $$names'  and then make again."; exit 1; fi; \
	$$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $$names >/dev/null
endef

$(BIN)/python:
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Hey Gemma needs Python 3.11 or newer, this is " + sys.version'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | packages $(BIN)/python
	@echo "Installing the Python packages. llama.cpp is compiled for this processor: once, 10 to 30 minutes on a Raspberry Pi 5."
	@mkdir -p out
	@CMAKE_ARGS="$(LLAMA_CMAKE)" $(BIN)/python -m pip install -v --no-input --disable-pip-version-check --require-hashes -r requirements.lock 2>&1 \
	  | tee out/install.log | awk -f models/progress.awk || { tail -n 25 out/install.log; echo "The installation failed; the whole log is out/install.log."; exit 1; }
	@$(BIN)/python -m pip install -q --no-input --disable-pip-version-check --no-deps -e .
	@touch $@

install: $(VENV)/.runtime

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime | test-packages
	@$(BIN)/python -m pip install -q --no-input --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

dev: $(VENV)/.dev

lock: ## pin all dependencies anew (network)
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --group dev -c requirements.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --group gpio -c requirements.lock -o requirements-gpio.lock

install-system: ## as a service that starts at boot, under /opt/hey-gemma (install.sh; docs/INSTALL.md)
	@./install.sh

uninstall-system: ## take it away again, with settings, timers and models
	@./install.sh uninstall

# By hand, as root: install, upgrade, a broken upgrade and uninstall in a new Debian 12 and a 13; then the unit under a real systemd in both.
test-install:
	@for suite in bookworm trixie; do tests/appliance/chroot $$suite /src/tests/appliance/install_test; done

test-systemd:
	@for suite in bookworm trixie; do KEEP=yes tests/appliance/chroot $$suite /src/tests/appliance/install_for_systemd && $(PYTHON) -m tests.appliance.under_systemd build/appliance/$$suite; done

# A card's first boot: systemd/vendor-data, by a real cloud-init in a new Debian 13.
test-first-boot:
	@tests/appliance/chroot trixie /src/tests/appliance/install_for_first_boot && $(PYTHON) -m tests.appliance.first_boot build/appliance/trixie

# A Home Assistant for tests, with a Python of its own (tests/home_assistant/install says where and how): 2026.11 or 2025.4.
HA ?= 2026.11

ha-up: ## start a real Home Assistant on loopback for tests (HA=2026.11 or HA=2025.4; network once, 1.1 GB)
	@python=$$(tests/home_assistant/install $(HA)) && $$python tests/home_assistant/server.py up

ha-down: ## end it
	@[ ! -e build/home-assistant/python ] || "$$(cat build/home-assistant/python)" tests/home_assistant/server.py down

mqtt-up: mqtt-packages ## start a real mosquitto on loopback for tests (packages: mosquitto openssl)
	@$(PYTHON) tests/mqtt/broker.py up

mqtt-down: ## end it
	@$(PYTHON) tests/mqtt/broker.py down

mqtt-packages:
	@missing=$$(for p in mosquitto openssl; do dpkg-query -W -f='$${Status}\n' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	$(call install_packages,$$missing)

clean: ## remove the environment and all output
	@rm -rf --one-file-system $(VENV) out build .mypy_cache .ruff_cache .pytest_cache
