"""Names in "Dependencies" and "Blocks": which procedures, in what state, and whether they have to come first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from procauthor.naming import title_key
from procauthor.planning.field import plain_text
from procauthor.planning.line import sign_of
from procauthor.planning.opening import bucket_key
from procauthor.planning.plan import State
from procauthor.planning.title import clean_title
from procauthor.planning.vague import UNDECIDED
from procauthor.planning.value import is_nothing, read_state
from procauthor.planning.words import read_words

_SOFT = re.compile(
    r"\b(soft|optional(?:ly)?|recommended|nice to have|preferred|helpful|if (?:needed|available|possible|any)|"
    r"can (?:proceed|start|go on|begin)|not (?:strictly|blocking|required|hard)|without it|weaker|non-blocking|"
    r"ideally)\b",
    re.IGNORECASE,
)
_SOFT_PREFIX = re.compile(
    r"^(?:(?P<word>soft|optional|hard|required)(?:\s+dependency)?(?:\s+on|\s*:)|(?:ideally|preferably|optionally)\b:?)\s*",
    re.IGNORECASE,
)
_FUTURE = re.compile(
    r"\b((?:still )?to be \w+|tbd|todo|pending|upcoming|planned|undefined|not (?:yet )?defined|will be defined)\b",
    re.IGNORECASE,
)
_NEITHER = re.compile(r"\b(?:neither|none|not both|not all)\b.*\bdefined\b", re.IGNORECASE)
_NONE_BUT = re.compile(r"^none\b(?!.*\bprocedure)", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:(?:but|also|see|must|should|can|has|have|be|come|go|start|only|both|either|requires?|needs?|depends?|dependent|"
    r"follows?|after|on|upon|to|completion|complet(?:e|ed|ing)|finish(?:ed|ing)?|the|from|by|of|outputs?|blocked|waits?|for)\s+)+",
    re.IGNORECASE,
)
_TRAIL = re.compile(
    r"(?:\s+(?:is|are|being|to|be|must|has|have|been|should|needs?|would|will|first|once|and|fully|completed?|completion|"
    r"defined|finished|done|approved|available|ready|in|place|exists?|helpful|useful|nice|recommended|optional|required|"
    r"outputs?))+$",
    re.IGNORECASE,
)
_SHARED = re.compile(r"^(both|all|each|neither|none)\b", re.IGNORECASE)
_VAGUE = re.compile(
    r"^(all|any|other|others|most|various|several|some|many|remaining|every|each|previous|prior|preceding|earlier|"
    r"above|subsequent|later|following|the (?:rest|other|remaining|above|previous)|everything|rest of)\b",
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    r"^(?:items?|tasks?|actions?|no\.?|nos\.?)?\s*#?(\d{1,4})(?:\s*(?:[-–—‑]|to|through)\s*#?(\d{1,4}))?\.?$",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"^(?:items?\s+)?#?(\d{1,4})\s*(?:[.):–—-]|(?<=#\d)|(?<=#\d\d)|(?<=#\d{3}))\s+(\S.*)$", re.IGNORECASE
)
_JOINED = re.compile(
    r"(?<=Procedure)\s*(?:,?\s+and\s+|\s+&\s+|\s+\+\s+|\s*/\s*|\s*(?:→|⇒|->|=>)\s*)(?=\S)", re.IGNORECASE
)
_AND = re.compile(r"\s+(?:and|&|\+|plus|as well as|/)\s+|\s*(?:→|⇒|->|=>)\s*", re.IGNORECASE)
_WHOLE = re.compile(r"\bprocedure(?:\s*[✅☑✔❌⬜☐🔲⏳🔄🚧❎]\ufe0f?)?$", re.IGNORECASE)
_LEADING_AND = re.compile(r"^(?:and|plus|&|\+|as well as)\s+", re.IGNORECASE)
_TRAILING_AND = re.compile(r"\s+(?:and|plus|&|\+)$", re.IGNORECASE)
_HEDGE = re.compile(r"^(?:and\s+)?(?:ideally|optionally|preferably|if possible|if available)$", re.IGNORECASE)
_NOTE = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*")
_AFTER_DASH = re.compile(r"\s+[-–—]\s+(.+)$|:\s+(.+)$")
_MAX_RANGE = 200
_FEWEST_WORDS = 2
# No title has more; to try longer ones would take time with the cube of the names.
_MOST_COMMAS = 6
_BEFORE_CODE = re.compile(
    r"^(?:(?:all|completion|of|after|from|the|both|work)\s+)*(?:items?|tasks?|actions?|stor(?:y|ies)|tickets?|steps?|nos?\.?)\s+(?=\S*\d)",
    re.IGNORECASE,
)
_BEFORE_GROUP = re.compile(
    r"^(?:(?:all|every|completion|complete|of|after|from|the|tasks?|items?|in|work)\s+)*(?=\S)", re.IGNORECASE
)
_CODE_RANGE = re.compile(r"^([A-Z]*[-_]?\d+(?:\.\d+)*)\s*(?:[-–—‑]|TO|THROUGH)\s*([A-Z]*[-_]?\d+(?:\.\d+)*)$")
_LETTERED = re.compile(r"^[A-Z]{1,10}[-_ ]?(\d+(?:\.\d+)*)$")


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
        """Return the titles that a name stands for: a code, a range of codes, a group; empty for any other."""
        text = _BEFORE_CODE.sub("", name).strip("#()[]. ").upper()
        if (place := self._place(text)) is not None:
            return [self._titles[place]]
        ends = _CODE_RANGE.match(text)
        if ends and not text.isdigit():
            first, last = self._place(ends[1]), self._place(ends[2])
            if first is not None and last is not None and first <= last:
                return self._titles[first : last + 1]
        return list(self._groups.get(bucket_key(_BEFORE_GROUP.sub("", name)), ()))

    def find_by_words(self, name: str) -> str:
        """Return the only title that holds all words of a name: "Navigation refactor" of "Refactor navigation"."""
        words = title_key(name).split()
        places = [self._places.get(word, set()) for word in words]
        shared = set.intersection(*places) if len(words) >= _FEWEST_WORDS else set()
        return self._titles[shared.pop()] if len(shared) == 1 else ""

    def _place(self, code: str) -> int | None:
        if code in self._codes:
            return self._codes[code]
        lettered = _LETTERED.match(code)
        return self._plain.get(lettered[1].lstrip("0")) if lettered else None


@dataclass(frozen=True, slots=True)
class Named:
    """One name as the plan writes it; ``stated`` is empty where the plan says nothing of its state."""

    title: str
    line: int
    stated: State | Literal[""] = ""
    hard: bool = True
    vague: bool = False


def read_names(
    values: Iterable[tuple[str, int]], numbers: Numbering, known: Collection[str], *, hard: bool = True
) -> list[Named]:
    """Read the names of all values; ``numbers`` are the plan's own titles by number and code, ``known`` all keys."""
    found: list[Named] = []
    for text, line in values:
        if is_nothing(plain_text(text)):
            continue
        notes = [_read_piece(piece, line, known, hard=hard) for piece in split_names(text, known)]
        found += [one for each in _spread(notes) for one in _numbered(each, numbers, known)]
    unique = {title_key(each.title) or each.title: each for each in reversed(found)}
    return [each for each in reversed(unique.values()) if each.title]


