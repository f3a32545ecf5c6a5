"""How a link is written after its document or its target has moved: in the manner in which it was written before."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import quote, unquote

from procauthor.markdown.link import encode_path
from procauthor.markdown.target import Spot
from procauthor.regex import lazy

_ENCODED_LETTER = lazy(r"%[89A-Fa-f][0-9A-Fa-f]")


@dataclass(frozen=True, slots=True)
class Way:
    """From the document at ``source`` to a path and an anchor; all paths from the library's root."""

    source: str
    path: str
    anchor: str = ""


def join(source: str, written: str) -> str:
    """Return where a relative path leads from a document; unlike a resolved link it may leave the root by ``..``."""
    base = "" if written.startswith("/") else posixpath.dirname(source)
    return posixpath.normpath(posixpath.join(base, unquote(written).lstrip("/")))


def respell(spot: Spot, before: Way, after: Way) -> str:
    """Return the target of a link in its old manner: ``./``, a leading slash, percent signs, query and all."""
    written = spot.written if spot.written == spot.target else spot.target
    head, _, anchor = written.partition("#")
    path, mark, query = head.partition("?")
    if after.anchor != before.anchor:
        anchor = _encode(after.anchor, angle=spot.angle, everything=bool(_ENCODED_LETTER.search(anchor)))
    text = _path(path, spot, before, after) + mark + query
    return f"{text}#{anchor}" if anchor else text or posixpath.basename(after.path)


def _path(written: str, spot: Spot, before: Way, after: Way) -> str:
    if not written:
        # It leads to its own document.
        return "" if after.path == after.source else _spell(relative_path(after.source, after.path), written, spot)
    if written.startswith("/"):
        # The root may be that of the repository, with the way to the library in front.
        base = unquote(written).strip("/").removesuffix(before.path)
        return written if after.path == before.path else "/" + _spell(base + after.path, written, spot)
    same_folders = _folder(before.source) == _folder(after.source) and _folder(before.path) == _folder(after.path)
    if same_folders and not written.endswith("/"):
        if before.path == after.path:
            return written
        return written[: written.rfind("/") + 1] + _spell(posixpath.basename(after.path), written, spot)
    found = _spell(relative_path(after.source, after.path), written, spot)
    if written.startswith("./") and not found.startswith("."):
        found = f"./{found}"
    return f"{found}/" if written.endswith("/") and not found.endswith("/") else found


def _folder(path: str) -> str:
    return posixpath.dirname(path)


def relative_path(source: str, target: str) -> str:
    """Return the way from a document to a path; both may lead out of the root by ``..``."""
    here = [part for part in _folder(source).split("/") if part]
    there = [part for part in target.split("/") if part not in ("", ".")]
    while here and there and here[0] == there[0] != "..":
        here.pop(0)
        there.pop(0)
    return "/".join([".."] * len(here) + there) or "."


def _spell(path: str, written: str, spot: Spot) -> str:
    """Write a path; parts that the old one had keep their spelling."""
    known = {unquote(part): part for part in written.split("/")}
    everything = bool(_ENCODED_LETTER.search(written))
    return "/".join(
        known.get(part) or _encode(part, angle=spot.angle, everything=everything) for part in path.split("/")
    )


def encode_like(path: str, like: str) -> str:
    """Return a path as it is written in a link; parts that another one has keep their spelling there."""
    known = {unquote(part): part for part in like.split("/")}
    everything = bool(_ENCODED_LETTER.search(like))
    return "/".join(known.get(part) or _encode(part, angle=False, everything=everything) for part in path.split("/"))


def _encode(text: str, *, angle: bool, everything: bool) -> str:
    if everything:
        return quote(text, safe="!$&'*+,;=:@")
    return encode_path(text, angle=angle)
