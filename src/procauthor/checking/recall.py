"""Findings of a surveyed library: those that are remembered and still hold, and the others looked for again."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import blake2b
from itertools import chain
from typing import Any, TypeVar
from zlib import crc32

import msgspec
from msgspec import Struct

from procauthor.checking.phrase import Nearest, Series, Titles, decode_notes
from procauthor.checking.rule import FAMILIES, families_of
from procauthor.checking.scope import Scope
from procauthor.checking.survey import FILE_NAME as MEMORY
from procauthor.checking.survey import Among, Record, Surveyed, decode_findings
from procauthor.checking.usage import Need, encode_edges, needs_in, reached_in, read_edges, unnamed_uses
from procauthor.data import grouped, unpacked
from procauthor.errors import StaleError
from procauthor.finding import Finding
from procauthor.git import head_of
from procauthor.library.artifact import RequiredInput
from procauthor.library.library import Library, Procedure
from procauthor.library.sidecar import Review
from procauthor.library.stored import Face, View, decode_face, decode_view
from procauthor.naming import path_key, title_key
from procauthor.procedure import UNCOUNTED
from procauthor.system import share

ALL = "all"
HEAD = "head"
NEAR = "near"
# One letter a kind of question, before what was asked for.
PATH = "p"
NAME = "n"
ID = "i"
LINKING = "l"
FILE = "f"
FOLDER = "d"
FILE_NAME = "b"
FOLDED = "c"
ANNOUNCED = "a"
REVIEW = "r"
_V = TypeVar("_V")


def question(kind: str, key: str = "") -> int:
    """Return the number by which a question is kept; that two have the same costs a look that was not needed."""
    return crc32(f"{kind}{key}".encode(errors="surrogatepass"))


class _Asked(Collection[_V]):
    """A collection that notes what is looked up in it, and whether all of it is; it is made when it is first needed.

    Args:
        kind: What is looked up.
        asked: Where it is noted.
        make: Makes the collection.
    """

    def __init__(self, kind: str, asked: set[int], make: Callable[[], Collection[_V]]) -> None:
        self._kind = kind
        self._asked = asked
        self._make = make

    @cached_property
    def _all(self) -> Any:
        return self._make()

    def __contains__(self, key: object) -> bool:
        self._asked.add(question(self._kind, str(key)))
        return key in self._all

    def __iter__(self) -> Iterator[_V]:
        self._asked.add(question(ALL))
        return iter(self._all)

    def __len__(self) -> int:
        self._asked.add(question(ALL))
        return len(self._all)


class _AskedMapping(_Asked[str], Mapping[str, _V]):
    """The same for a mapping."""

    def __getitem__(self, key: str) -> _V:
        self._asked.add(question(self._kind, key))
        value: _V = self._all[key]
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, and note that it was asked for."""
        self._asked.add(question(self._kind, key))
        return self._all.get(key, default)


class _AskedDocuments(_Asked[Procedure], Sequence[Procedure]):
    """The same for the documents of a library: there is no other way to look one up than to go through all."""

    def __contains__(self, document: object) -> bool:
        return document in list(self)

    def __getitem__(self, index: Any) -> Any:
        self._asked.add(question(ALL))
        return self._all[index]


