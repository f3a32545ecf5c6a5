"""Commands as the documents quote them: each fenced block, without its indent."""

import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "procedures"
DOCUMENTS = sorted(p for p in LIBRARY.rglob("*.md") if "evaluations" not in p.parts)
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


def blocks(path: str) -> list[tuple[str, str]]:
    """Language and text of each fenced block of a document."""
    fences = _FENCE.finditer((LIBRARY / path).read_text())
    return [(m["language"], textwrap.dedent(m["body"])) for m in fences]


def block(path: str, mark: str) -> str:
    """The one fenced block of a document that holds these words."""
    (only,) = [text for _, text in blocks(path) if mark in text]
    return only


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def need(*tools: str) -> None:
    """Skip where a tool is absent: a gate is of no use without it, and the suite must run without all of them."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


def run(script: str, root: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a quoted block in a folder; programs in its folder `bin` come before those of the system.

    `npx --no --` is left out, so that a tool counts wherever it is installed.
    """
    path = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    home = {"HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    identity = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        ["bash", "-c", script.replace("npx --no -- ", "")],
        cwd=root,
        env={"PATH": path, **home, **identity, **env},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def git(root: Path, *commands: str) -> str:
    done = run("set -e\n" + "\n".join(f"git {command}" for command in commands), root)
    assert done.returncode == 0, done.stderr
    return done.stdout


def program(root: Path, name: str, body: str) -> None:
    """A program of the outside world, such as one that asks a server, in the folder `bin`."""
    write(root, {f"bin/{name}": f"#!/bin/sh\n{body}\n"})
    (root / "bin" / name).chmod(0o755)
