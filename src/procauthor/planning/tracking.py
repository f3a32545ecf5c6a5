"""What is around the items: metrics, session goals and finished work."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from procauthor.naming import title_key
from procauthor.planning.field import plain_text
from procauthor.planning.plan import Goal, Metric
from procauthor.planning.text import Placed, PlanText
from procauthor.planning.title import clean_title
from procauthor.regex import lazy

_AMOUNT = r"(?P<target>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s*(?P<unit>%)?"
_METRIC = lazy(rf"^(?P<name>[^:]+):\s*(?:[<>≥≤=~]\s*|at (?:least|most)\s+)?{_AMOUNT}")
_LEADING = lazy(rf"\b{_AMOUNT}")
_FROM_TO = lazy(r"(?:\bfrom\s+)?(\d+(?:\.\d+)?)\s*%?\s*(?:\bto\b|→|->)\s*(?=\d)", re.IGNORECASE)
_BASE = lazy(r"\((?:up from|down from|was|from|currently|now)\s*:?\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_DASH = r"\s+[-–—]+>?\s+"


@dataclass(frozen=True, slots=True)
class Around:
    """Everything that is not an item."""

    metrics: tuple[Metric, ...]
    goals: tuple[Goal, ...]
    completed: tuple[Goal, ...]


def read_around(text: PlanText, own: Collection[int], known: Collection[str]) -> Around:
    """Read what is around the items; ``own`` are the lines of items."""
    placed = [each for each in text.placed if each.line.number not in own]
    return Around(
        metrics=(*(_metric(p) for p in placed if p.role == "metrics"), *_metric_rows(text)),
        goals=tuple(_goal(p, known) for p in placed if p.role == "goals"),
        completed=tuple(_goal(p, known, done=True) for p in placed if p.role == "completed"),
    )


def _metric(placed: Placed) -> Metric:
    return _read_metric(plain_text(placed.line.body), placed.label or placed.section.title, placed.line.number)


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


def _metric_rows(text: PlanText) -> Iterator[Metric]:
    """Yield the rows of tables with a column of targets, under a heading of metrics."""
    for section in text.document.sections:
        for block in section.blocks if text.role(section) == "metrics" else ():
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
    """Return the procedure that a goal names: what is before the dash, without remarks."""
    first = re.split(_DASH, text, maxsplit=1)[0]
    whole = next((each for each in (text, first) if title_key(each) in known), None)
    return whole or clean_title(re.split(rf"{_DASH}|:\s+|\s+→\s+", text, maxsplit=1)[0], known)