class WatchedScope(Scope):
    """A scope that notes what is asked of it.

    Args:
        whole: The scope that knows the answers.
    """

    def __init__(self, whole: Scope) -> None:
        self.questions: set[int] = set()
        self.whole = whole
        announced = _Asked(ANNOUNCED, self.questions, lambda: whole.announced)
        super().__init__(self._library(whole.library), announced, whole.settings)
        # What a cached property of the scope would keep.
        vars(self).update(
            linking=self._mapping(LINKING, lambda: whole.linking),
            ids=self._mapping(ID, lambda: whole.ids),
            names=self._mapping(NAME, lambda: whole.names),
            files_by_name=self._mapping(FILE_NAME, lambda: whole.files_by_name),
            files_folded=self._mapping(FOLDED, lambda: whole.files_folded),
            near_files=self._mapping(FOLDER, lambda: whole.near_files),
        )

    def forget(self) -> None:
        """Forget what was kept of single documents, what one of them has asked of all, and what was asked."""
        super().forget()
        self.library.forget()
        self.questions.clear()

    def _mapping(self, kind: str, make: Callable[[], Mapping[str, Any]]) -> _AskedMapping[Any]:
        return _AskedMapping(kind, self.questions, make)

    def _library(self, library: Library) -> Library:
        documents: Any = _AskedDocuments(ALL, self.questions, lambda: library.procedures)
        files: Any = _Asked(FILE, self.questions, lambda: library.files)
        reviews = self._mapping(REVIEW, lambda: library.reviews)
        watched = replace(library, procedures=documents, files=files, reviews=reviews)
        vars(watched).update(
            by_path=self._mapping(PATH, lambda: library.by_path),
            by_address=self._mapping(PATH, lambda: library.by_address),
            by_key=self._mapping(NAME, lambda: library.by_key),
        )
        return watched

    @property
    def titles(self) -> Titles:
        """The titles of what is kept: a new one is looked for in all texts, one that is gone was asked for by name."""
        return self.whole.titles

    @property
    def rule_series(self) -> Mapping[str, Series]:
        """The ids of rules: where these change, all is asked again."""
        return self.whole.rule_series

    @property
    def near_titles(self) -> Nearest:
        """The titles of procedures, to find the one that was meant."""
        self.questions.add(question(NEAR))
        return self.whole.near_titles

    @property
    def renames(self) -> Mapping[str, str]:
        """Where git says that files went, by their path."""
        return self.whole.renames

    def renamed(self, path: str) -> str:
        """Return where git says that a missing file is today."""
        self.questions.add(question(HEAD))
        return super().renamed(path)

    def _ask(self, path: str) -> bool:
        self.questions.add(question(FILE, path))
        return super()._ask(path)


# Where more than this share of the documents is another, all are looked at: to find out which costs as much.
_SHARE = 8
_ALWAYS = 16
_COUNTED = frozenset({"procedure", "orchestration"})
PENDING = "pending"
_encode = msgspec.msgpack.Encoder().encode


class Surroundings(msgspec.Struct, frozen=True, array_like=True):
    """What findings rest on beside the texts of documents.

    Attributes:
        files: The paths of all files and folders.
        announced: The keys of the titles that a plan or the index announces.
        unread: The paths of what could not be read.
        reviews: Digests of receipts, and of what they are worth today, by path.
        rules: A digest of what the standards state.
    """

    files: list[str]
    announced: list[str]
    unread: list[str]
    reviews: dict[str, bytes]
    rules: bytes


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """What documents that were read since the last check show in another way, as it was not asked for yet.

    Attributes:
        questions: Questions that have another answer.
        titles: Titles that are looked for in texts, and were not there.
    """

    questions: frozenset[int] = frozenset()
    titles: frozenset[str] = frozenset()


class Difference(Struct, frozen=True):
    """Questions that have another answer now, and documents to look at whatever they asked."""

    questions: frozenset[int]
    paths: frozenset[str]


def find_difference(
    survey: Surveyed, before: Surroundings, now: Surroundings, asked: Iterable[int], *, in_prose: bool
) -> Difference | None:
    """Return how a library differs from the one of the last check, or None where it does in too many ways.

    Args:
        survey: The library, with what is remembered of it.
        before: What there was beside the documents.
        now: What there is.
        asked: The questions to the disk and to git that have another answer.
        in_prose: Whether it matters that the prose of a document holds a title that is new.
    """
    pending = _pending(survey)
    if pending is None or (before.rules, before.unread) != (now.rules, now.unread):
        return None
    questions = {*asked, *_of_files(before.files, now.files), *pending.questions}
    questions |= {question(ANNOUNCED, key) for key in set(before.announced) ^ set(now.announced)}
    judged = {path for path, _ in before.reviews.items() ^ now.reviews.items()}
    for path in judged:
        questions.add(question(REVIEW, path))
        if path in survey.records:
            questions |= set(_of_document(decode_face(survey.records[path].face), None, path))
    if questions:
        # What an alias leads to may have changed, so its names count as well.
        aliases = (procedure for procedure in survey.library.procedures if procedure.status == "alias")
        questions |= {question(ALL), *(question(NAME, procedure.key) for procedure in aliases)}
    naming = _naming(survey, pending.titles) if in_prose else ()
    return Difference(frozenset(questions), frozenset(naming))


