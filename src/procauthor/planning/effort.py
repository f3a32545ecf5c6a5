"""Hours as plans write them: "2-3 hours", "1h 30m", "half a day", "between 1 and 2 days"."""

from __future__ import annotations

import re
import unicodedata

from procauthor.planning.plan import Effort
from procauthor.regex import lazy

_UNIT = (
    r"(?:(?:person|man|working|work|engineer(?:ing)?|business|staff|dev(?:eloper)?)[\s-]+)?"
    r"(?P<unit>hours?|hrs?|h|days?|d|minutes?|mins?|m|weeks?|wks?|w|stunden?|std\.?|tage?n?|minuten|wochen?|heures?|jours?|j|"
    r"semaines?|horas?|d[ií]as?|semanas?|minutos?)(?![^\W\d_])"
)
_AMOUNT = lazy(
    rf"(?P<clock>\d+:[0-5]\d)?(?(clock)|(?P<number>\d+\s+\d/\d|\d/\d|\d+(?:[.,]\d+)?)?\s?(?P<part>[½¼¾])?)\s*\+?\s*"
    rf"(?:\(?\s*{_UNIT}\.?\s*\)?)?",
    re.IGNORECASE,
)
_START = lazy(r"(?<![\w.,:/])(?=[\d½¼¾])")
_DIGIT = lazy(r"[\d½¼¾]")
_AND_SMALLER = lazy(r"(?:\s*,)?\s*(?:and\s+|&\s*)?")
_TO = lazy(r"\s*(?:[-–—‐‑‒−~]|\.{2,3}|…|to|through|or|,?\s*max(?:imum)?\.?:?)\s*", re.IGNORECASE)
_BETWEEN = lazy(r"\bbetween\s+$", re.IGNORECASE)
_AND = lazy(r"\s+and\s+", re.IGNORECASE)
_HALF_AN_HOUR = 0.5
_HALF = lazy(r"\b(?:half\s+an?|(?:a\s+)?half)[\s-]+(?P<unit>day|hour)\b", re.IGNORECASE)
_ONE = lazy(r"^[~≈]?\s*(?:an?|one)\s+(?:full\s+|working\s+)?(?P<unit>day|hour|week)\b", re.IGNORECASE)
_BEFORE = lazy(
    r"^(?:~|≈|about|around|approx(?:imately|\.)?|ca?\.|est(?:imated|\.)?|effort:?|estimate:?|\s)*$", re.IGNORECASE
)
_BEHIND = lazy(r"^\s*\.?\s*(?:(?:in\s+)?total|overall|together|each|per procedure)?\s*$", re.IGNORECASE)
# Hours of a unit, by how its name begins in any language; the first that fits counts.
_HOURS = {"st": 1.0, "h": 1.0, "se": 40.0, "w": 40.0, "m": 1 / 60, "d": 8.0, "t": 8.0, "j": 8.0}
_QUARTERS = 4


def read_effort(text: str, unit: str = "") -> Effort | None:
    """Return hours; a day has 8, a week 40. A bare number counts in ``unit``, by itself in hours."""
    found = _find(text, unit)
    return found[0] if found else None


def read_whole_effort(text: str) -> Effort | None:
    """Return the hours of a text that says nothing else, such as a remark "(about 2 hours)"."""
    found = _find(text, "none")
    if not found or not _BEFORE.match(text[: found[1]]) or not _BEHIND.match(text[found[2] :]):
        return None
    return found[0]


def effort_unit(label: str) -> str:
    """Return the unit that a label names, as in "Effort (days)", or an empty string."""
    found = re.search(r"\b(minutes?|hours?|days?|weeks?)\b", label, re.IGNORECASE)
    return found[1] if found else ""


