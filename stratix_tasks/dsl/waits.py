"""Waits: `sleep`, `approval` and `signal` place nodes that run no body and end when the time, a person or a value comes."""

from __future__ import annotations

from stratix_tasks.dsl.uses import Use
from stratix_tasks.executors import waits

sleep = Use(waits.sleep, waits.SLEEP)
approval = Use(waits.approval, waits.APPROVAL)
signal = Use(waits.signal, waits.SIGNAL)
