"""What stands around the items: metrics, session goals, finished work and stated totals."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from procauthor.markdown.document import Document, Section
from procauthor.naming import title_key
from procauthor.planning.field import plain_text
from procauthor.planning.line import Line
from procauthor.planning.opening import LABEL, headings, names_aside, names_bucket
from procauthor.planning.plan import Goal, Metric
from procauthor.planning.title import clean_title

_ROLE_WORDS = {
    "metrics": r"\b(?:success (?:metrics?|criteria)|metrics?|kpis?|completion goals)\b|\btargets?$",
    "completed": r"\b(?:completed|accomplished|finished|done) (?:this|last|previous|in|so far|sessions?)",
    "goals": r"\bsession goals?$|\bgoals for (?:the )?(?:next|this)\b|^next (?:session|up|steps?)$|^goals$",
    "strategy": r"\b(?:strategy|session planning|quality assurance|dependencies to respect|notes?)\b",
}
_ROLES = [(role, re.compile(words, re.IGNORECASE)) for role, words in _ROLE_WORDS.items()]
_AMOUNT = r"(?P<target>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s*(?P<unit>%)?"
_METRIC = re.compile(rf"^(?P<name>[^:]+):\s*(?:[<>≥≤=~]\s*|at (?:least|most)\s+)?{_AMOUNT}")
_LEADING = re.compile(rf"\b{_AMOUNT}")
_FROM_TO = re.compile(r"(?:\bfrom\s+)?(\d+(?:\.\d+)?)\s*%?\s*(?:\bto\b|→|->)\s*(?=\d)", re.IGNORECASE)
_BASE = re.compile(r"\((?:up from|down from|was|from|currently|now)\s*:?\s*(\d+(?:\.\d+)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Around:
    """Everything that is not an item."""

    metrics: tuple[Metric, ...]
    goals: tuple[Goal, ...]
    completed: tuple[Goal, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A list line with the role of its heading or label."""

    line: Line
    role: str
    label: str
    section: Section


def read_around(document: Document, placed: Collection[Placed], known: Collection[str]) -> Around:
    """Read what stands around the items; ``placed`` are the list lines outside of items."""
    return Around(
        metrics=(*(_metric(p) for p in placed if p.role == "metrics"), *_metric_rows(document)),
        goals=tuple(_goal(p, known) for p in placed if p.role == "goals"),
        completed=tuple(_goal(p, known, done=True) for p in placed if p.role == "completed"),
    )


def placed_lines(document: Document, lines: list[Line]) -> Iterator[Placed]:
    """Yield all list lines with their roles."""
    sections = iter(document.sections)
    section = next(sections)
    following = next(sections, None)
    role, label = "", ""
    outer: int | None = None  # how far the label is indented, if it is a list line
    for line in lines:
        while following is not None and line.number >= following.line:
            section, following = following, next(sections, None)
            role, label, outer = role_of(document, section), "", None
        if outer is not None and line.bullet and line.indent <= outer:
            role, label, outer = role_of(document, section), "", None
        named = LABEL.match(line.text)
        if named:
            label, outer = named[1].strip(), line.indent if line.bullet else None
            own, above = read_role(label), role_of(document, section)
            role = above or own if own == "aside" else own or above
        elif line.bullet:
            yield Placed(line, role, label, section)


@lru_cache(maxsize=1 << 14)
def read_role(text: str) -> str:
    """Return what a heading or label says that its lines are: metrics, goals, finished work, strategy, or nothing."""
    if names_bucket(text):
        return ""
    role = next((role for role, words in _ROLES if words.search(plain_text(text).rstrip(":"))), "")
    return role or ("aside" if names_aside(text) else "")


def role_of(document: Document, section: Section) -> str:
    """Return the role of the nearest heading of a section that has one."""
    texts = [text for text in headings(document, section) if text != document.title]
    return next((role for text in texts if (role := read_role(text))), "")


def _metric(placed: Placed) -> Metric:
    text = plain_text(placed.line.body)
    return _read_metric(text, placed.label or placed.section.title, placed.line.number)


def _read_metric(text: str, group: str, line: int) -> Metric:
    moved = _FROM_TO.search(text)
    shown = text[: moved.start()] + text[moved.end() :] if moved else text
    named = _METRIC.match(shown)
    found = named or _LEADING.search(shown)
    base = moved or _BASE.search(text)
    return Metric(
        text=text,
        group=group,
        name=named["name"].strip() if named else "",
        target=float(found["target"].replace(",", "")) if found else None,
        base=float(base[1]) if base else None,
        unit=(found["unit"] or "") if found else "",
        line=line,
    )


def _metric_rows(document: Document) -> Iterator[Metric]:
    """Yield the rows of tables with a column of targets, under a heading of metrics."""
    for section in document.sections:
        for block in section.blocks if role_of(document, section) == "metrics" else ():
            heads = [cell.text.casefold() for cell in block.header.cells] if block.header else []
            target, base = (_column(heads, words) for words in ("target|goal", "current|now|baseline"))
            for row in block.rows if target is not None else ():
                cells = [plain_text(cell.text) for cell in row.cells] + [""] * len(heads)
                was = f" (from {cells[base]})" if base is not None and cells[base] else ""
                yield _read_metric(f"{cells[0]}: {cells[target or 0]}{was}", section.title, row.line)


def _column(heads: list[str], words: str) -> int | None:
    return next((i for i, head in enumerate(heads) if i and re.search(rf"\b(?:{words})\b", head)), None)


def _goal(placed: Placed, known: Collection[str], *, done: bool = False) -> Goal:
    """Read a goal, or finished work (``done``), which needs no tick to be done."""
    line, mark = placed.line, placed.line.mark
    text = plain_text(line.body)
    done = mark.done if mark else done
    return Goal(text, _goal_title(text, known), done, line.number, None, mark.tick if mark else None)


def _goal_title(text: str, known: Collection[str]) -> str:
    """Return the procedure that a goal names: what stands before the dash, without remarks."""
    first = re.split(r"\s+[-–—]+>?\s+", text, maxsplit=1)[0]
    if title_key(text) in known or title_key(first) in known:
        return text if title_key(text) in known else first
    return clean_title(re.split(r"\s+[-–—]+>?\s+|:\s+|\s+→\s+", text, maxsplit=1)[0], known)
