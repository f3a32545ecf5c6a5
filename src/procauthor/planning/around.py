"""What is around the items of a plan: groups that only count procedures, totals of hours, metrics, goals."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence

from procauthor.markdown.document import Section
from procauthor.naming import title_key
from procauthor.planning.line import lines_of, plain_text
from procauthor.planning.plan import PRIORITIES, Effort, Goal, Group, Metric, PlanItem, Priority, Problem, Total
from procauthor.planning.text import Placed, PlanText, field_key
from procauthor.planning.title import clean_title, names_priority
from procauthor.planning.value import PRIORITY_CODE, effort_unit, hours_text, pattern, read_effort, read_priority
from procauthor.regex import lazy

# "Release Lifecycle (10 procedures)" and "Release: 10 procedures", "10 release procedures", "Release Lifecycle (10)".
_BEHIND = r"(?:[^()]*\)\s*(?:[-–—:].*)?|\.?)$"
_COUNTS = (
    (
        "counted",
        rf"^(?P<name>.*?\S)\s*(?:[(:]|\s[-–—])\s*~?(?P<count>\d{{1,9}})\s+(?:\w+\s+){{0,2}}?(?:{{}})s?\b{_BEHIND}",
    ),
    ("counted", r"^~?(?P<count>\d{1,9})\s+(?P<name>\S.*?)\s+(?:{})s?\.?$"),
    ("lifecycle", r"^(?P<name>.*\b(?:{}))\s*\(~?(?P<count>\d{1,9})\)$"),
)
_TOTAL = lazy(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)?(?P<label>[^:*|]+)(?::\s*(?:\*\*|__)?|(?:\*\*|__)\s*:)\s*(?P<value>.+)$")
_CLOSE = 0.01
_NUMBER = r"\d{1,12}(?:\.\d+)?"
_METRIC = lazy(rf"^(?:(?P<name>[^:]+):)?\D*?\b(?P<target>\d{{1,3}}(?:,\d{{3}}){{1,4}}|{_NUMBER})\s*(?P<unit>%)?")
_BASE = lazy(rf"\((?:[^\W\d_]+[\s:]+)+({_NUMBER})")
_DASH = r"\s+[-–—]+>?\s+"


def read_groups(text: PlanText, own: Collection[int]) -> tuple[tuple[Group, ...], list[Problem]]:
    """Return all groups outside metrics and goals, and a problem for each line among them that gives no one count.

    ``own`` are the lines of items, which count nothing.
    """
    groups = tuple(sorted(_counted(text, own), key=lambda group: group.line))
    counted = {group.line for group in groups}
    placed = [p for p in text.placed if p.line.number not in own]
    lists = {(p.section.index, p.label) for p in placed if p.line.number in counted}
    lost = [p.line for p in placed if (p.section.index, p.label) in lists and p.line.number not in counted]
    said = "is among groups and gives no count of procedures"
    return groups, [Problem("count", f"{plain_text(line.body)!r} {said}", line.number) for line in lost]


def read_count(text: str) -> tuple[str, int] | None:
    """Return name and count of "Release Lifecycle (10 procedures)"."""
    # Of a long row of blanks each would be looked at again and again.
    text = " ".join(plain_text(text).split()) if any(map(str.isdigit, text)) else ""
    count = next((match for kind, form in _COUNTS if (match := pattern(kind, form).match(text))), None)
    return (count["name"].rstrip(" :–—-"), int(count["count"])) if count else None


def _counted(text: PlanText, own: Collection[int]) -> Iterator[Group]:
    lines = [(p.section, p.line.body, p.line.number, [p.line]) for p in text.placed if not p.role]
    for section in text.document.sections:
        inside = lines_of(text.lines, section.start, text.document.end(section))
        lines.append((section, section.title, section.line, inside))
    for section, said, number, inside in lines:
        counted = read_count(said)
        if counted and not any(line.number in own for line in inside):
            yield Group(*counted, _priority(text, section), number)


def _priority(text: PlanText, section: Section) -> Priority:
    texts = [f.text for f in text.fields[section.index] if f.key == "priority"] + list(text.headings[section.index])
    return next(filter(None, map(read_priority, texts)), "P3")


def names_total(label: str) -> bool:
    """Say whether a label or a cell is that of a sum of hours: "Total P0 Effort"."""
    word = pattern("total").search(label)
    rest = PRIORITY_CODE.sub(" ", f"{label[: word.start()]} {label[word.end() :]}") if word else label
    words = re.findall(r"[^\W\d_]+", rest)
    whole = field_key(" ".join(words)) == "effort"
    return bool(word) and (whole or all(field_key(each) == "effort" for each in words))


def sum_up(text: PlanText, items: Sequence[PlanItem]) -> tuple[tuple[Total, ...], list[Problem]]:
    """Return the total of each priority and of all, each with the first that the plan states, and those that are wrong.

    A total without a priority is that of the plan if it fits, else that of its heading, if there is one.
    """
    stated = sorted(_stated(text, _sum(items)), key=lambda each: each[2])
    first = {"+".join(keys) or "all": (effort, line) for keys, effort, line in reversed(stated)}
    totals = []
    for key in (*PRIORITIES, "all"):
        chosen = [item for item in items if key in (item.priority, "all")]
        effort, line = first.get(key, (None, 0))
        if chosen or effort:
            totals.append(Total(key, effort, _sum(chosen), len(chosen), line))
    return tuple(totals), [each for said in stated if (each := _wrong(items, *said))]


def _stated(text: PlanText, whole: Effort | None) -> Iterator[tuple[tuple[Priority, ...], Effort, int]]:
    """Yield the hours that a plan states in sum, with the priorities that they are of (none: all) and the line."""
    starts = [section.line for section in text.document.sections]
    for line in text.lines:
        said = _TOTAL.match(" ".join(line.text.split()))
        effort = read_effort(plain_text(said["value"]), effort_unit(said["label"])) if said else None
        if effort is None or said is None or not names_total(said["label"]):
            continue
        # "Total P0 + P1 Effort" is of two priorities.
        named = [read_priority(each) for each in PRIORITY_CODE.findall(said["label"])]
        above = text.headings[max(0, bisect_right(starts, line.number) - 1)]
        near = next((read_priority(each) for each in above if names_priority(each)), None)
        keys = tuple(priority for priority in PRIORITIES if priority in named)
        yield keys or ((near,) if near and not _same(effort, whole) else ()), effort, line.number


def _wrong(items: Sequence[PlanItem], keys: Sequence[Priority], effort: Effort, line: int) -> Problem | None:
    chosen = [item for item in items if not keys or item.priority in keys]
    computed, silent = _sum(chosen), sum(item.effort_hours is None for item in chosen)
    without = f" ({silent} of {len(chosen)} items state none)" if silent else ""
    summed = hours_text(computed, "hour") if computed else "nothing"
    states, whose = ("state", "their") if len(keys) > 1 else ("states", "its")
    message = f"{' and '.join(keys) or 'the plan'} {states} {hours_text(effort, 'hour')}"
    same = _same(effort, computed)
    return None if same else Problem("total", f"{message}, {whose} items sum to {summed}{without}", line)


def _sum(items: Iterable[PlanItem]) -> Effort | None:
    known = [item.effort_hours for item in items if item.effort_hours is not None]
    low, high = math.fsum(e.min for e in known), math.fsum(e.max for e in known)
    return Effort(round(low, 4), round(high, 4)) if known else None


def _same(stated: Effort, computed: Effort | None) -> bool:
    return computed is not None and abs(stated.min - computed.min) < _CLOSE and abs(stated.max - computed.max) < _CLOSE


def read_metrics(text: PlanText, own: Collection[int]) -> tuple[Metric, ...]:
    """Return the lines of metrics; ``own`` are the lines of items."""
    placed = (p for p in text.placed if p.role == "metrics" and p.line.number not in own)
    return tuple(_metric(plain_text(p.line.body), p.label or p.section.title, p.line.number) for p in placed)


def _metric(text: str, group: str, line: int) -> Metric:
    moved = pattern("raised", rf"({_NUMBER})\s*%?\s*(?:\b(?:{{}})\b|→|->)\s*(?=\d)").search(text)
    aim = _METRIC.match(text[: moved.start()] + text[moved.end() :] if moved else text)
    base = moved or _BASE.search(text)
    name, target, unit = aim.group("name", "target", "unit") if aim else ("", "", "")
    aimed = float(target.replace(",", "")) if target else None
    return Metric(text, group, (name or "").strip(), aimed, float(base[1]) if base else None, unit or "", line)


def read_goals(text: PlanText, own: Collection[int], known: Collection[str], role: str) -> tuple[Goal, ...]:
    """Return the lines of the "goals" of a session, or of what is "completed", which needs no tick to be done."""
    return tuple(_goal(p, known) for p in text.placed if p.role == role and p.line.number not in own)


def _goal(placed: Placed, known: Collection[str]) -> Goal:
    line, mark = placed.line, placed.line.mark
    text = plain_text(line.body)
    # The procedure that a goal names is before the dash, without remarks.
    title = next((each for each in (text, re.split(_DASH, text, maxsplit=1)[0]) if title_key(each) in known), "")
    title = title or clean_title(re.split(rf"{_DASH}|:\s+|\s+→\s+", text, maxsplit=1)[0], known)
    done = mark.done if mark else placed.role == "completed"
    return Goal(text, title, done, line.number, None, mark.tick if mark else None)
