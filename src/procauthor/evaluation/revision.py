"""A library as it was at a git revision, read from the object store; the work tree is not touched."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date as day
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from procauthor.errors import ConfigError, RevisionError, UnreadableError
from procauthor.git import LONG, NoAnswerError, Repository, find_repository
from procauthor.library.library import LEFT_OUT, Library, Procedure, UnreadFile, read_procedure
from procauthor.library.sidecar import RECEIPTS, Receipts, Review, decode_sidecar, document_path
from procauthor.naming import is_document
from procauthor.settings import FILE_NAME, Settings, locate
from procauthor.template.read import TemplateStore

_LINK = "120000"
_REPOSITORY = "160000"
_NOT_CHECKED_OUT = "S"
_STATE = ".procauthor/"
_ATTRIBUTES = ("filter", "ident", "working-tree-encoding")
_UNSET = (b"unspecified", b"unset")
_SHA1_LENGTH = 40


class Checkout(Struct, frozen=True):
    """The commit, shortened, and whether the library has no change beyond it; None where that is not known, and why."""

    revision: str = ""
    clean: bool | None = True
    note: str = ""


class _TreeEntry(Struct, frozen=True):
    """A file of a commit or of git's index; of the index, ``tag`` says what git knows of it."""

    path: str
    mode: str
    blob: str
    tag: str = ""


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
    listed = _lines(repository, "ls-files", "--stage", "-t", "-z")
    entries = [_TreeEntry(path, mode, blob, tag) for (tag, mode, blob, _), path in listed]
    if {replace(each, tag="") for each in entries} != set(_committed(repository, "HEAD")):
        return False, ""
    others = repository.ask("ls-files", "--others", "--exclude-standard", "-z", *_within(repository), seconds=LONG)
    if any(path and not path.startswith(repository.prefix + _STATE) for path in _text(others).split("\0")):
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


def _within(repository: Repository) -> tuple[str, ...]:
    return ("--", repository.prefix) if repository.prefix else ()


def _lines(repository: Repository, *words: str) -> Iterator[tuple[list[str], str]]:
    """Yield the files of the library that git lists, each with the words before its path."""
    for line in _text(repository.ask(*words, *_within(repository), seconds=LONG)).split("\0"):
        head, _, path = line.partition("\t")
        if path:
            yield head.split(), path


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _committed(repository: Repository, commit: str) -> Iterator[_TreeEntry]:
    for (mode, _, blob), path in _lines(repository, "ls-tree", "-r", "-z", "--full-tree", commit):
        yield _TreeEntry(path, mode, blob)


def _is_same(top: Path, entry: _TreeEntry) -> bool:
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


_FILES = ("100644", "100755", _LINK)
_SETTINGS = (FILE_NAME, "pyproject.toml")


class Past(Struct, frozen=True):
    """A library at a revision, with the settings of that time, else those of today."""

    library: Library
    settings: Settings
    revision: str
    date: str


def read_past(root: Path, settings: Settings, revision: str) -> Past:
    """Read the library as it was at a revision.

    Raises:
        RevisionError: There is no git, no repository, no such revision, or the library was not there yet.
        ConfigError: The settings of that time are not valid.
    """
    repository = _repository(root)
    commit, date = _resolve(repository, revision)
    tree = _tree(repository, commit)
    if not tree:
        message = f"the library has no file at revision {revision!r}"
        raise RevisionError(message, "name a later revision")
    blobs = _blobs(repository, {entry.blob for entry in tree.values()} & _wanted(tree))
    with tempfile.TemporaryDirectory(prefix="procauthor-") as folder:
        place = Path(folder)
        own = _settings(place, tree, blobs, settings)
        library = _library(place, tree, blobs, own)
        library = library.reviewed(_reviews(tree, blobs, day.fromisoformat(date)))
    return Past(library, own, commit, date)


def _repository(root: Path) -> Repository:
    repository = find_repository(root)
    if repository is None:
        message = f"{str(root)!r} is in no git repository"
        raise RevisionError(message, "earlier revisions are read with git")
    return repository


def _resolve(repository: Repository, revision: str) -> tuple[str, str]:
    """Return the commit, shortened, and its day."""
    if revision.startswith("-") or not revision.strip():
        message = f"{revision!r} is no revision"
        raise RevisionError(message, "name a commit, a tag or a branch")
    try:
        commit = repository.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    except NoAnswerError as error:
        message = f"no revision {revision!r} in the repository of {str(repository.top)!r}"
        raise RevisionError(message, "name a commit, a tag or a branch") from error
    shown = repository.ask("log", "--max-count=1", "--no-show-signature", "--format=%h %cs", "--abbrev=12", commit)
    short, date = shown.decode().split()
    return short, date


