"""How often something comes round: ``90d``, ``6 months``, ``P1Y``."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from procauthor.settings import INTERVAL

_DAYS = {"d": 1, "w": 7}
_MONTHS = {"m": 1, "y": 12}
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Interval:
    """A number of months and days."""

    months: int = 0
    days: int = 0

    def after(self, day: date) -> date:
        """Return the day that comes so much later; the 31st becomes the last day of a shorter month."""
        month = day.month - 1 + self.months
        year, month = day.year + month // _YEAR, month % _YEAR + 1
        try:
            moved = date(year, month, min(day.day, monthrange(year, month)[1]))
            return moved + timedelta(days=self.days)
        except (ValueError, OverflowError):
            return date.max


def read_interval(text: str) -> Interval | None:
    """Return an interval as it is written, or None where it is none."""
    match = INTERVAL.fullmatch(text.strip())
    if match is None:
        return None
    number, unit = int(match["number"]), match["unit"][0].lower()
    return Interval(days=number * _DAYS[unit]) if unit in _DAYS else Interval(months=number * _MONTHS[unit])
