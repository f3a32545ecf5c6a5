"""Names in "Dependencies" and "Blocks": which procedures, in what state, and whether they have to come first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from procauthor.naming import title_key
from procauthor.planning.field import plain_text
from procauthor.planning.line import sign_of
from procauthor.planning.plan import State
from procauthor.planning.title import clean_title
from procauthor.planning.vague import UNDECIDED
from procauthor.planning.value import is_nothing, read_status

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


@dataclass(frozen=True, slots=True)
class Named:
    """One name as the plan writes it; ``stated`` is empty where the plan says nothing of its state."""

    title: str
    line: int
    stated: State | Literal[""] = ""
    hard: bool = True
    vague: bool = False


def read_names(
    values: Iterable[tuple[str, int]], numbers: Mapping[int | str, str], known: Collection[str], *, hard: bool = True
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
            (n for n in range(len(parts) - place, 1, -1) if _known(", ".join(parts[place : place + n]), known)), 1
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
    status = read_status(note) or sign
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


def _without_number(title: str, numbers: Mapping[int | str, str], known: Collection[str]) -> str:
    """Return "Data Design" for "3. Data Design" and "#3 Data Design", if it is the name of item 3 or known.

    A number that speaks of another item than the name stays, so that the name is nowhere, and is said.
    """
    found = _COUNTED.match(title)
    if not found or title_key(found[2]) not in known:
        return title
    item = numbers.get(int(found[1]))
    own = {title_key(each) for each in numbers.values()}
    return (
        found[2] if item is None or title_key(item) == title_key(found[2]) or title_key(found[2]) not in own else title
    )


def _numbered(named: Named, numbers: Mapping[int | str, str], known: Collection[str]) -> Iterator[Named]:
    """Replace "#3", "Items 7-9" and "P0-1" by the titles of these items, and "3. Data Design" by its title."""
    match = _NUMBERS.match(named.title)
    if not match:
        yield replace(named, title=numbers.get(named.title.upper()) or _without_number(named.title, numbers, known))
        return
    first, last = int(match[1]), int(match[2] or match[1])
    for number in range(first, min(last, first + _MAX_RANGE) + 1):
        yield replace(named, title=numbers.get(number, f"#{number}"), vague=False)