def split_names(text: str, known: Collection[str]) -> Iterator[str]:
    """Split at commas and semicolons outside parentheses, but never within a known title."""
    parts = list(_hedged(p.strip() for p in re.split(r"[,;]\s*(?![^(\[]*[)\]])|<br\s*/?>|\n", text) if p.strip()))
    place = 0
    while place < len(parts):
        size = next(
            (
                n
                for n in range(min(len(parts) - place, _MOST_COMMAS), 1, -1)
                if _known(", ".join(parts[place : place + n]), known)
            ),
            1,
        )
        joined = _TRAILING_AND.sub("", _LEADING_AND.sub("", ", ".join(parts[place : place + size])))
        place += size
        if not is_nothing(plain_text(joined)) and not _NONE_BUT.match(joined):
            yield from [joined] if _known(joined, known) else _split_joined(joined, known)


def _split_joined(text: str, known: Collection[str]) -> list[str]:
    """Split "Item 3 and Data Design Procedure (defined)": at an "and" between what can only be names."""
    parts = _JOINED.split(text)
    if len(parts) > 1:
        return parts
    for joint in _AND.finditer(text):
        if _stands_alone(text[: joint.start()], known):
            parts = [text[: joint.start()], *_split_joined(text[joint.end() :], known)]
            # "Salt & Water Procedure" is one name, even where there is a Salt Procedure.
            if all(_stands_alone(part, known) and (_is_whole(parts[0]) or _known(part, known)) for part in parts):
                return parts
    return [text]


