"""What is due for review as lines, as JSON, and as a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from procauthor.character import plain
from procauthor.data import pick
from procauthor.review.due import Due, Undated

_SINCE = {"approved": "approved", "reviewed": "reviewed", "changed": "changed", "never": "never reviewed"}
# A line of a calendar holds so many bytes at most (RFC 5545).
_FOLD = 75


def due_lines(reviews: Sequence[Due], today: date) -> Iterator[str]:
    """Yield a line for each document, the first one that is due first."""
    for due in reviews:
        yield f"{due.day}  {when(due.day, today):<16}  {due.path}  {due.title}  ({why(due)})"


def when(day: date, today: date) -> str:
    """Return how far away a day is."""
    days = (day - today).days
    if days < 0:
        return f"overdue {-days} d"
    return f"in {days} d" if days else "today"


def why(due: Due) -> str:
    """Return why a document is due, and who answers for it."""
    last = f"{_SINCE[due.since]} {due.last}" if due.last else _SINCE[due.since]
    told = "approval ends" if due.reason == "expiry" else f"every {due.every}"
    return f"{told}, {last}, owner {due.owner or 'not named'}"


def due_json(reviews: Sequence[Due], problems: Sequence[Undated], today: date) -> dict[str, Any]:
    """Return the documented JSON object; days are ISO 8601."""
    return {
        "today": today.isoformat(),
        "due": [
            {
                **pick(due, "path", "title", "lifecycle", "owner"),
                "due": due.day.isoformat(),
                "overdue": due.day < today,
                **pick(due, "reason", "every", "since", "last"),
            }
            for due in reviews
        ],
        "problems": [pick(each, "path", "line", "message") for each in problems],
    }


def due_calendar(reviews: Sequence[Due], today: date, name: str) -> str:
    """Return an iCalendar file with a day-long event for each document, as RFC 5545 says it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//procauthor//due//EN", f"X-WR-CALNAME:{_text(name)}"]
    for due in reviews:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(due.path)}@procauthor",
            f"DTSTAMP:{today:%Y%m%d}T000000Z",
            f"DTSTART;VALUE=DATE:{due.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{_following(due.day):%Y%m%d}",
            f"SUMMARY:{_text(f'Review {due.title}')}",
            f"DESCRIPTION:{_text(f'{due.path}: {why(due)}')}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _following(day: date) -> date:
    return day + timedelta(days=1) if day < date.max else day


def _text(text: str) -> str:
    """Escape what separates values, and show control characters."""
    escaped = plain(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n").replace("\r", "")


def _folded(line: str) -> str:
    """Fold a line that is too long in bytes, never within a character."""
    parts, size = [""], 0
    for character in line:
        width = len(character.encode(errors="replace"))
        if size + width > _FOLD:
            parts.append(" ")
            size = 1
        parts[-1] += character
        size += width
    return "\r\n".join(parts)
