"""Runs a process and measures it with its children."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL = 0.1


@dataclass(frozen=True)
class Measure:
    """Seconds of the clock and of processors, MiB at most, the exit code, and the output of one process."""

    seconds: float
    cpu: float
    memory: float
    code: int
    output: str


def run(command: Sequence[str], root: Path) -> Measure:
    """Run a process in a folder and measure it with its children."""
    # An installed program is compiled; a workplace that forbids that would measure the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=root, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment)
        memory = _Memory(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        memory.end()
        out.seek(0)
        output = out.read().decode(errors="replace")
    most = max(memory.most, usage.ru_maxrss / 1024)
    return Measure(seconds, usage.ru_utime + usage.ru_stime, most, process.returncode, output)


class _Memory:
    """Adds up what the processes below one hold, shared pages once, as often as it can; only where /proc says so."""

    def __init__(self, process: int) -> None:
        self.most = 0.0
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def end(self) -> None:
        """Stop."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_POLL):
            found = [self._process, *_children(self._process)]
            if len(found) > 1:
                self.most = max(self.most, sum(map(_held, found)))


def _children(process: int) -> list[int]:
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [found for child in map(int, children) for found in (child, *_children(child))]


def _held(process: int) -> float:
    """Return the MiB of a process; a page that it shares with others counts for its part."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
