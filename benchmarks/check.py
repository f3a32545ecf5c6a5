"""Measure `procauthor check` beside the tools that the same people would run, on the same library, in one run.

    python benchmarks/check.py --sizes 1000 10000 --tools /some/folder

The peers are installed from PyPI and the npm registry into the folder given, once. What is not there is said to be not
there. Every tool is a whole process: cold without any cache of its own, warm again after one file has changed. "Found"
counts the planted defects of which its output speaks, "traps" links in code, of which it should not speak. Read ratios:
the machine is whatever it is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from library import DEFECTS, Defect, make, path

_SECONDS = 1800
_NPM = ("markdownlint-cli2", "remark-cli", "remark-validate-links", "@contextlint/cli")
_PYPI = ("rumdl", "mkdocs", "doorstop")
_SECTIONS = (
    "1. Purpose",
    "2. Trigger",
    "3. Required Inputs",
    "4. Plan Requirement",
    "5. Workflow",
    "6. Output Contract",
    "7. Validation & Acceptance Criteria",
    "8. Downstream Dependencies",
    "9. Definition of Done",
    "10. Audit & Traceability",
    "11. Exit States",
)


@dataclass(frozen=True)
class Tool:
    """A command line. ``most`` is the largest library that it is given; ``forget`` removes what it remembers."""

    name: str
    command: Callable[[Path], list[str]]
    forget: Callable[[Path], None] = lambda root: None  # noqa: ARG005
    most: int = 1_000_000


@dataclass(frozen=True)
class Measure:
    """Seconds, MiB at most, and the output of one process with its children."""

    seconds: float
    memory: float
    output: str


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--tools", type=Path, default=Path(tempfile.gettempdir()) / "procauthor-peers")
    parser.add_argument("--only", nargs="*", default=[], help="only tools whose name begins so")
    options = parser.parse_args()
    tools, absent = _tools(options.tools)
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.platform()}, {os.cpu_count()} processors, Python {sys.version[:6]}\n"
    )
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "library"
            planted = make(root, size)
            chosen = [t for t in tools if not options.only or t.name.startswith(tuple(options.only))]
            _table(root, size, planted, [tool for tool in chosen if tool.most >= size])
            for tool in (tool for tool in chosen if tool.most < size):
                print(f"{tool.name}: not run on more than {tool.most:,} procedures")
    for name, why in absent:
        print(f"{name}: not available ({why})")


def _table(root: Path, size: int, planted: Sequence[Defect], tools: Sequence[Tool]) -> None:
    many = Counter(defect.kind for defect in planted)
    print(f"## {size:,} procedures, {len(planted)} defects\n")
    print("| tool | cold s | ratio | warm s | ratio | MiB cold | MiB warm | found | traps |")
    print("|---|---|---|---|---|---|---|---|---|")
    base: tuple[float, float] | None = None
    kinds: list[str] = []
    for tool in tools:
        tool.forget(root)
        cold = _run(tool.command(root), root)
        # A file that has just been written may change again unnoticed, so careful tools read it again.
        time.sleep(3)
        _run(tool.command(root), root)
        _edit(root, size)
        warm = _run(tool.command(root), root)
        base = base or (cold.seconds, warm.seconds)
        found = [defect for defect in planted if _is_found(defect, cold.output)]
        traps = sum(f"trap-{n}.md" in cold.output for n in range(size))
        ratios = cold.seconds / base[0], warm.seconds / base[1]
        times = f"{cold.seconds:.2f} | {ratios[0]:.1f} | {warm.seconds:.2f} | {ratios[1]:.1f}"
        print(f"| {tool.name} | {times} | {cold.memory:.0f} | {warm.memory:.0f} | {len(found)} | {traps} |", flush=True)
        by_kind = Counter(defect.kind for defect in found)
        kinds.append(f"| {tool.name} | " + " | ".join(f"{by_kind[k]}/{many[k]}" for k in DEFECTS) + " |")
    print(f"\n| tool | {' | '.join(DEFECTS)} |\n|---|{'---|' * len(DEFECTS)}")
    print("\n".join(kinds) + "\n")


def _is_found(defect: Defect, output: str) -> bool:
    if defect.name:
        return any(f"{defect.name}{end}" in output for end in ('"', "'", ")", ".", "`", " ", "]", "\n"))
    lines = [line for line in output.splitlines() if defect.path in line]
    return any(word in line for line in lines for word in defect.words)


def _edit(root: Path, size: int) -> None:
    file = root / path(size // 2)
    file.write_text(f"{file.read_text(encoding='utf-8')}\nOne sentence more.\n", encoding="utf-8")


def _run(command: Sequence[str], root: Path) -> Measure:
    """Run a process; its memory is that of the largest process in it, as the kernel counts."""
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=root, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = 0
        out.seek(0)
        return Measure(seconds, usage.ru_maxrss / 1024, out.read().decode(errors="replace"))


# Tools


def _tools(folder: Path) -> tuple[list[Tool], list[tuple[str, str]]]:
    """Install the peers and return them behind procauthor, and those that are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    tools = [Tool("procauthor, every rule", _procauthor, lambda root: shutil.rmtree(root / ".procauthor", True))]  # noqa: FBT003
    absent: list[tuple[str, str]] = []
    why = _install_pypi(folder)
    if why:
        absent += [(name, why) for name in _PYPI]
    else:
        tools += _python_tools(folder)
    why = _install_npm(folder)
    if why:
        absent += [(name, why) for name in _NPM]
    else:
        tools += _node_tools(folder)
    absent.append(("doorstop", "it reads its own items, with settings in each folder, and no such library"))
    return tools, absent


