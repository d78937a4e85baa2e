"""Random histories from the command line: `python tests/core/seeds.py 0 2000` tells what fails, by where it fails."""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from typing import Any

from histories import seeds

from stratix_tasks.core.facts import KIND_NAMES


def main(first: int, stop: int) -> None:
    failed: Counter[Any] = Counter()
    shortest: dict[Any, tuple[int, int, str]] = {}
    facts: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for seed, error, history in seeds(first, stop):
        if error is None:
            assert history is not None
            facts.update(KIND_NAMES[fact[0]] for fact in history.facts)
            asked.update(history.counts)
            continue
        frame = traceback.extract_tb(error.__traceback__)[-1]
        key = type(error).__name__, frame.name, frame.lineno
        failed[key] += 1
        size = len(history.log) if history else 0
        if key not in shortest or shortest[key][1] > size:
            shortest[key] = seed, size, str(error)[:300]
    for key, count in failed.most_common(15):
        print(count, key, shortest[key])
    print("histories", stop - first, "failed", sum(failed.values()), dict(facts), dict(asked))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
