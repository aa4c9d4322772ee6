# make demo   trains six networks and three baselines on handwritten digits, in under two minutes
# make test   checks everything
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# a folder of wheels, if this machine has one
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_COMPILE_BYTECODE ?= 1
export OMP_NUM_THREADS ?= 1
INSTALL := $(BIN)/uv pip install -q --python $(BIN)/python -c constraints.txt

.PHONY: demo test format nightly pictures clean

demo: $(VENV)/.core
	$(BIN)/bakeoff demo

test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2

nightly: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -m nightly
	$(BIN)/python -m benchmarks.parity
	$(BIN)/python -m benchmarks.loop

pictures: $(VENV)/.dev
	$(BIN)/python -m benchmarks.pictures

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.core: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q uv
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(INSTALL) -e '.[dev,tensorflow,jax]'
	@touch $@