def _procauthor(_root: Path) -> list[str]:
    return [str(Path(sys.executable).with_name("procauthor")), "check"]


def _install_pypi(folder: Path) -> str:
    if (folder / "venv/bin/rumdl").exists():
        return ""
    commands = ([sys.executable, "-m", "venv", "venv"], ["venv/bin/pip", "install", "-q", *_PYPI[:2]])
    return next((why for why in (_attempt(command, folder) for command in commands) if why), "")


def _install_npm(folder: Path) -> str:
    if (folder / "node_modules/.bin/remark").exists():
        return ""
    if not shutil.which("npm"):
        return "no npm on this machine"
    return _attempt(["npm", "install", "--silent", "--prefix", ".", *_NPM], folder)


def _attempt(command: Sequence[str], folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else f"{' '.join(command[:3])} failed"


def _python_tools(folder: Path) -> list[Tool]:
    rumdl = str(folder / "venv/bin/rumdl")
    cache = folder / "rumdl-cache"
    links = _write(folder / "links.toml", '[global]\nenable = ["MD051", "MD057"]\n')
    every = _write(folder / "every.toml", "[global]\nline-length = 200\n")

    def forget(_root: Path) -> None:
        shutil.rmtree(cache, ignore_errors=True)

    def command(settings: str) -> Callable[[Path], list[str]]:
        return lambda _root: [rumdl, "check", "--config", settings, "--cache-dir", str(cache), "."]

    return [
        Tool("rumdl, links and anchors", command(links), forget),
        Tool("rumdl, every rule", command(every), forget),
        Tool("mkdocs build --strict", lambda root: _mkdocs(folder, root), most=1000),
    ]


def _mkdocs(folder: Path, root: Path) -> list[str]:
    settings = {
        "site_name": "library",
        "docs_dir": str(root),
        "site_dir": str(folder / "site"),
        "validation": {"links": {"anchors": "warn", "not_found": "warn"}},
    }
    file = _write(folder / "mkdocs.yml", json.dumps(settings))
    return [str(folder / "venv/bin/mkdocs"), "build", "--strict", "-f", file]


def _node_tools(folder: Path) -> list[Tool]:
    binaries = folder / "node_modules/.bin"
    headings = {"headings": ["*", *(part for name in _SECTIONS for part in (f"## {name}", "*"))]}
    rules = {"default": False, "MD024": {"siblings_only": True}, "MD043": headings, "MD051": True}
    lint = _write(folder / ".markdownlint-cli2.jsonc", json.dumps({"config": rules}))
    sections = {"rule": "sec001", "options": {"sections": list(_SECTIONS), "files": "**/procedure-*.md"}}
    context = {"include": ["**/*.md"], "rules": [{"rule": "ref001"}, {"rule": "ref005"}, sections]}
    contextlint = _write(folder / "contextlint.config.json", json.dumps(context))
    plugin = str(folder / "node_modules/remark-validate-links/index.js")
    return [
        Tool(
            "markdownlint-cli2, headings and own anchors",
            lambda _root: [str(binaries / "markdownlint-cli2"), "--config", lint, "**/*.md"],
            most=1000,
        ),
        Tool(
            "remark-validate-links",
            lambda _root: [str(binaries / "remark"), "--quiet", "--frail", "--use", f"{plugin}=repository:false", "."],
            most=1000,
        ),
        Tool(
            "contextlint, links, anchors, sections",
            lambda _root: [str(binaries / "contextlint"), "--config", contextlint],
            most=1000,
        ),
    ]


def _write(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return str(file)


if __name__ == "__main__":
    main()
