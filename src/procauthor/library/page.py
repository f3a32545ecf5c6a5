"""Links between the pages of a site: where they lead before and after a relocation, and how they are written then."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain, islice
from urllib.parse import quote, unquote

from msgspec import Struct, field
from msgspec.structs import replace

from procauthor.data import ungrouped
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import (
    FOLDERS,
    HTML,
    Base,
    Target,
    bases,
    filled_paths,
    own_addresses,
    page_folder,
    plain_target,
    relative,
    resolve,
    resolve_on_site,
    rules_of,
    shows,
)
from procauthor.markdown.document import Document, encode_path, write_link
from procauthor.markdown.target import Spot, read_spots
from procauthor.naming import is_document, split_ending
from procauthor.regex import lazy
from procauthor.settings import Conventions

# So many links show how a library writes them.
_ENOUGH = 40
_ENCODED_LETTER = lazy(r"%[89A-Fa-f][0-9A-Fa-f]")


class Way(Struct, frozen=True):
    """From the document at ``source`` to a path and an anchor; all paths from the library's root."""

    source: str
    path: str
    anchor: str = ""


class _Example(Struct, frozen=True):
    """A link between documents, and what is around its target for a template to read."""

    spot: Spot
    way: Way
    before: str
    behind: str


def new_link(library: Library, text: str, source: str, path: str) -> str:
    """Return a new link from one document to another; see `Pages.write`."""
    pages = Pages.of(library)
    return pages.write(text, source, path) if pages else write_link(text, relative(source, path))


def encode_like(path: str, like: str, *, angle: bool = False) -> str:
    """Return a path as it is written in a link; parts that another one has keep their spelling there."""
    known = {unquote(part): part for part in like.split("/")}
    if _ENCODED_LETTER.search(like):
        return "/".join(known.get(part) or quote(part, safe="!$&'*+,;=:@") for part in path.split("/"))
    return "/".join(known.get(part) or encode_path(part, angle=angle) for part in path.split("/"))


