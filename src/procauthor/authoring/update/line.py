"""Lines and list markers in raw bytes."""

from __future__ import annotations

import re
from itertools import pairwise

# Indentation, bullet or number, spaces, and the box of a task.
MARKER = re.compile(
    rb"(?P<indent>[ \t]*)(?P<bullet>[-*+]|(?P<number>\d{1,9})[.)])(?P<gap>[ \t]+|(?=\r?\n|$))(?P<box>\[[ xX]\][ \t]+)?"
)


def line_start(raw: bytes, offset: int) -> int:
    """Return the offset of the first byte of the line."""
    return raw.rfind(b"\n", 0, offset) + 1


def line_end(raw: bytes, offset: int) -> int:
    """Return the offset behind the last byte of the line, without its line ending."""
    end = raw.find(b"\n", offset)
    end = len(raw) if end == -1 else end
    return end - 1 if raw[end - 1 : end] == b"\r" and end > offset else end


def trim(raw: bytes, start: int, end: int) -> int:
    """Return the offset behind the last byte that is no space."""
    return start + len(raw[start:end].rstrip())


def sequence(numbers: list[int]) -> bool:
    """Say whether numbers count up one by one, or there is only one."""
    return all(b == a + 1 for a, b in pairwise(numbers))
