# make report: execute every chapter and write figures and HTML.   make test: check everything.
# make lab: open the chapters in JupyterLab.                       make notebooks: for authors.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PROFILE ?= quick
DATA ?= open
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: report test lab notebooks lint unit chapters smoke bench clean lock

report: $(VENV)/ready
	$(RUN) -m fkd_utils run --profile $(PROFILE) --data $(DATA)
ifeq ($(PROFILE)-$(DATA),quick-open)
	$(RUN) -m fkd_utils figures
endif

test: lint unit chapters smoke
	@echo "all tests passed"

lint: $(VENV)/ready
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

unit: $(VENV)/ready
	$(RUN) -m pytest tests --ignore tests/bench -q

# The committed chapters, cell by cell against their stored outputs; trainings in smoke size.
chapters: $(VENV)/ready
	$(RUN) -m fkd_utils data info --data open
	FKD_PROFILE=smoke FKD_DATA=open FKD_FIGURES=$(CURDIR)/build/nbval/figures FKD_RUNS=$(CURDIR)/build/nbval/runs \
	$(RUN) -m pytest --nbval --nbval-cell-timeout=600 --nbval-sanitize-with tests/nbval_sanitize.cfg \
	-q -p no:cacheprovider notebooks

smoke: $(VENV)/ready
	FKD_RUNS=$(CURDIR)/build/smoke-open/runs $(RUN) -m fkd_utils run --profile smoke --data open

bench: $(VENV)/ready
	$(RUN) -m pytest tests/bench -q -o python_files="bench_*.py" -s

lab: $(VENV)/ready
	$(RUN) -m jupyterlab --notebook-dir=notebooks

notebooks: $(VENV)/ready
	$(RUN) -m fkd_utils build $(CHAPTERS)

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; v = sys.version_info[:2]; \
	sys.exit(None if (3, 11) <= v <= (3, 13) else f'Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet -r requirements.lock
	$(RUN) -m pip install --quiet --no-deps --editable .
	touch $@

# Needs uv; pins every package for Python 3.11 to 3.13 on Linux, macOS and Windows.
lock:
	uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --quiet \
	--group dev pyproject.toml -o requirements.lock

clean:
	rm -rf build data/cache data/runs
