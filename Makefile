# Two commands do everything: `make demo` and `make test`. Both rest on `make setup`.
.PHONY: setup demo test lab chaos bench check widget clean
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

# The deep forms of what the tests show in short: 500 rounds of kill -9, thousands of seeds, all mutants.
chaos: .venv/.test
	STRATIX_KILL_ROUNDS=500 STRATIX_CHAOS=full STRATIX_DEEP=1 STRATIX_SIM_SEEDS=5000 STRATIX_PROFILE=nightly \
		STRATIX_PATCHED=1000000 $(PY) -m pytest -o timeout=7200 tests/chaos tests/sim tests/core tests/view/test_patches.py

bench: .venv/.test
	$(PY) -m benchmarks

check: .venv/.dev
	sh scripts/check.sh

widget: .venv/.test
	sh scripts/widget.sh build

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist widget/node_modules