class Pages(Struct, frozen=True, dict=True):
    """The documents of a library as the pages of a site.

    Args:
        library: The library before.
        homes: The paths of documents that have moved, by those from before.
        made: Paths of documents that there are only now.
    """

    library: Library
    homes: Mapping[str, str] = field(default_factory=dict)
    made: frozenset[str] = frozenset()

    @classmethod
    def of(cls, library: Library) -> Pages | None:
        """Return the pages of a library, or None where its links lead to files."""
        document = next(iter(library.procedures), None)
        return cls(library) if document and rules_of(document.conventions.site).pages else None

    @cached_property
    def conventions(self) -> Conventions:
        """How the links of the site are read."""
        return self.library.procedures[0].conventions

    @cached_property
    def _before(self) -> Mapping[str, str]:
        return {new: old for old, new in self.homes.items()}

    @cached_property
    def _moved(self) -> Mapping[str, str]:
        """The documents that have moved, by their addresses of now."""
        homes = self.homes.items()
        moved = ungrouped((new, self.addresses(new, self.library.by_path[old])) for old, new in homes)
        return {address: new for new, address in moved}

    def after(self, homes: Mapping[str, str], made: frozenset[str]) -> Pages:
        """Return the pages as they are when documents have moved and others have come."""
        return replace(self, homes=homes, made=made)

    def addresses(self, path: str, document: Procedure) -> list[str]:
        """Return where the site shows a document besides the place of its file, if it has a path."""
        return list(own_addresses(path, document.document, self.conventions))

    def names(self, path: str) -> Iterator[str]:
        """Yield the last names by which links may lead to a document, in lower case."""
        yield from (posixpath.basename(end).casefold() for _, end in self._shapes(path))

    def shows(self, path: str) -> bool:
        """Say whether a document is one of the pages."""
        return shows(path, self.conventions)

    def lead(self, home: str, written: str) -> Target | None:
        """Return the file that a link leads to which is written in the document at a path; None if there is none."""
        target = resolve_on_site(home, written, self.conventions, self._folder(home))
        there = next(filter(None, map(self._there, target.paths)), None)
        return Target(there, target.anchor) if there else None

    def _folder(self, home: str) -> str:
        document = self.library.by_path.get(self._before.get(home, home))
        return page_folder(home, document.document, self.conventions) if document else ""

    def _there(self, path: str) -> str:
        """Return the path of what is at a place: a document, a file, or what the site shows there."""
        if path in self.made or path in self._before:
            return path
        if path in self._moved:
            return self._moved[path]
        shown = self.library.by_address.get(path)
        if shown and shown.path not in self.homes:
            return shown.path
        return path if path in self.library.files else ""

    # How a link is written

    def write(self, text: str, source: str, path: str) -> str:
        """Return a new link as most links between documents of the library are written, the source's own first.

        Args:
            text: What it says.
            source: The document with the link.
            path: Where it leads; nothing need be there yet.
        """
        way = Way(source, path)
        usual = self.library.once(f"link in {source}", lambda: self._usual(way))
        written = self._like(usual, way) if usual else None
        return write_link(text, written or relative(source, path))

    def _usual(self, way: Way) -> _Example | None:
        """Return a link that shows how most of them are written; None where none shows it."""
        own = self.library.by_path.get(way.source)
        every = chain(self._examples([own] if own else []), (e for e in self._others if e.way.source != way.source))
        tried = ((example, self._like(example, way)) for example in every)
        shown = list(islice((each for each in tried if each[1]), _ENOUGH))
        usual = Counter(text for _, text in shown).most_common(1)
        return next((example for example, text in shown if text == usual[0][0]), None)

    def _like(self, example: _Example, way: Way) -> str | None:
        """Return the target of a new link that is written like another one, with what a template reads around it."""
        target = self.spell(example.spot, example.way, way, self.after({}, frozenset({way.path})))
        return f"{example.before}{target}{example.behind}" if target else None

    @property
    def _others(self) -> tuple[_Example, ...]:
        """Links of any documents. They are read once: where a library has few links, all of it is read for them."""
        return self.library.once("links", lambda: tuple(islice(self._examples(self.library.procedures), 2 * _ENOUGH)))

    def _examples(self, documents: Iterable[Procedure]) -> Iterator[_Example]:
        """Yield the links of documents to other ones."""
        for document, spot in ungrouped((d, read_site_spots(d.document, self)) for d in documents):
            lead = self.lead(document.path, spot.target) if spot.form == "inline" and "#" not in spot.target else None
            around = _around(document.document, spot)
            if lead and around and is_document(lead.path or "") and lead.path != document.path:
                yield _Example(spot, Way(document.path, str(lead.path)), *around)

    def spell(self, spot: Spot, before: Way, after: Way, later: Pages) -> str | None:
        """Return the target of a link as it is written afterwards: as it was, else in the manner in which it was.

        Args:
            spot: The target as it is written.
            before: Where it led.
            after: Where it has to lead.
            later: The pages as they are then.

        Returns:
            The text, or None where the site does not say how the link is written.
        """
        # With docsify, "#/" begins a path.
        sign = "#" if rules_of(self.conventions.site).routes and spot.target.startswith("#/") else ""
        head, mark, anchor = spot.target.removeprefix(sign).partition("#")
        anchor = after.anchor if after.anchor != before.anchor else anchor
        plain = plain_target(head, self.conventions)
        if plain is None or resolve("", plain).external:
            return None
        path, query, rest = plain.partition("?")
        prefix = head[: len(head) - len(plain)] if head.endswith(plain) else ""
        for each in chain([path], self._spelled(path, before, after, later)):
            text = f"{prefix}{each}{query}{rest}"
            lead = later.lead(after.source, text)
            if lead and lead.path == after.path:
                text = text[1:] if spot.target == f"/{spot.written}" else text
                return f"{sign}{text}#{anchor}" if anchor or mark else f"{sign}{text}"
        return None

    def _spelled(self, path: str, before: Way, after: Way, later: Pages) -> Iterator[str]:
        """Yield how a path may be written that leads elsewhere, the likeliest first."""
        written = unquote(path)
        for number, base in enumerate(self._bases(before.source, written)):
            full = base.path_of(written)
            for shape in self._shapes(before.path):
                if shape[1] == full:
                    ends = [text for kind, text in later._shapes(after.path) if kind == shape[0]]
                    # Where it says itself where it is shown, that is how other pages name it.
                    ends = [*filter(None, [later._folder(after.path)]), *ends] if shape[0] == "bare" else ends
                    yield from later._relative(path, after, ends or [t for _, t in later._shapes(after.path)], number)
        yield from later._relative(path, after, [after.path], 0)

    def _bases(self, home: str, written: str) -> list[Base]:
        return list(bases(home, written, self.conventions, self._folder(home)))

    def _relative(self, path: str, after: Way, ends: list[str], number: int) -> Iterator[str]:
        for end in ends:
            trailing = "/" if path.endswith("/") and not is_document(end) else ""
            # What the path counts from may depend on how it ends.
            homes = self._bases(after.source, f"{'/' if path.startswith('/') else ''}{end}{trailing}")
            for base in homes[number : number + 1] or homes[:1]:
                text = posixpath.relpath(end or ".", base.folder or ".")
                text = f"/{text}" if path.startswith("/") else text
                text = f"./{text}" if path.startswith("./") and not text.startswith(".") else text
                yield encode_like(f"/{trailing}" if text == "/." else f"{text}{trailing}", path)

    def _shapes(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield the ways in which a link may name a path, with what each is called."""
        yield "file", path
        if not is_document(path):
            return
        stem, _ = split_ending(path)
        folder, _, name = stem.rpartition("/")
        document = self.library.by_path.get(self._before.get(path, path))
        for address in self.addresses(path, document) if document else ():
            yield "address", address
        if name in FOLDERS:
            yield "bare", folder
            yield "html", f"{folder}/index.html".lstrip("/")
        yield "bare", stem
        yield "html", f"{stem}{HTML[0]}"


def _around(document: Document, spot: Spot) -> tuple[str, str] | None:
    """Return what a link has around its path for a template to read; None where it has a title."""
    raw = document.source.raw
    begin, end = raw.rfind(b"](", 0, spot.start) + 2, raw.find(b")", spot.end)
    before, behind = document.source.slice(begin, spot.start), document.source.slice(spot.end, end)
    return (before, behind) if not before + behind or before.startswith("{") else None


def read_site_spots(document: Document, pages: Pages | None) -> Iterator[Spot]:
    """Yield the written targets of a document, and the paths that it tells a template of its site."""
    yield from read_spots(document)
    for start, end, target in filled_paths(document, pages.conventions) if pages else ():
        yield Spot("inline", document.source.slice(start, end), target, start, end)
