"""What git knows of renamed files and of what it keeps. It may fail to answer, and is never needed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

_SECONDS = 3.0
_COMMITS = 5000
_MOST_RENAMES = 50
# A library may come from anywhere: no setting of its repository may start a program or fetch something.
_COMMAND = (
    "git",
    "--no-pager",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.quotePath=false",
    "-c",
    "diff.renameLimit=1000",
    "log",
    f"--max-count={_COMMITS}",
    "--no-show-signature",
    "--no-ext-diff",
    "--no-textconv",
    "--diff-filter=R",
    "-M",
    "--name-status",
    "--format=",
    "--relative",
    "-z",
)


def is_tracked(root: Path, path: str) -> bool:
    """Say whether git keeps something at a path of the library; False where git cannot say."""
    if not any(os.path.lexists(folder / ".git") for folder in (root.absolute(), *root.absolute().parents)):
        return False
    command = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "ls-files", "-z", "--", path)
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command without a shell
            command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(done.stdout)


def head_of(root: Path) -> str:
    """Return the commit that is checked out, or an empty string; renames are the same as long as it is."""
    command = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "rev-parse", "HEAD")
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command without a shell
            command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip()


def read_renames(root: Path) -> dict[str, str]:
    """Return the last rename of every path that git remembers, relative to the root; empty where git cannot say."""
    environment = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command without a shell
            _COMMAND,
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        out = done.stdout
    except subprocess.TimeoutExpired as error:
        # The newest renames come first, so what has arrived is of use.
        out = error.stdout or b""
    except OSError:
        return {}
    return parse_renames(out)


def parse_renames(out: bytes) -> dict[str, str]:
    """Read ``R100 NUL old NUL new NUL ...``, newest first; of several renames of one path the newest counts."""
    parts = [part.strip(b"\n") for part in out.split(b"\0")]
    found: dict[str, str] = {}
    place = 0
    while place + 2 < len(parts):
        if parts[place][:1] != b"R":
            place += 1
            continue
        old, new = (part.decode("utf-8", errors="surrogateescape") for part in parts[place + 1 : place + 3])
        found.setdefault(old, new)
        place += 3
    return found


def follow(renames: Mapping[str, str], path: str, present: Collection[str]) -> str:
    """Return where a path is today, over several renames, or an empty string where it is nowhere."""
    for _ in range(_MOST_RENAMES):
        path = renames.get(path, "")
        if not path or path in present:
            return path
    return ""