def _tree(repository: Repository, commit: str) -> dict[str, _TreeEntry]:
    """Return the files below the library's folder, by path from there."""
    entries = (entry for entry in _committed(repository, commit) if entry.mode in _FILES)
    tree = {entry.path.removeprefix(repository.prefix): entry for entry in entries}
    inner = tuple(f"{folder}/" for path in tree if (folder := path.rpartition(f"/{FILE_NAME}")[0]))
    return {path: entry for path, entry in tree.items() if not path.startswith(inner)}


def _wanted(tree: Mapping[str, _TreeEntry]) -> set[str]:
    """Return the blobs to read: documents, settings, receipts, and links, which may lead to a document."""
    return {
        entry.blob
        for path, entry in tree.items()
        if is_document(path) or path in _SETTINGS or entry.mode == _LINK or document_path(RECEIPTS, path)
    }


def _blobs(repository: Repository, wanted: Iterable[str]) -> dict[str, bytes]:
    """Read blobs in one go."""
    names = sorted(wanted)
    if not names:
        return {}
    feed = "".join(f"{name}\n" for name in names).encode()
    stream = repository.ask("cat-file", "--batch", feed=feed, seconds=LONG)
    raws: dict[str, bytes] = {}
    place = 0
    for name in names:
        end = stream.index(b"\n", place)
        words = stream[place:end].split()
        place = end + 1
        if len(words) == 3:  # noqa: PLR2004 - name, kind, size; a blob that is not there has two words
            size = int(words[2])
            raws[name] = stream[place : place + size]
            place += size + 1
    return raws


def _settings(place: Path, tree: Mapping[str, _TreeEntry], blobs: Mapping[str, bytes], today: Settings) -> Settings:
    """Write settings and templates of that time where they can be read, and return the settings."""
    for path, entry in tree.items():
        parts = PurePosixPath(path).parts
        template = len(parts) == 2 and parts[0] == "templates" and path.endswith(".md")  # noqa: PLR2004 - folder, name
        if (template or path in _SETTINGS) and entry.mode != _LINK and entry.blob in blobs:
            (place / path).parent.mkdir(exist_ok=True)
            (place / path).write_bytes(blobs[entry.blob])
    try:
        location = locate(place)
    except ConfigError as error:
        message = f"the settings of that revision cannot be used: {error.message}"
        raise ConfigError(message, error.hint) from error
    return location.settings if location.root == place.absolute() and location.file else today


def _library(place: Path, tree: Mapping[str, _TreeEntry], blobs: Mapping[str, bytes], settings: Settings) -> Library:
    folders = (place / "templates",) if (place / "templates").is_dir() else ()
    templates = TemplateStore(folders, settings.templates, settings.sections.synonyms)
    procedures: list[Procedure] = []
    unread: list[UnreadFile] = []
    for path in sorted(tree):
        if not is_document(path) or not _taken(path, settings.library.exclude):
            continue
        raw = _content(path, tree, blobs)
        try:
            if raw is None:
                unread.append(UnreadFile(path, "its content is not in the repository"))
            else:
                procedures.append(read_procedure(path, raw, settings, templates))
        except UnicodeDecodeError as error:
            unread.append(UnreadFile(path, f"not UTF-8 at byte {error.start}"))
        except UnreadableError as error:
            unread.append(UnreadFile(path, error.message))
    parents = {parent.as_posix() for parent in chain.from_iterable(PurePosixPath(path).parents for path in tree)}
    return Library(place, tuple(procedures), tuple(unread), frozenset(tree) | parents)


def _reviews(tree: Mapping[str, _TreeEntry], blobs: Mapping[str, bytes], when: day) -> dict[str, Review]:
    """Return the receipts of that time, as they were worth on that day."""
    files = {path: blobs.get(entry.blob) for path, entry in tree.items() if entry.mode != _LINK}
    receipts = {document_path(RECEIPTS, path): raw for path, raw in files.items()}
    return {
        path: Review(decode_sidecar(raw, Receipts), when) for path, raw in receipts.items() if path and raw is not None
    }


def _taken(path: str, exclude: Iterable[str]) -> bool:
    parts = PurePosixPath(path).parts
    hidden = any(part.startswith(".") for part in parts) or not LEFT_OUT.isdisjoint(parts[:-1])
    return not hidden and not any(fnmatchcase(path, pattern) for pattern in exclude)


def _content(path: str, tree: Mapping[str, _TreeEntry], blobs: Mapping[str, bytes]) -> bytes | None:
    """Return the bytes of a file; a link to a file is followed once, within the library."""
    entry = tree[path]
    raw = blobs.get(entry.blob)
    if entry.mode == _LINK and raw is not None:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), raw.decode(errors="replace")))
        return blobs.get(tree[target].blob) if target in tree else None
    return raw
