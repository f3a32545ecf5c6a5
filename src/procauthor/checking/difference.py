"""What is another between the library of the last check and the one of now, as questions with another answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar
from zlib import crc32

import msgspec

from procauthor.checking.memory import FILE_NAME as MEMORY
from procauthor.checking.memory import Record
from procauthor.checking.phrase import Nearest, Series, Titles, decode_notes
from procauthor.checking.scope import Scope
from procauthor.checking.survey import Surveyed
from procauthor.errors import StaleError
from procauthor.library.library import Library, Procedure
from procauthor.library.stored import Face, View, decode_face, decode_view
from procauthor.naming import path_key, title_key
from procauthor.procedure import UNCOUNTED

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


class _Asked(Mapping[str, _V]):
    """A mapping that notes what is looked up in it; it is made when it is first needed."""

    def __init__(self, kind: str, asked: set[int], make: Callable[[], Mapping[str, _V]]) -> None:
        self._kind = kind
        self._asked = asked
        self._make = make

    @cached_property
    def _mapping(self) -> Mapping[str, _V]:
        return self._make()

    def __getitem__(self, key: str) -> _V:
        self._asked.add(question(self._kind, key))
        return self._mapping[key]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, and note that it was asked for."""
        self._asked.add(question(self._kind, key))
        return self._mapping.get(key, default)

    def __contains__(self, key: object) -> bool:
        self._asked.add(question(self._kind, str(key)))
        return key in self._mapping

    def __iter__(self) -> Iterator[str]:
        self._asked.add(question(ALL))
        return iter(self._mapping)

    def __len__(self) -> int:
        self._asked.add(question(ALL))
        return len(self._mapping)


class _AskedNames(Collection[str]):
    """The same for a set."""

    def __init__(self, kind: str, asked: set[int], names: Collection[str]) -> None:
        self._kind = kind
        self._asked = asked
        self._names = names

    def __contains__(self, name: object) -> bool:
        self._asked.add(question(self._kind, str(name)))
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        self._asked.add(question(ALL))
        return iter(self._names)

    def __len__(self) -> int:
        self._asked.add(question(ALL))
        return len(self._names)


class _AskedDocuments(Sequence[Procedure]):
    """The documents of a library: who goes through them asks for all."""

    def __init__(self, asked: set[int], documents: Sequence[Procedure]) -> None:
        self._asked = asked
        self._documents = documents

    def __getitem__(self, index: Any) -> Any:
        self._asked.add(question(ALL))
        return self._documents[index]

    def __iter__(self) -> Iterator[Procedure]:
        self._asked.add(question(ALL))
        return iter(self._documents)

    def __len__(self) -> int:
        self._asked.add(question(ALL))
        return len(self._documents)


class WatchedScope(Scope):
    """A scope that notes what is asked of it.

    Args:
        whole: The scope that knows the answers.
    """

    def __init__(self, whole: Scope) -> None:
        self.questions: set[int] = set()
        self.whole = whole
        super().__init__(self._library(whole.library), self._names_of(ANNOUNCED, whole.announced), whole.settings)
        self.subjects = ()

    def turn_to(self, procedure: Procedure) -> None:
        """Report on one document from now on, and forget what was asked for the one before."""
        super().turn_to(procedure)
        self.questions.clear()

    def _library(self, library: Library) -> Library:
        asked = self.questions
        documents: Any = _AskedDocuments(asked, library.procedures)
        files: Any = self._names_of(FILE, library.files)
        watched = replace(
            library, procedures=documents, files=files, reviews=_Asked(REVIEW, asked, lambda: library.reviews)
        )
        watched.__dict__["by_path"] = _Asked(PATH, asked, lambda: library.by_path)
        watched.__dict__["by_address"] = _Asked(PATH, asked, lambda: library.by_address)
        watched.__dict__["by_key"] = _Asked(NAME, asked, lambda: library.by_key)
        return watched

    def _names_of(self, kind: str, names: Collection[str]) -> _AskedNames:
        return _AskedNames(kind, self.questions, names)

    @cached_property
    def linking(self) -> Mapping[str, list[Procedure]]:
        """Documents by the paths that they link to."""
        return _Asked(LINKING, self.questions, lambda: self.whole.linking)

    @cached_property
    def ids(self) -> Mapping[str, tuple[Procedure, ...]]:
        """Documents by their id."""
        return _Asked(ID, self.questions, lambda: self.whole.ids)

    @cached_property
    def names(self) -> Mapping[str, tuple[Procedure, ...]]:
        """Documents by the keys of their names."""
        return _Asked(NAME, self.questions, lambda: self.whole.names)

    @cached_property
    def files_by_name(self) -> Mapping[str, list[str]]:
        """All files by the keys of their names."""
        return _Asked(FILE_NAME, self.questions, lambda: self.whole.files_by_name)

    @cached_property
    def files_folded(self) -> Mapping[str, list[str]]:
        """All files by the keys of their paths."""
        return _Asked(FOLDED, self.questions, lambda: self.whole.files_folded)

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

    def near_files(self, folder: str) -> Nearest:
        """The names of the files of a folder, to find the one that was meant."""
        self.questions.add(question(FOLDER, folder))
        return self.whole.near_files(folder)

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
    """What documents that were read since the last check show in another way, as nobody has asked for it yet.

    Attributes:
        questions: Questions that have another answer.
        titles: Titles that are looked for in texts, and were not there.
    """

    questions: frozenset[int] = frozenset()
    titles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """Questions that have another answer now, and documents to look at whatever they asked."""

    questions: frozenset[int]
    paths: frozenset[str]


def find_difference(
    survey: Surveyed, before: Surroundings, now: Surroundings, asked: Iterable[int]
) -> Difference | None:
    """Return how a library differs from the one of the last check, or None where it does in too many ways.

    Args:
        survey: The library, with what is remembered of it.
        before: What there was beside the documents.
        now: What there is.
        asked: The questions to the disk and to git that have another answer.
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
    return Difference(frozenset(questions), frozenset(_naming(survey, pending.titles)))


def remember(survey: Surveyed) -> None:
    """Write down what was read, and for the next check what is another since the last one."""
    changed = [survey.records[path] for path in sorted(survey.fresh)] + survey.memory.touched
    if not changed and not survey.gone:
        return
    pending = _pending(survey)
    notes = {PENDING: _encode(pending)} if pending else {"around": b"", PENDING: b""}
    survey.memory.write(changed, survey.gone, notes)


def _pending(survey: Surveyed) -> Pending | None:
    """Return what documents show in another way since the last check; None where it is too much."""
    known = survey.memory.notes.get(PENDING)
    before = msgspec.msgpack.decode(known, type=Pending) if known else Pending()
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
    return "" if face.status in UNCOUNTED else face.title


def _naming(survey: Surveyed, titles: Iterable[str]) -> Iterator[str]:
    """Yield the documents in whose text one of some titles stands: as long as there was none, nobody asked for it."""
    sought = Titles(titles)
    if not sought:
        return
    first = {title.split()[0].encode() for title in titles}
    try:
        for path, notes in survey.memory.notes_of(survey.records):
            if any(word in notes for word in first) and _holds_one(notes, sought):
                yield path
    except sqlite3.Error as error:
        survey.memory.forget()
        raise StaleError(MEMORY) from error


def _holds_one(notes: bytes, sought: Titles) -> bool:
    return any(True for passage in decode_notes(notes) for _ in sought.search(passage.text))