def _stands_alone(text: str, known: Collection[str]) -> bool:
    """Say whether a text is a name by itself: in the plan or the library, a number, or it ends with "Procedure"."""
    return _known(text, known) or _is_whole(text)


def _is_whole(text: str) -> bool:
    name = plain_text(_NOTE.sub(" ", text))
    return bool(_NUMBERS.match(name) or _WHOLE.search(name))


def _hedged(parts: Iterable[str]) -> Iterator[str]:
    """Put "ideally", where it stands between commas, before the name that it speaks of."""
    hedged = False
    for part in parts:
        if _HEDGE.match(part):
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
    sign = sign_of(text)
    text = plain_text(text)
    prefix = _SOFT_PREFIX.match(text)
    if prefix:
        hard = hard and (prefix["word"] or "").lower() in ("hard", "required")
        text = text[prefix.end() :]
    note = "; ".join(_NOTE.findall(text))
    name = plain_text(_NOTE.sub(" ", text))
    dash = None if title_key(name) in known else _AFTER_DASH.search(name)
    if dash:
        note, name = "; ".join(filter(None, (note, dash[1] or dash[2]))), name[: dash.start()]
    name, aside = _without_phrases(name, known)
    title = clean_title(name, known)
    vague = title_key(title) not in known and bool(
        _VAGUE.match(title)
        or title.casefold() in read_words().every
        or (UNDECIDED.match(title) and not _WHOLE.search(title))
        or re.search(r"\bprocedures$", title, re.IGNORECASE)
    )
    named = Named(title, line, _state(note, sign), hard and not _SOFT.search(f"{note} {aside}"), vague)
    return _Piece(named, note)


def _without_phrases(name: str, known: Collection[str]) -> tuple[str, str]:
    """Take "Requires Data Design Procedure being complete" apart: the name, and what is said around it."""
    if title_key(name) in known:
        return name, ""
    lead = _LEAD.match(name)
    start = lead.end() if lead else 0
    trail = _TRAIL.search(name, start)
    inside = name[start : trail.start() if trail else len(name)].strip()
    if inside == name or not (title_key(inside) in known or _is_whole(inside)):
        return name, ""
    return inside, f"{name[:start]} {trail[0] if trail else ''}"


def _state(note: str, sign: str) -> State | Literal[""]:
    if _FUTURE.search(note) or _NEITHER.search(note):
        return "to be defined"
    status = read_state(note) or sign
    return "defined" if status == "approved" else status  # type: ignore[return-value]


def _spread(pieces: list[_Piece]) -> list[Named]:
    """Give "(both defined)" behind the last name to the names before it as well."""
    found = [piece.named for piece in pieces]
    for place, piece in enumerate(pieces):
        shared = _SHARED.match(piece.note)
        if not shared:
            continue
        first = max(0, place - 1) if shared[1].lower() in ("both", "neither") else 0
        for other in range(first, place):
            if not pieces[other].note:
                found[other] = replace(found[other], stated=piece.named.stated, hard=piece.named.hard)
    return [replace(each, vague=each.vague and each.stated != "defined") for each in found]


def _without_number(title: str, numbers: Numbering, known: Collection[str]) -> str:
    """Return "Data Design" for "3. Data Design" and "#3 Data Design", if it is the name of item 3 or known.

    A number that speaks of another item than the name stays, so that the name is nowhere, and is said.
    """
    found = _COUNTED.match(title)
    if not found or title_key(found[2]) not in known:
        return title
    item = numbers.by_number.get(int(found[1]))
    own = numbers.keys
    return (
        found[2] if item is None or title_key(item) == title_key(found[2]) or title_key(found[2]) not in own else title
    )


def _numbered(named: Named, numbers: Numbering, known: Collection[str]) -> Iterator[Named]:
    """Replace "#3", "Items 7-9", "P0-1", "Task 1.2", "T001-T004" and "Phase 2" by the titles of these items."""
    titles = numbers.find(named.title)
    if titles:
        yield from (replace(named, title=title, vague=False) for title in titles)
        return
    match = _NUMBERS.match(named.title)
    if not match:
        title = _without_number(named.title, numbers, known)
        near = "" if named.vague or title_key(title) in known else numbers.find_by_words(title)
        yield replace(named, title=near or title)
        return
    first, last = int(match[1]), int(match[2] or match[1])
    for number in range(first, min(last, first + _MAX_RANGE) + 1):
        yield replace(named, title=numbers.by_number.get(number, f"#{number}"), vague=False)
