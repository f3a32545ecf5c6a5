"""Names in "Dependencies" and "Blocks": which procedures, in what state, and whether they have to come first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from procauthor.naming import title_key
from procauthor.planning.effort import read_whole_effort
from procauthor.planning.field import plain_text
from procauthor.planning.line import sign_of
from procauthor.planning.plan import State
from procauthor.planning.title import clean_title
from procauthor.planning.value import is_nothing, read_state
from procauthor.planning.words import choice, ends_in_noun, pattern, read_words
from procauthor.regex import lazy

_AND = lazy(r"\s+(?:and|und|et|y|e|&|\+|plus|as well as|/)\s+|\s*(?:→|⇒|->|=>)\s*", re.IGNORECASE)
_LEADING_AND = lazy(r"^(?:and|plus|&|\+|as well as)\s+", re.IGNORECASE)
_TRAILING_AND = lazy(r"\s+(?:and|plus|&|\+)$", re.IGNORECASE)
_NOTE = lazy(r"\s*[(\[]([^()\[\]]*)[)\]]\s*")
_ASIDE = lazy(r"^\(([^()]*)\)$")
_SENTENCE = r"(?:(?<=[)\d])|(?<=[a-z]{3}))\.\s+(?=[A-Z])"
_SEPARATOR = lazy(rf"[,;]\s*(?![^(\[]*[)\]])|<br\s*/?>|\n|{_SENTENCE}")
_AFTER_DASH = lazy(r"\s+[-–—]\s+(.+)$|:\s+(.+)$")
_TO = r"\s*(?:[-–—‑]|\b(?:to|through|bis|a|à|al|au|até|hasta)\b)\s*"
_CODE = r"[A-Z]*[-_]?\d+(?:\.\d+)*"
_CODE_RANGE = lazy(rf"^({_CODE}){_TO}({_CODE})$", re.IGNORECASE)
_JOINTS = lazy(r"\s*(?:[+&,/]|\b(?:and|und|et|y|e)\b)\s*")
_PLACES = lazy(rf"^(\d+(?:\.\d+)?)\w?{_TO}(\d+(?:\.\d+)?)\w?$", re.IGNORECASE)
_LETTERED = lazy(r"^[A-Z]{1,10}[-_ ]?(\d+(?:\.\d+)*)$")
_MAX_RANGE = 200
_FEWEST_WORDS = 2
# No title has more; to try longer ones would take time with the cube of the names.
_MOST_COMMAS = 6


@lru_cache(maxsize=1)
def _numbers() -> re.Pattern[str]:
    """Return a pattern for "#3", "items 7-9" and "no. 2"."""
    return pattern("units", rf"^(?:(?:{{}}|nos)s?\.?)?\s*#?(\d{{1,4}})(?:{_TO}#?(\d{{1,4}}))?\.?$")


class Numbering:
    """The titles of a plan's items by what the plan calls them: numbers, codes, and the groups that they are in.

    Args:
        items: Number, code, title and groups of each item, in the order of the plan.
    """

    def __init__(self, items: Sequence[tuple[int, str, str, Sequence[str]]]) -> None:
        self.by_number: dict[int, str] = {}
        self.keys = frozenset(title_key(title) for _, _, title, _ in items)
        self._titles = [title for _, _, title, _ in items]
        self._codes: dict[str, int] = {}
        self._plain: dict[str, int] = {}
        self._groups: dict[str, list[str]] = defaultdict(list)
        self._places: dict[str, set[int]] = defaultdict(set)
        for place, (number, code, title, groups) in enumerate(items):
            for word in title_key(title).split():
                self._places[word].add(place)
            self.by_number.setdefault(number, title)
            for one in re.split(r"\s*[,;&/]\s*", code.upper()) if code else ():
                self._codes.setdefault(one, place)
            # "PRP-001" may be what another column or heading calls the item "001".
            if not re.search(r"[A-Z]", code):
                self._plain.setdefault(code.lstrip("0") or str(number), place)
            for group in groups:
                self._groups[group].append(title)

    def find(self, name: str) -> list[str]:
        """Return the titles that a name means: a code, a range of codes, a group; empty for any other."""
        around = rf"^(?:(?:{_words('lead|vague')})\s+)*"
        name = re.sub(around, "", name, flags=re.IGNORECASE)
        if titles := self._in_groups(pattern("units", r"^(?:{})?s?\s*(?:in\s+)?").sub("", name)):
            return titles
        text = pattern("units", rf"{around}(?:(?:{{}})s?\.?\s+)?(?=\S*\d)").sub("", name).strip("#()[]. ").upper()
        if (place := self._place(text)) is not None:
            return [self._titles[place]]
        ends = _CODE_RANGE.match(text)
        if ends and not text.isdigit():
            first, last = self._place(ends[1]), self._place(ends[2])
            if first is not None and last is not None and first <= last:
                return self._titles[first : last + 1]
        return []

    def _in_groups(self, name: str) -> list[str]:
        """Return the titles in "Phase 2", "Phases 1 and 2" or "Weeks 1-3"."""
        listed = pattern("buckets", r"^({})s?\s+(?=#?[A-Z]?\d|[A-Z]\b|[IVX]+\b)(.+)$").match(name)
        if not listed:
            return []
        titles: list[str] = []
        for part in _JOINTS.split(listed[2]):
            ends = _PLACES.match(part)
            if ends:
                low, high = float(ends[1]), float(ends[2])
                inside = (key for key, place in self._group_places(listed[1]) if low <= place <= high)
                titles += [title for key in inside for title in self._groups[key]]
            else:
                titles += self._groups.get(f"{listed[1]} {part.strip('#.: ')}".casefold(), ())
        return list(dict.fromkeys(titles))

    def _group_places(self, word: str) -> Iterator[tuple[str, float]]:
        """Yield the keys of the groups of a word with their numbers."""
        for key in self._groups:
            number = re.match(rf"{re.escape(word.casefold())} (\d+(?:\.\d+)?)", key)
            if number:
                yield key, float(number[1])

    def find_by_words(self, name: str) -> str:
        """Return the only title that holds all words of a name: "Navigation refactor" of "Refactor navigation"."""
        words = title_key(name).split()
        places = sorted((self._places.get(word, set()) for word in words), key=len)
        shared = set.intersection(*places) if len(words) >= _FEWEST_WORDS else set()
        return self._titles[shared.pop()] if len(shared) == 1 else ""

    def _place(self, code: str) -> int | None:
        if code in self._codes:
            return self._codes[code]
        lettered = _LETTERED.match(code)
        return self._plain.get(lettered[1].lstrip("0")) if lettered else None


@lru_cache(maxsize=8)
def _words(kinds: str) -> str:
    return choice(word for kind in kinds.split("|") for word in read_words().lists[kind])


@dataclass(frozen=True, slots=True)
class Named:
    """One name as the plan writes it; ``stated`` is empty where the plan says nothing of its state."""

    title: str
    line: int
    stated: State | Literal[""] = ""
    hard: bool = True
    vague: bool = False


def read_names(
    values: Iterable[tuple[str, int]], numbers: Numbering, known: Collection[str], *, own: str = "", hard: bool = True
) -> list[Named]:
    """Read the names of all values.

    Args:
        values: Texts with their lines.
        numbers: The plan's own titles by number and code.
        known: The keys of all titles of plan and library.
        own: The title of the item that names them: some of its words do not mean itself.
        hard: Whether they have to come first where the text does not say otherwise.
    """
    found: list[Named] = []
    for text, line in values:
        if is_nothing(plain_text(text)):
            continue
        notes = [_read_piece(piece, line, known, hard=hard) for piece in split_names(text, known)]
        found += [one for each in _spread(notes) for one in _numbered(each, numbers, known, own)]
    unique = {title_key(each.title) or each.title: each for each in reversed(found)}
    return [each for each in reversed(unique.values()) if each.title]


# Pieces


def split_names(text: str, known: Collection[str]) -> Iterator[str]:
    """Split at commas and semicolons outside parentheses, but never within a known title."""
    parts = list(_hedged(p.strip() for p in _SEPARATOR.split(text) if p.strip()))
    place = 0
    while place < len(parts):
        sizes = range(min(len(parts) - place, _MOST_COMMAS), 1, -1)
        size = next((n for n in sizes if _known(", ".join(parts[place : place + n]), known)), 1)
        joined = _TRAILING_AND.sub("", _LEADING_AND.sub("", ", ".join(parts[place : place + size])))
        place += size
        if aside := _ASIDE.match(joined):
            soft = "optional: " if pattern("soft").search(aside[1]) else ""
            yield from (f"{soft}{each}" for each in split_names(aside[1], known))
        elif not (is_nothing(plain_text(joined)) or read_whole_effort(joined)):
            yield from [joined] if _known(joined, known) else _split_joined(joined, known)


def _split_joined(text: str, known: Collection[str]) -> list[str]:
    """Split "Item 3 and Data Design Procedure (defined)": at an "and" between what can only be names."""
    for joint in _AND.finditer(text):
        first = text[: joint.start()]
        if _is_name(first, known):
            parts = [first, *_split_joined(text[joint.end() :], known)]
            # "Salt & Water Procedure" is one name, even where there is a Salt Procedure.
            if all(_is_name(part, known) and (_is_whole(first) or _known(part, known)) for part in parts):
                return parts
    return [text]


def _is_name(text: str, known: Collection[str]) -> bool:
    """Say whether a text is a name by itself: in the plan or the library, a number, a code, or by its last word."""
    return _known(text, known) or _is_whole(text) or bool(pattern("vague", r"^(?:{})\b").match(text))


def _is_whole(text: str) -> bool:
    name = plain_text(_NOTE.sub(" ", text))
    code = _numbers().match(name) or re.fullmatch(rf"#?{_CODE}", name)
    return bool(code) or (" " in name and ends_in_noun(name))


def _hedged(parts: Iterable[str]) -> Iterator[str]:
    """Put "ideally", where it is between commas, before the name that it speaks of."""
    hedged = False
    for part in parts:
        if pattern("hedges", r"^(?:and\s+)?(?:{})$").match(part):
            hedged = True
            continue
        yield f"optional: {part}" if hedged else part
        hedged = False


def _known(text: str, known: Collection[str]) -> bool:
    return title_key(_NOTE.sub(" ", plain_text(text))) in known


@dataclass(frozen=True, slots=True)
class _Piece:
    named: Named
    note: str


def _read_piece(text: str, line: int, known: Collection[str], *, hard: bool) -> _Piece:
    sign, text = sign_of(text), plain_text(text)
    prefix = pattern("soft|hard", r"^(?P<word>{})(?:\s+dependency)?(?:\s+on\b|\s*:)\s*").match(text)
    hedge = pattern("hedges", r"^(?:{})\b:?\s*").match(text)
    if prefix or (hedge and title_key(text) not in known):
        hard = hard and bool(prefix) and prefix["word"].casefold() in read_words().lists["hard"] if prefix else False
        text = text[(prefix or hedge).end() :]  # type: ignore[union-attr]
    note = "; ".join(_NOTE.findall(text))
    name = plain_text(_NOTE.sub(" ", text)).rstrip(" .")
    if behind := pattern("hedges", r",?\s+(?:{})$").search(name):
        hard, name = False, name[: behind.start()]
    dash = None if title_key(name) in known else _AFTER_DASH.search(name)
    if dash:
        note, name = "; ".join(filter(None, (note, dash[1] or dash[2]))), name[: dash.start()]
    name, aside = _without_phrases(name, known)
    title = clean_title(name, known)
    vague = title_key(title) not in known and _is_vague(title)
    soft = bool(pattern("soft").search(f"{note} {aside}"))
    return _Piece(Named(title, line, _state(note, sign), hard and not soft, vague), note)


def _is_vague(title: str) -> bool:
    """Say whether a name means no one document: "All PR procedures", "various", "TBD"."""
    if pattern("vague", r"^(?:{})\b").match(title) or title.casefold() in read_words().lists["every"]:
        return True
    undecided = pattern("undecided", r"^(?:{}|\?+)(?!\w)").match(title) and not ends_in_noun(title)
    return bool(undecided or pattern("nouns", r"\b(?:{})s$").search(title))


def _without_phrases(name: str, known: Collection[str]) -> tuple[str, str]:
    """Take "Requires Data Design Procedure being complete" apart: the name, and what is said around it."""
    if title_key(name) in known:
        return name, ""
    lead = pattern("lead", r"^(?:(?:{})\s+)+").match(name)
    start = lead.end() if lead else 0
    trail = pattern("trail", r"(?:\s+(?:{}))+$").search(name, start)
    inside = name[start : trail.start() if trail else len(name)].strip()
    if inside == name or not (title_key(inside) in known or _is_whole(inside)):
        return name, ""
    return inside, f"{name[:start]} {trail[0] if trail else ''}"


def _state(note: str, sign: str) -> State | Literal[""]:
    shared = pattern("pair|shared", r"^(?:{})\b").match(note)
    if pattern("future").search(note) or (shared and shared[0].casefold() in read_words().lists["no"]):
        return "to be defined"
    status = read_state(note) or sign
    return "defined" if status == "approved" else status  # type: ignore[return-value]


def _spread(pieces: list[_Piece]) -> list[Named]:
    """Give "(both defined)" behind the last name to the names before it as well."""
    found = [piece.named for piece in pieces]
    for place, piece in enumerate(pieces):
        shared = pattern("pair|shared", r"^(?:{})\b").match(piece.note)
        if not shared:
            continue
        first = max(0, place - 1) if shared[0].casefold() in read_words().lists["pair"] else 0
        for other in range(first, place):
            if not pieces[other].note:
                found[other] = replace(found[other], stated=piece.named.stated, hard=piece.named.hard)
    return [replace(each, vague=each.vague and each.stated != "defined") for each in found]


# Numbers


def _numbered(named: Named, numbers: Numbering, known: Collection[str], own: str) -> Iterator[Named]:
    """Replace "#3", "Items 7-9", "P0-1", "Task 1.2", "T001-T004" and "Phase 2" by the titles of these items."""
    titles = numbers.find(named.title)
    if titles:
        yield from (replace(named, title=title, vague=False) for title in titles)
        return
    match = _numbers().match(named.title)
    if not match:
        title = _without_number(named.title, numbers, known)
        whole = named.vague or title_key(title) in known
        parts = [] if whole else _AND.split(title)
        if len(parts) > 1 and any(map(numbers.find_by_words, parts)):
            yield from (replace(named, title=numbers.find_by_words(part) or part) for part in parts)
            return
        near = "" if whole else numbers.find_by_words(title)
        yield replace(named, title=title if near == own else near or title)
        return
    first, last = int(match[1]), int(match[2] or match[1])
    for number in range(first, min(last, first + _MAX_RANGE) + 1):
        yield replace(named, title=numbers.by_number.get(number, f"#{number}"), vague=False)


def _without_number(title: str, numbers: Numbering, known: Collection[str]) -> str:
    """Return "Data Design" for "3. Data Design" and "#3 Data Design", if it is the name of item 3 or known.

    A number that speaks of another item than the name stays, so that the name is nowhere, and is said.
    """
    counted = r"^(?:(?:{})s?\s+)?#?(\d{1,4})\s*(?:[.):–—-]|(?<=#\d)|(?<=#\d\d)|(?<=#\d{3}))\s+(\S.*)$"
    found = pattern("units", counted).match(title)
    if not found or title_key(found[2]) not in known:
        return title
    key, item = title_key(found[2]), numbers.by_number.get(int(found[1]))
    return found[2] if item is None or title_key(item) == key or key not in numbers.keys else title
