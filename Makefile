# One word each; each sets up what it needs. Everything lives in .venv in this folder: no root, nothing activated.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help install demo test check bench bench-cameras bench-cctv bench-disaster bench-parking ci-deps clean

# cpu, or cuda for the full build. Nobody downloads CUDA unasked; who asked for it once keeps it.
TORCH ?= $(if $(wildcard .venv/.installed-cuda),cuda,cpu)
TORCH_VERSION := 2.13.0
TORCH_INDEX := https://download.pytorch.org/whl/cpu

PY := .venv/bin/python
BIN := .venv/bin
INSTALLED := .venv/.installed-$(TORCH)
PIP := $(PY) -m pip --disable-pip-version-check
# pip as PyTorch's own index alone feeds it: another index's torch of the same version is the CUDA build.
PIP_ALONE := env -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL -u PIP_FIND_LINKS -u PIP_NO_INDEX PIP_CONFIG_FILE=/dev/null $(PIP)

# What a shell carries over from elsewhere must not reach into .venv.
unexport PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX PIP_CONSTRAINT PIP_REQUIREMENT

# Reads torch's version file without importing it: "2.13.0+cpu None", or nothing where there is no torch.
TORCH_BUILD = $(PY) -c 'import importlib.util as u, pathlib, runpy; s = u.find_spec("torch"); \
	v = runpy.run_path(str(pathlib.Path(s.origin).with_name("version.py"))) if s and s.origin else None; \
	print(v["__version__"], v["cuda"]) if v else None'

help: ## these words
	@awk 'BEGIN {FS = ":.*## "} /^[a-z%-]+:.*## / {printf "  make %-8s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## everything into .venv; TORCH=cuda for the full build of torch

demo: install ## a simulated city, its hazards and car parks, trained, served, asked, drawn; DATA=DIR: traffic on real volumes
	@$(BIN)/haechi demo $(if $(DATA),--data "$(DATA)")

test: install ## every test, warnings as errors
	@$(PY) -m pytest

check: install ## format, lint, types, direction of imports, dead code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/vulture

bench: install ## the figures of RESULT.md, measured here
	@$(PY) -m experiments.traffic.bench $(if $(DATA),--data "$(DATA)")

bench-disaster: install ## the figures of the hazard models; about half an hour
	@$(PY) -m experiments.disaster.bench $(if $(DATA),--data "$(DATA)")

bench-cameras: install ## half an hour of an RTSP feed that is cut, frozen and corrupted; needs make ci-deps
	@$(PY) -m experiments.cctv.endurance $(if $(MINUTES),--minutes "$(MINUTES)") $(if $(SEED),--seed "$(SEED)")

bench-parking: install ## the figures of the parking models; about eleven minutes
	@$(PY) -m experiments.parking.bench $(if $(DATA),--data "$(DATA)")

bench-cctv: install ## the figures of the cameras; about an hour, the first time half an hour more to render
	@$(PY) -m experiments.cctv.bench $(if $(DATA),--data "$(DATA)")

bench-%: install ## serving, swap, overload, soak, fuzz, peers: the server's own figures; serving and peers need h2load
	@$(PY) -m experiments.serving.$(if $(filter serving,$*),bench,$*)

# Fonts for pictures; an RTSP server (its GStreamer brings the encoder) and what Debian's Python needs to run it.
DEBIAN_DEPS := fonts-nanum gir1.2-gst-rtsp-server-1.0 python3-gi
WITHOUT_DEPS := tests run without Korean fonts and without an RTSP feed, or with what of them is there

ci-deps: ## Debian packages that tests can use, where this is root
	@if [ "$$(id -u)" != 0 ]; then \
		echo "ci-deps: not root, so nothing is installed; $(WITHOUT_DEPS)"; \
	elif ! command -v apt-get >/dev/null 2>&1; then \
		echo "ci-deps: no apt-get here, so nothing is installed; $(WITHOUT_DEPS)"; \
	elif dpkg -s $(DEBIAN_DEPS) >/dev/null 2>&1; then \
		echo "ci-deps: all there"; \
	elif ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive \
			apt-get install -q -y --no-install-recommends $(DEBIAN_DEPS); }; then \
		echo "ci-deps: apt-get could not fetch $(DEBIAN_DEPS) (above); $(WITHOUT_DEPS)" >&2; \
	fi

