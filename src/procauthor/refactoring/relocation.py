"""What a refactoring does to places and names, as data: everything that is rewritten follows from it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from urllib.parse import unquote

from msgspec import Struct, field

from procauthor.checking.scope import Scope
from procauthor.data import ungrouped
from procauthor.errors import LibraryError
from procauthor.library.library import Procedure
from procauthor.library.page import Pages, Way, encode_like, read_site_spots
from procauthor.library.reference import Target, path_of, read_links, resolve
from procauthor.markdown.document import Link, Replacement
from procauthor.markdown.front import Put, Scalar, edit_front_matter, read_scalars
from procauthor.markdown.parse import parse, read_definitions
from procauthor.markdown.target import Spot
from procauthor.naming import is_document


def respell(spot: Spot, before: Way, after: Way) -> str:
    """Return the target of a link in its old manner: ``./``, a leading slash, percent signs, query and all."""
    written = spot.written if spot.written == spot.target else spot.target
    head, _, anchor = written.partition("#")
    path, mark, query = head.partition("?")
    if after.anchor != before.anchor:
        anchor = encode_like(after.anchor, anchor, angle=spot.angle)
    text = _path(path, spot, before, after) + mark + query
    return f"{text}#{anchor}" if anchor else text or posixpath.basename(after.path)


def _path(written: str, spot: Spot, before: Way, after: Way) -> str:
    if not written:
        # It leads to its own document.
        return (
            ""
            if after.path == after.source
            else encode_like(relative_path(after.source, after.path), written, angle=spot.angle)
        )
    if written.startswith("/"):
        # The root may be that of the repository, with the way to the library in front.
        base = unquote(written).strip("/").removesuffix(before.path)
        return written if after.path == before.path else "/" + encode_like(base + after.path, written, angle=spot.angle)
    same_folders = _folder(before.source) == _folder(after.source) and _folder(before.path) == _folder(after.path)
    if same_folders and not written.endswith("/"):
        if before.path == after.path:
            return written
        return written[: written.rfind("/") + 1] + encode_like(
            posixpath.basename(after.path), written, angle=spot.angle
        )
    path = encode_like(relative_path(after.source, after.path), written, angle=spot.angle)
    if written.startswith("./") and not path.startswith("."):
        path = f"./{path}"
    return f"{path}/" if written.endswith("/") and not path.endswith("/") else path


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


class NewName(Struct, frozen=True):
    """A document and the title, and perhaps the id, that it is called by afterwards."""

    procedure: Procedure
    title: str
    id: str = ""


class Relocation(Struct, frozen=True, dict=True):
    """Where documents, and links to them, are afterwards. All keys are from before.

    Args:
        homes: New paths of documents that move.
        targets: Where links to a document lead instead; of a document that moves, its new path.
        anchors: Where links to a heading lead instead: path and anchor to path and anchor.
        names: New names by the path of the document.
        parts: New documents by their path: a part of which document they were, and their own title.
        spared: Paths of documents in which nothing is rewritten.
        inside: The folder of the library from the root of its repository; a link may lead by way of there.
        pages: The documents as pages, where a site shows them as such.
    """

    homes: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    anchors: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    names: Mapping[str, NewName] = field(default_factory=dict)
    parts: Mapping[str, NewName] = field(default_factory=dict)
    spared: AbstractSet[str] = frozenset()
    inside: str = ""
    pages: Pages | None = None

    @classmethod
    def within(cls, scope: Scope) -> Relocation:
        """Return one that moves nothing yet, in the repository and on the site of a library."""
        return cls(inside=scope.inside_repository(), pages=Pages.of(scope.library))

    @cached_property
    def later(self) -> Pages | None:
        """The pages as they are afterwards."""
        return self.pages.after(self.homes, frozenset(self.parts)) if self.pages else None

    def home(self, path: str) -> str:
        """Return where a document is afterwards."""
        return self.homes.get(path, path)

    def spell(self, spot: Spot, before: Way, after: Way) -> str:
        """Return the target of a link as it is written afterwards, in the manner in which it is written now."""
        if before.source == after.source and is_same(before, after):
            return spot.written
        if self.pages and self.later and self.pages.shows(before.source):
            text = self.pages.spell(spot, before, after, self.later)
            return respell(spot, before, after) if text is None else text
        return spot.written if is_same(before, after) else respell(spot, before, after)

    def name_of(self, source: str, written: str) -> NewName | None:
        """Return the new name of what a link leads to, if that has one."""
        path, anchor = self.end(source, written) or ("", "")
        part = self.anchors.get((path, anchor), (path, ""))[0] if anchor else path
        return self.parts.get(part) or self.names.get(path)

    def ways(self, source: str, written: str, home: str | None = None) -> tuple[Way, Way] | None:
        """Return where a link led and where it leads; None where it leads to the web, or to nothing.

        Args:
            source: Path of the document with the link, before.
            written: The link's target, as it was meant.
            home: Where the link is afterwards, if not where its document does.
        """
        end = self.end(source, written)
        if end is None:
            return None
        path, anchor = end
        moved = self.anchors.get(end) if anchor else None
        to_path, to_anchor = moved or (self.targets.get(path, path), anchor)
        return Way(source, path, anchor), Way(home or self.home(source), to_path, to_anchor)

    def landing(self, home: str, written: str) -> tuple[str, str] | None:
        """Return the path and the anchor that a link leads to afterwards; None as for `ways`."""
        return Relocation(inside=self.inside, pages=self.later).end(home, written)

    def end(self, source: str, written: str) -> tuple[str, str] | None:
        """Return the path and the anchor that a link leads to; None as for `ways`."""
        target = resolve(source, written)
        if target.external or not written.strip("#"):
            return None
        if self.pages and self.pages.shows(source):
            lead = self.pages.lead(source, written)
            if lead or not target.escapes:
                return (lead.path or "", lead.anchor) if lead else None
        return self._path(source, written, target), target.anchor

    def _path(self, source: str, written: str, target: Target) -> str:
        """Return where a link leads, from the root of the library, also if it takes the way by the repository."""
        path = target.path
        if path is None:
            path = path_of(source, written)
        if not self.inside or not (written.startswith("/") or path.startswith("../")):
            return path
        whole = path if written.startswith("/") else posixpath.normpath(posixpath.join(self.inside, path))
        return whole.removeprefix(f"{self.inside}/") if whole.startswith(f"{self.inside}/") else path


def is_same(before: Way, after: Way) -> bool:
    """Say whether a link needs no change: it leads to the same place, and from the same folder.

    A link to its own document, perhaps by an anchor alone, may need one wherever its text goes.
    """
    folders = {before.source.rpartition("/")[0], after.source.rpartition("/")[0]}
    if before.path == before.source and after.source != before.source:
        return False
    return (before.path, before.anchor) == (after.path, after.anchor) and len(folders) == 1


class Leads(Struct, frozen=True):
    """Says whether a link of a document may lead to another target afterwards: to where the relocation says.

    ``home`` is the path of the document in which the link is then.
    """

    host: Procedure
    relocation: Relocation
    home: str

    def __call__(self, before: str, after: str) -> bool:
        """Compare a target before with one after, both as the texts mean them."""
        ways = self.relocation.ways(self.host.path, before, self.home)
        if ways is None:
            return before == after
        return self.relocation.landing(self.home, after) == (ways[1].path, ways[1].anchor)


def relocate_links(host: Procedure, relocation: Relocation, home: str | None = None) -> Iterator[Replacement]:
    """Yield replacements of the targets in a document that lead elsewhere afterwards, or are written otherwise."""
    for spot in read_site_spots(host.document, relocation.pages):
        ways = relocation.ways(host.path, spot.target, home)
        text = relocation.spell(spot, *ways) if ways else spot.written
        if text != spot.written:
            yield Replacement(spot.start, spot.end, text)


def relocate_paths(host: Procedure, relocation: Relocation, documents: AbstractSet[str]) -> Iterator[Replacement]:
    """Yield replacements of paths in the front matter that lead to documents."""
    edits = list(_puts(host, relocation, documents))
    yield from edit_front_matter(host.document, host.path, edits) if edits else ()


def _puts(host: Procedure, relocation: Relocation, documents: AbstractSet[str]) -> Iterator[Put]:
    for scalar in read_scalars(host.document):
        path = scalar.value.partition("#")[0]
        if not is_document(path):
            continue
        text = _moved(host, scalar, relocation, documents)
        if text != scalar.value:
            yield Put(scalar.key, text, scalar.index)


def _moved(host: Procedure, scalar: Scalar, relocation: Relocation, documents: AbstractSet[str]) -> str:
    value = scalar.value
    if resolve(host.path, value).path in documents:
        ways = relocation.ways(host.path, value)
        return relocation.spell(Spot("inline", value, value, 0, 0, angle=True), *ways) if ways else value
    path, mark, anchor = value.partition("#")
    return relocation.targets.get(path, path) + mark + anchor


def verify_links(host: Procedure, relocation: Relocation, raw: bytes, own: Sequence[Replacement] = ()) -> None:
    """Make sure that every link of a rewritten document leads where it has to: nothing is written that is not proven.

    Links within what was replaced are gone, and those in the new text are taken as they are.

    Raises:
        LibraryError: A link could not be rewritten.
    """
    stay = [link for link in host.links if not any(r.start <= link.start < r.end for r in own)]
    places: list[tuple[int, Link | None]] = [(link.start, link) for link in stay]
    # A reference in a new text needs the definitions of the document to be read as a link.
    known = b"\n\n" + b"\n".join(raw[d.start : d.end].strip() for d in read_definitions(parse(raw)))
    own_links = {each.start: read_links(parse(each.text.encode() + known), host.conventions) for each in own}
    places += [(start, None) for start, _ in ungrouped(own_links.items())]
    expected = [link for _, link in sorted(places, key=lambda place: place[0])]
    verify_text(host, expected, relocation, relocation.home(host.path), raw)


def verify_text(
    host: Procedure, expected: Sequence[Link | None], relocation: Relocation, home: str, raw: bytes
) -> None:
    """Make sure that the links of a text are the expected ones of a host; None means any link.

    Raises:
        LibraryError: A link could not be rewritten.
    """
    links = read_links(parse(raw), host.conventions)
    if len(links) != len(expected):
        message = f"{host.path} cannot be rewritten safely: its links would be read otherwise afterwards"
        raise LibraryError(message, "nothing was changed")
    for old, new in zip(expected, links, strict=True):
        ways = relocation.ways(host.path, old.target, home) if old else None
        if old is None or ways is None:
            continue
        if relocation.landing(home, new.target) != (ways[1].path, ways[1].anchor):
            message = f"{host.path}:{old.line}: the link {old.target!r} cannot be rewritten safely"
            raise LibraryError(message, "nothing was changed; rewrite this link by hand, then try again")
