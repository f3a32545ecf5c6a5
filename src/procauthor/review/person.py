"""Who says that a text was reviewed, and until when that holds."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

from procauthor.errors import ConfigError
from procauthor.git import read_user

_DAYS = re.compile(r"(\d{1,5})\s*d(?:ays?)?", re.IGNORECASE)
_MAX_NAME = 200
_ADDRESS = re.compile(r"https?://[^\s<>\"'`@]{1,400}")


def read_name(root: Path, given: str = "") -> str:
    """Return the name that is written into a receipt: the given one, else that of git's settings.

    Raises:
        ConfigError: There is none, or it cannot stand in a line.
    """
    name = " ".join((given or read_user(root)).split())
    if not name:
        message = "nobody knows who you are: git has no user.name here"
        raise ConfigError(message, 'say it with --by, for example: --by "Ada Lovelace"')
    return _plain(name, "name")


def read_role(given: str) -> str:
    """Return a role as it is written into a receipt.

    Raises:
        ConfigError: It cannot stand in a line.
    """
    return _plain(" ".join(given.split()), "role")


def _plain(text: str, what: str) -> str:
    if len(text) > _MAX_NAME or not text.isprintable():
        message = f"{text[:40]!r} cannot be the {what} of a receipt"
        raise ConfigError(message, f"use at most {_MAX_NAME} printable characters")
    return text


def read_address(given: str) -> str:
    """Return the address of a pull request as it is written into a receipt.

    Raises:
        ConfigError: It is no address of a page.
    """
    address = given.strip()
    if address and not _ADDRESS.fullmatch(address):
        message = f"{address[:80]!r} is no address of a pull request"
        raise ConfigError(message, "write it as https://github.com/ORG/REPO/pull/7")
    return address


def read_expiry(text: str, day: date) -> date | None:
    """Return the last day on which an approval holds: a date, or a number of days from today such as ``180d``.

    Raises:
        ConfigError: It is neither, or lies in the past.
    """
    if not text.strip():
        return None
    days = _DAYS.fullmatch(text.strip())
    try:
        found = day + timedelta(days=int(days[1])) if days else date.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        message = f"{text!r} is no date and no number of days"
        raise ConfigError(message, "write it as 2027-06-01 or as 180d") from None
    if found < day:
        message = f"{found} is in the past"
        raise ConfigError(message, "name the last day on which the approval holds")
    return found
