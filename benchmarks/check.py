"""Measure `procauthor check` beside the tools that the same people would run, on the same library, in one run.

    python benchmarks/check.py --sizes 1000 10000 --tools /some/folder

Every tool is a whole process. Cold: without any cache of its own, the files in the page cache. Warm: again, after one
file has changed. The fast tools are run several times, turn by turn, and the best of each counts; "cpu" adds up all of
a tool's processes, so it says more than seconds where others use the machine. Memory is that of all its processes at
one time. "Found" counts the planted defects of which its output speaks, "traps" links in code, of which it should not
speak.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from measure import Measure, run
from peer import Tool, find_tools

from library import DEFECTS, Defect, edit, make

_LARGE = 1000
_GRAIN = 2.5
_HEAD = (
    "| tool | cold s | cpu | ratio | ms a document | one edit s | cpu | ratio | MiB cold | MiB warm | found | traps |"
)


@dataclass
class Result:
    """What was measured of a tool."""

    tool: Tool
    root: Path
    cold: list[Measure] = field(default_factory=list)
    warm: list[Measure] = field(default_factory=list)


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--tools", type=Path, default=Path(tempfile.gettempdir()) / "procauthor-peers")
    parser.add_argument("--only", nargs="*", default=[], help="only tools whose name begins so")
    parser.add_argument("--rounds", type=int, default=3, help="how often the fast tools are run")
    parser.add_argument("--slow", action="store_true", help="give the slow tools large libraries too (hours at 10,000)")
    options = parser.parse_args()
    tools, absent = find_tools(options.tools)
    chosen = [t for t in tools if not options.only or t.name.startswith(tuple(options.only))]
    print(f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}, Python {platform.python_version()}\n", flush=True)
    for size in options.sizes:
        fit = [tool for tool in chosen if options.slow or not tool.slow or size <= _LARGE]
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), size, fit, options.rounds)
        for tool in chosen:
            if tool not in fit:
                print(f"{tool.name}: not run on more than {_LARGE:,} procedures without --slow")
        print()
    for name, why in absent:
        print(f"{name}: not there: {why}")


def _machine() -> str:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, load {load}"


# Running


def _measure(folder: Path, size: int, tools: Sequence[Tool], rounds: int) -> None:
    root = folder / "library"
    planted = make(root, size)
    print(f"## {size:,} procedures, {len(planted)} defects\n", flush=True)
    results = [Result(tool, tool.make(folder / "own", size) if tool.make else root) for tool in tools]
    for result in results:
        # Once, so that the programs themselves are in the page cache and compiled.
        run([*result.tool.command(result.root)[:1], "--help"], result.root)
    for number in range(rounds):
        for result in results:
            if number == 0 or not result.tool.slow:
                result.tool.forget(result.root)
                result.cold.append(run(result.tool.command(result.root), result.root))
    _warm_up(results)
    for number in range(rounds):
        for result in results:
            if number == 0 or not result.tool.slow:
                edit(result.root, size)
                result.warm.append(run(result.tool.command(result.root), result.root))
        # A file that has just been written may change again unnoticed, so careful tools read it again.
        time.sleep(_GRAIN)
        _warm_up(results)
    _print(results, size, planted)


def _warm_up(results: Sequence[Result]) -> None:
    time.sleep(_GRAIN)
    for result in results:
        if not result.tool.slow:
            run(result.tool.command(result.root), result.root)


# Showing


def _print(results: Sequence[Result], size: int, planted: Sequence[Defect]) -> None:
    print(f"{_HEAD}\n|---|{'---|' * (_HEAD.count('|') - 2)}")
    base = results[0]
    kinds: list[str] = []
    many = Counter(defect.kind for defect in planted)
    for result in results:
        cold, warm = _best(result.cold), _best(result.warm)
        ratios = cold.seconds / _best(base.cold).seconds, warm.seconds / _best(base.warm).seconds
        output = result.cold[0].output
        found = [defect for defect in planted if _is_found(defect, output)]
        traps = sum(f"trap-{number}.md" in output for number in range(size))
        first = f"{cold.seconds:.2f} | {cold.cpu:.2f} | {ratios[0]:.2f} | {cold.seconds / size * 1000:.2f}"
        again = f"{warm.seconds:.2f} | {warm.cpu:.2f} | {ratios[1]:.2f}"
        memory = f"{max(m.memory for m in result.cold):.0f} | {max(m.memory for m in result.warm):.0f}"
        print(f"| {result.tool.name} | {first} | {again} | {memory} | {len(found)} | {traps} |", flush=True)
        by_kind = Counter(defect.kind for defect in found)
        kinds.append(f"| {result.tool.name} | " + " | ".join(f"{by_kind[k]}/{many[k]}" for k in DEFECTS) + " |")
    print(f"\n| tool | {' | '.join(DEFECTS)} |\n|---|{'---|' * len(DEFECTS)}")
    print("\n".join(kinds) + "\n", flush=True)


def _best(measures: Sequence[Measure]) -> Measure:
    """Return the least of each: what is above it is the work of others."""
    return Measure(
        min(m.seconds for m in measures),
        min(m.cpu for m in measures),
        max(m.memory for m in measures),
        measures[0].code,
        measures[0].output,
    )


def _is_found(defect: Defect, output: str) -> bool:
    if defect.name:
        return any(f"{defect.name}{end}" in output for end in ('"', "'", ")", ".", "`", " ", "]", "\n"))
    lines = [line for line in output.splitlines() if defect.path in line]
    return any(word in line for line in lines for word in defect.words)


if __name__ == "__main__":
    if not shutil.which("git"):
        sys.exit("git is needed to lay down a library for doorstop")
    main()
