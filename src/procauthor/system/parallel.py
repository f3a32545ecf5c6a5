"""Work on many files in several processes, where there are enough of them to be worth it."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TypeVar

import msgspec

_T = TypeVar("_T")
# A process takes about as long to begin as these many files to read.
_WORTH_SHARING = 300
_MOST = 8
_INTERRUPT = frozenset({signal.SIGINT})


@contextmanager
def without_collection() -> Iterator[None]:
    """Look for no cycles: what is made of documents has none, and to look for them takes a fifth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


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
    children: list[_Child] = []
    with without_collection():
        try:
            children += (_Child(paths[n::workers], work) for n in range(1, workers))
            yield from map(work, paths[::workers])
            for child in children:
                yield from child.collect(kind)
        finally:
            for child in children:
                child.end()


def _workers(files: int) -> int:
    """Return the number of processes, this one included. One that has threads must not be copied."""
    if files < _WORTH_SHARING or sys.platform != "linux" or _has_threads():
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), _MOST, files // (_WORTH_SHARING // 2)))


def _has_threads() -> bool:
    """Say whether there are threads: Python's own, or those of a native library."""
    if threading.active_count() > 1 or threading.current_thread() is not threading.main_thread():
        return True
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return True


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
        # An interrupt must not find the copy half-way between this process's duties and its own.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)
        try:
            self._pid = os.fork()
            if self._pid == 0:
                self._run(writer, blocked)
            self._reader = reader
        except OSError:
            os.close(reader)
        finally:
            os.close(writer)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _run(self, writer: int, blocked: set[int]) -> NoReturn:
        """Work, send, and end without any of what this process would do at its end."""
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            made = msgspec.msgpack.encode([self._work(path) for path in self._paths])
            with os.fdopen(writer, "wb") as out:
                out.write(made)
            code = 0
        finally:
            os._exit(code)

    def collect(self, kind: Any) -> Iterator[Any]:
        """Yield what the child made, or make it here."""
        made = b""
        if self._reader >= 0:
            with os.fdopen(self._reader, "rb") as source:
                self._reader = -1
                made = source.read()
        try:
            values: Iterable[Any] = msgspec.msgpack.decode(made, type=list[kind])
        except msgspec.MsgspecError:
            values = map(self._work, self._paths)
        del made
        yield from values

    def end(self) -> None:
        """Stop the child, if nobody has read what it makes, and wait for it."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1
            with suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
        if self._pid:
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            self._pid = 0