def remember(survey: Surveyed) -> None:
    """Write down what was read, and for the next check what is another since the last one."""
    # One that was written, and then edited, is remembered as it is now.
    changed = [*survey.memory.touched, *(survey.records[path] for path in sorted(survey.fresh))]
    if not changed and not survey.gone:
        return
    pending = _pending(survey)
    notes = {PENDING: _encode(pending)} if pending else {"around": b"", PENDING: b""}
    survey.memory.write(changed, survey.gone, notes)


def _pending(survey: Surveyed) -> Pending | None:
    """Return what documents show in another way since the last check; None where it is too much."""
    known = survey.memory.notes.get(PENDING)
    before = unpacked(known, Pending) if known else Pending()
    pairs = list(_changed(survey))
    if len(pairs) > max(_ALWAYS, len(survey.records) // _SHARE):
        return None
    questions = set(before.questions)
    for pair in pairs:
        for record in filter(None, pair):
            questions |= set(_of_document(decode_face(record.face), _view(survey, record), record.path))
    if {_counted(old) for old, _ in pairs} != {_counted(new) for _, new in pairs}:
        questions.add(question(NEAR))
    titles = {_findable(new) for _, new in pairs} - {_findable(old) for old, _ in pairs} - {""}
    return Pending(frozenset(questions), before.titles | titles)


def _changed(survey: Surveyed) -> Iterator[tuple[Record | None, Record | None]]:
    """Yield the documents that show themselves in another way, as they were and as they are."""
    for path in sorted(survey.fresh | survey.gone):
        old, new = survey.memory.records.get(path), survey.records.get(path)
        if old is None or new is None or old.digest != new.digest:
            yield old, new


def _of_files(before: Iterable[str], now: Iterable[str]) -> Iterator[int]:
    for path in set(before) ^ set(now):
        folder, _, name = path.rpartition("/")
        yield from (question(FILE, path), question(FOLDER, folder))
        yield from (question(FILE_NAME, path_key(name)), question(FOLDED, path_key(path)))


def _of_document(face: Face, view: View | None, path: str) -> Iterator[int]:
    yield from (question(PATH, path), question(FILE, path), question(ID, face.id), question(NAME, face.key))
    yield from (question(NAME, title_key(alias)) for alias in face.aliases)
    for address in face.addresses:
        yield from (question(PATH, address), question(FILE, address))
    if view is not None:
        yield from (question(LINKING, target) for target in view.targets)


def _view(survey: Surveyed, record: Record) -> View:
    try:
        return decode_view(survey.memory.facts(record).view)
    except sqlite3.Error as error:
        survey.memory.forget()
        raise StaleError(MEMORY) from error


def _counted(record: Record | None) -> str:
    return decode_face(record.face).title if record and record.kind in _COUNTED else ""


def _findable(record: Record | None) -> str:
    """Return the title of a document, if it is looked for in texts."""
    if record is None or record.kind not in {*_COUNTED, "standard"}:
        return ""
    face = decode_face(record.face)
    return "" if face.text_status in UNCOUNTED else face.title


def _naming(survey: Surveyed, titles: Iterable[str]) -> Iterator[str]:
    """Yield the documents in whose text one of some titles is: as long as there was none, it was not asked for."""
    sought = Titles(titles)
    if not sought:
        return
    first = {title.split()[0].encode() for title in titles}
    try:
        for path, notes in survey.memory.notes_of(survey.records):
            passages = decode_notes(notes) if any(word in notes for word in first) else ()
            if any(any(sought.search(passage.text)) for passage in passages):
                yield path
    except sqlite3.Error as error:
        survey.memory.forget()
        raise StaleError(MEMORY) from error


_ALONE, _AMONG = families_of("document"), families_of("neighbours")
# Findings about one document that rest on the text of more others than these are looked for at every check.
_MOST_LOOKED = 50
_Looked = dict[str, str]
_T = TypeVar("_T")
_decode_looked = msgspec.msgpack.Decoder(_Looked).decode
_decode_needs = msgspec.msgpack.Decoder(list[tuple[str, int]]).decode
_decode_reached = msgspec.msgpack.Decoder(list[str]).decode
_decode_unnamed = msgspec.msgpack.Decoder(list[tuple[str, RequiredInput]]).decode


class _World(msgspec.Struct, frozen=True, array_like=True):
    """What was asked of the disk and of git beyond the documents, and what they said."""

    asked: dict[str, bool] = {}
    head: str | None = None


class _Whole(msgspec.Struct, frozen=True, array_like=True):
    """The findings of families that see everything, and what they rest on."""

    key: bytes
    looked: _Looked
    findings: list[Finding]


class _Sight(msgspec.Struct, frozen=True, array_like=True):
    """What a look at a document gave, among others its edges, and what was asked of the disk and of git for it."""

    path: str
    among: Among
    edges: bytes
    world: _World


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
    _passed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._watched = WatchedScope(self.scope)

    def findings(self) -> list[Finding]:
        """Return the findings of all rules, in no order."""
        around = self._around()
        difference, asked = self._differ(around, in_prose=True)
        records, subjects = self.survey.records, self._subjects()
        doubted = [path for path, record in records.items() if not self._holds(record, difference)]
        self._look([path for path in doubted if path in subjects], asked)
        self._passed = {path for path in doubted if path not in subjects}
        self.scope.asked = asked
        own: list[Finding] = []
        for record in self.survey.records.values():
            encoded = record.own, record.among.findings if record.among else b""
            own += chain.from_iterable(map(decode_findings, filter(None, encoded)))
        whole = self._of_library(around)
        if not self.survey.laid:
            self._remember(around, whole)
        return [*own, *whole.findings]

    def uses(self) -> dict[str, list[RequiredInput]]:
        """Return the uses that providers do not name, by the path of the provider, in the order of the consumers."""
        library, doubtful = self.scope.library, self._doubted()
        every = (
            unnamed_uses(self.scope, library.by_path[path]) if path in doubtful else _unnamed(record)
            for path, record in self.survey.records.items()
        )
        return grouped(chain.from_iterable(every))

    def speaking_of(self, paths: Collection[str]) -> set[str]:
        """Return the documents that may speak of some: they asked for one, or what they rest on is another now."""
        records = self.survey.records
        aliases = (p.path for p in self.scope.library.procedures if p.status == "alias")
        own = ((path, decode_face(records[path].face)) for path in chain(paths, aliases) if path in records)
        sought = frozenset(chain.from_iterable(_of_document(face, None, path) for path, face in own))
        asking = (path for path, record in records.items() if record.among and _has_asked(record.among, sought))
        # Nothing asks for what a document translates as long as it has seen none of that.
        translations = (p.path for p in self.scope.library.procedures if p.translation_of)
        return {*paths, *asking, *translations, *self._doubted()}

    def _doubted(self) -> set[str]:
        """Return the documents of which what is remembered may no longer hold."""
        difference, _ = self._differ(self._around(), in_prose=False)
        return {path for path, record in self.survey.records.items() if not self._holds(record, difference)}

    def _differ(self, around: Surroundings, *, in_prose: bool) -> tuple[Difference | None, dict[str, bool]]:
        """Return how the library differs from that of the last check, and what the disk says that was asked then."""
        known = self.survey.memory.notes
        world, before = _read(known.get("world"), _World), _read(known.get("around"), Surroundings)
        if world is None or before is None:
            return None, {}
        asked, changed = self._answers(world)
        self.scope.head = None if question(HEAD) in changed else world.head
        return find_difference(self.survey, before, around, changed, in_prose=in_prose), asked

    def _subjects(self) -> Collection[str]:
        """Return the documents to look at; what is laid over a library is looked at where it is reported on."""
        if self.paths is None or not self.survey.laid:
            return self.survey.records
        return frozenset(self.paths)

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
        among = record.among
        if among is None or among.looked is None or difference is None or record.path in difference.paths:
            return False
        if difference.questions and _has_asked(among, difference.questions):
            return False
        return not among.looked or self._are_as_before(_decode_looked(among.looked))

    def _are_as_before(self, looked: _Looked) -> bool:
        records = self.survey.records
        for path, stamp in looked.items():
            record = records.get(path)
            if record is None or record.stamp != stamp:
                return False
        return True

    def _looked(self) -> _Looked:
        # Another thread may look into a document that this library does not have.
        records = self.survey.records
        return {path: records[path].stamp for path in sorted(self.survey.shelf.looked) if path in records}

    # Finding

    def _look(self, paths: list[str], asked: dict[str, bool]) -> None:
        """Look for the findings of documents again, and add what was asked of the disk for them."""
        # No process may have a database open that another has opened.
        self.survey.memory.close()
        for seen in share(paths, partial(map, self._see), _Sight):
            record = self.survey.records[seen.path]
            if self.survey.laid:
                # What is remembered is of the library on disk.
                record = self.survey.records[seen.path] = msgspec.structs.replace(record)
            record.among = seen.among
            record.draw(seen.edges)
            self._changed[seen.path] = record
            asked.update(seen.world.asked)
            self.scope.head = self.scope.head or seen.world.head

    def _see(self, path: str) -> _Sight:
        """Look for the findings of a document that depend on others too."""
        shelf, scope = self.survey.shelf, self._watched
        procedure = self.scope.library.by_path[path]
        scope.forget()
        shelf.own, scope.asked = path, {}
        shelf.looked.clear()
        families = (*_ALONE, *_AMONG) if self.survey.records[path].whole else _AMONG
        findings = list(chain.from_iterable(family.check(scope, procedure) for family in families))
        edges = read_edges(scope, procedure)
        needs = [(need.procedure.path, need.line) for need in needs_in(scope, edges)]
        among = Among(
            findings=_encode_some(findings),
            needs=_encode_some(needs),
            reached=_encode_some(sorted(reached_in(scope, procedure, edges))),
            unnamed=_encode_some(list(unnamed_uses(scope, procedure))),
            looked=_encode_some(self._looked()) if len(shelf.looked) <= _MOST_LOOKED else None,
            asked=array("I", sorted(scope.questions)).tobytes(),
        )
        shelf.own = ""
        return _Sight(path, among, encode_edges(edges), _World(scope.asked, scope.head))

    def _of_library(self, around: Surroundings) -> _Whole:
        digest = blake2b(_encode(around), digest_size=16)
        for path, record in self.survey.records.items():
            digest.update(path.encode(errors="surrogateescape") + b"\0" + record.digest)
            digest.update((record.among.needs if record.among else b"") + b"\0")
        digest.update(b"kept" if self.scope.keeps_state else b"")
        key = digest.digest()
        before = _read(self.survey.memory.notes.get("library"), _Whole)
        if before and before.key == key and self._are_as_before(before.looked):
            return before
        self.survey.shelf.looked.clear()
        self._tell_neighbours()
        findings = list(chain.from_iterable(family.check_library(self.scope) for family in FAMILIES))
        return _Whole(key, self._looked(), findings)

    def _tell_neighbours(self) -> None:
        """Let the rules know what each document needs and reaches; of those passed over they find it out."""
        scope, by_path = self.scope, self.scope.library.by_path
        for path, record in self.survey.records.items():
            if record.among is not None and path not in self._passed:
                needs = _decode_needs(record.among.needs) if record.among.needs else ()
                scope.needs[path] = [Need(by_path[other], line) for other, line in needs]
                scope.reached[path] = _decode_reached(record.among.reached) if record.among.reached else ()

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
        survey.memory.write(self._changed.values(), survey.gone, notes)


def _encode_some(value: object) -> bytes:
    return _encode(value) if value else b""


def _unnamed(record: Record) -> list[tuple[str, RequiredInput]]:
    return _decode_unnamed(record.among.unnamed) if record.among and record.among.unnamed else []


def _has_asked(among: Among, questions: frozenset[int]) -> bool:
    return not questions.isdisjoint(array("I", among.asked))


def _read(raw: bytes | None, kind: type[_T]) -> _T | None:
    try:
        return unpacked(raw, kind) if raw else None
    except msgspec.MsgspecError:
        return None
