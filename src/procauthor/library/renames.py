"""What git knows of renamed files and of what it keeps. It may fail to answer, and is never needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from procauthor.errors import RevisionError
from procauthor.git import find_repository

_SECONDS = 3.0
_COMMITS = 5000
_MOST_RENAMES = 50
_LOG = (
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
    "-z",
)


def is_tracked(root: Path, path: str) -> bool:
    """Say whether git keeps something at a path of the library; False where git cannot say."""
    repository = find_repository(root)
    if repository is None:
        return False
    try:
        return bool(repository.ask("ls-files", "-z", "--", f"{repository.prefix}{path}", seconds=_SECONDS))
    except RevisionError:
        return False


def head_of(root: Path) -> str:
    """Return the commit that is checked out, or an empty string; renames are the same as long as it is."""
    repository = find_repository(root)
    try:
        answer = repository.ask("rev-parse", "--verify", "--quiet", "HEAD", seconds=_SECONDS) if repository else b""
    except RevisionError:
        return ""
    return answer.decode(errors="replace").strip()


def read_renames(root: Path) -> dict[str, str]:
    """Return the last rename of every path that git remembers, relative to the root; empty where git cannot say.

    The newest renames come first, so what has arrived when the time is over is of use.
    """
    repository = find_repository(root)
    if repository is None:
        return {}
    inside = (f"--relative={repository.prefix}",) if repository.prefix else ()
    try:
        return parse_renames(repository.ask(*_LOG, *inside, seconds=_SECONDS, partial=True))
    except RevisionError:
        return {}


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
