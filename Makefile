# Two commands do everything: `make demo` and `make test`. Both rest on `make setup`.
.PHONY: setup demo test lab bench check widget clean
PY := .venv/bin/python

setup: .venv/.ready

.venv/.ready: pyproject.toml scripts/setup.sh
	sh scripts/setup.sh
	touch $@

.venv/.demo: .venv/.ready
	$(PY) -m pip install -q -e ".[demo,notebook]"
	touch $@

.venv/.test: .venv/.ready scripts/test_needs.sh
	$(PY) -m pip install -q -e ".[test]"
	sh scripts/test_needs.sh
	touch $@

.venv/.dev: .venv/.test
	$(PY) -m pip install -q -e ".[dev]"
	touch $@

demo: .venv/.demo
	.venv/bin/stratix demo

test: .venv/.test
	sh scripts/test.sh

lab: .venv/.demo
	.venv/bin/stratix lab

bench: .venv/.test
	$(PY) -m benchmarks

check: .venv/.dev
	sh scripts/check.sh

widget: .venv/.test
	sh scripts/widget.sh build

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist widget/node_modules
