"""Items that are nothing but list lines under a priority: "- [ ] Data Design Procedure (2-3 hours), after #1"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from procauthor.markdown.document import Document
from procauthor.naming import title_key
from procauthor.planning.entry import body_of
from procauthor.planning.field import Field, plain_text, read_fields, strip_emphasis
from procauthor.planning.group import read_count
from procauthor.planning.line import Line, lines_of, strip_leading
from procauthor.planning.opening import Opening, is_urgent
from procauthor.planning.plan import Problem
from procauthor.planning.title import clean_title
from procauthor.planning.tracking import Placed, placed_lines

_COUNTED = re.compile(r"^(?:\*\*|__)?(?:item|task|action)\s+#?(\d{1,4})\s*[.):–—-]\s*(?=\S)", re.IGNORECASE)
_ORDERED = re.compile(r"^\s*(\d{1,4})[.)]\s")
_NAME = re.compile(r"^(?P<title>(?:(?!\s[-–—]\s|[.:;]\s).)*?\bprocedure)\b(?P<rest>(?!s\b).*)$", re.IGNORECASE)
_MARKED = re.compile(
    r"^(?:\*\*|__)(?P<bold>[^*_]+)(?:\*\*|__)(?P<behind>.*)$|^\[(?P<link>[^\]]+)\]\([^)]*\)(?P<after>.*)$"
)
_NEEDS = re.compile(
    r"(?:^|[\s(,;–—-])(?:depends\s+on|dependent\s+on|requires|needs|blocked\s+by|after|prerequisites?)\s*:?\s+"
    r"(?P<names>[^()]+(?:\([^()]*\)[^()]*)*)",
    re.IGNORECASE,
)
_MINOR = frozenset({"and", "or", "of", "the", "a", "an", "to", "for", "in", "on", "with", "by", "&", "/", "-"})


def find_bare(
    document: Document, lines: list[Line], openings: Sequence[Opening]
) -> tuple[list[Opening], list[Problem]]:
    """Return the items among the list lines that stand under a priority and in no other item.

    A line is one if it names a procedure in capitals, or has a box, a link or bold letters around the name. What has a
    box and names no procedure is no item, and is said.
    """
    scopes = [(o.line.start, o.scope_end) for o in openings]
    taken = {title_key(clean_title(o.title)) for o in openings}
    numbers = {n for o in openings for n in range(o.first, o.last + 1)}
    found: list[Opening] = []
    problems: list[Problem] = []
    free = (p for p in placed_lines(document, lines) if not any(a <= p.line.start < b for a, b in scopes))
    for (_, label), group in groupby(free, key=lambda p: (p.section.index, p.label)):
        listed = list(group)
        if listed[0].role or not is_urgent(document, listed[0].section, label):
            continue
        for own in _lists(lines, listed, [start for start, _ in scopes]):
            opening = _open(own, label, numbers)
            if opening and title_key(clean_title(opening.title)) not in taken:
                found.append(opening)
                numbers.add(opening.first)
            elif not opening and own.head.line.mark and not read_count(own.head.line.body):
                text = plain_text(own.head.line.body)
                problems.append(Problem("skipped", f"{text!r} names no procedure; it is no item", own.head.line.number))
    return found, problems


@dataclass(frozen=True, slots=True)
class _Listed:
    head: Placed
    body: list[Line]


def _lists(lines: list[Line], listed: Sequence[Placed], others: Sequence[int]) -> Iterator[_Listed]:
    """Yield each line of the outermost level, with what stands below it up to the next item."""
    indent = min(placed.line.indent for placed in listed)
    heads = [placed for placed in listed if placed.line.indent == indent]
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        ends = [following.line.start if following else head.section.end, *(o for o in others if o > head.line.start)]
        end = min(ends)
        yield _Listed(head, body_of(lines_of(lines, head.line.start, end)))


def _open(own: _Listed, label: str, numbers: Iterable[int]) -> Opening | None:
    line = own.head.line
    text = strip_leading(line.content)
    counted = _COUNTED.match(text)
    text = text[counted.end() :] if counted else text
    found = _name(text)
    ordered = counted or _ORDERED.match(line.text)
    if not found or not (found.sure or line.mark or ordered or _is_capitalised(found.title)):
        return None
    fields = (*_inline(found.rest, line), *read_fields(own.body[1:]))
    number = int(ordered[1]) if ordered and int(ordered[1]) not in numbers else 0
    end = line.start + len(line.text.encode())
    # What a sign behind "depends on" says is not said of this item.
    needs = _NEEDS.search(line.text)
    head = replace(line, text=line.text[: needs.start()]) if needs else line
    scope_end = own.body[-1].start + 1
    return Opening(number, number, found.title, head, end, own.head.section, fields, scope_end, label=label)


@dataclass(frozen=True, slots=True)
class _Name:
    """A procedure's title at the beginning of a line, what stands behind it, and whether bold or a link mark it."""

    title: str
    rest: str
    sure: bool


def _name(text: str) -> _Name | None:
    marked = _MARKED.match(text)
    name = (marked["bold"] or marked["link"]) if marked else ""
    inside = _NAME.match(strip_emphasis(name))
    named = inside or _NAME.match(strip_emphasis(text))
    if not named or re.match(r"\s*\w", named["rest"]):
        return None
    behind = (marked["behind"] or marked["after"] or "") if marked and inside else ""
    return _Name(clean_title(named["title"]), f"{named['rest']} {behind}", bool(marked))


def _inline(text: str, line: Line) -> Iterator[Field]:
    """Read what stands behind the name: "after #2", "(depends on Data Design Procedure)"."""
    for found in _NEEDS.finditer(text):
        yield Field("depends_on", "depends on", found["names"].strip(" .;,"), line.number)


def _is_capitalised(title: str) -> bool:
    words = title.split()
    return all(word.casefold() in _MINOR or word[0].isupper() or word[0].isdigit() for word in words)
