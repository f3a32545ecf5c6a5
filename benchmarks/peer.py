"""The tools that are measured: how each is installed, told to look at a library, and made to forget.

PyPI and npm packages go into one folder, once. A tool gets the rules that come nearest to what is planted, and no more:
fewer rules make it faster.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from library import make_items

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


def _nothing(_root: Path) -> None:
    """Forget nothing: the tool remembers nothing."""


@dataclass(frozen=True)
class Tool:
    """A command line.

    ``forget`` removes what it remembers of a library. ``slow`` tools get large libraries only when asked to.
    ``make`` lays down the library where the tool needs a form of its own, and returns its folder.
    """

    name: str
    command: Callable[[Path], list[str]]
    forget: Callable[[Path], None] = _nothing
    slow: bool = False
    make: Callable[[Path, int], Path] | None = None


def find_tools(folder: Path) -> tuple[list[Tool], list[tuple[str, str]]]:
    """Install the peers into a folder, and return the tools, procauthor first, and those not there with the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    tools = list(_own_tools())
    absent: list[tuple[str, str]] = []
    for names, install, found in ((_PYPI, _install_pypi, _python_tools), (_NPM, _install_npm, _node_tools)):
        why = install(folder)
        if why:
            absent += [(name, why) for name in names]
        else:
            tools += found(folder)
    return tools, absent


def _own_tools() -> list[Tool]:
    program = str(Path(sys.executable).with_name("procauthor"))

    def forget(root: Path) -> None:
        shutil.rmtree(root / ".procauthor", ignore_errors=True)

    return [
        Tool("procauthor check, every rule", lambda _root: [program, "check"], forget),
        Tool("procauthor evaluate", lambda _root: [program, "evaluate"], forget),
    ]


# Installing


def _install_pypi(folder: Path) -> str:
    if all((folder / "venv/bin" / name).exists() for name in _PYPI):
        return ""
    commands = ([sys.executable, "-m", "venv", "venv"], ["venv/bin/pip", "install", "-q", *_PYPI])
    return next((why for why in (_attempt(command, folder) for command in commands) if why), "")


def _install_npm(folder: Path) -> str:
    if all((folder / "node_modules" / name).exists() for name in _NPM):
        return ""
    if not shutil.which("npm"):
        return "there is no npm on this machine"
    return _attempt(["npm", "install", "--silent", "--prefix", ".", *_NPM], folder)


def _attempt(command: Sequence[str], folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else f"{' '.join(command[:3])} failed"


# Tools from PyPI


def _python_tools(folder: Path) -> list[Tool]:
    rumdl = str(folder / "venv/bin/rumdl")
    links = _write(folder / "links.toml", '[global]\nenable = ["MD051", "MD057"]\n')
    every = _write(folder / "every.toml", "[global]\nline-length = 200\n")

    def rumdl_with(name: str, settings: str) -> Tool:
        cache = folder / f"rumdl-cache-{Path(settings).stem}"
        command = [rumdl, "check", "--config", settings, "--cache-dir", str(cache), "."]
        return Tool(name, lambda _root: command, lambda _root: shutil.rmtree(cache, ignore_errors=True))

    return [
        rumdl_with("rumdl, links and anchors", links),
        rumdl_with("rumdl, every rule", every),
        Tool("mkdocs build --strict", lambda root: _mkdocs(folder, root), slow=True),
        Tool(
            "doorstop, links of items only",
            lambda _root: [str(folder / "venv/bin/doorstop")],
            slow=True,
            make=_doorstop,
        ),
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


def _doorstop(folder: Path, count: int) -> Path:
    """Lay the procedures down as doorstop's items, in a repository, as it demands."""
    make_items(folder, count)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


# Tools from npm


def _node_tools(folder: Path) -> list[Tool]:
    binaries = folder / "node_modules/.bin"
    headings = {"headings": ["*", *(part for name in _SECTIONS for part in (f"## {name}", "*"))]}
    rules = {"default": False, "MD024": {"siblings_only": True}, "MD043": headings, "MD051": True}
    lint = _write(folder / ".markdownlint-cli2.jsonc", json.dumps({"config": rules}))
    sections = {"rule": "sec001", "options": {"sections": list(_SECTIONS), "files": "**/procedure-*.md"}}
    context = {"include": ["**/*.md"], "rules": [{"rule": "ref001"}, {"rule": "ref005"}, sections]}
    contextlint = _write(folder / "contextlint.config.json", json.dumps(context))
    plugin = str(folder / "node_modules/remark-validate-links/index.js")
    remark = [str(binaries / "remark"), "--quiet", "--frail", "--use", f"{plugin}=repository:false", "."]
    commands = {
        "markdownlint-cli2, headings, own anchors": [str(binaries / "markdownlint-cli2"), "--config", lint, "**/*.md"],
        "remark-validate-links": remark,
        "contextlint, links, anchors, sections": [str(binaries / "contextlint"), "--config", contextlint],
    }
    return [_fixed(name, command) for name, command in commands.items()]


def _fixed(name: str, command: list[str]) -> Tool:
    return Tool(name, lambda _root: command, slow=True)


def _write(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return str(file)
