"""Documents that are known from facts, and read from the disk only where a rule looks into their text."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from procauthor.data import keep, unpacked
from procauthor.errors import StaleError
from procauthor.library.contract import Gist, read_gist
from procauthor.library.library import Procedure
from procauthor.library.reference import Target
from procauthor.library.sidecar import Review, TopSection
from procauthor.library.status import Question, earn
from procauthor.markdown.document import Document, Heading, Link, Outline, Source
from procauthor.markdown.parse import parse
from procauthor.procedure import Contract, Kind, Stamp, Status, stamp
from procauthor.settings import Conventions
from procauthor.system import read_regular
from procauthor.template.spec import Template

_KEPT = 64
# Details are small, and those of neighbours are asked for again and again.
_KEPT_DETAILS = 64
_MANY = 512
_T = TypeVar("_T")


class Face(Struct, frozen=True, array_like=True):
    """What a document is called and says of itself."""

    title: str
    written_title: str
    title_line: int
    key: str
    id: str
    has_id: bool
    lifecycle: str
    phase: int | str | None
    declared_status: Status | None
    text_status: Status
    silent: bool
    lacking: tuple[tuple[str, ...], tuple[str, ...]]
    depends_on: tuple[str, ...]
    aliases: tuple[str, ...]
    addresses: tuple[str, ...]
    superseded_by: str
    translation_of: str
    owner: str
    speaks_of_announced: bool
    questions: tuple[Question, ...]
    field_lines: dict[str, int]
    page_folder: str


class View(Struct, frozen=True, array_like=True):
    """What else others may know of a document: its headings, anchors and rules, and where its links lead."""

    heading_texts: tuple[str, ...]
    heading_slugs: tuple[str, ...]
    targets: tuple[str, ...]
    stated_rules: tuple[str, ...]
    known_rules: tuple[str, ...]
    other_anchors: tuple[str, ...]


class Detail(Struct, frozen=True, array_like=True):
    """Parts of a document with their places: what uses those of another document depends on its every byte."""

    outline: Outline
    links: tuple[Link, ...]
    resolved: tuple[Target, ...]


class _Beginning(Struct, frozen=True, array_like=True):
    """The beginning of a detail, decoded without the rest."""

    outline: Outline


class Facts(Struct, frozen=True, array_like=True):
    """The facts of a document, each part encoded, so that it is decoded only where it is needed."""

    face: bytes
    view: bytes
    detail: bytes
    contract: bytes
    notes: bytes
    """What the rules keep of the text."""


_encode = msgspec.msgpack.Encoder().encode
decode_face = msgspec.msgpack.Decoder(Face).decode
decode_view = msgspec.msgpack.Decoder(View).decode
_decode_marks = msgspec.msgpack.Decoder(tuple[TopSection, ...]).decode
_decode_detail = msgspec.msgpack.Decoder(Detail).decode
_decode_beginning = msgspec.msgpack.Decoder(_Beginning).decode
_decode_contract = msgspec.msgpack.Decoder(Contract).decode


def read_facts(procedure: Procedure, notes: bytes = b"") -> Facts:
    """Return the facts of a document."""
    others = tuple(sorted(procedure.anchors.difference(procedure.heading_slugs)))
    face, detail = Face(*_values(procedure, Face)), Detail(*_values(procedure, Detail))
    view = View(*(*_values(procedure, View), others))
    return Facts(_encode(face), _encode(view), _encode(detail), _encode(procedure.contract), notes)


def _values(procedure: Procedure, kind: type[Struct]) -> Iterator[Any]:
    """Yield what a document says itself of each fact that a part has of it."""
    return (getattr(procedure, name) for name in kind.__struct_fields__ if hasattr(Procedure, name))


class Shelf:
    """Gives what is known of documents, reads them again, keeps the last few, and notes whose text was looked into.

    Args:
        root: The root of the library.
        fetch: Gives the facts of the document at a path.
        contracts: Gives the encoded contracts of all documents at once, which is faster than one by one.
        told: Gives what is kept under a name of the documents of which it was asked for before.
        template: Gives the template for it.
    """

    def __init__(
        self,
        root: Path,
        fetch: Callable[[str], Facts],
        contracts: Callable[[], Mapping[str, bytes]],
        told: Callable[[str], Mapping[str, bytes]],
        template: Callable[[str], Template | None],
    ) -> None:
        self._root = os.fspath(root)
        self._contracts_of_all = contracts
        self._known_told = told
        self._missed = 0
        self.fetch = fetch
        self.template = template
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._sources: OrderedDict[str, Source] = OrderedDict()
        # By the text too: who reads an older one while this is renewed leaves nothing in the place of the new one.
        self._details: OrderedDict[tuple[str, Stamp], Detail] = OrderedDict()
        self._contracts: OrderedDict[str, Contract] = OrderedDict()
        self._encoded: Mapping[str, bytes] = {}
        self._told: dict[str, dict[str, bytes]] = {}
        self._lock = RLock()
        self._most = _KEPT
        self.own = ""
        """The document under check: to look into its text is no news."""
        self.looked: set[str] = set()
        """Whose text was looked into since it was last emptied."""
        self.new_told: dict[tuple[str, str], bytes] = {}
        """What was worked out here, by path and name, and is not kept yet."""

    def renew(self, gone: Iterable[Stored], shelf: Shelf) -> None:
        """Know what another shelf knows, of documents that are as they were but for some.

        Those keep what was known until now, and are new here.
        """
        before = Shelf(Path(self._root), self.fetch, self._contracts_of_all, self._known_told, self.template)
        with self._lock:
            self.fetch, self._contracts_of_all, self._known_told = (
                shelf.fetch,
                shelf._contracts_of_all,
                shelf._known_told,
            )
            known: tuple[dict[str, Any], ...] = self._documents, self._sources, self._contracts
            for procedure in gone:
                procedure.move(before)
                for each in (*known, *self._told.values()):
                    each.pop(procedure.path, None)
                for name in self._told:
                    self.new_told.pop((procedure.path, name), None)
            self._encoded = {}
            self._missed = 0
            self._most = _KEPT
            self.looked = set()

    def keep(self, documents: int) -> None:
        """Keep so many parsed documents from now on."""
        self._most = documents

    def note(self, procedure: Procedure) -> None:
        """Note that the text of a document, or a place in it, was looked at."""
        if procedure.path != self.own:
            self.looked.add(procedure.path)

    def source(self, procedure: Procedure) -> Source:
        """Return the bytes of a document.

        Raises:
            StaleError: They are not those that the facts are of.
        """
        with self._lock:
            if procedure.path in self._documents:
                return self._documents[procedure.path].source
            return keep(self._sources, procedure.path, lambda: self._read(procedure), _KEPT)

    def glance(self, procedure: Procedure) -> bytes:
        """Return the bytes of a document as they are now, which is faster than to make sure whose they are.

        Raises:
            StaleError: They cannot be read.
        """
        try:
            return read_regular(f"{self._root}/{procedure.path}")
        except OSError as error:
            raise StaleError(procedure.path) from error

    def document(self, procedure: Procedure) -> Document:
        """Return a document, parsed.

        Raises:
            StaleError: Its bytes are not those that the facts are of.
        """
        with self._lock:
            return keep(self._documents, procedure.path, lambda: parse(self.source(procedure).raw), self._most)

    def detail(self, procedure: Procedure, make: Callable[[], Detail]) -> Detail:
        """Return the decoded detail of a document."""
        with self._lock:
            return keep(self._details, (procedure.path, procedure.stamp), make, _KEPT_DETAILS)

    def contract(self, path: str) -> Contract:
        """Return the decoded contract of a document."""
        with self._lock:
            return keep(self._contracts, path, lambda: self._decoded(path), _KEPT_DETAILS)

    def told(self, path: str, name: str, kind: type[_T], make: Callable[[], _T]) -> _T:
        """Return what is known under a name of a document; it is made when it is asked for, for the first time."""
        with self._lock:
            if name not in self._told:
                self._told[name] = dict(self._known_told(name))
            known = self._told[name]
            if path not in known:
                known[path] = self.new_told[path, name] = _encode(make())
            return unpacked(known[path], kind)

    def _decoded(self, path: str) -> Contract:
        if path not in self._encoded:
            self._missed += 1
            if self._missed == _MANY:
                # Who asks for so many goes through all of them.
                self._encoded = self._contracts_of_all()
        return _decode_contract(self._encoded.get(path) or self.fetch(path).contract)

    def _read(self, procedure: Procedure) -> Source:
        raw = self.glance(procedure)
        if stamp(raw) != procedure.stamp:
            raise StaleError(procedure.path)
        return Source(raw)


class Stored(Procedure):
    """A document of which the facts are known.

    Args:
        path: Relative to the root.
        stamp: What the facts are of.
        kind: What the document is.
        face: The encoded face.
        directives: What the text says of the check itself, encoded; empty where it says nothing.
        marks: The encoded marks of its sections.
        review: What is kept of its reviews.
        shelf: Where the text is.
        conventions: How the library writes what is read from the text.
    """

    directives: bytes

    def __init__(  # noqa: PLR0913, PLR0917 - one value a fact
        self,
        path: str,
        stamp: Stamp,
        kind: Kind,
        face: bytes,
        directives: bytes,
        marks: bytes,
        review: Review | None,
        shelf: Shelf,
        conventions: Conventions,
    ) -> None:
        # The base class is frozen, and this is done for every document of a library at every check.
        own = self.__dict__
        own["path"] = path
        own["stamp"] = stamp
        own["kind"] = kind
        own["directives"] = directives
        own["_face"] = face
        own["_marks"] = marks
        own["review"] = review
        own["_shelf"] = shelf
        own["conventions"] = conventions

    def move(self, shelf: Shelf) -> None:
        """Take texts and facts from another shelf from now on, which knows the document as it is."""
        self.__dict__["_shelf"] = shelf

    def reviewed(self, review: Review | None) -> Stored:
        """Return the document with other receipts."""
        own = self.__dict__
        head = self.path, self.stamp, self.kind
        return Stored(*head, own["_face"], self.directives, own["_marks"], review, own["_shelf"], self.conventions)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Stored({self.path!r})"

    @cached_property
    def face(self) -> Face:
        """What the document is called and says of itself."""
        return decode_face(self.__dict__["_face"])

    @cached_property
    def template(self) -> Template | None:
        """The template for the document."""
        shelf: Shelf = self.__dict__["_shelf"]
        return shelf.template(self.path)

    @property
    def view(self) -> View:
        """What others may know of it; not kept, because the views of all documents together are large."""
        return decode_view(self._facts.view)

    @property
    def _facts(self) -> Facts:
        shelf: Shelf = self.__dict__["_shelf"]
        return shelf.fetch(self.path)

    # What has a place in the text

    @property
    def shelf(self) -> Shelf:
        """Where the text is."""
        shelf: Shelf = self.__dict__["_shelf"]
        shelf.note(self)
        return shelf

    @property
    def document(self) -> Document:
        """The document, read and parsed again."""
        return self.shelf.document(self)

    @property
    def source(self) -> Source:
        """The bytes of the document, read again."""
        return self.shelf.source(self)

    @property
    def folded(self) -> str:
        """All of the text as it is now, in lower case; what is found in it has to be looked for in the document."""
        return self.shelf.glance(self).decode(errors="replace").casefold()

    @property
    def notes(self) -> bytes:
        """What the rules keep of the text, with places in it."""
        self.shelf.note(self)
        return self._facts.notes

    @property
    def outline(self) -> Outline:
        """Where the parts of the document are."""
        self.shelf.note(self)
        return _decode_beginning(self._facts.detail).outline

    @property
    def headings(self) -> tuple[Heading, ...]:
        """All headings."""
        return self._detail.outline.headings

    @property
    def _detail(self) -> Detail:
        return self.shelf.detail(self, lambda: _decode_detail(self._facts.detail))

    @property
    def contract(self) -> Contract:
        """Inputs, outputs, consumers and steps."""
        return self.shelf.contract(self.path)

    @property
    def gist(self) -> Gist:
        """What the document is for, and whom it names."""
        return self.remembered("gist", Gist, lambda: read_gist(self.document, self.template))

    def remembered(self, name: str, kind: type[_T], make: Callable[[], _T]) -> _T:
        """Return what was worked out of the document under a name; it is kept from the first time on."""
        return self.shelf.told(self.path, name, kind, make)

    @cached_property
    def status(self) -> Status:
        """The status that text and receipts support."""
        return earn(self.text_status, approved=self.text_status == "defined" and self.standing.approved)

    @property
    def marks(self) -> tuple[TopSection, ...]:
        """The sections below the title, with their lines: what says where they are looks into the text."""
        return _decode_marks(self.__dict__["_marks"])

    @property
    def anchors(self) -> frozenset[str]:
        """The anchors of headings, and the ids of raw HTML."""
        view = self.view
        return frozenset((*view.heading_slugs, *view.other_anchors))


def _answer_from_facts() -> None:
    """Let a stored document answer from its facts what `Procedure` finds out from the text."""
    for part, kind in (("face", Face), ("view", View), ("_detail", Detail)):
        for name in filter(Procedure.__dict__.__contains__, kind.__struct_fields__):
            if name not in Stored.__dict__:
                setattr(Stored, name, property(attrgetter(f"{part}.{name}")))


_answer_from_facts()
