"""What is another between the library of the last check and the one of now, as questions with another answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from procauthor.checking.dependence import (
    ALL,
    ANNOUNCED,
    FILE,
    FILE_NAME,
    FOLDED,
    FOLDER,
    ID,
    LINKING,
    NAME,
    NEAR,
    PATH,
    REVIEW,
    question,
)
from procauthor.checking.memory import FILE_NAME as MEMORY
from procauthor.checking.memory import Record
from procauthor.checking.phrase import Titles, decode_notes
from procauthor.checking.survey import Surveyed
from procauthor.errors import StaleError
from procauthor.library.stored import Face, View, decode_face, decode_view
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED

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
        yield from (question(FILE_NAME, name.casefold()), question(FOLDED, path.casefold()))


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
