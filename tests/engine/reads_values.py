"""Another process, which reads recorded values, and says of each in what it differs from the one that it makes itself."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

from every_value import difference, values

from stratix_tasks.store.objects import ObjectStore

folder = Path(sys.argv[1])
made, objects, wrong = values(), ObjectStore(folder), {}
for name, recorded in pickle.loads((folder / "recorded").read_bytes()).items():
    try:
        why = difference(made[name], objects.decode(*recorded))
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    if why:
        wrong[name] = why
print(json.dumps(wrong))
