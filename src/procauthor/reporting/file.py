"""Writes a report into a file that a user named, and never over anything but an earlier report."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from procauthor.errors import ConfigError
from procauthor.library import disk
from procauthor.procedure import stamp
from procauthor.regex import lazy
from procauthor.settings import FILE_NAME as SETTINGS
from procauthor.system import NO_FILE, read_regular

_OURS = (
    lazy(rb"^\d+ documents?, \d+ procedures?: \d+ errors?, \d+ warnings?, \d+ infos?[^\n]*\n\Z", re.MULTILINE),
    lazy(rb"\A(?:::(?:error|warning|notice) file=[^\n]*\n)+\Z"),
    lazy(rb'\A<\?xml [^\n]*\n<testsuites name="procauthor"'),
    lazy(rb"\AEvaluation of \d{4}-\d\d-\d\d"),
    lazy(rb"\A# Library Evaluation Report\n\nEvaluation of \d{4}-\d\d-\d\d"),
    lazy(rb'\A<!DOCTYPE html>[^\0]{0,2000}<meta name="generator" content="procauthor">'),
    lazy(rb"\ABEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//procauthor//"),
    lazy(rb"\bprocauthor submit \S+ --run \S+"),
)
"""What only a report of ours says, in each form that is no JSON."""
_KEYS = ({"findings", "summary"}, {"measured", "lifecycles"}, {"run", "brief"})
_ISSUE = {"description", "check_name", "fingerprint", "severity", "location"}


def is_report(raw: bytes) -> bool:
    """Say whether bytes are a report of ours in any form; so is an empty file, which loses nothing."""
    text = raw.replace(b"\r\n", b"\n")
    return not text.strip() or any(pattern.search(text) for pattern in _OURS) or _is_json_report(text)


def _is_json_report(raw: bytes) -> bool:
    if raw.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        data: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    if isinstance(data, list):
        return all(isinstance(each, dict) and set(each) >= _ISSUE for each in data)
    if "schema_version" in data:
        return any(keys <= set(data) for keys in _KEYS)
    with suppress(KeyError, IndexError, TypeError):
        return bool(data["runs"][0]["tool"]["driver"]["name"] == "procauthor")
    return False


def require_report_place(place: Path) -> None:
    """Refuse a place where something else is than an earlier report; ask before the work is done.

    Raises:
        ConfigError: There is a document, or any other file that is no report, or no file at all; or the folder is gone.
    """
    _seen(place)


def write_report(place: Path, content: bytes) -> None:
    """Write a report whole, or leave what is there.

    Raises:
        ConfigError: Something else is there than an earlier report, or the disk refuses.
    """
    before = _seen(place)
    real = Path(os.path.realpath(place))
    new = disk.beside(real)
    try:
        disk.write(new, content, like=real if before is not None else None)
        _put(new, real, before)
        disk.flush_folders([real.parent])
    except FileExistsError as error:
        raise _no_report(place) from error
    except OSError as error:
        raise _unwritable(place, error) from error
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def _put(new: Path, place: Path, before: bytes | None) -> None:
    if before is None:
        disk.add(new, place)
        return
    after = stamp(new.read_bytes())
    old = disk.exchange(new, place)
    if not disk.is_untouched(old, stamp(before)):
        disk.put_back(old, place, after)
        raise _no_report(place)


def _seen(place: Path) -> bytes | None:
    """Return the earlier report, or None where there is none."""
    if place.name == SETTINGS:
        message = f"{str(place)!r} is no report: settings have this name, and are read from such a file"
        raise ConfigError(message, "name another file")
    if not place.exists():
        if place.parent.is_dir():
            return None
        message = f"{str(place)!r} cannot be written: there is no folder {str(place.parent)!r}"
        raise ConfigError(message, "make the folder first, or name another file")
    try:
        raw = read_regular(place)
    except OSError as error:
        raise _unwritable(place, error) from error
    if not is_report(raw):
        raise _no_report(place)
    return raw


def _no_report(place: Path) -> ConfigError:
    message = f"{str(place)!r} is no report, and would be replaced"
    return ConfigError(message, "name another file; to use this name, move what is there away first")


def _unwritable(place: Path, error: OSError) -> ConfigError:
    message = f"{str(place)!r} cannot be written: {error.strerror}"
    hint = "leave the option out to print the report" if error.strerror == NO_FILE else "what was there is kept"
    return ConfigError(message, hint)