def hours_text(effort: Effort, unit: str = "h") -> str:
    """Return an effort as people write it: "2 h", "2-3 h", and "20 min" of what takes less than half an hour."""
    bounds = effort.min, effort.max
    if effort.max < _HALF_AN_HOUR:
        low, high = (f"{round(bound * 60):d}" for bound in bounds)
        return f"{low} min" if low == high else f"{low}-{high} min"
    low, high = (f"{round(bound * _QUARTERS) / _QUARTERS:g}" for bound in bounds)
    plural = "s" if len(unit) > 1 and high != "1" else ""
    return f"{low} {unit}{plural}" if low == high else f"{low}-{high} {unit}{plural}"


def share(hours: float, parts: int) -> list[float]:
    """Divide hours evenly; where that is no round number, by quarters of an hour, so that the sum stays exact."""
    quarters = hours * _QUARTERS
    if (hours / parts * 16).is_integer() or not quarters.is_integer():
        return [hours / parts] * parts
    whole, rest = divmod(int(quarters), parts)
    return [(whole + (place < rest)) / _QUARTERS for place in range(parts)]


def _find(text: str, unit: str) -> tuple[Effort, int, int] | None:
    """Return the first effort of a text with its place."""
    place = 0
    while start := _START.search(text, place):
        low, known, end = _amount(text, start.start())
        between = _BETWEEN.search(text[: start.start()])
        to = (_AND if between else _TO).match(text, end)
        high, other, after = _amount(text, to.end()) if to and _DIGIT.match(text, to.end()) else (None, None, end)
        if scale := other or known:
            found = _effort(low * (known or scale), low * (known or scale) if high is None else high * (other or scale))
            return found, start.start(), after
        place = max(after, start.end() + 1)
        if _is_bare(text, start.start(), after) and unit != "none":
            scale = _hours_of(unit) if unit else 1.0
            return _effort(low * scale, (low if high is None else high) * scale), start.start(), after
    return _worded(text)


def _amount(text: str, place: int) -> tuple[float, float | None, int]:
    """Read "2", "2 hours" or "1h 30m" at a place: the number, how many hours one of it is, where it ends.

    Two units are one number of hours.
    """
    number, unit, end = _part(text, place)
    smaller = _AND_SMALLER.match(text, end)
    while unit and smaller and _DIGIT.match(text, smaller.end()):
        more, below, after = _part(text, smaller.end())
        if below is None and unit == 1.0 and smaller.end() == end:
            below = _HOURS["m"]
        if below is None or below >= unit:
            break
        number, unit, end, smaller = number * unit + more * below, 1.0, after, None
    return number, unit, end


def _part(text: str, place: int) -> tuple[float, float | None, int]:
    match = _AMOUNT.match(text, place)
    assert match is not None
    end = match.end() if match["unit"] else len(text[: match.end()].rstrip())
    return _number(match), _hours_of(match["unit"]) if match["unit"] else None, end


def _number(match: re.Match[str]) -> float:
    if match["clock"]:
        hours, minutes = match["clock"].split(":")
        return int(hours) + int(minutes) / 60
    part = unicodedata.numeric(match["part"]) if match["part"] else 0.0
    whole = 0.0
    for piece in (match["number"] or "").split():
        above, _, below = piece.replace(",", ".").partition("/")
        whole += float(above) / float(below or 1) if float(below or 1) else 0.0
    return whole + part


def _hours_of(unit: str) -> float:
    return next(hours for start, hours in _HOURS.items() if unit.casefold().startswith(start))


def _is_bare(text: str, start: int, end: int) -> bool:
    return not text[:start].strip(" ~≈") and not text[end:].strip(" +")


def _worded(text: str) -> tuple[Effort, int, int] | None:
    half, one = _HALF.search(text), _ONE.match(text.strip())
    found = half or one
    if not found:
        return None
    hours = _hours_of(found["unit"]) * (0.5 if half else 1)
    return Effort(hours, hours), found.start(), found.end()


def _effort(low: float, high: float) -> Effort:
    return Effort(round(min(low, high), 4), round(max(low, high), 4))
