"""Findings of a surveyed library: those that are remembered and still hold, and the others looked for again."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from procauthor.checking.difference import (
    FILE,
    HEAD,
    PENDING,
    Difference,
    Surroundings,
    WatchedScope,
    find_difference,
    question,
)
from procauthor.checking.memory import Record
from procauthor.checking.rule import FAMILIES, families_of
from procauthor.checking.scope import Scope
from procauthor.checking.survey import Surveyed, decode_findings, encode_findings, own_findings
from procauthor.checking.usage import Need, find_needs
from procauthor.finding import Finding
from procauthor.git import head_of
from procauthor.library.sidecar import Review
from procauthor.system import share

_ALONE, _AMONG = families_of("document"), families_of("neighbours")
# Findings about one document that rest on the text of more others than these are looked for at every check.
_MOST_LOOKED = 50
_encode = msgspec.msgpack.Encoder().encode
_Looked = dict[str, str]
_T = TypeVar("_T")
_decode_looked = msgspec.msgpack.Decoder(_Looked).decode
_decode_needs = msgspec.msgpack.Decoder(list[tuple[str, int]]).decode
_NOTHING = _encode({})


class _World(msgspec.Struct, frozen=True, array_like=True):
    """What was asked of the disk and of git beyond the documents, and what they said."""

    asked: dict[str, bool] = {}
    head: str | None = None


class _Whole(msgspec.Struct, frozen=True, array_like=True):
    """The findings of families that see everything, and what they rest on."""

    key: bytes
    looked: _Looked
    findings: list[Finding]


class _Among(msgspec.Struct, frozen=True, array_like=True):
    """The findings of a document that depend on others, and what they rest on; None where that is too much to keep."""

    path: str
    findings: bytes
    needs: bytes
    looked: _Looked | None
    questions: bytes
    asked: dict[str, bool]
    head: str | None


@dataclass
class Recall:
    """Finds what is to be said of a library, and remembers it.

    Args:
        survey: The library, as it was read.
        scope: The same, as rules see it.
        paths: The documents that are reported on; None for all. Of a library on disk all are looked at.
    """

    survey: Surveyed
    scope: Scope
    paths: Collection[str] | None = None
    _changed: dict[str, Record] = field(default_factory=dict)
    _doubtful: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._watched = WatchedScope(self.scope)

    def findings(self) -> list[Finding]:
        """Return the findings of all rules, in no order."""
        around = self._around()
        known = self.survey.memory.notes
        world, before = _read(known.get("world"), _World), _read(known.get("around"), Surroundings)
        difference: Difference | None = None
        asked: dict[str, bool] = {}
        if world is not None and before is not None:
            asked, changed = self._answers(world)
            difference = find_difference(self.survey, before, around, changed)
            self.scope.head = None if question(HEAD) in changed else world.head
        records = self.survey.records
        self._look([path for path in self._subjects() if not self._holds(records[path], difference)], asked)
        self.scope.asked = asked
        found = list(own_findings(self.survey))
        for record in self.survey.records.values():
            if record.among:
                found += decode_findings(record.among)
        whole = self._of_library(around)
        if not self.survey.laid:
            self._remember(around, whole)
        return [*found, *whole.findings]

    def _subjects(self) -> Iterable[str]:
        """Return the documents to look at; what is laid over a library is looked at where it is reported on."""
        if self.paths is None or not self.survey.laid:
            return self.survey.records
        return [path for path in self.paths if path in self.survey.records]

    # What findings rest on

    def _around(self) -> Surroundings:
        library = self.scope.library
        reviews = {path: self._worth(path, review) for path, review in library.reviews.items()}
        rules = blake2b(digest_size=16)
        for standard in library.of_kind("standard"):
            stated = (standard.path, standard.status, standard.stated_rules, standard.known_rules)
            rules.update(_encode(stated))
        return Surroundings(
            sorted(library.files),
            sorted(self.scope.announced),
            [unread.path for unread in library.unread],
            reviews,
            rules.digest(),
        )

    def _worth(self, path: str, review: Review) -> bytes:
        """Return a digest of the receipts of a document, and of what approvals are worth by its text, and today."""
        worth: tuple[Any, ...] = (review.receipts,)
        procedure = self.scope.library.by_path.get(path)
        if procedure is not None:
            outdated = [(each.state, each.receipt) for each in procedure.standing.outdated]
            worth = (*worth, outdated, procedure.status)
        return blake2b(_encode(worth), digest_size=16).digest()

    def _answers(self, world: _World) -> tuple[dict[str, bool], set[int]]:
        """Return the answers of the disk of now, and the questions to disk and git of which the answer is another."""
        now = {path: self.scope.is_on_disk(path) for path in world.asked}
        changed = {question(FILE, path) for path, answer in now.items() if answer != world.asked[path]}
        if world.head is not None and world.head != head_of(self.scope.library.root):
            changed.add(question(HEAD))
        return now, changed

    def _holds(self, record: Record, difference: Difference | None) -> bool:
        """Say whether the findings of a document still hold."""
        if record.among is None or difference is None or record.path in difference.paths:
            return False
        if difference.questions and not difference.questions.isdisjoint(array("I", record.asked)):
            return False
        return record.looked == _NOTHING or self._are_as_before(_decode_looked(record.looked))

    def _are_as_before(self, looked: _Looked) -> bool:
        records = self.survey.records
        for path, stamp in looked.items():
            record = records.get(path)
            if record is None or record.stamp != stamp:
                return False
        return True

    def _looked(self) -> _Looked:
        return {path: self.survey.records[path].stamp for path in sorted(self.survey.shelf.looked)}

    # Finding

    def _look(self, paths: list[str], asked: dict[str, bool]) -> None:
        """Look for the findings of documents again, and add what was asked of the disk for them."""
        # No process may have a database open that another has opened.
        self.survey.memory.close()
        for found in share(paths, self._among, _Among):
            record = self.survey.records[found.path]
            if self.survey.laid:
                # What is remembered is of the library on disk.
                record = self.survey.records[found.path] = msgspec.structs.replace(record)
            record.among, record.needs, record.asked = found.findings, found.needs, found.questions
            record.looked = _NOTHING if found.looked is None else _encode(found.looked)
            if found.looked is None:
                # It is shown now, and not believed at the next check.
                self._doubtful.add(found.path)
            self._changed[found.path] = record
            asked.update(found.asked)
            self.scope.head = self.scope.head or found.head

    def _among(self, path: str) -> _Among:
        """Look for the findings of a document that depend on others too."""
        shelf, scope = self.survey.shelf, self._watched
        procedure = self.scope.library.by_path[path]
        scope.turn_to(procedure)
        shelf.own, scope.asked = path, {}
        shelf.looked.clear()
        families = (*_ALONE, *_AMONG) if self.survey.records[path].whole else _AMONG
        found = [finding for family in families for finding in family.check(scope)]
        needs = [(need.procedure.path, need.line) for need in find_needs(scope, procedure)]
        looked = self._looked() if len(shelf.looked) <= _MOST_LOOKED else None
        shelf.own = ""
        encoded = encode_findings(found) if found else b"", _encode(needs) if needs else b""
        questions = array("I", sorted(scope.questions)).tobytes()
        return _Among(path, *encoded, looked, questions, scope.asked, scope.head)

    def _of_library(self, around: Surroundings) -> _Whole:
        digest = blake2b(_encode(around), digest_size=16)
        for path, record in self.survey.records.items():
            digest.update(path.encode(errors="surrogateescape") + b"\0" + record.digest)
            digest.update(record.needs + b"\0")
        digest.update(b"kept" if self.scope.keeps_state else b"")
        key = digest.digest()
        before = _read(self.survey.memory.notes.get("library"), _Whole)
        if before and before.key == key and self._are_as_before(before.looked):
            return before
        self.scope.subjects = self.scope.library.procedures
        self.survey.shelf.looked.clear()
        self.scope.known_needs = self._needs()
        found = list(self._run())
        return _Whole(key, self._looked(), found)

    def _run(self) -> Iterator[Finding]:
        for family in FAMILIES:
            yield from family.run(self.scope) if family.reach == "library" else family.check_library(self.scope)

    def _needs(self) -> dict[str, list[Need]]:
        by_path = self.scope.library.by_path
        return {
            record.path: [Need(by_path[path], line) for path, line in _decode_needs(record.needs)]
            for record in self.survey.records.values()
            if record.needs
        }

    # Remembering

    def _remember(self, around: Surroundings, whole: _Whole) -> None:
        survey, scope = self.survey, self.scope
        for path in survey.fresh:
            self._changed.setdefault(path, survey.records[path])
        for record in survey.memory.touched:
            self._changed.setdefault(record.path, record)
        notes = {
            "around": _encode(around),
            PENDING: b"",
            "world": _encode(_World(scope.asked, scope.head)),
            "library": _encode(whole),
        }
        if not self._changed and not survey.gone and all(survey.memory.notes.get(n) == v for n, v in notes.items()):
            return
        for path in self._doubtful:
            self._changed[path].among = None
        survey.memory.write(self._changed.values(), survey.gone, notes)


def _read(raw: bytes | None, kind: type[_T]) -> _T | None:
    try:
        return msgspec.msgpack.decode(raw, type=kind) if raw else None
    except msgspec.MsgspecError:
        return None
