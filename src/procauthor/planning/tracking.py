"""What stands around the items: metrics, session goals, finished work and stated totals."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from procauthor.markdown.document import Document, Section
from procauthor.naming import title_key
from procauthor.planning.effort import read_effort
from procauthor.planning.field import plain_text
from procauthor.planning.line import Line
from procauthor.planning.opening import LABEL, headings
from procauthor.planning.plan import Effort, Goal, Metric
from procauthor.planning.title import clean_title
from procauthor.planning.value import read_priority

_ROLE_WORDS = {
    "metrics": r"\b(?:success (?:metrics?|criteria)|metrics?|targets?|kpis?|completion goals)\b",
    "completed": r"\b(?:completed|accomplished|finished|done) (?:this|last|previous|in|so far|sessions?)|^completed$",
    "goals": r"\bsession goals?$|\bgoals for (?:the )?(?:next|this)\b|^next (?:session|up|steps?)$|^goals$",
    "strategy": r"\b(?:strategy|session planning|quality assurance|dependencies to respect|notes?)\b",
}
_ROLES = [(role, re.compile(words, re.IGNORECASE)) for role, words in _ROLE_WORDS.items()]
_METRIC = re.compile(r"^(?P<name>[^:]+):\s*(?P<target>\d+(?:\.\d+)?)\s*(?P<unit>%)?")
_LEADING = re.compile(r"\b(?P<target>\d+(?:\.\d+)?)\s*(?P<unit>%)?")
_BASE = re.compile(r"\((?:up from|down from|was|from|currently|now)\s*:?\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_TOTAL = re.compile(
    r"\btotal\b.*\b(?:effort|P\d)\b|\b(?:effort|P\d)\b.*\btotal\b|^total(?: hours| time)?$", re.IGNORECASE
)
_TOTAL_LINE = re.compile(
    r"^\s*(?:[-*+]\s+)?(?:\*\*|__)?(?P<label>[^:*|]*\btotal\b[^:*|]*)(?::\s*(?:\*\*|__)?|(?:\*\*|__)\s*:)\s*(?P<value>.+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stated:
    """A total that the plan states, for a priority or for "all"."""

    key: str
    effort: Effort
    line: int


@dataclass(frozen=True, slots=True)
class Around:
    """Everything that is not an item."""

    metrics: tuple[Metric, ...]
    goals: tuple[Goal, ...]
    completed: tuple[Goal, ...]
    stated: tuple[Stated, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A list line with the role of its heading or label."""

    line: Line
    role: str
    label: str
    section: Section


def read_around(lines: list[Line], placed: Collection[Placed], known: Collection[str]) -> Around:
    """Read what stands around the items; ``placed`` are the list lines outside of items."""
    return Around(
        metrics=tuple(_metric(p) for p in placed if p.role == "metrics"),
        goals=tuple(_goal(p, known) for p in placed if p.role == "goals"),
        completed=tuple(_goal(p, known) for p in placed if p.role == "completed"),
        stated=tuple(_stated(lines)),
    )


def placed_lines(document: Document, lines: list[Line]) -> Iterator[Placed]:
    """Yield all list lines with their roles."""
    sections = iter(document.sections)
    section = next(sections)
    following = next(sections, None)
    role, label = "", ""
    for line in lines:
        while following is not None and line.number >= following.line:
            section, following = following, next(sections, None)
            role, label = role_of(document, section), ""
        found = LABEL.match(line.text)
        if found:
            label = found[1].strip()
            role = read_role(label) or role_of(document, section)
        elif line.bullet:
            yield Placed(line, role, label, section)


def read_role(text: str) -> str:
    """Return what a heading or label says that its lines are: metrics, goals, finished work, strategy, or nothing."""
    return next((role for role, words in _ROLES if words.search(plain_text(text).rstrip(":"))), "")


def role_of(document: Document, section: Section) -> str:
    """Return the role of the nearest heading of a section that has one."""
    return next((role for text in headings(document, section) if (role := read_role(text))), "")


def _metric(placed: Placed) -> Metric:
    text = plain_text(placed.line.body)
    named = _METRIC.match(text)
    found = named or _LEADING.search(text)
    base = _BASE.search(text)
    return Metric(
        text=text,
        group=placed.label or placed.section.title,
        name=named["name"].strip() if named else "",
        target=float(found["target"]) if found else None,
        base=float(base[1]) if base else None,
        unit=(found["unit"] or "") if found else "",
        line=placed.line.number,
    )


def _goal(placed: Placed, known: Collection[str]) -> Goal:
    line = placed.line
    text = plain_text(line.body)
    mark = line.mark
    return Goal(
        text, _goal_title(text, known), bool(mark and mark.done), line.number, None, mark.tick if mark else None
    )


def _goal_title(text: str, known: Collection[str]) -> str:
    """Return the procedure that a goal names: what stands before the dash, without remarks."""
    if title_key(text) in known:
        return text
    return clean_title(re.split(r"\s+[-–—]+>?\s+|:\s+|\s+→\s+", text, maxsplit=1)[0], known)


def _stated(lines: list[Line]) -> Iterator[Stated]:
    for line in lines:
        found = _TOTAL_LINE.match(line.text)
        if not found or not _TOTAL.search(found["label"]):
            continue
        label = found["label"]
        priority = read_priority(label) if re.search(r"\bP\d\b", label) else None
        effort = read_effort(plain_text(found["value"]))
        if effort:
            yield Stated(priority or "all", effort, line.number)
