"""Rewrites where links lead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from procauthor.convention.site import read_links
from procauthor.errors import LibraryError
from procauthor.library.library import Procedure
from procauthor.library.reference import resolve
from procauthor.markdown.document import Link, Replacement
from procauthor.markdown.front_edit import Put, Scalar, edit_front_matter, read_scalars
from procauthor.markdown.parse import parse, read_definitions
from procauthor.markdown.target import Spot
from procauthor.naming import is_document
from procauthor.refactoring.page import read_site_spots
from procauthor.refactoring.relocation import Relocation


@dataclass(frozen=True)
class Leads:
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


def relocate_paths(
    host: Procedure, relocation: Relocation, documents: AbstractSet[str], home: str | None = None
) -> Iterator[Replacement]:
    """Yield replacements of paths in the front matter that lead to documents."""
    edits = list(_puts(host, relocation, documents, home))
    yield from edit_front_matter(host.document, host.path, edits) if edits else ()


def _puts(host: Procedure, relocation: Relocation, documents: AbstractSet[str], home: str | None) -> Iterator[Put]:
    for scalar in read_scalars(host.document):
        path = scalar.value.partition("#")[0]
        if not is_document(path):
            continue
        text = _moved(host, scalar, relocation, documents, home)
        if text != scalar.value:
            yield Put(scalar.key, text, scalar.index)


def _moved(
    host: Procedure, scalar: Scalar, relocation: Relocation, documents: AbstractSet[str], home: str | None
) -> str:
    value = scalar.value
    if resolve(host.path, value).path in documents:
        ways = relocation.ways(host.path, value, home)
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
    places += [(start, None) for start, links in own_links.items() for _ in links]
    expected = [link for _, link in sorted(places, key=lambda place: place[0])]
    verify_text(host, expected, relocation, relocation.home(host.path), raw)


def verify_text(
    host: Procedure, expected: Sequence[Link | None], relocation: Relocation, home: str, raw: bytes
) -> None:
    """Make sure that the links of a text are the expected ones of a host; None stands for any link.

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
