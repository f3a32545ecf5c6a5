"""Names in "Dependencies" and "Blocks": which procedures, in what state, and whether they have to come first."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import chain
from typing import Literal

from procauthor.naming import title_key
from procauthor.planning.line import plain_text, sign_of
from procauthor.planning.plan import PlanItem, Priority, State
from procauthor.planning.title import clean_title
from procauthor.planning.value import (
    PRIORITY_CODE,
    is_nothing,
    read_lifecycle,
    read_priority,
    read_state,
    read_whole_effort,
)
from procauthor.planning.words import choice, ends_in_noun, pattern, read_words
from procauthor.regex import lazy

_AND = lazy(r"\s+(?:and|und|et|y|e|&|\+|plus|as well as|/)\s+|\s*(?:→|⇒|->|=>)\s*", re.IGNORECASE)
_LEADING_AND = lazy(r"^(?:and|plus|&|\+|as well as)\s+", re.IGNORECASE)
_TRAILING_AND = lazy(r"\s+(?:and|plus|&|\+)$", re.IGNORECASE)
_NOTE = lazy(r"\s*[(\[]([^()\[\]]*)[)\]]\s*")
_ASIDE = lazy(r"^\(([^()]*)\)$")
_SENTENCE = r"(?:(?<=[)\d])|(?<=[a-z]{3}))\.\s+(?=[A-Z]|[^\w\s([\"'])"
_SEPARATOR = lazy(rf"[,;]\s*(?![^(\[]*[)\]])|<br\s*/?>|\n|{_SENTENCE}")
_AFTER_DASH = lazy(r"\s+[-–—]\s+(.+)$|:\s+(.+)$")
_TO = r"\s*(?:[-–—‑]|\b(?:to|through|bis|a|à|al|au|até|hasta)\b)\s*"
_CODE = r"[A-Z]*[-_]?\d+(?:\.\d+)*"
_CODE_RANGE = lazy(rf"^({_CODE}){_TO}({_CODE})$", re.IGNORECASE)
_JOINTS = lazy(r"\s*(?:[+&,/]|\b(?:and|und|et|y|e)\b)\s*")
_PLACES = lazy(rf"^(\d+(?:\.\d+)?)\w?{_TO}(\d+(?:\.\d+)?)\w?$", re.IGNORECASE)
_LEADING_CODES = lazy(r"^((?:[A-Z]+\d*[-_.]?\d[\w.]*(?:-\w+)*\s*[/&+]\s*)*[A-Z]+\d*[-_.]?\d[\w.]*(?:-\w+)*)\s+\S")
_LETTERED = lazy(r"^[A-Z]{1,10}[-_ ]?(\d+(?:\.\d+)*)$")
_MAX_RANGE = 200
_FEWEST_WORDS = 2
# No title has more; to try longer ones would take time with the cube of the names.
_MOST_COMMAS = 6
# Of a long plan, a name without an end is read as the nearest items alone, so that all names together stay bounded.
_MOST_PAIRS = 100_000
FEWEST = 20


@lru_cache(maxsize=1)
def _numbers() -> re.Pattern[str]:
    """Return a pattern for "#3", "items 7-9" and "no. 2"."""
    return pattern("units", rf"^(?:(?:{{}}|nos)s?\.?)?\s*#?(\d{{1,6}})(?:{_TO}#?(\d{{1,6}}))?\.?$")


class Directory:
    """The items of a plan by what people call them: numbers, codes, groups, words, "all PR procedures"."""

    def __init__(self, items: Sequence[PlanItem]) -> None:
        self._items = items
        self._most = max(FEWEST, _MOST_PAIRS // max(1, len(items)))
        self._kinds: dict[tuple[frozenset[str] | None, str, Priority | None], list[int]] = {}

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of all titles."""
        return frozenset(title_key(item.title) for item in self._items)

    @cached_property
    def titles(self) -> dict[int, str]:
        """The titles by number."""
        return {item.number: item.title for item in reversed(self._items)}

    @cached_property
    def _codes(self) -> dict[str, int]:
        """The places of items by code; "PRP-001" may be what another column or heading calls the item "001"."""
        codes: dict[str, int] = {}
        for place, item in enumerate(self._items):
            for one in re.split(r"\s*[,;&/]\s*", item.code.upper()) if item.code else ():
                codes.setdefault(one, place)
            if not re.search(r"[A-Z]", item.code):
                codes.setdefault("#" + (item.code.lstrip("0") or str(item.number)), place)
        return codes

    @cached_property
    def _groups(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = defaultdict(list)
        for item in self._items:
            for group in item.groups:
                groups[group].append(item.title)
        return groups

    @cached_property
    def _lifecycles(self) -> frozenset[str]:
        return frozenset(item.lifecycle for item in self._items if item.lifecycle)

    @cached_property
    def _words(self) -> dict[str, set[int]]:
        places: dict[str, set[int]] = defaultdict(set)
        for place, item in enumerate(self._items):
            for word in title_key(item.title).split():
                places[word].add(place)
        return places

    def find(self, name: str) -> list[str]:
        """Return the titles that a name means: a code, a range of codes, a group; empty for any other."""
        around = rf"^(?:(?:{_choice('lead', 'vague')})\s+)*"
        name = re.sub(around, "", name, flags=re.IGNORECASE)
        if titles := self._in_groups(pattern("units", r"^(?:{})?s?\s*(?:in\s+)?").sub("", name)):
            return titles
        text = pattern("units", rf"{around}(?:(?:{{}})s?\.?\s+)?(?=\S*\d)").sub("", name).strip("#()[]. ").upper()
        ends = None if text.isdigit() or self._place(text) is not None else _CODE_RANGE.match(text)
        first, last = (self._place(end) for end in (ends.groups() if ends else (text, text)))
        inside = self._items[first : last + 1] if first is not None and last is not None else ()
        return [item.title for item in inside]

    def mean(self, name: str) -> list[str]:
        """Return the titles that a name means as `find` does, or by numbers: "#3", "Items 7-9"; else none."""
        titles = self.find(name)
        codes = None if titles else _LEADING_CODES.match(name)
        places = [self._place(code.upper()) for code in re.split(r"\s*[/&+]\s*", codes[1])] if codes else [None]
        if None not in places:
            # "P1-01 harness" speaks of what the code means.
            return [self._items[place].title for place in places if place is not None]
        number = None if titles else _numbers().match(name)
        if not number:
            return titles
        first, last = int(number[1]), int(number[2] or number[1])
        return [self.titles.get(each, f"#{each}") for each in range(first, min(last, first + _MAX_RANGE) + 1)]

    def _place(self, code: str) -> int | None:
        lettered = _LETTERED.match(code)
        return self._codes.get(code, self._codes.get("#" + lettered[1].lstrip("0")) if lettered else None)

    def _in_groups(self, name: str) -> list[str]:
        """Return the titles in "Phase 2", "Phases 1 and 2" or "Weeks 1-3"."""
        listed = pattern("buckets", r"^({})s?\s+(?=#?[A-Z]?\d|[A-Z]\b|[IVX]+\b)(.+)$").match(name)
        titles: list[str] = []
        for part in _JOINTS.split(listed[2]) if listed else ():
            word, ends = listed[1].casefold() if listed else "", _PLACES.match(part)
            if not ends:
                titles += self._groups.get(f"{word} {part.strip('#.: ').casefold()}", ())
                continue
            for key in self._groups:
                number = re.match(rf"{re.escape(word)} (\d+(?:\.\d+)?)", key)
                if number and float(ends[1]) <= float(number[1]) <= float(ends[2]):
                    titles += self._groups[key]
        return list(dict.fromkeys(titles))

    def find_by_words(self, name: str) -> str:
        """Return the only title that holds all words of a name: "Navigation refactor" of "Refactor navigation"."""
        words = title_key(name).split()
        places = sorted((self._words.get(word, set()) for word in words), key=len)
        shared = set.intersection(*places) if len(words) >= _FEWEST_WORDS else set()
        return self._items[shared.pop()].title if len(shared) == 1 else ""

    def read_vague(self, text: str, item: PlanItem, *, behind: bool = False) -> list[int]:
        """Return the numbers of the items that a name is read as: only lower ones, or with ``behind`` higher ones.

        A lifecycle, phase or priority in the name narrows them down; a name without any means the item's own lifecycle.
        """
        if pattern("undecided", r"^(?:{}|\?+)(?!\w)").match(text):
            return []
        phase = str(read_lifecycle(text)[1] or "")
        priority = read_priority(text) if PRIORITY_CODE.search(text) else None
        names = frozenset(name for name in self._lifecycles if f" {title_key(name)} " in f" {title_key(text)} ")
        any_of_them = not names and (priority or pattern("order").search(text))
        numbers = self._kind(None if any_of_them else names or frozenset({item.lifecycle}), phase, priority)
        if behind:
            first = bisect_right(numbers, item.number)
            return numbers[first : first + self._most]
        last = bisect_left(numbers, item.number)
        return numbers[max(0, last - self._most) : last]

    def _kind(self, lifecycles: frozenset[str] | None, phase: str, priority: Priority | None) -> list[int]:
        """Return the numbers of the items of some lifecycles, of a phase and of a priority, where these are given."""
        key = lifecycles, phase, priority
        if key not in self._kinds:
            fitting = (i for i in self._items if lifecycles is None or i.lifecycle in lifecycles)
            fitting = (i for i in fitting if not phase or str(i.phase) == phase)
            self._kinds[key] = sorted({i.number for i in fitting if priority in (None, i.priority)})
        return self._kinds[key]


@lru_cache(maxsize=8)
def _choice(*kinds: str) -> str:
    return choice(chain.from_iterable(read_words().lists[kind] for kind in kinds))


@dataclass(frozen=True, slots=True)
class Named:
    """One name as the plan writes it; ``stated`` is empty where the plan says nothing of its state."""

    title: str
    line: int
    stated: State | Literal[""] = ""
    hard: bool = True
    vague: bool = False


def read_names(
    values: Iterable[tuple[str, int]], directory: Directory, known: Collection[str], *, own: str = "", hard: bool = True
) -> list[Named]:
    """Read the names of all values.

    Args:
        values: Texts with their lines.
        directory: The plan's own items.
        known: The keys of all titles of plan and library.
        own: The title of the item that names them: some of its words do not mean itself.
        hard: Whether they have to come first where the text does not say otherwise.
    """
    names: list[Named] = []
    for text, line in values:
        if not is_nothing(plain_text(text)):
            pieces = [_read_piece(piece, line, known, hard=hard) for piece in split_names(text, known)]
            names += chain.from_iterable(_numbered(each, directory, known, own) for each in _spread(pieces))
    unique = {title_key(each.title) or each.title: each for each in reversed(names)}
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
    hedge = ""
    for part in parts:
        alone = pattern("hedges", r"^(?:and\s+)?(?:{})$").match(part)
        if not alone:
            yield f"{hedge}{part}"
        hedge = "optional: " if alone else ""


def _known(text: str, known: Collection[str]) -> bool:
    return title_key(_NOTE.sub(" ", plain_text(text))) in known


@dataclass(frozen=True, slots=True)
class _Piece:
    named: Named
    note: str


def _read_piece(text: str, line: int, known: Collection[str], *, hard: bool) -> _Piece:
    sign, text = sign_of(text), plain_text(text)
    prefix = pattern("soft|hard", r"^(?P<word>{})(?:\s+dependency)?(?:\s+on\b|\s*:)\s*").match(text)
    hedge = pattern("hedges", r"^(?:{})\b:?\s*").match(text) if title_key(text) not in known else None
    if before := prefix or hedge:
        hard = bool(hard and prefix and prefix["word"].casefold() in read_words().lists["hard"])
        text = text[before.end() :]
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
    undecided = pattern("undecided", r"^(?:{}|\?+)(?!\w)").match(title) and not ends_in_noun(title)
    many = pattern("vague", r"^(?:{})\b").match(title) or pattern("nouns", r"\b(?:{})s$").search(title)
    return bool(undecided or many) or title.casefold() in read_words().lists["every"]


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
    names = [piece.named for piece in pieces]
    for place, piece in enumerate(pieces):
        shared = pattern("pair|shared", r"^(?:{})\b").match(piece.note)
        pair = shared and shared[0].casefold() in read_words().lists["pair"]
        for other in range(max(0, place - 1) if pair else 0, place if shared else 0):
            if not pieces[other].note:
                names[other] = replace(names[other], stated=piece.named.stated, hard=piece.named.hard)
    return [replace(each, vague=each.vague and each.stated != "defined") for each in names]


def _numbered(named: Named, directory: Directory, known: Collection[str], own: str) -> Iterator[Named]:
    """Replace "#3", "Items 7-9", "P0-1", "Task 1.2", "T001-T004" and "Phase 2" by the titles of these items."""
    titles = directory.mean(named.title)
    if titles:
        yield from (replace(named, title=title, vague=False) for title in titles)
        return
    title = _without_number(named.title, directory, known)
    if named.vague or title_key(title) in known:
        yield replace(named, title=title)
        return
    parts = _AND.split(title)
    near = [directory.find_by_words(part) for part in parts] if len(parts) > 1 else []
    if any(near):
        yield from (replace(named, title=each or part) for each, part in zip(near, parts, strict=True))
    else:
        whole = directory.find_by_words(title)
        yield replace(named, title=title if whole == own else whole or title)


def _without_number(title: str, directory: Directory, known: Collection[str]) -> str:
    """Return "Data Design" for "3. Data Design" and "#3 Data Design", if it is the name of item 3 or known.

    A number that speaks of another item than the name stays, so that the name is nowhere, and is said.
    """
    counted = r"^(?:(?:{})s?\s+)?#?(\d{1,4})\s*(?:[.):–—-]|(?<=#\d)|(?<=#\d\d)|(?<=#\d{3}))\s+(\S.*)$"
    number = pattern("units", counted).match(title)
    if not number or title_key(number[2]) not in known:
        return title
    key, item = title_key(number[2]), directory.titles.get(int(number[1]))
    return number[2] if item is None or title_key(item) == key or key not in directory.keys else title