clean: ## .venv, caches and what demo and bench wrote; .haechi (your models) stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache \
		demo-out bench-out
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# Made anew only where what it was made from changed, or the other build of torch is asked for.
$(INSTALLED): pyproject.toml constraints.txt .venv/.made
	@rm -f .venv/.installed-*
	@case "$(TORCH)" in cpu|cuda) ;; *) \
		echo "error: TORCH=$(TORCH) is neither cpu nor cuda" >&2; \
		echo "  fix: make install, or TORCH=cuda make install" >&2; exit 2;; esac
	@$(MAKE) --no-print-directory .torch-$(TORCH)
	@$(TORCH_BUILD) | sed -n 's/^\([^ ]*\) .*/torch==\1/p' >.venv/torch.txt
	$(PIP) install -q -c constraints.txt -c .venv/torch.txt -e '.[dev]'
	@[ "$(TORCH)" = cuda ] || $(MAKE) --no-print-directory .no-cuda
	@touch $@
	@echo "installed: .venv/bin/haechi (torch: $$($(TORCH_BUILD) | cut -d' ' -f1))"

.venv/.made:
	@python=''; \
	for each in python3.11 python3 python3.12 python3.13 python3.14 python; do \
		if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "error: no Python 3.11 or later is on the PATH (python3: $$(python3 -V 2>/dev/null || echo none))" >&2; \
		echo "  fix: install Python 3.11, e.g. apt install python3.11 python3.11-venv, and run make again" >&2; exit 1; \
	fi; \
	rm -rf .venv; \
	if ! $$python -m venv .venv; then \
		rm -rf .venv; \
		echo "error: $$python cannot make a virtual environment (above)" >&2; \
		echo "  fix: Debian and Ubuntu ship that apart: apt install python3-venv, and run make again" >&2; exit 1; \
	fi
	@touch $@

# The CPU build: from where pip is told to find links, else from PyTorch's CPU index, and from nowhere else.
.PHONY: .torch-cpu .torch-cuda .no-cuda
.torch-cpu:
	@case "$$($(TORCH_BUILD))" in "$(TORCH_VERSION) None"|"$(TORCH_VERSION)+cpu None") exit 0;; esac; \
	$(PIP) uninstall -q -y torch 2>/dev/null; \
	$(PIP) install -q --no-index --no-deps 'torch==$(TORCH_VERSION)' >/dev/null 2>&1; \
	case "$$($(TORCH_BUILD))" in \
		"$(TORCH_VERSION) None"|"$(TORCH_VERSION)+cpu None") echo "torch $(TORCH_VERSION): from pip's find-links"; exit 0;; \
	esac; \
	$(PIP) uninstall -q -y torch 2>/dev/null; \
	echo "torch $(TORCH_VERSION): from $(TORCH_INDEX) (some 200 MB)"; \
	if ! $(PIP_ALONE) install -q --no-deps --index-url $(TORCH_INDEX) 'torch==$(TORCH_VERSION)'; then \
		echo "error: torch $(TORCH_VERSION) (CPU) is neither in pip's find-links nor to be had from $(TORCH_INDEX)" >&2; \
		echo "  fix: put its wheel into a folder and run: PIP_FIND_LINKS=FOLDER make install" >&2; \
		echo "       or, for the full build from pip's own index: TORCH=cuda make install" >&2; exit 1; \
	fi

# The full build. '===': a CPU wheel (2.13.0+cpu) would satisfy '=='.
.torch-cuda:
	@if ! $(PIP) install -c constraints.txt 'torch===$(TORCH_VERSION)'; then \
		echo "error: the full build of torch $(TORCH_VERSION) could not be installed (above)" >&2; \
		echo "  fix: check that pip reaches its index, or take the CPU build: make install" >&2; exit 1; \
	fi

.no-cuda:
	@found="$$($(PIP) list --format=freeze | grep -i '^nvidia-' || true)"; build="$$($(TORCH_BUILD))"; \
	if [ -n "$$found" ] || [ "$${build#* }" != None ]; then \
		echo "error: CUDA came along unasked: torch $$build $$found" >&2; \
		echo "  fix: make clean install; if it comes again, report it with the output of: pip config list" >&2; exit 1; \
	fi
