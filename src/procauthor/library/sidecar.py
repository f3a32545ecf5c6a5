"""Small JSON files beside the documents, one for each, that people share with their version control.

One entry stands on one line, so that a diff shows what happened and two people rarely meet on a line.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from procauthor.system import read_regular

_ENDING = ".json"
_MAX_BYTES = 16 * 1024 * 1024
_VERSION = 1
_KEYS: Mapping[str, tuple[str, ...]] = {
    "approvals": ("section", "role", "by"),
    "seen": ("from", "part", "name"),
    "sections": ("section",),
    "followed": ("id", "by"),
}
"""The lists of sidecars, and what tells the entries of each apart."""
_T = TypeVar("_T")


class _Head(Struct):
    schema_version: int = _VERSION


def sidecar_path(folder: str, path: str) -> str:
    """Return where the sidecar of a document is kept, relative to the root."""
    return f"{folder}/{path}{_ENDING}"


def document_path(folder: str, path: str) -> str:
    """Return the document whose sidecar stands at a path, or an empty string where that is no place for one."""
    inside = path.startswith(f"{folder}/") and path.endswith(_ENDING)
    return path[len(folder) + 1 : -len(_ENDING)] if inside else ""


def scan(root: Path, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the path of each document that may have a sidecar in a folder, and the sidecar; links are not followed."""
    top = os.path.join(root, folder)
    waiting = [] if os.path.islink(top) else [top]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif entry.name.endswith(_ENDING) and entry.is_file(follow_symlinks=False):
                yield entry.path[len(top) + 1 : -len(_ENDING)].replace(os.sep, "/"), entry


def read_bytes(place: str | Path) -> bytes | None:
    """Return the bytes of a sidecar, or None where there is none that can be read."""
    try:
        found = os.lstat(place)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_BYTES:
            return None
        return read_regular(place)
    except OSError:
        return None


def decode(raw: bytes, kind: type[_T]) -> tuple[_T | None, str]:
    """Return what a sidecar holds, or None and why it cannot be understood."""
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf")
        if msgspec.json.decode(text, type=_Head).schema_version > _VERSION:
            return None, "it was written by a newer version"
        return msgspec.json.decode(text, type=kind), ""
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return None, str(error).splitlines()[0]


def encode(lists: Mapping[str, Iterable[object]]) -> bytes | None:
    """Return a sidecar with one entry a line; None where there is nothing to keep."""
    written = {name: _lines(found) for name, found in lists.items()}
    parts = [f' "{name}": [\n{lines}\n ]' for name, lines in written.items() if lines]
    if not parts:
        return None
    return "\n".join(("{", f' "schema_version": {_VERSION},', ",\n".join(parts), "}", "")).encode()


def merge(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge two descendants of a sidecar entry by entry; what both changed stays as it is in ours.

    None where one of them cannot be understood, or nothing is left to keep.
    """
    try:
        old, mine, yours = (_by_key(raw) for raw in (base, ours, theirs))
    except (ValueError, TypeError, AttributeError):
        return None
    kept = {key: entry for key, entry in mine.items() if entry != old.get(key)}
    back = {key: entry for key, entry in yours.items() if key not in kept and (key in mine or key not in old)}
    lists: dict[str, list[dict[str, Any]]] = {}
    for key, entry in sorted((kept | back).items()):
        lists.setdefault(key[0], []).append(entry)
    return encode({name: lists[name] for name in _KEYS if name in lists})


def _by_key(raw: bytes) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return all entries by the name of their list and what tells them apart in it."""
    data: dict[str, list[dict[str, Any]]] = msgspec.json.decode(raw)
    named = ((name, entry) for name in _KEYS for entry in data.get(name, ()))
    return {(name, *(str(entry.get(field, "")) for field in _KEYS[name])): entry for name, entry in named}


def _lines(entries: Iterable[object]) -> str:
    return ",\n".join(f"  {msgspec.json.format(msgspec.json.encode(entry), indent=0).decode()}" for entry in entries)
