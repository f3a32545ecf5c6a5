"""Which commit is checked out, and whether the files of a library are as they were committed.

`git status` may run the filters that a repository names. So files are compared here, by the hashes of their bytes, and
where a filter would have to be run to know, the answer is that it is not known.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from procauthor.errors import RevisionError
from procauthor.git import LONG, NoAnswerError, Repository, find_repository

_LINK = "120000"
_REPOSITORY = "160000"
_NOT_CHECKED_OUT = "S"
_STATE = ".procauthor/"
_ATTRIBUTES = ("filter", "ident", "working-tree-encoding")
_UNSET = (b"unspecified", b"unset")
_SHA1_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Checkout:
    """The commit, shortened, and whether the library has no change beyond it; None where that is not known, and why."""

    revision: str = ""
    clean: bool | None = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class _StagedFile:
    """A file of git's index."""

    path: str
    mode: str
    blob: str
    tag: str


def read_checkout(root: Path) -> Checkout:
    """Return what is checked out in the folder of a library; nothing is run that its repository names."""
    repository = find_repository(root)
    if repository is None:
        return Checkout()
    try:
        revision = repository.ask("rev-parse", "--verify", "--quiet", "--short=12", "HEAD").decode().strip()
    except NoAnswerError:
        return Checkout()
    except RevisionError as error:
        return Checkout(clean=None, note=f"the revision is not known: {error.message}")
    try:
        clean, note = _compare(repository)
    except RevisionError as error:
        clean, note = None, error.message
    reason = f"whether there are changes that are not committed is not known: {note}"
    return Checkout(revision, clean, reason if clean is None else "")


def _compare(repository: Repository) -> tuple[bool | None, str]:
    within = ("--", repository.prefix) if repository.prefix else ()
    entries = tuple(_entries(repository.ask("ls-files", "--stage", "-t", "-z", *within, seconds=LONG)))
    if {(e.path, e.mode, e.blob) for e in entries} != set(_committed(repository, within)):
        return False, ""
    others = repository.ask("ls-files", "--others", "--exclude-standard", "-z", *within, seconds=LONG).decode(
        errors="replace"
    )
    if any(path and not path.startswith(repository.prefix + _STATE) for path in others.split("\0")):
        return False, ""
    changed = [entry.path for entry in entries if entry.tag != _NOT_CHECKED_OUT and not _is_same(repository.top, entry)]
    if not changed:
        return True, ""
    unsure = _converted(repository, changed)
    inner = {entry.path for entry in entries if entry.mode == _REPOSITORY}
    if set(changed) - unsure - inner:
        return False, ""
    kind = "is a repository of its own" if changed[0] in inner else "passes through a filter, and filters are not run"
    return None, f"{changed[0]} {kind}"


def _entries(raw: bytes) -> Iterator[_StagedFile]:
    for line in raw.decode(errors="surrogateescape").split("\0"):
        head, _, path = line.partition("\t")
        if path:
            tag, mode, blob, _ = head.split()
            yield _StagedFile(path, mode, blob, tag)


def _committed(repository: Repository, within: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    raw = repository.ask("ls-tree", "-r", "-z", "--full-tree", "HEAD", *within, seconds=LONG)
    for line in raw.decode(errors="surrogateescape").split("\0"):
        head, _, path = line.partition("\t")
        if path:
            mode, _, blob = head.split()
            yield path, mode, blob


def _is_same(top: Path, entry: _StagedFile) -> bool:
    """Compare a file with what was committed; ends of lines may differ, as `core.autocrlf` makes them."""
    place = os.path.join(top, entry.path)
    try:
        mode = os.lstat(place).st_mode
        if stat.S_ISLNK(mode):
            return entry.mode == _LINK and entry.blob in _names(os.fsencode(os.readlink(place)), entry.blob)
        if not stat.S_ISREG(mode):
            return False
        raw = Path(place).read_bytes()
    except OSError:
        return False
    return entry.blob in _names(raw, entry.blob)


def _names(raw: bytes, blob: str) -> Iterator[str]:
    """Yield what git would call these bytes, as they are and with the ends of lines of a commit."""
    for text in (raw, raw.replace(b"\r\n", b"\n")):
        head = b"blob %d\0" % len(text)
        kind = hashlib.sha1 if len(blob) == _SHA1_LENGTH else hashlib.sha256
        yield kind(head + text, usedforsecurity=False).hexdigest()


def _converted(repository: Repository, paths: Iterable[str]) -> set[str]:
    """Return those of some paths whose bytes git would convert, by the attributes of the repository."""
    feed = b"".join(path.encode(errors="surrogateescape") + b"\0" for path in paths)
    parts = repository.ask("check-attr", "-z", "--stdin", *_ATTRIBUTES, feed=feed, seconds=LONG).split(b"\0")
    rows = zip(parts[0::3], parts[2::3], strict=False)
    return {path.decode(errors="surrogateescape") for path, value in rows if path and value not in _UNSET}
