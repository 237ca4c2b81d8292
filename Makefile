# `make run` starts the app, `make test` checks everything; both make their own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# two at a time, a file staying in one process
TWO := -n 2 --dist loadfile
CORE := $(TWO) -m "not engines and not faults and not snippets" --ignore-glob "tests/test_page*.py" --ignore tests/browser
# a browser in software beside training on two cores: what fails twice is broken, what failed once is listed
AGAIN := --reruns 1 -rR
PAGES := $(wildcard tests/test_page*.py)

.PHONY: run test fast engines bench load browser pictures readme docs lock audit clean

run: $(VENV)/run.done
	$(BIN)/streamlit run app.py

test: $(VENV)/dev.done browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest $(CORE)
	$(BIN)/pytest $(TWO) $(PAGES)
	$(BIN)/pytest -m snippets tests/test_snippets.py tests/test_extend.py
	$(BIN)/pytest -m faults tests/test_faults.py $(AGAIN)
	$(BIN)/pytest tests/browser $(AGAIN)

# Two processes: Streamlit cleans up after TensorFlow and Keras on every run of a page, where it finds them imported.
fast: $(VENV)/dev.done
	$(BIN)/pytest $(CORE)
	$(BIN)/pytest $(TWO) $(PAGES)

# Labels counted where they are, in Dask, Ibis and Spark (which needs Java).
engines: $(VENV)/dev.done
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -r requirements-engines.txt
	$(BIN)/pytest -m engines tests/test_labels_engines.py

bench: $(VENV)/dev.done
	$(BIN)/pip install -q -r bench/requirements.txt
	$(BIN)/python -m bench
	for part in app labels surfaces multilabel segmentation; do echo; $(BIN)/python -m bench.$$part; done >> bench/results.md

# A class at once: ten rounds against one server, then ten with workers outside of it, one of which is killed.
load: $(VENV)/dev.done
	(printf '# Load\n\n'; $(BIN)/python -m bench.load; echo; $(BIN)/python -m bench.load --cluster) > bench/load.md

$(VENV)/run.done: requirements.txt constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -r requirements.txt
	touch $@

$(VENV)/dev.done: $(VENV)/run.done requirements-dev.txt
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	touch $@

# Any Chromium on the path will do; else Playwright fetches one, and where it cannot, Debian's package serves.
browser: $(VENV)/dev.done
	command -v chromium || command -v chromium-browser || command -v google-chrome \
	|| $(BIN)/playwright install --with-deps chromium \
	|| { apt-get update -q && apt-get install -q -y chromium; }

# The README's pictures, from the running app. `python -m bench.pictures --pages` takes every page, light, dark and on a phone.
pictures: browser
	$(BIN)/python -m bench.pictures

# After a new strategy or scheme.
readme: $(VENV)/run.done
	PYTHONPATH=. $(BIN)/python tests/test_readme.py

# The API's pages, from the docstrings, in docs/api; a warning fails.
docs: $(VENV)/dev.done
	PYTHONPATH=. $(BIN)/python docs/api.py

# After a change of the requirements files: pin again, for every Python and platform at once. What the CUDA build of
# PyTorch would bring along is left out: PyTorch pins that itself, and the tests run on its CPU build.
lock: $(VENV)/dev.done
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.10 --fork-strategy requires-python --no-annotate --no-header \
	requirements.txt requirements-dev.txt requirements-engines.txt | grep -v -e '^cuda-' -e '^nvidia-' -e '^triton' > constraints.txt

# What is known to be wrong with the pinned versions; asks PyPI about each. The tool has an environment of its own.
audit:
	test -x $(VENV)/audit/bin/python || $(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install -q --disable-pip-version-check pip-audit
	$(VENV)/audit/bin/pip-audit --no-deps --disable-pip -r constraints.txt

clean:
	rm -rf $(VENV)
