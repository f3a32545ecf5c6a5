"""Reads a library for a check: takes what is remembered from the last one, reads and checks the rest by itself."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Self

import msgspec

from procauthor.checking.directive import write_directives
from procauthor.checking.memory import FILE_NAME, Memory, Record, Signature, program_key
from procauthor.checking.note import write_notes
from procauthor.checking.rule import FAMILIES, reach
from procauthor.checking.scope import NeedsLibrary, Scope
from procauthor.errors import StaleError
from procauthor.file import read_regular
from procauthor.finding import Finding
from procauthor.library.library import Library, Procedure, Tree, UnreadFile, read_file, read_template, walk
from procauthor.library.receipt import Review, read_reviews
from procauthor.library.stored import Facts, Shelf, Stored, read_facts
from procauthor.procedure import Kind, Stamp, stamp
from procauthor.settings import Conventions, Settings
from procauthor.system.parallel import share
from procauthor.template.spec import Template
from procauthor.template.store import TemplateStore

# Below this, to remember costs more than to read, and a small folder stays as clean as it was.
_WORTH_KEEPING = 64
# Each overview is looked into several times; this many are kept in between.
_OVERVIEWS = 256
_ALONE = tuple(family for family in FAMILIES if reach(family) == "document")
encode_findings = msgspec.msgpack.Encoder().encode
_encode_marks = msgspec.msgpack.Encoder().encode
decode_findings = msgspec.msgpack.Decoder(list[Finding]).decode


@dataclass(frozen=True)
class Survey:
    """A library whose documents are known from facts, with what is remembered of them.

    ``fresh`` holds the paths of the documents that were not remembered as they are.
    """

    library: Library
    memory: Memory
    records: dict[str, Record]
    fresh: frozenset[str]
    gone: frozenset[str]
    shelf: Shelf

    def for_counting(self) -> Self:
        """Make ready what an evaluation reads of every document: its contract, and the tables of all overviews."""
        self.shelf.prepare(self.memory.contracts(self.records), _OVERVIEWS)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Say of a memory that cannot be read that the question has to be asked again, without it."""
        if isinstance(error, msgspec.MsgspecError):
            self.memory.forget()
            raise StaleError(FILE_NAME) from error
        self.memory.close()


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
        self._state = state
        self._settings = settings
        self._templates = templates

    def survey(self) -> Survey:
        """Read the library."""
        tree = walk(self._root, self._settings.library.exclude)
        keep = self._state is not None and len(tree.documents) >= _WORTH_KEEPING
        memory = Memory(self._state / FILE_NAME if keep and self._state else None, self._key() if keep else b"")
        records, unknown = self._recall(tree, memory)
        unread = list(tree.closed)
        for found in share(unknown, self._read, Record | UnreadFile):
            if isinstance(found, UnreadFile):
                unread.append(found)
            else:
                records[found.path] = found
        fresh = frozenset(path for path in unknown if path in records)
        return self._put_together(tree, memory, records, sorted(unread, key=lambda u: u.path), fresh)

    def _key(self) -> bytes:
        """Return what all findings depend on besides the documents."""
        digest = blake2b(program_key(), digest_size=16)
        digest.update(self._settings.model_dump_json().encode())
        digest.update(repr(sorted(self._settings.library.model_fields_set)).encode())
        for name in sorted(set(filter(None, self._settings.templates.values()))):
            digest.update(f"\0{name}\0{self._templates.get(name).hash}".encode())
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
        if isinstance(procedure, UnreadFile):
            return procedure
        facts = read_facts(procedure, write_notes(procedure))
        findings, whole = self._alone(procedure)
        return Record(
            path=path,
            signature=Signature.of(found, read_at),
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

    def _put_together(
        self, tree: Tree, memory: Memory, records: dict[str, Record], unread: list[UnreadFile], fresh: frozenset[str]
    ) -> Survey:
        ordered = {path: records[path] for path in tree.documents if path in records}

        def fetch(path: str) -> Facts:
            try:
                return memory.facts(ordered[path])
            except sqlite3.Error as error:
                memory.forget()
                raise StaleError(FILE_NAME) from error

        shelf = Shelf(self._root, fetch, self._template)
        reviews = read_reviews(self._root)
        procedures = tuple(
            _stored(record, reviews.get(record.path), shelf, self._settings.conventions) for record in ordered.values()
        )
        library = Library(self._root, procedures, tuple(unread), tree.files, reviews)
        gone = frozenset(memory.records.keys() - ordered.keys())
        return Survey(library, memory, ordered, fresh, gone, shelf)

    def _template(self, path: str) -> Template | None:
        return read_template(path, self._settings, self._templates)


def _stored(record: Record, review: Review | None, shelf: Shelf, conventions: Conventions) -> Stored:
    kind: Kind = record.kind  # type: ignore[assignment]
    head = record.path, Stamp(record.stamp), kind
    return Stored(*head, record.face, record.directives, record.marks, review, shelf, conventions)


def own_findings(survey: Survey) -> Iterator[Finding]:
    """Yield the findings of the families that need one document alone."""
    for record in survey.records.values():
        if record.own:
            yield from decode_findings(record.own)
