"""Work on many files in several processes, where there are enough of them to be worth it."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T")
# A process takes about as long to begin as these many files to read.
_WORTH_SHARING = 300
_MOST = 8


def share(paths: Sequence[str], work: Callable[[str], _T], kind: Any) -> Iterator[_T]:
    """Yield what the work makes of each path, in any order.

    Where there are many paths, child processes take a part of them each and send what they made. What a child does not
    send, for whatever reason, is made here; so the outcome does not depend on them.

    Args:
        paths: What to work on.
        work: Makes a value of a path; it must not depend on the paths before.
        kind: The type of the values, for msgspec.
    """
    workers = _workers(len(paths))
    children = [_Child(paths[n::workers], work) for n in range(1, workers)]
    collecting = gc.isenabled()
    # What is made of a document has no cycles; to look for them takes a fifth of the time.
    gc.disable()
    try:
        yield from map(work, paths[::workers])
        for child in children:
            yield from child.collect(kind)
    finally:
        if collecting:
            gc.enable()
        for child in children:
            child.end()


def _workers(files: int) -> int:
    """Return the number of processes, this one included. One that has threads must not be copied."""
    if files < _WORTH_SHARING or threading.active_count() > 1 or sys.platform != "linux":
        return 1
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, _MOST, files // (_WORTH_SHARING // 2)))


class _Child:
    """A copy of this process that works on some of the paths."""

    def __init__(self, paths: Sequence[str], work: Callable[[str], Any]) -> None:
        self._paths = paths
        self._work = work
        self._pid = 0
        self._reader = -1
        try:
            reader, writer = os.pipe()
        except OSError:
            return
        try:
            self._pid = os.fork()
        except OSError:
            os.close(reader)
            os.close(writer)
            return
        if self._pid == 0:
            os.close(reader)
            self._run(writer)
        os.close(writer)
        self._reader = reader

    def _run(self, writer: int) -> None:
        """Work, send, and end without any of what this process would do at its end."""
        code = 1
        try:
            gc.disable()
            made = msgspec.msgpack.encode([self._work(path) for path in self._paths])
            with os.fdopen(writer, "wb") as out:
                out.write(made)
            code = 0
        finally:
            sys.stderr = None
            os._exit(code)

    def collect(self, kind: Any) -> Iterator[Any]:
        """Yield what the child made, or make it here."""
        made = b""
        if self._reader >= 0:
            with os.fdopen(self._reader, "rb") as source:
                self._reader = -1
                made = source.read()
        try:
            yield from msgspec.msgpack.decode(made, type=list[kind])
        except msgspec.MsgspecError:
            yield from map(self._work, self._paths)

    def end(self) -> None:
        """Wait for the child, which is told to stop if nobody reads what it makes."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1
        if self._pid:
            os.waitpid(self._pid, 0)
            self._pid = 0
