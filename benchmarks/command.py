"""Measure commands as a user calls them, each after one edit, as ratios to a warm check of the same run.

    python benchmarks/command.py --sizes 1000 10000

Every figure is of a whole process, the best of some turns. "cpu" adds up all of its processes, so it says more than
seconds where others use the machine. Then comes a process that lives: it answers queries while documents change.
Last is a draft by a model that answers at once, in a copy of this repository's library.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from measure import Measure, run
from run import ROOT, Server

from library import edit, make, path, title
from procauthor import Project

_GRAIN = 2.5
_EDITS = 3
_QUERIES = (
    "who has to approve the replacement of a shared valve",
    "the gauge shows nothing after the nightly restart",
    "roll back",
    "what must exist before we can install a certified relay, and where is the test record kept",
    "deviation",
    "a customer is angry because the ticket was closed twice and nobody told him",
)
_HEAD = "| command | s | cpu | times a warm check | MiB |\n|---|---|---|---|---|"


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "library"
            make(root, size)
            print(f"## {size:,} procedures\n\n{_HEAD}", flush=True)
            measure_commands(root, size, options.rounds)
            measure_queries(root, size)
    measure_model(options.rounds)


def measure_commands(root: Path, size: int, rounds: int) -> None:
    """Print a row for each command: first those that make what is remembered, then the others after an edit."""
    bare = run([sys.executable, "-c", ""], root)
    shown = _best([_call(root, ["--help"]) for _ in range(rounds)])
    first = [("check, the first", _call(root, ["check"]))]
    time.sleep(_GRAIN)
    _call(root, ["check"])
    warm = _best([_call(root, ["check"]) for _ in range(rounds)])
    first.append(("search, the first", _call(root, ["search", _QUERIES[0]])))
    _print("Python that does nothing", bare, warm)
    _print("--help", shown, warm)
    _print("check, nothing changed", warm, warm)
    for name, measure in first:
        _print(name, measure, warm)
    for place, (name, _) in enumerate(_commands(size, 0)):
        measures = []
        for turn in range(rounds):
            edit(root, size)
            measures.append(_call(root, _commands(size, turn)[place][1]))
        _print(name, _best(measures), warm)


def _commands(size: int, turn: int) -> list[tuple[str, list[str]]]:
    """Return what is called in a turn; each turn drafts a procedure of its own, because it is accepted at the end."""
    middle, thing = title(size // 2), chr(ord("A") + turn)
    new = [f"Quarterly Gadget {thing} Audit Procedure", "--lifecycle", "Area 0"]
    draft = f"quarterly-gadget-{thing.lower()}-audit-1"
    return [
        ("check, one edit", ["check"]),
        ("search", ["search", _QUERIES[1]]),
        ("refs", ["refs", middle]),
        ("graph --json", ["graph", "--json"]),
        ("evaluate", ["evaluate"]),
        ("plan next", ["plan", "next"]),
        ("sync --check", ["sync", "--check"]),
        ("rename --dry-run", ["rename", middle, "Unified Widget Procedure", "--dry-run"]),
        ("brief", ["brief", f"Yearly Gadget {thing} Audit Procedure", *new[1:]]),
        ("create --dry-run", ["create", *new, "--dry-run"]),
        ("create, offline", ["create", *new]),
        ("diff", ["diff", draft]),
        ("accept", ["accept", draft]),
        ("check, after accept", ["check"]),
    ]


def measure_queries(root: Path, size: int) -> None:
    """Print how long a process that lives takes for a query, with an edit before every third."""
    with Project.open(root) as project:
        project.search(_QUERIES[0])
        project.search(_QUERIES[1])
        seconds: list[float] = []
        busy: list[float] = []
        for number in range(90):
            if number % _EDITS == 0:
                (root / path(number % size)).open("a", encoding="utf-8").write(f"\nOne more line, number {number}.\n")
            start, cpu = time.perf_counter(), time.process_time()
            project.search(f"{_QUERIES[number % len(_QUERIES)]} {number}")
            seconds.append(time.perf_counter() - start)
            busy.append(time.process_time() - cpu)
    print("\nA process that lives, ms of a query (median, p95):\n")
    for name, times in (("by the clock", seconds), ("cpu", busy)):
        print(f"- {name}: {_spread(times)}; right after an edit {_spread(times[::_EDITS])}", flush=True)
    print()


def _spread(times: Sequence[float]) -> str:
    ordered = sorted(1000 * each for each in times)
    return f"{statistics.median(ordered):.0f}, {ordered[int(len(ordered) * 0.95)]:.0f}"


def measure_model(rounds: int) -> None:
    """Print what a draft costs by a model that answers at once, with all that is loaded to ask it."""
    os.environ |= {"OPENAI_API_KEY": "none", "PROCAUTHOR_TRUST_BASE_URL": "1"}
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), 0.0) as server:
        root = Path(shutil.copytree(ROOT / "procedures", Path(folder) / "library"))
        with (root / "procauthor.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[authoring]\nbase_url = "{server.url}"\nretries = 0\n')
        _call(root, ["search", _QUERIES[0]])
        time.sleep(_GRAIN)
        warm = _best([_call(root, ["check"]) for _ in range(rounds)])
        titles = [f"Cache {word} Check Procedure" for word in ("Refill", "Tuning", "Expiry")]
        drafts = [_call(root, ["create", title, "--lifecycle", "feature", "--model", "openai:any"]) for title in titles]
    print(f"## A model that answers at once, in this repository's library\n\n{_HEAD}")
    _print("check, nothing changed", warm, warm)
    _print("create, the first", drafts[0], warm)
    _print("create", _best(drafts[1:]), warm)


def _call(root: Path, words: Sequence[str]) -> Measure:
    return run([str(Path(sys.executable).with_name("procauthor")), *words], root)


def _best(measures: Sequence[Measure]) -> Measure:
    return min(measures, key=lambda measure: measure.cpu)


def _print(name: str, measure: Measure, base: Measure) -> None:
    failed = f" (exit {measure.code})" if measure.code > 1 else ""
    ratio = measure.cpu / base.cpu
    row = f"{measure.seconds:.2f} | {measure.cpu:.2f} | {ratio:.1f} | {measure.memory:.0f}"
    print(f"| {name}{failed} | {row} |", flush=True)


if __name__ == "__main__":
    main()
