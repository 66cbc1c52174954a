# Without make (Windows): each target is also the line behind it, in an environment made by
#     python -m venv .venv && .venv\Scripts\activate
#     python -m pip install -r requirements.lock && python -m pip install --no-deps --editable .
#
# For readers
#   make report     execute every chapter, make a book   python -m fkd_utils run
#   make book       the book of the committed chapters   python -m fkd_utils book
#                   and the page to try it on            python -m studies web build/book/try
#   make class      students' and teacher's editions     python -m fkd_utils class
#   make lab        your copies of them, in JupyterLab   python -m fkd_utils lab
#   make test       check everything                     the lines of its four parts:
#     make lint       the code's form and floors         python -m ruff check .
#                                                        python -m ruff format --check .
#                                                        lint-imports
#     make unit       the helpers, the book              python -m pytest tests --ignore tests/bench --ignore tests/test_exercises.py -n2
#     make chapters   each cell's output, each check     python -m studies chapters
#     make smoke      the students' edition              python -m pytest tests/test_exercises.py -n2
# For authors
#   make notebooks  execute the changed chapters         python -m studies build
#   make figures    rewrite figures/ from the report     python -m studies figures
#   make bench      compare speeds                       python -m pytest tests/bench -s -o python_files=bench_*.py
#   make lock       pin all packages (needs uv)          python -m uv pip compile ... (as below)
#   make clean      delete what was made and trained     delete build, data/cache and data/runs
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PROFILE ?= quick
DATA ?= open
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: report book class lab test lint unit chapters smoke notebooks figures bench lock clean

report: $(VENV)/ready
	$(RUN) -m fkd_utils run --profile $(PROFILE) --data $(DATA)
	@test $(PROFILE)-$(DATA) != quick-open || $(RUN) -m studies web build/quick-open/html/try || true

book: $(VENV)/ready
	$(RUN) -m fkd_utils book
	$(RUN) -m studies web build/book/try || true

class: $(VENV)/ready
	$(RUN) -m fkd_utils class

lab: $(VENV)/ready
	$(RUN) -m fkd_utils lab

test: lint unit chapters smoke
	@echo "all tests passed"

lint: $(VENV)/ready
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -c 'import importlinter.cli as c; c.lint_imports_command()'

unit: $(VENV)/ready
	$(RUN) -m pytest tests --ignore tests/bench --ignore tests/test_exercises.py -q -n2 --dist worksteal

chapters: $(VENV)/ready
	$(RUN) -m studies chapters

smoke chapters: export FKD_RUNS := $(CURDIR)/build/smoke-runs
smoke: $(VENV)/ready
	$(RUN) -m pytest tests/test_exercises.py -q -n2 --dist load --maxschedchunk 1

notebooks: $(VENV)/ready
	$(RUN) -m studies build $(CHAPTERS)

figures: $(VENV)/ready
	$(RUN) -m studies figures

bench: $(VENV)/ready
	$(RUN) -m pytest tests/bench -q -o python_files="bench_*.py" -s

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; v = sys.version_info[:2]; \
	sys.exit(None if (3, 11) <= v <= (3, 13) else f'Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet -r requirements.lock
	$(RUN) -m pip install --quiet --no-deps --editable .
	touch $@

# Pins every package for Python 3.11 to 3.13 on Linux, macOS and Windows.
lock:
	uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --quiet \
	--group dev pyproject.toml -o requirements.lock

clean:
	rm -rf build data/cache data/runs
