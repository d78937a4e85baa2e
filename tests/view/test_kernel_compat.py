"""What is asked of the kernel that cells run in, if there is one."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from stratix_tasks.view._kernel_compat import major


@pytest.mark.parametrize(("version", "told"), [("7.1.0", 7), ("6.29.5", 6), ("", 0), (None, 0)])
def test_ipykernel_is_known_by_its_version(monkeypatch: pytest.MonkeyPatch, version: str | None, told: int) -> None:
    """A module that another thread is importing just now has none yet: no kernel runs of it."""
    module = ModuleType("ipykernel")
    if version is not None:
        module.__version__ = version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ipykernel", module)
    assert major() == told
