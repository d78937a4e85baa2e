"""What a body leaves in its worker process that those after it would meet: it is taken back, or the process is not used again."""

from __future__ import annotations

import builtins
import datetime
import gc
import io
import json
import logging
import os
import pickle
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from _signal import getsignal  # type: ignore[import-not-found]  # without the names that `signal` gives to numbers
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import is_, itemgetter
from types import ModuleType
from typing import Any

from stratix_tasks.runners.imported import ENVIRON, ENVIRONMENT, folder

TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
SHARED = (builtins, datetime, io, json, os, pickle, random, signal, socket, subprocess, threading, time)
"""Modules whose parts are put in the place of others' by who freezes clocks, counts threads or forbids to open files."""
SIGNALS = [int(number) for number in signal.valid_signals()]
LIMITS = [getattr(resource, f"RLIMIT_{name}") for name in ("AS", "CPU", "DATA", "FSIZE", "NOFILE", "NPROC")]


class Leavings:
    """`begin` before a body and `end` behind it, in the main thread of its process."""

    def __init__(self) -> None:
        self._parts = [(vars(module), *_parts(module)) for module in SHARED]

    def begin(self) -> None:
        self._folder, self._mask, self._limit = folder(), os.umask(0), sys.getrecursionlimit()
        os.umask(self._mask)
        self._handlers, self._hooks = dict(_handlers()), (sys.gettrace(), sys.getprofile())
        self._environment, self._paths = ENVIRONMENT.copy(), [list(paths) for paths in _paths()]
        self._modules, self._rights = len(sys.modules), _rights()
        self._off, self._loggers = logging.root.manager.disable, {logger: _said_of(logger) for logger in _loggers()}

    def end(self) -> bool:
        """False where it has changed what can't be changed back: parts of Python that somebody may hold by now, its rights."""
        for timer in TIMERS:
            signal.setitimer(timer, 0)
        with suppress(Exception):
            self._take_back()
        user, *limits = _rights()
        known, *before = self._rights
        return (
            user == known
            and all(now >= then for now, then in zip(limits, before, strict=True))
            and all(_are(space, those, parts) for space, those, parts in self._parts)
        )

    def _take_back(self) -> None:
        sys.settrace(self._hooks[0])
        sys.setprofile(self._hooks[1])
        sys.setrecursionlimit(max(self._limit, sys.getrecursionlimit()))
        gc.enable()
        if tracing := sys.modules.get("tracemalloc"):
            tracing.stop()
        os.umask(self._mask)
        self._log_again()
        for number, handler in _handlers():
            if handler is not self._handlers[number]:
                signal.signal(number, self._handlers[number])
        if len(sys.modules) == self._modules:
            self._say_again()
        if self._folder:
            os.chdir(self._folder)

    def _say_again(self) -> None:
        """Not where it has imported something: what a module sets when it is imported it sets once."""
        os.environ = ENVIRON  # noqa: B003, a body may have put another mapping there
        if self._environment != ENVIRONMENT:
            os.environb.clear()
            os.environb.update(self._environment)
        for paths, before in zip(_paths(), self._paths, strict=True):
            paths[:] = before

    def _log_again(self) -> None:
        """Not as what was imported says of its own loggers."""
        imported = {name.partition(".")[0] for name in list(sys.modules)[self._modules :]}
        logging.root.manager.disable = self._off
        for logger in _loggers():
            said = self._loggers.get(logger, _UNTOLD)
            if logger.name.partition(".")[0] not in imported and _said_of(logger) != said:
                logger.setLevel(said[0])
                logger.disabled, logger.propagate, logger.handlers[:] = said[1:]


def _loggers() -> Iterator[logging.Logger]:
    yield logging.root
    yield from (one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger))


def _said_of(logger: logging.Logger) -> tuple[int, bool, bool, list[logging.Handler]]:
    return logger.level, logger.disabled, logger.propagate, logger.handlers[:]


_UNTOLD = (logging.NOTSET, False, True, list[logging.Handler]())
"""Of a logger that nobody has told anything."""


def _paths() -> tuple[list[Any], ...]:
    """What tells where modules are found."""
    return sys.path, sys.meta_path, sys.path_hooks


def _rights() -> tuple[Any, ...]:
    """As whom it runs, and how much it may have of what the system gives."""
    limits = (resource.getrlimit(number)[0] for number in LIMITS)
    return (os.geteuid(), *(float("inf") if limit == resource.RLIM_INFINITY else limit for limit in limits))


def _handlers() -> Iterator[tuple[int, Any]]:
    """Of all signals that have one which Python knows."""
    for number in SIGNALS:
        handler = getsignal(number)
        if handler is not None:
            yield number, handler


def _parts(module: ModuleType) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[Any, ...]]:
    """What others call of a module: how to get it, and what it is."""
    calls = {name: part for name, part in vars(module).items() if callable(part)}
    parts = {name: part for name, part in calls.items() if not name.startswith("_") or name == "__import__"}
    return itemgetter(*parts), tuple(parts.values())


def _are(space: dict[str, Any], those: Callable[[Any], tuple[Any, ...]], parts: tuple[Any, ...]) -> bool:
    try:
        return all(map(is_, those(space), parts))
    except KeyError:
        return False
