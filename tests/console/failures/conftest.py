"""What a test of failures may ask for: a programme at the sandbox, a way to die at a named point, and a table of how
each command ended, printed with the summary."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import NamedTuple, NoReturn

import pytest
from django.db import connections

CELLS = pytest.StashKey[list["Cell"]]()


class Cell(NamedTuple):
    command: str
    point: str
    effects: int
    provider: str
    ours: str


@dataclass(frozen=True, slots=True)
class Point:
    """A function, named by module and qualified name, and whether death comes as it is called or as it returns."""

    module: str
    function: str
    event: str
    write: bool = False  # only where the call in hand is a write to the provider

    def is_here(self, frame: FrameType, event: str) -> bool:
        here = event == self.event and frame.f_code.co_qualname == self.function
        if not here or frame.f_globals.get("__name__") != self.module:
            return False
        return not self.write or not frame.f_locals["call"].reads


def die_at(point: Point, act: Callable[[], object]) -> None:
    """Does it in a process of its own, which is killed at that point as by `kill -9`: no handler, no clean-up."""
    assert _end(_begin(act, point)) == -signal.SIGKILL, "the point was not passed"


def die_when(condition: Callable[[], bool], act: Callable[[], object]) -> None:
    """Does it in a process of its own, which is killed as soon as the condition holds."""
    child = _begin(act)
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    assert _end(child) == -signal.SIGKILL


def _begin(act: Callable[[], object], point: Point | None = None) -> int:
    connections.close_all()
    child = os.fork()
    return child or _live_and_die(point, act)


def _end(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _live_and_die(point: Point | None, act: Callable[[], object]) -> NoReturn:
    def watch(frame: FrameType, event: str, _argument: object) -> None:
        if point and point.is_here(frame, event):
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.setprofile(watch)
        act()
    finally:
        os._exit(1)


@pytest.fixture
def cells(request) -> list[Cell]:
    return request.config.stash.setdefault(CELLS, [])


@pytest.fixture(autouse=True)
def _impatient(settings) -> None:
    settings.CODEGO_TIMEOUT = 1.0


def pytest_terminal_summary(terminalreporter, config) -> None:
    """The matrix as it was measured: one line for every command and every point at which something failed."""
    cells = config.stash.get(CELLS, [])
    if cells:
        terminalreporter.section("what becomes of each command when something fails")
        widths = [max(len(str(cell[n])) for cell in [Cell._fields, *cells]) for n in range(len(Cell._fields))]
        for cell in [Cell._fields, *cells]:
            terminalreporter.line("  ".join(str(value).ljust(width) for value, width in zip(cell, widths, strict=True)))
