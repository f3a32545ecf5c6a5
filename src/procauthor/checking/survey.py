"""Reads a library for a check: takes what is remembered from the last one, reads and checks the rest by itself."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Self

import msgspec

from procauthor.checking.memory import FILE_NAME, Memory, Record, Signature, program_key
from procauthor.checking.phrase import write_notes
from procauthor.checking.rule import families_of
from procauthor.checking.rules.suppression import write_directives
from procauthor.checking.scope import NeedsLibrary, Scope
from procauthor.errors import StaleError
from procauthor.finding import Finding
from procauthor.library.library import Library, Procedure, Tree, UnreadFile, read_file, read_template, walk
from procauthor.library.sidecar import Review, read_reviews
from procauthor.library.stored import Facts, Shelf, Stored, read_facts
from procauthor.procedure import Kind, Stamp, stamp
from procauthor.settings import Conventions, Settings
from procauthor.system import read_regular, share
from procauthor.template.read import TemplateStore
from procauthor.template.spec import Template

# Below this, to remember costs more than to read, and a small folder stays as clean as it was.
_WORTH_KEEPING = 64
# Each overview is looked into several times; this many are kept in between.
_OVERVIEWS = 256
_MOST_MADE = 256
# No file has this signature.
_NOWHERE = Signature(-1, 0, 0, 0)
_ALONE = families_of("document")
encode_findings = msgspec.msgpack.Encoder().encode
_encode_marks = msgspec.msgpack.Encoder().encode
decode_findings = msgspec.msgpack.Decoder(list[Finding]).decode


@dataclass(frozen=True)
class Surveyed:
    """A library whose documents are known from facts, with what is remembered of them.

    Attributes:
        library: The documents. Those of the disk are `Stored`; over them there may be others.
        memory: What was found at the last check of what is on disk.
        records: What is known of each document, by its path.
        fresh: The paths of the documents that are not remembered as they are.
        gone: The paths of those that are remembered, and no longer there.
        shelf: Where texts and facts are read.
        surveyor: What reads documents.
        laid: Whether the library is not that on disk, so that nothing of it may be remembered.
    """

    library: Library
    memory: Memory
    records: dict[str, Record]
    fresh: frozenset[str]
    gone: frozenset[str]
    shelf: Shelf
    surveyor: Surveyor
    laid: bool = False

    def for_counting(self) -> Self:
        """Keep what an evaluation reads several times: the tables of all overviews."""
        self.shelf.keep(_OVERVIEWS)
        return self

    def keep_gists(self) -> None:
        """Keep the gists that were made of documents."""
        made, self.shelf.new_gists = self.shelf.new_gists, {}
        self.memory.keep_gists(made)

    def over(self, library: Library) -> Surveyed:
        """Return what is known of a library that was made of this one: with other documents, or without some."""
        if library is self.library:
            return self
        records: dict[str, Record] = {}
        for procedure in library.procedures:
            known = self.records.get(procedure.path)
            if known is None or not isinstance(procedure, Stored) or known.stamp != procedure.stamp:
                known = self.surveyor.record(procedure)
            records[procedure.path] = known
        before = self.memory.records
        return Surveyed(
            library,
            self.memory,
            records,
            frozenset(path for path, record in records.items() if before.get(path) is not record),
            frozenset(before.keys() - records.keys()),
            self.shelf,
            self.surveyor,
            laid=True,
        )


class Surveyor:
    """Reads the documents of one library, as often as it is asked to.

    Args:
        root: The root of the library.
        state: Where to remember; None for nowhere.
        settings: The settings.
        templates: The templates.
    """

    def __init__(self, root: Path, state: Path | None, settings: Settings, templates: TemplateStore) -> None:
        self._root = root
        self.state = state
        self._settings = settings
        self._templates = templates
        self._memory: Memory | None = None
        self._last: Surveyed | None = None
        self._made: OrderedDict[tuple[str, str], Record] = OrderedDict()

    def survey(self) -> Surveyed:
        """Read the library; what this has read before is taken from there, as far as it is the same."""
        tree = walk(self._root, self._settings.library.exclude)
        memory = self._memory = self._memory or self._open(len(tree.documents))
        records, unknown = self._recall(tree, memory)
        unread = list(tree.closed)
        for found in share(unknown, self._read, Record | UnreadFile):
            if isinstance(found, UnreadFile):
                unread.append(found)
            else:
                records[found.path] = found
        unread.sort(key=lambda each: each.path)
        reviews = read_reviews(self._root)
        fresh = frozenset(path for path in unknown if path in records)
        if not fresh and self._last is not None and self._is_as_before(self._last, tree, records, unread, reviews):
            return self._last
        self._last = self._put_together(tree, memory, records, unread, fresh, reviews)
        return self._last

    def _is_as_before(
        self,
        before: Surveyed,
        tree: Tree,
        records: Mapping[str, Record],
        unread: Sequence[UnreadFile],
        reviews: Mapping[str, Review],
    ) -> bool:
        """Say whether a reading has found what the one before it has found."""
        library = before.library
        return (
            before.memory is self._memory
            and (tree.files, reviews, tuple(unread)) == (library.files, library.reviews, library.unread)
            and before.memory.records.keys() <= records.keys() == before.records.keys()
            and all(record is before.records[path] for path, record in records.items())
        )

    def is_like(self, other: Surveyor) -> bool:
        """Say whether what another one remembers counts for this one."""
        return self.state == other.state and self._key() == other._key()

    def forget(self) -> None:
        """Begin again with what is on disk, because what was remembered turned out to be wrong."""
        if self._memory is not None:
            self._memory.close()
        self._memory = self._last = None

    def _open(self, documents: int) -> Memory:
        keep = self.state is not None and documents >= _WORTH_KEEPING
        return Memory(self.state / FILE_NAME if keep and self.state else None, self._key() if keep else b"")

    def record(self, procedure: Procedure) -> Record:
        """Return what is known of a document that is not on disk; it is the same as long as its text is."""
        key = (procedure.path, procedure.stamp)
        if key not in self._made:
            self._made[key] = self._record(procedure, _NOWHERE)
        self._made.move_to_end(key)
        if len(self._made) > _MOST_MADE:
            self._made.popitem(last=False)
        return self._made[key]

    def _key(self) -> bytes:
        """Return what all findings depend on besides the documents."""
        digest = blake2b(program_key(), digest_size=16)
        digest.update(self._settings.model_dump_json().encode())
        digest.update(repr(sorted(self._settings.library.model_fields_set)).encode())
        for name in sorted(set(filter(None, self._settings.templates.values()))):
            digest.update(f"\0{name}\0{self._templates.digest(name)}".encode())
        return digest.digest()

    def _recall(self, tree: Tree, memory: Memory) -> tuple[dict[str, Record], list[str]]:
        """Return the records of the files that are as they were, and the paths of the others."""
        if not memory.records:
            return {}, list(tree.documents)
        records: dict[str, Record] = {}
        unknown: list[str] = []
        top = os.fspath(self._root)
        for path in tree.documents:
            record = memory.records.get(path)
            try:
                if record is not None and record.signature.fits(os.stat(f"{top}/{path}")):
                    records[path] = record
                    continue
            except OSError:
                pass
            unknown.append(path)
        return self._unchanged(unknown, memory, records)

    def _unchanged(
        self, unknown: Sequence[str], memory: Memory, records: dict[str, Record]
    ) -> tuple[dict[str, Record], list[str]]:
        """Take those whose bytes are as they were, though the disk says that they were written."""
        changed: list[str] = []
        for path in unknown:
            record = memory.records.get(path)
            file = self._root / path
            try:
                read_at, found = time.time_ns(), file.stat()
                if record is not None and not file.is_symlink() and stamp(read_regular(file)) == record.stamp:
                    record.signature = Signature.of(found, read_at)
                    memory.touched.append(record)
                    records[path] = record
                    continue
            except OSError:
                pass
            changed.append(path)
        return records, changed

    def _read(self, path: str) -> Record | UnreadFile:
        """Read a document, and run on it the families that need no other."""
        read_at = time.time_ns()
        try:
            # Before it is read: a file that is written meanwhile shall not look like the one that was read.
            found = os.stat(self._root / path)
        except OSError as error:
            return UnreadFile(path, error.strerror or "cannot be read")
        procedure = read_file(self._root, path, self._settings, self._templates)
        return procedure if isinstance(procedure, UnreadFile) else self._record(procedure, Signature.of(found, read_at))

    def _record(self, procedure: Procedure, signature: Signature) -> Record:
        facts = read_facts(procedure, write_notes(procedure))
        findings, whole = self._alone(procedure)
        return Record(
            path=procedure.path,
            signature=signature,
            stamp=procedure.stamp,
            kind=procedure.kind,
            digest=blake2b(facts.face + facts.view + procedure.kind.encode(), digest_size=16).digest(),
            face=facts.face,
            directives=write_directives(procedure),
            own=encode_findings(findings) if findings else b"",
            whole=whole,
            marks=_encode_marks(procedure.marks),
            facts=facts,
        )

    def _alone(self, procedure: Procedure) -> tuple[list[Finding], bool]:
        scope = Scope(Library(self._root, (procedure,)), (), self._settings, alone=True)
        found: list[Finding] = []
        try:
            for family in _ALONE:
                found += family.check(scope)
        except NeedsLibrary:
            return [], True
        return found, False

    def _put_together(  # noqa: PLR0913, PLR0917 - all that a reading has found
        self,
        tree: Tree,
        memory: Memory,
        records: Mapping[str, Record],
        unread: Sequence[UnreadFile],
        fresh: frozenset[str],
        reviews: Mapping[str, Review],
    ) -> Surveyed:
        ordered = {path: records[path] for path in tree.documents if path in records}

        def fetch(path: str) -> Facts:
            try:
                return memory.facts(ordered[path])
            except sqlite3.Error as error:
                memory.forget()
                raise StaleError(FILE_NAME) from error

        shelf = Shelf(
            self._root, fetch, lambda: memory.contracts(ordered), lambda: memory.gists(ordered), self._template
        )
        procedures = tuple(
            _stored(record, reviews.get(record.path), shelf, self._settings.conventions) for record in ordered.values()
        )
        library = Library(self._root, procedures, tuple(unread), tree.files, reviews)
        gone = frozenset(memory.records.keys() - ordered.keys())
        return Surveyed(library, memory, ordered, fresh, gone, shelf, self)

    def _template(self, path: str) -> Template | None:
        return read_template(path, self._settings, self._templates)


def _stored(record: Record, review: Review | None, shelf: Shelf, conventions: Conventions) -> Stored:
    kind: Kind = record.kind  # type: ignore[assignment]
    head = record.path, Stamp(record.stamp), kind
    return Stored(*head, record.face, record.directives, record.marks, review, shelf, conventions)


def own_findings(survey: Surveyed) -> Iterator[Finding]:
    """Yield the findings of the families that need one document alone."""
    for record in survey.records.values():
        if record.own:
            yield from decode_findings(record.own)
